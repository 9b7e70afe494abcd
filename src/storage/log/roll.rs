//! Begins a new segment when the active one is full or old (`LogSegment.shouldRoll`, `LocalLog.roll`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{LeaderEpoch, Offset, Timestamp};

use super::segment::Segment;
use super::{Log, StorageError, Tip, Writer, files};

impl Log {
    /// Seals the active segment and begins a new one at the end of the log; does nothing if the active one is empty.
    pub fn roll(&self, now: Timestamp) -> Result<(), StorageError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        self.roll_at(&mut writer, self.end_offset(), now)
    }

    /// Rolls if `bytes` more, with offsets from `first` to `last` and timestamps up to `newest`, do not belong into
    /// the active segment.
    pub(super) fn roll_if_needed(
        &self,
        writer: &mut Writer,
        bytes: u64,
        first: Offset,
        last: Offset,
        newest: Timestamp,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let Some(active) = self.active() else { return Err(StorageError::Closed) };
        let config = self.config.load();
        let size = active.size();
        let waited = match active.first_timestamp()? {
            Some(Timestamp(ts @ 0..)) => newest.0.saturating_sub(ts),
            _ => now.ms_since(active.created),
        };
        let is_old = size > 0 && waited > config.max_segment_ms().saturating_sub(writer.roll_jitter_ms);
        // Both indexes store offsets relative to the base, in 31 bits.
        let is_far = last.0 - active.base.0 > i64::from(i32::MAX);
        let is_full = size > 0 && active.is_index_full(config.segment_index_bytes);
        if size + bytes > config.segment_bytes || is_old || is_full || is_far {
            self.roll_at(writer, first, now)?;
        }
        Ok(())
    }

    pub(super) fn roll_at(&self, writer: &mut Writer, offset: Offset, now: Timestamp) -> Result<(), StorageError> {
        let Some(active) = self.active() else { return Err(StorageError::Closed) };
        if active.size() == 0 && active.base == offset {
            return Ok(());
        }
        self.begin_segment(writer, &active, offset, now).map_err(|error| self.fail(error))
    }

    fn begin_segment(&self, writer: &mut Writer, old: &Arc<Segment>, base: Offset, now: Timestamp) -> io::Result<()> {
        let config = self.config.load();
        old.complete_indexes()?;
        if config.preallocate {
            old.file()?.set_len(old.size())?;
        }
        let allocate = config.preallocate.then_some(config.segment_bytes);
        let segment = Arc::new(Segment::create(&self.place, base, now, allocate)?);
        writer.producers.set_end_offset(base);
        writer.snapshots.take(&self.place, &writer.producers)?;
        writer.bytes_since_index = 0;
        writer.roll_jitter_ms = config.random_jitter_ms();
        writer.dir_changed = true;
        self.segments.write().push(segment);
        let end = self.end_offset();
        *self.tip.write() = Tip { end, base, size: 0 };
        self.remember(old);
        tracing::debug!(dir = %self.dir().display(), %base, "rolled a new segment");
        Ok(())
    }

    /// Notes that `epoch` begins at `start`, on disk too if that is news.
    pub(super) fn assign_epoch(&self, epoch: LeaderEpoch, start: Offset) -> Result<(), StorageError> {
        // Mostly it is no news, and then readers need not wait.
        if self.latest_epoch() != Some(epoch) && self.epochs.write().assign(epoch, start) {
            self.epochs_unwritten.store(true, Ordering::Release);
        }
        self.complete_epochs().map_err(|error| self.fail(error))
    }

    /// Writes `leader-epoch-checkpoint` if it is not as the epochs are.
    pub(super) fn complete_epochs(&self) -> io::Result<()> {
        if self.epochs_unwritten.load(Ordering::Acquire) { self.write_epochs() } else { Ok(()) }
    }

    /// Writes `leader-epoch-checkpoint`. The next flush syncs it before it moves the recovery point: what a power cut
    /// takes is found again in the batches behind that.
    pub(super) fn write_epochs(&self) -> io::Result<()> {
        self.epochs_dirty.store(true, Ordering::Release);
        self.epochs_unwritten.store(false, Ordering::Release);
        let text = self.epochs.read().to_checkpoint();
        host::fs::replace(self.place.path(files::EPOCHS), text.as_bytes())
    }
}
