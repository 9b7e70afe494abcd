//! Keeps an observer going: asks for what comes next, has it taken, waits longer after each thing that went wrong.

use std::io;
use std::sync::Arc;

use host::clock::{self, Moment};
use host::{dice, task};
use tokio::sync::{oneshot, watch};

use super::keep::{Keeper, Trouble};
use super::{ObserverConfig, Source, Told};
use crate::cleaner::{self, HOUSEKEEPING_MS};
use crate::handle::Status;
use crate::raft::Position;
use crate::read::SnapshotPiece;
use crate::received::Received;
use crate::snapshot::SnapshotId;

/// The waits after failures: the first, and the longest.
const BACKOFF_MS: (u64, u64) = (50, 1_000);

/// An observer that runs.
pub(super) struct Follower {
    source: Arc<dyn Source>,
    keeper: Arc<Keeper>,
    status: Arc<watch::Sender<Status>>,
    fetch_max_bytes: usize,
    snapshot_max_bytes: usize,
    /// The snapshot that comes in; it is gone on with where it broke off.
    incoming: Option<Incoming>,
    /// The last wait in milliseconds, while nothing has come of what was tried since.
    failing: Option<u64>,
    /// How long to wait before the next question, in milliseconds.
    wait: Option<u64>,
    next_housekeeping: Moment,
}

struct Incoming {
    id: SnapshotId,
    part: Received,
    /// The whole length in bytes, once it was said.
    size: Option<u64>,
    /// Whether the next piece is asked for; if not, a fetch shows first whether it is still wanted.
    wanted: bool,
}

/// What is asked next.
#[derive(Clone, Copy)]
enum Ask {
    Batches(Position),
    Piece(SnapshotId, u64),
}

enum Answer {
    Told(Told, Position),
    Piece(SnapshotPiece),
}

impl Follower {
    pub(super) fn new(
        config: &ObserverConfig,
        source: Arc<dyn Source>,
        keeper: Arc<Keeper>,
        status: Arc<watch::Sender<Status>>,
    ) -> Self {
        Self {
            source,
            keeper,
            status,
            fetch_max_bytes: config.fetch_max_bytes.max(1),
            snapshot_max_bytes: config.snapshot_max_bytes.max(1),
            incoming: None,
            failing: None,
            wait: None,
            next_housekeeping: clock::monotonic().plus_ms(HOUSEKEEPING_MS),
        }
    }

    /// Runs until somebody stops it; an error is what it cannot go on after.
    pub(super) async fn run(&mut self, mut stopped: oneshot::Receiver<()>) -> Result<(), String> {
        loop {
            let source = self.source.clone();
            let mut asked = std::pin::pin!(ask(&*source, self.next(), self.wait.take(), self.limits()));
            // What is being written is written to its end: only a wait is broken off.
            let answer = loop {
                tokio::select! {
                    biased;
                    _ = &mut stopped => return self.finish().await,
                    answer = &mut asked => break answer,
                    () = task::sleep_until(self.next_housekeeping) => self.housekeeping().await?,
                }
            };
            let taken = match answer {
                Ok(Answer::Told(told, asked)) => self.take(told, asked).await,
                Ok(Answer::Piece(piece)) => self.take_piece(piece).await,
                Err(error) => Err(Trouble::Answer(error.to_string())),
            };
            match taken {
                Ok(()) if self.incoming.is_none() => self.recovered(),
                // That a snapshot is there, or its first pieces, is no success yet.
                Ok(()) => {}
                Err(Trouble::Answer(reason)) => self.failed_once(&reason),
                Err(Trouble::Failure(reason)) => return Err(reason),
            }
            if cleaner::take_snapshot(self.keeper.ledger(), clock::monotonic()).await?
                || clock::monotonic() >= self.next_housekeeping
            {
                self.housekeeping().await?;
            }
        }
    }

    fn next(&self) -> Ask {
        match &self.incoming {
            Some(incoming) if incoming.wanted => Ask::Piece(incoming.id, incoming.part.have()),
            _ => Ask::Batches(self.keeper.reach()),
        }
    }

    fn limits(&self) -> (usize, usize) {
        (self.fetch_max_bytes, self.snapshot_max_bytes)
    }

