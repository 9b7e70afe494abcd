//! Does to the files of an observer what answers ask for, and tells of what is committed then. Everything here blocks on the disk.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use model::{DirectoryId, LeaderEpoch, NodeId, Offset};
use parking_lot::Mutex;

use super::Told;
use crate::cleaner;
use crate::ledger::{Ledger, LedgerError, ahead};
use crate::publish::Publish;
use crate::quorum_state::QuorumState;
use crate::raft::{Mark, Position};
use crate::read::Fetched;
use crate::received::Received;
use crate::snapshot::SnapshotId;

/// Why an answer was not taken.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It cannot be meant; the next may be better.
    Answer(String),
    /// This copy cannot go on.
    Failure(String),
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Self {
        Self::Failure(error.to_string())
    }
}

/// The files of an observer.
pub(super) struct Keeper {
    ledger: Arc<Mutex<Ledger>>,
    publish: Arc<Publish>,
    /// What `quorum-state` says.
    state: Mutex<Option<QuorumState>>,
    static_voters: Vec<NodeId>,
}

impl Keeper {
    pub(super) fn new(
        ledger: Arc<Mutex<Ledger>>,
        publish: Arc<Publish>,
        state: Option<QuorumState>,
        static_voters: Vec<NodeId>,
    ) -> Self {
        Self { ledger, publish, state: Mutex::new(state), static_voters }
    }

    pub(super) fn ledger(&self) -> &Arc<Mutex<Ledger>> {
        &self.ledger
    }

    /// How far the log goes, with what is not committed.
    pub(super) fn reach(&self) -> Position {
        self.ledger.lock().reach()
    }

    /// Takes what a controller answered to who asked from `asked` on; gives the snapshot that is to be fetched, if so.
    pub(super) fn take(&self, told: Told, asked: Position) -> Result<Option<SnapshotId>, Trouble> {
        self.note_leader(told.leader, told.epoch).map_err(|e| Trouble::Failure(e.to_string()))?;
        match told.fetch.fetched {
            Fetched::Batches(bytes) => self.append(&bytes, asked, told.epoch, told.fetch.high_watermark).map(|()| None),
            Fetched::Diverging { epoch, end } => self.cut(epoch, end).map(|()| None),
            Fetched::Snapshot(id) => self.check_news(id).map(|()| Some(id)),
        }
    }

    fn append(&self, bytes: &Bytes, asked: Position, epoch: LeaderEpoch, committed: Offset) -> Result<(), Trouble> {
        let whole = ahead::check(bytes, asked, epoch).map_err(|unfit| Trouble::Answer(unfit.to_string()))?;
        let mut ledger = self.ledger.lock();
        ledger.receive(&whole)?;
        // What the log has is what the leader has, by the check that a fetch is; so all before its high watermark counts.
        let applied = ledger.advance(committed)?.then(|| ledger.applied());
        drop(ledger);
        if let Some(applied) = applied {
            self.publish.tell(applied);
        }
        Ok(())
    }

    fn cut(&self, epoch: LeaderEpoch, end: Offset) -> Result<(), Trouble> {
        let mut ledger = self.ledger.lock();
        let (reach, applied) = (ledger.reach(), ledger.at().position);
        let to = ledger.parting(epoch, end)?;
        if to < applied.end {
            return Err(Trouble::Failure(other_way(&ledger, to)));
        }
        if to >= reach.end {
            let what = format!("epoch {epoch} is said to end at {end}, which changes nothing in a log that ends at ");
            return Err(Trouble::Answer(format!("{what}{} in epoch {}", reach.end, reach.epoch)));
        }
        tracing::info!(from = to.0, end = reach.end.0, "cut off metadata that was never committed");
        Ok(ledger.cut(to, host::clock::now())?)
    }

    /// A snapshot must hold more than is applied.
    fn check_news(&self, id: SnapshotId) -> Result<(), Trouble> {
        let ledger = self.ledger.lock();
        let applied = ledger.at().position;
        if id.end.0 < 0 || id.epoch.0 < 0 {
            return Err(Trouble::Answer(format!("the snapshot {id:?} cannot be")));
        }
        // Epochs only grow, so one that ends later is of no earlier epoch.
        if id.end <= applied.end || id.epoch < applied.epoch {
            return Err(Trouble::Failure(other_way(&ledger, id.end)));
        }
        Ok(())
    }

    /// Begins to receive a snapshot.
    pub(super) fn begin(&self, id: SnapshotId) -> io::Result<Received> {
        let dir = self.ledger.lock().dir().to_owned();
        let position = Position { end: id.end, epoch: id.epoch };
        Received::begin(&dir, Mark { position, ..Mark::default() })
    }

    /// Puts a snapshot that is here to its last byte in the place of the log.
    pub(super) fn install(&self, part: Received) -> Result<(), Trouble> {
        let capture = part.finish(&self.ledger, |_, _| Ok(())).map_err(|e| Trouble::Answer(e.to_string()))?;
        let mut ledger = self.ledger.lock();
        ledger.install(capture, host::clock::now())?;
        let applied = ledger.applied();
        drop(ledger);
        self.publish.tell(applied);
        Ok(())
    }

    /// Who leads goes into `quorum-state`, as Kafka's brokers have it.
    fn note_leader(&self, leader: Option<NodeId>, epoch: LeaderEpoch) -> io::Result<()> {
        let Some(leader) = leader else { return Ok(()) };
        let (dir, dynamic) = {
            let ledger = self.ledger.lock();
            (ledger.dir().to_owned(), ledger.agreement().0.kraft_version > 0)
        };
        let mut state = self.state.lock();
        let voted = state.as_ref().filter(|state| state.epoch == epoch);
        let new = QuorumState {
            leader,
            epoch,
            // Of when this node was a controller; a vote is not given twice.
            voted: voted.map_or(NodeId::NONE, |state| state.voted),
            voted_directory: voted.map_or(DirectoryId::ZERO, |state| state.voted_directory),
            static_voters: (!dynamic).then(|| self.static_voters.clone()),
        };
        if state.as_ref() != Some(&new) {
            new.write(&dir)?;
            *state = Some(new);
        }
        Ok(())
    }

    /// Puts the log on disk, and removes what is old.
    pub(super) fn look_after(&self) -> Result<(), String> {
        cleaner::look_after(&self.ledger).map_err(|e| e.to_string())
    }

    pub(super) fn close(&self) -> Result<(), String> {
        cleaner::close(&self.ledger).map_err(|e| e.to_string())
    }
}

fn other_way(ledger: &Ledger, at: Offset) -> String {
    format!(
        "the controllers' metadata went another way at offset {at}, but everything before {applied} was committed here: their \
         log was lost, or this is not their directory; remove {dir} to fetch everything from them",
        applied = ledger.at().position.end,
        dir = ledger.dir().display()
    )
}
