//! The metadata on a node that is no controller: a copy of the controllers' log, kept up by Kafka's own fetches, in the files
//! that Kafka's brokers keep (`KafkaRaftClient` as an observer, KIP-595, KIP-630).

mod follow;
mod keep;
mod open;

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use host::task;
use metadata::Image;
use model::{LeaderEpoch, NodeId, Offset};
use parking_lot::Mutex;
use storage::dirs::DirLock;
use tokio::sync::{oneshot, watch};

use crate::handle::Status;
use crate::ledger::Applied;
use crate::publish::Publish;
use crate::read::{Fetch, SnapshotPiece};
use crate::settings::MetadataLogConfig;
use crate::snapshot::SnapshotId;
use crate::start::StartError;

use follow::Follower;
use keep::Keeper;

/// What a [`Source`] answers in its own time.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Where an observer reads from: somebody who knows how to reach the active controller.
///
/// Every call must end at some time, with an answer or an error. An observer asks one thing at a time; a future that it drops is
/// a question given up.
pub trait Source: Send + Sync + 'static {
    /// Waits a while for batches from `from` on; `last_epoch` is the epoch of the last record that the reader has, 0 before
    /// the first. About `max_bytes`, but the first batch whole; they may end in the middle of a batch, and may go behind the
    /// high watermark.
    fn fetch(&self, from: Offset, last_epoch: LeaderEpoch, max_bytes: usize) -> Asked<'_, Told>;

    /// A piece of a snapshot from byte `position` on, of at most `max_bytes` bytes.
    fn snapshot(&self, id: SnapshotId, position: u64, max_bytes: usize) -> Asked<'_, SnapshotPiece>;
}

/// The answer to a fetch, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The active controller.
    pub leader: Option<NodeId>,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// What it has. Its high watermark is -1 while it does not know it.
    pub fetch: Fetch,
}

/// The settings of a node that follows the controllers.
#[derive(Clone, Debug)]
pub struct ObserverConfig {
    /// `node.id`.
    pub node_id: NodeId,
    /// `metadata.log.dir`, or else the first of `log.dirs`. It must be formatted.
    pub dir: PathBuf,
    /// The nodes of `controller.quorum.voters`, for `quorum-state`; empty where the voters are dynamic.
    pub static_voters: Vec<NodeId>,
    /// How the log is kept.
    pub log: MetadataLogConfig,
    /// How much is asked for at once, in bytes (`controller.quorum.fetch.max.bytes`, 8 MiB).
    pub fetch_max_bytes: usize,
    /// How much of a snapshot is asked for at once, in bytes (`controller.quorum.fetch.snapshot.max.bytes`, 8 MiB).
    pub snapshot_max_bytes: usize,
}

/// A node's copy of the controllers' metadata. Dropping it ends it without [`Observer::shutdown`]'s order.
pub struct Observer {
    status: watch::Receiver<Status>,
    publish: Arc<Publish>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    task: Mutex<Option<task::JoinHandle<()>>>,
}

impl Observer {
    /// Takes up the copy that a formatted directory has, and begins to follow.
    ///
    /// Gives the metadata as of the latest snapshot here: what the log has behind it counts as soon as the source has said that
    /// it is committed. `lock` is that of the directory if the caller has it already; without it, it is taken here.
    /// `on_applied` is called with each new image, in order; it must not block. It is not called with the image that this
    /// function returns.
    pub async fn start(
        config: ObserverConfig,
        lock: Option<DirLock>,
        source: Arc<dyn Source>,
        on_applied: impl FnMut(&Applied) + Send + 'static,
    ) -> Result<(Self, Arc<Image>), StartError> {
        let opened = task::blocking(move || {
            let lock = match lock {
                Some(lock) => lock,
                None => DirLock::acquire(&config.dir)?,
            };
            let opened = open::open(&config, host::clock::now())?;
            Ok::<_, StartError>((config, lock, opened))
        });
        let (config, lock, (ledger, state)) = opened.await.map_err(io::Error::other)??;
        let applied = ledger.applied();
        let reached = state.as_ref().map_or(LeaderEpoch(0), |state| state.epoch).max(ledger.reach().epoch);
        let first =
            Status { leader: None, epoch: reached, end: applied.end, active: false, majority: true, failure: None };
        let (status, watched) = watch::channel(first);
        let status = Arc::new(status);
        let publish = Arc::new(Publish::new(applied, status.clone()));
        let ledger = Arc::new(Mutex::new(ledger));
        let image = publish.follow(&ledger, Box::new(on_applied)).image;
        let keeper = Keeper::new(ledger, publish.clone(), state, config.static_voters.clone());
        let (stop, stopped) = oneshot::channel();
        let mut follower = Follower::new(&config, source, Arc::new(keeper), status.clone());
        let task = task::spawn(async move {
            if let Err(reason) = follower.run(stopped).await {
                tracing::error!(reason, "the copy of the metadata log cannot be kept up any more");
                status.send_modify(|status| status.failure = Some(reason.into()));
            }
            drop((follower, lock));
        });
        Ok((Self { status: watched, publish, stop: Mutex::new(Some(stop)), task: Mutex::new(Some(task)) }, image))
    }

    /// The latest image, and its successors; one may be passed over by the next.
    pub fn watch(&self) -> watch::Receiver<Applied> {
        self.publish.watch()
    }

    /// Who leads as the source said last, and how far this copy is. An observer is never active; its leader is unknown before
    /// the first answer, and when there has been none for a while.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The status, and every change of it.
    pub fn watch_status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Waits until the copy has failed, and says why; for ever if it ends in order.
    pub async fn failed(&self) -> Arc<str> {
        Status::failure_in(self.status.clone()).await
    }

    /// Stops following, closes the log in order, and gives the directory free.
    pub async fn shutdown(&self) {
        if let Some(stop) = self.stop.lock().take() {
            let _ = stop.send(());
        }
        let task = self.task.lock().take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the copy of the metadata log did not end in order");
        }
    }
}