    async fn take(&mut self, told: Told, asked: Position) -> Result<(), Trouble> {
        let (leader, epoch) = (told.leader, told.epoch);
        let known = self.status.borrow().epoch;
        if epoch < known {
            return Err(Trouble::Answer(format!(
                "a controller of epoch {epoch} answered, but epoch {known} has begun"
            )));
        }
        self.status.send_if_modified(|status| {
            let new = status.leader != leader || status.epoch != epoch;
            (status.leader, status.epoch) = (leader, epoch);
            new
        });
        let keeper = self.keeper.clone();
        let wanted = blocking(move || keeper.take(told, asked)).await?;
        let Some(id) = wanted else {
            self.incoming = None;
            return Ok(());
        };
        match &mut self.incoming {
            Some(incoming) if incoming.id == id => incoming.wanted = true,
            _ => {
                let keeper = self.keeper.clone();
                let part = blocking(move || keeper.begin(id).map_err(failure)).await?;
                self.incoming = Some(Incoming { id, part, size: None, wanted: true });
            }
        }
        Ok(())
    }

    async fn take_piece(&mut self, piece: SnapshotPiece) -> Result<(), Trouble> {
        let Some(mut incoming) = self.incoming.take() else { return Ok(()) };
        let have = incoming.part.have().saturating_add(piece.bytes.len() as u64);
        let fits = incoming.size.is_none_or(|size| size == piece.size) && have <= piece.size;
        if !fits || piece.bytes.is_empty() || piece.bytes.len() > self.snapshot_max_bytes {
            // What came before may be no better.
            return Err(Trouble::Answer(format!(
                "a piece of {} bytes at {} of the snapshot {} of {} bytes cannot be",
                piece.bytes.len(),
                incoming.part.have(),
                incoming.id.file_name(),
                piece.size
            )));
        }
        incoming.size = Some(piece.size);
        incoming.part.append(piece.bytes).await.map_err(failure)?;
        if have < piece.size {
            self.incoming = Some(incoming);
            return Ok(());
        }
        let keeper = self.keeper.clone();
        blocking(move || keeper.install(incoming.part)).await
    }

    /// Something went wrong; it is said once, and tried again after a while.
    fn failed_once(&mut self, reason: &str) {
        if let Some(incoming) = &mut self.incoming {
            incoming.wanted = false;
        }
        let wait = match self.failing {
            None => {
                tracing::warn!(reason, "the metadata could not be fetched; it is tried again");
                BACKOFF_MS.0
            }
            Some(before) => before.saturating_mul(2).min(BACKOFF_MS.1),
        };
        (self.failing, self.wait) = (Some(wait), Some(wait));
        if wait == BACKOFF_MS.1 {
            self.status.send_if_modified(|status| status.leader.take().is_some());
        }
    }

    fn recovered(&mut self) {
        if self.failing.take().is_some() {
            tracing::info!("the metadata is fetched again");
        }
    }

    async fn housekeeping(&mut self) -> Result<(), String> {
        self.next_housekeeping = clock::monotonic().plus_ms(HOUSEKEEPING_MS);
        let keeper = self.keeper.clone();
        task::blocking(move || keeper.look_after()).await.map_err(|e| e.to_string())?
    }

    async fn finish(&mut self) -> Result<(), String> {
        let keeper = self.keeper.clone();
        task::blocking(move || keeper.close()).await.map_err(|e| e.to_string())?
    }
}

/// Asks, after a wait if the last answer was none.
async fn ask(source: &dyn Source, ask: Ask, wait: Option<u64>, limits: (usize, usize)) -> io::Result<Answer> {
    if let Some(wait) = wait {
        // From half of it on, so that brokers that lost the same controller do not all come back at once.
        let wait = wait / 2 + dice::below(wait / 2 + 1);
        task::sleep_until(clock::monotonic().plus_ms(wait)).await;
    }
    match ask {
        Ask::Batches(at) => Ok(Answer::Told(source.fetch(at.end, at.epoch, limits.0).await?, at)),
        Ask::Piece(id, position) => Ok(Answer::Piece(source.snapshot(id, position, limits.1).await?)),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Trouble> + Send + 'static) -> Result<T, Trouble> {
    task::blocking(work).await.map_err(|e| Trouble::Failure(e.to_string()))?
}

fn failure(error: io::Error) -> Trouble {
    Trouble::Failure(error.to_string())
}
