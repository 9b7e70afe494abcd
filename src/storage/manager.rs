//! All logs of a node, in all of its directories (`LogManager`).
//!
//! A directory that fails goes offline with its logs, and the others serve on. The metadata log is not here: the
//! quorum keeps it, in one of these directories or in its own.

mod cleaner;
mod describe;
mod housekeeping;
mod lifecycle;
mod load;
mod moving;
mod names;
mod open;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use model::{BrokerEpoch, ClusterId, DirectoryId, NodeId, Timestamp, TopicPartition};
use parking_lot::{Mutex, RwLock};

use crate::dirs::{CleanShutdown, DirLock, LogDir};
use crate::log::Log;

pub use cleaner::CleaningJob;
pub use describe::{DirInfo, LogInfo};
pub use lifecycle::CreateError;
pub use load::{LoadError, Loaded};
pub use moving::ReplaceError;
pub use names::is_too_long_to_move;
pub use open::LogsError;

use housekeeping::Schedule;

/// What all logs together are told; the defaults are those of Kafka's keys.
#[derive(Clone, Debug)]
pub struct LogsConfig {
    /// `log.dirs`.
    pub log_dirs: Vec<PathBuf>,
    /// The node whose directories they must be.
    pub node_id: NodeId,
    /// `num.recovery.threads.per.data.dir`.
    pub recovery_threads_per_dir: NonZeroUsize,
    /// `log.retention.check.interval.ms`.
    pub retention_check_ms: i64,
    /// `log.flush.scheduler.interval.ms`: how often `flush.ms` is looked after.
    pub flush_check_ms: i64,
    /// `log.flush.offset.checkpoint.interval.ms`.
    pub recovery_point_ms: i64,
    /// `log.flush.start.offset.checkpoint.interval.ms`.
    pub log_start_ms: i64,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub high_watermark_ms: i64,
    /// `producer.id.expiration.check.interval.ms`.
    pub producer_expiration_check_ms: i64,
    /// `log.segment.delete.delay.ms`: how long a deleted partition's files stay.
    pub file_delete_delay_ms: i64,
}

impl LogsConfig {
    /// Kafka's defaults for these directories.
    pub fn new(node_id: NodeId, log_dirs: Vec<PathBuf>) -> Self {
        Self {
            log_dirs,
            node_id,
            recovery_threads_per_dir: NonZeroUsize::MIN.saturating_add(1),
            retention_check_ms: 300_000,
            flush_check_ms: i64::MAX,
            recovery_point_ms: 60_000,
            log_start_ms: 60_000,
            high_watermark_ms: 5_000,
            producer_expiration_check_ms: 600_000,
            file_delete_delay_ms: 60_000,
        }
    }
}

/// All logs of a node. Every method may block on the disk, but for the ones that only look something up.
#[derive(Debug)]
pub struct Logs {
    config: LogsConfig,
    cluster_id: ClusterId,
    dirs: Vec<Directory>,
    logs: RwLock<BTreeMap<TopicPartition, Hosted>>,
    /// Copies on their way from another directory; locked after `logs` where both are.
    futures: RwLock<BTreeMap<TopicPartition, Hosted>>,
    /// Where logs are to be that are not here yet.
    wishes: Mutex<BTreeMap<TopicPartition, Arc<LogDir>>>,
    /// Held while a log is made or removed, so that two never choose the same name.
    changing: Mutex<()>,
    deleted: Mutex<Vec<Deleted>>,
    schedule: Mutex<Schedule>,
}

/// A directory and what was found out about it at the start.
#[derive(Debug)]
struct Directory {
    dir: Arc<LogDir>,
    /// Released at the shutdown; none if the directory never worked.
    lock: Mutex<Option<DirLock>>,
    clean: Option<CleanShutdown>,
    /// All logs in it are open, so that a shutdown can be an orderly one.
    loaded: AtomicBool,
    /// Logs were made or removed since the directory was last synced.
    changed: AtomicBool,
    /// A log was cut in front of where the cleaner's checkpoint says.
    cleaned_changed: AtomicBool,
    /// Logs have gone, or one has come from another directory: the checkpoints are to say so soon.
    departed: AtomicBool,
    /// Held while one of its checkpoints is written: cleaners and housekeeping do so side by side.
    writing: Mutex<()>,
}

/// A log and the directory it lies in.
#[derive(Clone, Debug)]
struct Hosted {
    log: Arc<Log>,
    dir: Arc<LogDir>,
}

/// A log that was deleted; its files wait for those who still read them.
#[derive(Debug)]
struct Deleted {
    path: PathBuf,
    /// None if it was deleted before this start.
    log: Option<Arc<Log>>,
    dir: Arc<LogDir>,
    due: Timestamp,
}

impl Logs {
    /// The log of a partition, if it is here; also when its directory is offline.
    pub fn get(&self, at: &TopicPartition) -> Option<Arc<Log>> {
        self.logs.read().get(at).map(|hosted| hosted.log.clone())
    }

    /// The directory that holds a partition's log.
    pub fn dir_of(&self, at: &TopicPartition) -> Option<Arc<LogDir>> {
        self.logs.read().get(at).map(|hosted| hosted.dir.clone())
    }

    /// All partitions and their logs.
    pub fn all(&self) -> Vec<(TopicPartition, Arc<Log>)> {
        self.logs.read().iter().map(|(at, hosted)| (at.clone(), hosted.log.clone())).collect()
    }

    /// The cluster that the directories belong to.
    pub fn cluster_id(&self) -> &ClusterId {
        &self.cluster_id
    }

    /// All directories, in the order of `log.dirs`.
    pub fn dirs(&self) -> impl Iterator<Item = &Arc<LogDir>> {
        self.dirs.iter().map(|directory| &directory.dir)
    }

    /// The ids of the directories that work, as the broker registers them (KIP-858).
    pub fn online_ids(&self) -> Vec<DirectoryId> {
        self.dirs().filter(|dir| dir.is_online()).map(|dir| dir.id()).collect()
    }

    /// The ids of the directories that failed; one that failed before it told its id is not among them.
    pub fn offline_dirs(&self) -> Vec<DirectoryId> {
        self.dirs().filter(|dir| !dir.is_online() && !dir.id().is_zero()).map(|dir| dir.id()).collect()
    }

    /// Whether some directory is offline.
    pub fn has_offline(&self) -> bool {
        self.dirs().any(|dir| !dir.is_online())
    }

    /// The lock of a directory, to be shared with the metadata log that lies in it.
    pub fn lock_of(&self, path: &Path) -> Option<DirLock> {
        self.dirs.iter().find(|directory| directory.dir.path() == path).and_then(|it| it.lock.lock().clone())
    }

    /// The broker's epoch before an orderly shutdown, if all directories agree on it; else -1 (KIP-966).
    pub fn previous_broker_epoch(&self) -> BrokerEpoch {
        let mut epochs = self.dirs.iter().map(|directory| directory.clean.and_then(|clean| clean.broker_epoch));
        match epochs.next().flatten() {
            Some(epoch) if epochs.all(|other| other == Some(epoch)) => epoch,
            _ => BrokerEpoch(-1),
        }
    }

    /// Says that the disk failed under a partition's log: its directory goes offline, with all logs in it.
    pub fn failed(&self, at: &TopicPartition, reason: &str) {
        if let Some(dir) = self.dir_of(at) {
            dir.fail(reason);
            self.take_down(&dir);
        }
    }
}
