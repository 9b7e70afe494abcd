//! Chooses which log is compacted next, and keeps `cleaner-offset-checkpoint` (`LogCleanerManager`).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use host::clock::Moment;
use model::{Timestamp, TopicPartition};

use super::{Hosted, Logs};
use crate::checkpoints;
use crate::dirs::LogDir;
use crate::log::{CleanError, Cleanable, CleanerSettings, Cleaning, Log, Step, StorageError};

/// The compaction of one log, to be driven by [`Logs::clean_on`] until it is over. Dropped, it ends there.
pub struct CleaningJob {
    at: TopicPartition,
    dir: Arc<LogDir>,
    cleaning: Cleaning,
    begun: Moment,
}

impl CleaningJob {
    /// The partition.
    pub fn partition(&self) -> &TopicPartition {
        &self.at
    }
}

impl Logs {
    /// Begins to compact the filthiest of the logs that need it; `None` if none does.
    pub fn clean_filthiest(&self, settings: CleanerSettings, now: Timestamp) -> Option<CleaningJob> {
        loop {
            let (at, Hosted { log, dir }, range) = self.filthiest(now)?;
            // Another thread may have been faster; then this log is not among those that need it any more.
            let Some(cleaning) = log.begin_cleaning(range, settings, now) else { continue };
            tracing::debug!(partition = %at, from = %range.first_dirty, upto = %range.first_uncleanable, "compacting");
            return Some(CleaningJob { at, dir, cleaning, begun: host::clock::monotonic() });
        }
    }

    fn filthiest(&self, now: Timestamp) -> Option<(TopicPartition, Hosted, Cleanable)> {
        let mut filthiest: Option<(TopicPartition, Hosted, Cleanable)> = None;
        for (at, hosted) in self.compacted() {
            let range = match hosted.log.cleanable(now) {
                Ok(range) => range,
                Err(error) => {
                    tracing::warn!(partition = %at, %error, "cannot tell whether the log needs compaction");
                    continue;
                }
            };
            let is_worse = filthiest.as_ref().is_none_or(|(.., worst)| range.ratio() > worst.ratio());
            if is_worse && range.is_due(hosted.log.config().min_cleanable_ratio) {
                filthiest = Some((at, hosted, range));
            }
        }
        filthiest
    }

    /// Goes on with a compaction for a little: answers how many bytes were read and written, or `None` if it is over.
    pub fn clean_on(&self, job: &mut CleaningJob) -> Option<u64> {
        let (at, dir) = (&job.at, &job.dir);
        let error = match job.cleaning.step() {
            Ok(Step::More(bytes)) => return Some(bytes),
            Ok(Step::Done(upto)) => {
                let stats = job.cleaning.stats();
                tracing::info!(
                    partition = %at,
                    from = %job.cleaning.range().first_dirty,
                    %upto,
                    bytes = stats.bytes_read,
                    bytes_kept = stats.bytes_written,
                    records = stats.records_read,
                    records_kept = stats.records_kept,
                    map_percent = (stats.map_utilization * 100.0) as u64,
                    took_ms = job.begun.elapsed_ms(),
                    "compacted a log"
                );
                let _ = self.write_checkpoint(dir, checkpoints::CLEANED);
                return None;
            }
            Err(error) => error,
        };
        match error {
            CleanError::Interrupted | CleanError::Storage(StorageError::Closed) => {
                tracing::debug!(partition = %at, "the log changed while it was compacted");
            }
            CleanError::NoSpace(_) => tracing::warn!(partition = %at, %error, "a log was not compacted"),
            CleanError::Uncleanable(_) => {
                tracing::error!(partition = %at, %error, "the log is not compacted any more until the next start");
                job.cleaning.log().set_uncleanable();
            }
            CleanError::Storage(error) => {
                dir.fail(error);
                self.take_down(dir);
            }
        }
        None
    }

    /// Deletes old segments of compacted logs (`cleanup.policy=compact,delete`), and what lies in front of logs' starts.
    pub fn delete_from_compacted(&self, now: Timestamp) {
        for (at, hosted) in self.compacted() {
            match hosted.log.enforce_retention(now) {
                Ok(_) | Err(StorageError::Closed) => {}
                Err(error) => self.failed(&at, &error.to_string()),
            }
        }
    }

    /// The logs that may be compacted now.
    fn compacted(&self) -> impl Iterator<Item = (TopicPartition, Hosted)> {
        let may = |log: &Log| log.config().compact && !log.is_cleaning_barred() && !log.is_offline();
        self.all_hosted().into_iter().filter(move |(_, hosted)| hosted.dir.is_online() && may(&hosted.log))
    }

    /// The checkpoint of a directory says too much of a log that was cut.
    fn forget_cleaning(&self, dir: &Arc<LogDir>) {
        if let Some(directory) = self.directory(dir) {
            directory.cleaned_changed.store(true, Ordering::Release);
        }
    }

    /// Writes the checkpoints of the directories in which a log was cut.
    pub(super) fn write_changed_cleaning(&self) {
        for (_, hosted) in self.all_hosted() {
            if hosted.log.take_cleaned_to_fell() {
                self.forget_cleaning(&hosted.dir);
            }
        }
        for directory in &self.dirs {
            if directory.cleaned_changed.swap(false, Ordering::AcqRel) && directory.dir.is_online() {
                let _ = self.write_checkpoint(&directory.dir, checkpoints::CLEANED);
            }
        }
    }
}
