//! Deletes what is too old, too much, or in front of the log's start (`UnifiedLog.deleteOldSegments`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{Offset, Timestamp};

use super::segment::Segment;
use super::{Log, ReadError, StorageError, Writer};

impl Log {
    /// Deletes the oldest segments as `cleanup.policy`, `retention.bytes` and `retention.ms` say, never beyond the high
    /// watermark. When all are deleted a new one begins. Answers how many went.
    pub fn enforce_retention(&self, now: Timestamp) -> Result<usize, StorageError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        let config = self.config.load();
        let mut deleted = self.delete_hidden(&mut writer, now)?;
        if !config.delete {
            return Ok(deleted);
        }
        if let Ok(most) = u64::try_from(config.retention_bytes) {
            let mut surplus = self.size().saturating_sub(most);
            deleted += self.delete_while(&mut writer, now, |segment, _| {
                let goes = surplus > 0 && surplus >= segment.size();
                surplus -= if goes { segment.size() } else { 0 };
                Ok(goes)
            })?;
        }
        if config.retention_ms >= 0 {
            deleted += self.delete_while(&mut writer, now, |segment, _| {
                Ok(now.ms_since(segment.retention_timestamp()?) > config.retention_ms)
            })?;
        }
        Ok(deleted)
    }

    /// Deletes the segments that lie in front of the log's start; answers how many went.
    pub fn delete_before_start(&self, now: Timestamp) -> Result<usize, StorageError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        self.delete_hidden(&mut writer, now)
    }

    fn delete_hidden(&self, writer: &mut Writer, now: Timestamp) -> Result<usize, StorageError> {
        let start = self.start_offset();
        self.delete_while(writer, now, |_, next| Ok(next.is_some_and(|next| next.base <= start)))
    }

    /// Makes `offset` the first that can be read (KIP-107, `maybeIncrementLogStartOffset`); segments in front of it go
    /// with the next [`Log::enforce_retention`]. Does nothing if the log starts later already.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`] for an offset behind the high watermark.
    pub fn delete_records_before(&self, offset: Offset) -> Result<(), ReadError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        let (start, end) = (self.start_offset(), self.high_watermark());
        if offset > end {
            return Err(ReadError::OutOfRange { offset, start, end });
        }
        Ok(self.move_start(&mut writer, offset).map_err(|error| self.fail(error))?)
    }

    fn move_start(&self, writer: &mut Writer, offset: Offset) -> io::Result<()> {
        if offset <= self.start_offset() {
            return Ok(());
        }
        self.start.store(offset.0, Ordering::Release);
        writer.producers.on_log_start(offset);
        self.publish_unstable(writer);
        if self.epochs.write().truncate_from_start(offset) {
            self.write_epochs()?;
        }
        Ok(())
    }

    /// Deletes segments from the oldest on while `goes` says so of one and the next.
    fn delete_while(
        &self,
        writer: &mut Writer,
        now: Timestamp,
        mut goes: impl FnMut(&Segment, Option<&Segment>) -> io::Result<bool>,
    ) -> Result<usize, StorageError> {
        let segments = self.segments.read().clone();
        let high_watermark = self.high_watermark();
        let mut count = 0;
        for (at, segment) in segments.iter().enumerate() {
            let next = segments.get(at + 1).map(Arc::as_ref);
            let upper = next.map_or_else(|| self.end_offset(), |next| next.base);
            let is_last_and_empty = next.is_none() && segment.size() == 0;
            if is_last_and_empty || high_watermark < upper || !goes(segment, next)? {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return Ok(0);
        }
        if count == segments.len() {
            self.roll_at(writer, self.end_offset(), now)?;
        }
        let mut finish = || -> io::Result<()> {
            let gone: Vec<_> = self.segments.write().drain(..count).collect();
            for segment in &gone {
                self.doom(writer, segment, now)?;
            }
            let first = self.segments.read().first().map(|segment| segment.base);
            self.move_start(writer, first.unwrap_or(Offset(0)))
        };
        finish().map_err(|error| self.fail(error))?;
        Ok(count)
    }

    /// Renames the files of a segment that is in the list no more, to be removed later, with its snapshot.
    pub(super) fn doom(&self, writer: &mut Writer, segment: &Arc<Segment>, now: Timestamp) -> io::Result<()> {
        self.discard(writer, segment, now)?;
        self.doom_snapshot(writer, segment.base, now)
    }

    /// Renames the snapshot at a segment's base, to be removed later.
    pub(super) fn doom_snapshot(&self, writer: &mut Writer, base: Offset, now: Timestamp) -> io::Result<()> {
        let due = now.plus_ms(self.config.load().file_delete_delay_ms);
        writer.snapshots.doom(&self.place, &mut writer.doomed, base, due)
    }

    /// As [`Log::doom`], but the snapshot stays.
    pub(super) fn discard(&self, writer: &mut Writer, segment: &Arc<Segment>, now: Timestamp) -> io::Result<()> {
        let due = now.plus_ms(self.config.load().file_delete_delay_ms);
        writer.doomed.renamed(segment.retire()?, due);
        self.lately_read.lock().retain(|kept| !Arc::ptr_eq(kept, segment));
        segment.close_file();
        writer.dir_changed = true;
        Ok(())
    }
}
