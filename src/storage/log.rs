//! One partition's log on disk, in Apache Kafka's own format (`UnifiedLog`, `LocalLog`).
//!
//! Segments are named after the first offset they may hold. One writer at a time appends, rolls, truncates and
//! deletes, under one lock; readers plan by the indexes and never wait for a write.

mod append;
mod approach;
mod cleaner;
mod config;
mod error;
mod files;
mod flush;
mod index;
mod lifecycle;
mod offset_index;
mod open;
mod producers;
mod read;
mod rebuild;
mod recovery;
mod retention;
mod roll;
mod scan;
mod segment;
mod snapshots;
mod swap;
mod temporary;
#[cfg(test)]
mod tests;
mod time_index;
mod timestamps;
mod truncate;
mod txn_index;
mod whereabouts;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use model::{LeaderEpoch, Offset, Timestamp, TopicId};
use parking_lot::{Mutex, RwLock};
use replication::epochs::EpochCache;
use replication::producers::Producers;

pub use append::Appended;
pub use approach::{Approach, ApproachError};
pub use cleaner::{CleanError, CleanStats, Cleanable, CleanerSettings, Cleaning, Step};
pub use config::LogConfig;
pub use error::{AppendError, OpenError, ReadError, StorageError};
pub use files::read_topic_id;
pub use open::Opening;
pub use read::Slice;
pub use txn_index::AbortedTxn;

use files::{Doomed, Place};
use segment::Segment;
use snapshots::Snapshots;

/// The log of one partition. All methods take `&self` and may be called from any thread.
///
/// Locks are taken in the order writer, segments, epochs or tip, and only the writer's is held during calls to the
/// disk that may be slow.
#[derive(Debug)]
pub struct Log {
    place: Arc<Place>,
    topic_id: Option<TopicId>,
    config: ArcSwap<LogConfig>,
    /// By base offset; never empty. The last one is the active one.
    segments: RwLock<Vec<Arc<Segment>>>,
    tip: RwLock<Tip>,
    start: AtomicI64,
    high_watermark: AtomicI64,
    /// The first offset of a transaction that is undecided, or `i64::MAX`.
    first_unstable: AtomicI64,
    recovery_point: AtomicI64,
    epochs: RwLock<EpochCache>,
    /// `leader-epoch-checkpoint` was written and not synced.
    epochs_dirty: AtomicBool,
    /// Epochs changed and the file does not say so yet. It must before a record of the newest one is written; until then
    /// what it lacks is an epoch without records, which tells nobody anything.
    epochs_unwritten: AtomicBool,
    writer: Mutex<Writer>,
    /// Grows before something is cut off: a flush that began earlier does not count, nor does what was read meanwhile.
    truncations: AtomicU64,
    /// Up to where it was compacted, or -1.
    cleaned_to: AtomicI64,
    /// What is written down of that says too much.
    cleaned_to_fell: AtomicBool,
    /// Grows when a compaction that is under way must not be swapped in any more.
    cleaning_permit: AtomicU64,
    /// Somebody compacts it.
    cleaning: AtomicBool,
    /// It was tried and could not be compacted.
    uncleanable: AtomicBool,
    /// It is not compacted for now, since it is being copied to another directory.
    cleaning_paused: AtomicBool,
    /// Sealed segments whose files are open.
    lately_read: Mutex<Vec<Arc<Segment>>>,
    failure: OnceLock<String>,
}

/// Where the log ends: both change together.
#[derive(Clone, Copy, Debug)]
struct Tip {
    /// The offset that the next record gets.
    end: Offset,
    /// The base of the active segment, and its size in bytes when it ends at `end`.
    base: Offset,
    size: u64,
}

/// What only the one who changes the log needs.
#[derive(Debug)]
struct Writer {
    producers: Producers,
    snapshots: Snapshots,
    bytes_since_index: u64,
    roll_jitter_ms: i64,
    doomed: Doomed,
    last_flush: Timestamp,
    /// Files were made or renamed since the directory was last synced.
    dir_changed: bool,
    closed: bool,
}

impl Log {
    /// The directory it lies in.
    pub fn dir(&self) -> PathBuf {
        self.place.dir()
    }

