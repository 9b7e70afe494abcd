//! The end of a log: closed in order, renamed, or deleted with its directory.

use std::io;
use std::path::PathBuf;

use model::Timestamp;

use super::{Log, StorageError, files};

impl Log {
    /// Puts everything on disk such that the next start need not read the data, and refuses appends from then on.
    /// Does nothing the second time.
    pub fn close(&self) -> Result<(), StorageError> {
        let writer = self.writer.lock();
        if writer.closed {
            return Ok(());
        }
        self.check(&writer)?;
        self.void_cleaning();
        self.complete_epochs().map_err(|error| self.fail(error))?;
        self.flush_held(writer, self.end_offset())?;
        let mut guard = self.writer.lock();
        let writer = &mut *guard;
        let mut finish = || -> io::Result<()> {
            let end = self.end_offset();
            writer.producers.set_end_offset(end);
            writer.snapshots.take(&self.place, &writer.producers)?;
            let Some(active) = self.active() else { return Ok(()) };
            active.complete_indexes()?;
            if self.config.load().preallocate {
                active.file()?.set_len(active.size())?;
            }
            active.sync(true)?;
            if writer.snapshots.has(end) {
                super::snapshots::sync(&self.place, end)?;
            }
            for name in writer.doomed.take_due(Timestamp(i64::MAX)) {
                files::remove_if_there(&self.place.path(&name))?;
            }
            host::fs::sync_dir(self.place.dir())
        };
        let finished = finish();
        writer.closed = true;
        for segment in self.segments.read().iter() {
            segment.close_file();
        }
        self.lately_read.lock().clear();
        finished.map_err(|error| self.fail(error))
    }

    /// Moves the log's directory; open readers go on.
    pub fn rename_dir(&self, to: PathBuf) -> Result<(), StorageError> {
        let _writer = self.writer.lock();
        self.void_cleaning();
        self.place.rename(to).map_err(|error| self.fail(error))
    }

    /// Removes the log and its directory at once. Open readers go on until they close their files.
    pub fn delete(&self) -> io::Result<()> {
        let mut writer = self.writer.lock();
        self.void_cleaning();
        writer.closed = true;
        for segment in self.segments.read().iter() {
            segment.close_file();
        }
        self.lately_read.lock().clear();
        match host::fs::remove_dir_all(self.place.dir()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Removes the files that were deleted `file.delete.delay.ms` ago; answers how many.
    pub fn remove_due_files(&self, now: Timestamp) -> Result<usize, StorageError> {
        let (due, place) = (self.writer.lock().doomed.take_due(now), &self.place);
        for name in &due {
            files::remove_if_there(&place.path(name)).map_err(StorageError::Io)?;
        }
        Ok(due.len())
    }

    /// How many deleted files still wait for that.
    pub fn files_to_remove(&self) -> usize {
        self.writer.lock().doomed.len()
    }
}
