//! Cuts off the end of a log that a leader does not have, or all of it (`UnifiedLog.truncateTo`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{Offset, Timestamp};

use super::rebuild::advance;
use super::segment::Segment;
use super::{Log, StorageError, Tip, Writer};

impl Log {
    /// Drops all records from `offset` on; a batch that holds it goes as a whole. Answers whether there were any.
    pub fn truncate_to(&self, offset: Offset, now: Timestamp) -> Result<bool, StorageError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        let end = self.end_offset();
        if offset >= end {
            // An epoch may have begun at the end without ever writing.
            if self.epochs.write().truncate_from_end(end) {
                self.write_epochs().map_err(|error| self.fail(error))?;
            }
            return Ok(false);
        }
        let first = self.segments.read().first().map_or(Offset(0), |segment| segment.base);
        let done =
            if first > offset { self.restart(&mut writer, offset, now) } else { self.cut(&mut writer, offset, now) };
        done.map_err(|error| self.fail(error))?;
        Ok(true)
    }

    /// Drops everything and starts again at `offset`, as a follower that lags behind its leader's start.
    pub fn truncate_and_start_at(&self, offset: Offset, now: Timestamp) -> Result<(), StorageError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        self.restart(&mut writer, offset, now).map_err(|error| self.fail(error))
    }

    fn cut(&self, writer: &mut Writer, end: Offset, now: Timestamp) -> io::Result<()> {
        self.truncations.fetch_add(1, Ordering::AcqRel);
        self.void_cleaning();
        let gone = {
            let mut segments = self.segments.write();
            let kept = segments.partition_point(|segment| segment.base <= end);
            segments.split_off(kept)
        };
        for segment in &gone {
            self.doom(writer, segment, now)?;
        }
        let Some(active) = self.active() else { return Ok(()) };
        // What is written here next was never compacted (`maybeTruncateCheckpoint`).
        self.lower_cleaned_to(active.base);
        // Readers see the new end before anything behind it goes.
        self.high_watermark.fetch_min(end.0, Ordering::AcqRel);
        active.truncate(end)?;
        *self.tip.write() = Tip { end, base: active.base, size: active.size() };
        // Somebody may have raised it by the old end meanwhile.
        self.high_watermark.fetch_min(end.0, Ordering::AcqRel);
        self.start.fetch_min(end.0, Ordering::AcqRel);
        self.recovery_point.fetch_min(end.0, Ordering::AcqRel);
        writer.bytes_since_index = 0;
        if self.epochs.write().truncate_from_end(end) {
            self.write_epochs()?;
        }
        self.reload_producers(writer, end, now)
    }

    fn restart(&self, writer: &mut Writer, offset: Offset, now: Timestamp) -> io::Result<()> {
        self.truncations.fetch_add(1, Ordering::AcqRel);
        self.void_cleaning();
        self.lower_cleaned_to(offset);
        self.high_watermark.store(offset.0, Ordering::Release);
        let gone = std::mem::take(&mut *self.segments.write());
        for segment in &gone {
            self.doom(writer, segment, now)?;
        }
        let segment = Arc::new(Segment::create(&self.place, offset, now, None)?);
        self.segments.write().push(segment);
        *self.tip.write() = Tip { end: offset, base: offset, size: 0 };
        self.high_watermark.store(offset.0, Ordering::Release);
        self.start.store(offset.0, Ordering::Release);
        self.recovery_point.fetch_min(offset.0, Ordering::AcqRel);
        writer.bytes_since_index = 0;
        self.epochs.write().clear();
        self.write_epochs()?;
        writer.snapshots.remove(&self.place, |_| true)?;
        writer.producers = replication::producers::Producers::starting_at(offset);
        self.publish_unstable(writer);
        Ok(())
    }

    /// The state of producers as of `end`, from the newest snapshot in front of it and the batches behind that.
    fn reload_producers(&self, writer: &mut Writer, end: Offset, now: Timestamp) -> io::Result<()> {
        let start = self.start_offset();
        let expiration = self.config.load().producer_expiration_ms;
        writer.snapshots.remove(&self.place, |offset| offset > end || offset <= start)?;
        let mut producers = writer.snapshots.load(&self.place, start, end, now, expiration)?;
        let segments = self.segments.read().clone();
        advance(&mut producers, &segments, end, |_| Ok(()))?;
        producers.on_high_watermark(self.high_watermark());
        writer.snapshots.take(&self.place, &producers)?;
        writer.producers = producers;
        self.publish_unstable(writer);
        Ok(())
    }
}
