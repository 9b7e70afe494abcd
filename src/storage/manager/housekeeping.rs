//! What must happen now and then: retention, flushes, checkpoints, removal of deleted files, and a look at the disks.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::Timestamp;

use super::{Logs, LogsConfig};
use crate::checkpoints;
use crate::dirs::LogDir;
use crate::log::StorageError;

/// How long after the start the first round comes (`LogManager.INITIAL_TASK_DELAY_MS`).
const FIRST_ROUND_MS: i64 = 30_000;

/// When each kind of work is due next.
#[derive(Debug)]
pub(super) struct Schedule {
    retention: Timestamp,
    flush: Timestamp,
    recovery_point: Timestamp,
    log_start: Timestamp,
    high_watermark: Timestamp,
    producers: Timestamp,
}

impl Schedule {
    pub(super) fn new(config: &LogsConfig, now: Timestamp) -> Self {
        let first = now.plus_ms(FIRST_ROUND_MS);
        Self {
            retention: first,
            flush: first,
            recovery_point: first,
            log_start: first,
            high_watermark: now.plus_ms(config.high_watermark_ms),
            producers: now.plus_ms(config.producer_expiration_check_ms),
        }
    }
}

/// Whether work is due; if so, when it is due again.
fn is_due(next: &mut Timestamp, every_ms: i64, now: Timestamp) -> bool {
    let due = now >= *next;
    // A clock that was set back must not stop everything until it has caught up.
    if due || next.ms_since(now) > every_ms.max(FIRST_ROUND_MS) {
        *next = now.plus_ms(every_ms);
    }
    due
}

impl Logs {
    /// Does what is due. To be called about once a second, from a thread that may block on the disk.
    pub fn tick(&self, now: Timestamp) {
        self.take_down_failed();
        let config = &self.config;
        let (retention, flush, producers, checkpoints) = {
            let mut schedule = self.schedule.lock();
            let names = [
                (is_due(&mut schedule.recovery_point, config.recovery_point_ms, now), checkpoints::RECOVERY_POINT),
                (is_due(&mut schedule.log_start, config.log_start_ms, now), checkpoints::LOG_START),
                (is_due(&mut schedule.high_watermark, config.high_watermark_ms, now), checkpoints::HIGH_WATERMARK),
            ];
            (
                is_due(&mut schedule.retention, config.retention_check_ms, now),
                is_due(&mut schedule.flush, config.flush_check_ms, now),
                is_due(&mut schedule.producers, config.producer_expiration_check_ms, now),
                names.into_iter().filter(|(due, _)| *due).map(|(_, name)| name),
            )
        };
        self.sync_changed();
        self.write_changed_cleaning();
        self.settle();
        if retention {
            // Of compacted logs the cleaner deletes, for what it reads must stay; of future logs, what the current one let go.
            self.each_log(|log, is_future| match () {
                () if is_future => log.delete_before_start(now).map(drop),
                () if log.config().compact => Ok(()),
                () => log.enforce_retention(now).map(drop),
            });
        }
        if flush {
            self.each_log(|log, _| log.flush_if_due(now).map(drop));
        }
        if producers {
            self.each_log(|log, _| {
                log.expire_producers(now);
                Ok(())
            });
        }
        for name in checkpoints {
            for dir in self.dirs().filter(|dir| dir.is_online()) {
                let _ = self.write_checkpoint(dir, name);
            }
        }
        self.remove_deleted(now);
    }

    /// Work on each log that is online; a failure takes its directory offline.
    fn each_log(&self, work: impl Fn(&crate::log::Log, bool) -> Result<(), StorageError>) {
        let (current, futures) = (self.all_hosted(), self.all_futures());
        let all = current.iter().map(|it| (it, false)).chain(futures.iter().map(|it| (it, true)));
        for ((_, hosted), is_future) in all.filter(|((_, hosted), _)| hosted.dir.is_online()) {
            match work(&hosted.log, is_future) {
                // It was deleted meanwhile.
                Ok(()) | Err(StorageError::Closed) => {}
                Err(error) => {
                    hosted.dir.fail(error);
                    self.take_down(&hosted.dir);
                }
            }
        }
    }

    /// Makes the names of new and deleted logs durable.
    fn sync_changed(&self) {
        for directory in &self.dirs {
            let dir = &directory.dir;
            if dir.is_online()
                && directory.changed.swap(false, Ordering::AcqRel)
                && dir.watch(host::fs::sync_dir(dir.path())).is_err()
            {
                self.take_down(dir);
            }
        }
    }

    fn remove_deleted(&self, now: Timestamp) {
        self.each_log(|log, _| log.remove_due_files(now).map(drop));
        let due: Vec<_> = self.deleted.lock().extract_if(.., |deleted| deleted.due <= now).collect();
        for deleted in due.into_iter().filter(|deleted| deleted.dir.is_online()) {
            let removed = match &deleted.log {
                Some(log) => log.delete(),
                None => host::fs::remove_dir_all(&deleted.path),
            };
            match deleted.dir.watch(removed) {
                Ok(()) => tracing::info!(path = %deleted.path.display(), "removed a deleted partition"),
                Err(_) => self.take_down(&deleted.dir),
            }
        }
    }

    /// Finds logs on which a call to the disk failed, and takes their directories offline.
    pub(super) fn take_down_failed(&self) {
        for (_, hosted) in self.all_hosted().into_iter().chain(self.all_futures()) {
            if let Some(reason) = hosted.log.failure()
                && hosted.dir.is_online()
            {
                hosted.dir.fail(reason);
            }
        }
        for dir in self.dirs() {
            if !dir.is_online() {
                self.take_down(dir);
            }
        }
    }

    /// The logs of a failed directory answer nothing any more.
    pub(super) fn take_down(&self, dir: &Arc<LogDir>) {
        let Some(reason) = dir.failure() else { return };
        for (_, hosted) in self.all_hosted().into_iter().chain(self.all_futures()) {
            if Arc::ptr_eq(&hosted.dir, dir) {
                hosted.log.take_offline(reason);
            }
        }
    }
}