    /// The topic's id, as `partition.metadata` has it.
    pub fn topic_id(&self) -> Option<TopicId> {
        self.topic_id
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<LogConfig> {
        self.config.load_full()
    }

    /// Puts another configuration in force, from the next append and the next check of retention on.
    pub fn set_config(&self, config: LogConfig) {
        self.config.store(Arc::new(config));
    }

    /// The first offset that can be read.
    pub fn start_offset(&self) -> Offset {
        Offset(self.start.load(Ordering::Acquire))
    }

    /// The offset that the next record gets.
    pub fn end_offset(&self) -> Offset {
        self.tip.read().end
    }

    /// The offset behind the last record that all replicas in sync have.
    pub fn high_watermark(&self) -> Offset {
        Offset(self.high_watermark.load(Ordering::Acquire))
    }

    /// The offset behind the last record that is replicated and not part of an undecided transaction.
    pub fn last_stable_offset(&self) -> Offset {
        let unstable = self.first_unstable.load(Ordering::Acquire).max(self.start_offset().0);
        Offset(unstable.min(self.high_watermark().0))
    }

    /// Everything in front of it is on disk; after a crash recovery begins here.
    pub fn recovery_point(&self) -> Offset {
        Offset(self.recovery_point.load(Ordering::Acquire))
    }

    /// Bytes of all segments.
    pub fn size(&self) -> u64 {
        self.segments.read().iter().map(|segment| segment.size()).sum()
    }

    /// How many segments there are.
    pub fn segment_count(&self) -> usize {
        self.segments.read().len()
    }

    /// Raises the high watermark, to the end of the log at most. It never falls but by truncation, so that of two who
    /// raise it at once the slower one takes nothing back.
    pub fn set_high_watermark(&self, offset: Offset) {
        {
            let tip = self.tip.read();
            self.high_watermark.fetch_max(offset.min(tip.end).0, Ordering::AcqRel);
        }
        // Only transactions make it necessary to wait for the writer.
        if self.first_unstable.load(Ordering::Acquire) != i64::MAX {
            let mut writer = self.writer.lock();
            writer.producers.on_high_watermark(self.high_watermark());
            self.publish_unstable(&writer);
        }
    }

    /// Where `epoch` ends, and the epoch that the answer is about; -1 and -1 for one that was never seen
    /// (`LeaderEpochFileCache.endOffsetFor`).
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        let end = self.end_offset();
        self.epochs.read().end_offset_for(epoch, end)
    }

    /// The epoch that wrote `offset`.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.epochs.read().epoch_for_offset(offset)
    }

    /// The newest epoch that wrote here, or began here.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.read().latest_epoch()
    }

    /// Why the log answers nothing any more, if so: its directory is to be taken offline.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Whether the log answers nothing any more, because the disk failed under it or under its directory.
    pub fn is_offline(&self) -> bool {
        self.failure.get().is_some()
    }

    /// Its directory failed: from now on the log answers nothing. What is being done meanwhile may still succeed.
    pub fn take_offline(&self, reason: &str) {
        let _ = self.failure.set(reason.to_owned());
    }

    /// The base of the oldest segment; the log's start may lie behind it.
    pub fn first_segment_base(&self) -> Offset {
        self.segments.read().first().map_or(Offset(0), |segment| segment.base)
    }

    fn publish_unstable(&self, writer: &Writer) {
        let unstable = writer.producers.first_unstable_offset().map_or(i64::MAX, |offset| offset.0);
        self.first_unstable.store(unstable, Ordering::Release);
    }

    /// Leaves the log in doubt: nothing is appended any more.
    fn fail(&self, error: std::io::Error) -> StorageError {
        if self.failure.set(error.to_string()).is_ok() {
            tracing::error!(dir = %self.dir().display(), %error, "the log failed");
        }
        StorageError::Io(error)
    }

    fn check(&self, writer: &Writer) -> Result<(), StorageError> {
        match self.failure() {
            Some(reason) => Err(StorageError::Failed(reason.to_owned())),
            None if writer.closed => Err(StorageError::Closed),
            None => Ok(()),
        }
    }

    /// The active segment.
    fn active(&self) -> Option<Arc<Segment>> {
        self.segments.read().last().cloned()
    }
}
