//! Makes what was written durable and moves the recovery point (`UnifiedLog.flush`).

use std::io;
use std::sync::atomic::Ordering;

use model::{Offset, Timestamp};
use parking_lot::MutexGuard;

use super::{Log, StorageError, Writer, files};

impl Log {
    /// Syncs everything in front of `upto` and then moves the recovery point there. Appends go on meanwhile.
    ///
    /// # Errors
    /// After a failed sync nobody knows what is on the disk: the log is in doubt and answers nothing any more.
    pub fn flush(&self, upto: Offset) -> Result<(), StorageError> {
        let writer = self.writer.lock();
        self.check(&writer)?;
        self.flush_held(writer, upto)
    }

    /// Syncs all that was written if records have waited for `flush.ms`, else what lies in sealed segments. To be
    /// called now and then. Answers whether there was something to do.
    pub fn flush_if_due(&self, now: Timestamp) -> Result<bool, StorageError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        let waited = now.ms_since(writer.last_flush);
        let is_due = waited >= self.config.load().flush_ms;
        let tip = *self.tip.read();
        let upto = if is_due { tip.end } else { tip.base };
        if is_due {
            writer.last_flush = now;
        }
        let some = upto > self.recovery_point();
        self.flush_held(writer, upto)?;
        Ok(some)
    }

    /// Syncs if `flush.messages` records wait for it.
    pub(super) fn flush_if_many(&self, writer: MutexGuard<'_, Writer>) -> Result<(), StorageError> {
        let end = self.end_offset();
        if end.0 - self.recovery_point().0 < self.config.load().flush_messages {
            return Ok(());
        }
        self.flush_held(writer, end)
    }

    pub(super) fn flush_held(&self, mut writer: MutexGuard<'_, Writer>, upto: Offset) -> Result<(), StorageError> {
        let upto = upto.min(self.end_offset());
        let from = self.recovery_point();
        if upto <= from {
            return Ok(());
        }
        let segments = self.segments_from(from);
        let active = self.tip.read().base;
        let snapshots: Vec<_> = writer.snapshots.between(from, upto).collect();
        let dir_changed = std::mem::take(&mut writer.dir_changed) || self.epochs_dirty.load(Ordering::Acquire);
        let truncations = self.truncations.load(Ordering::Acquire);
        // The disk may take its time: others append meanwhile.
        drop(writer);
        let synced = || -> io::Result<()> {
            if self.epochs_dirty.swap(false, Ordering::AcqRel) {
                host::fs::File::open_read(self.place.path(files::EPOCHS))?.sync_data()?;
            }
            for segment in segments.iter().filter(|segment| segment.base < upto) {
                segment.sync(segment.base != active)?;
            }
            for snapshot in snapshots {
                super::snapshots::sync(&self.place, snapshot)?;
            }
            if dir_changed { host::fs::sync_dir(self.place.dir()) } else { Ok(()) }
        };
        synced().map_err(|error| self.fail(error))?;
        let _writer = self.writer.lock();
        if self.truncations.load(Ordering::Acquire) == truncations {
            self.recovery_point.fetch_max(upto.0, Ordering::AcqRel);
        }
        Ok(())
    }
}
