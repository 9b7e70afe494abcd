//! Logs on their way to another directory (KIP-113): the future log of a partition is made, goes, or takes the place of the
//! current one (`LogManager.replaceCurrentWithFutureLog`).
//!
//! The current log's directory gets the name of a deleted one first, and then the future log's gets the name of a current
//! one. So there are never two of them, and a start that finds a future log alone knows what was about to happen; Apache
//! Kafka's start does too (`recoverAbandonedFutureLogs`).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{TopicId, TopicPartition};

use super::{CreateError, Deleted, Hosted, Logs, names};
use crate::checkpoints;
use crate::dirs::LogDir;
use crate::log::{Log, LogConfig, OpenError, Opening, StorageError};

/// Directories that are wished for partitions which are not here yet; the first go when there are more.
const WISHES: usize = 50_000;

/// Why a future log did not take the place of the current one. All is as it was, but for a directory that failed.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// One of the two logs is not here any more, or its directory is offline.
    #[error("one of the two logs is gone or offline")]
    Gone,
    /// A disk failed; its directory is offline now.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Logs {
    /// The directory of that path, exactly as it is told to clients.
    pub fn dir_at(&self, path: &str) -> Option<&Arc<LogDir>> {
        self.dirs().find(|dir| dir.path().to_str() == Some(path))
    }

    /// The future log of a partition and its directory.
    pub fn future(&self, at: &TopicPartition) -> Option<(Arc<Log>, Arc<LogDir>)> {
        self.futures.read().get(at).map(|hosted| (hosted.log.clone(), hosted.dir.clone()))
    }

    /// Remembers where the log of a partition is to be when it is created.
    pub fn wish(&self, at: &TopicPartition, dir: &Arc<LogDir>) {
        let mut wishes = self.wishes.lock();
        wishes.insert(at.clone(), dir.clone());
        if wishes.len() > WISHES {
            wishes.pop_first();
        }
    }

    /// Makes the future log of a partition in `dir`; the current log is not compacted from then on.
    ///
    /// # Errors
    /// A directory is offline, so that nobody knows whether there is a future log already; or the disk failed.
    pub fn create_future(
        &self,
        at: &TopicPartition,
        id: TopicId,
        dir: &Arc<LogDir>,
        config: &LogConfig,
    ) -> Result<Arc<Log>, CreateError> {
        let _changing = self.changing.lock();
        let offline = || CreateError::Offline(at.clone());
        if self.has_offline() {
            return Err(offline());
        }
        let current = self.get(at).ok_or_else(offline)?;
        // What they say of a log that was here once must not be taken for what they say of this one.
        for name in [checkpoints::RECOVERY_POINT, checkpoints::LOG_START] {
            self.write_checkpoint(dir, name).map_err(|()| offline())?;
        }
        let path = dir.path().join(names::future(at));
        let log: Arc<Log> = self.make(dir, Opening { topic_id: Some(id), ..Opening::new(path, config.clone()) })?;
        current.pause_cleaning();
        self.futures.write().insert(at.clone(), Hosted { log: log.clone(), dir: dir.clone() });
        Ok(log)
    }

    /// Makes a log, and its directory, in `dir`.
    pub(super) fn make(&self, dir: &Arc<LogDir>, opening: Opening) -> Result<Arc<Log>, CreateError> {
        let made = host::fs::create_dir_all(&opening.dir)
            .map_err(OpenError::Io)
            .and_then(|()| Log::open(opening, host::clock::now()));
        match made {
            Ok(log) => {
                self.changed(dir);
                Ok(log.into())
            }
            Err(error) => {
                dir.fail(&error);
                self.take_down(dir);
                Err(error.into())
            }
        }
    }

    /// The future log of a partition goes, if there is one; the current one may be compacted again. Where its directory
    /// failed, its files stay.
    pub fn discard_future(&self, at: &TopicPartition) {
        let _changing = self.changing.lock();
        self.discard_future_held(at);
    }

    pub(super) fn discard_future_held(&self, at: &TopicPartition) {
        let Some(hosted) = self.futures.write().remove(at) else { return };
        if hosted.dir.is_online() {
            let path = hosted.dir.path().join(names::deleted(at));
            match hosted.log.rename_dir(path.clone()) {
                Ok(()) => self.doom(path, hosted),
                Err(error) => {
                    hosted.dir.fail(&error);
                    self.take_down(&hosted.dir);
                }
            }
        }
        if let Some(current) = self.get(at) {
            current.resume_cleaning();
        }
    }

    /// Takes note that a log's directory was renamed to be removed later, and that the checkpoints say too much.
    pub(super) fn doom(&self, path: std::path::PathBuf, Hosted { log, dir }: Hosted) {
        self.changed(&dir);
        self.departed(&dir);
        let due = host::clock::now().plus_ms(self.config.file_delete_delay_ms);
        self.deleted.lock().push(Deleted { path, log: Some(log), dir, due });
    }

    /// The future log of a partition takes the place of the current one, which is deleted. Nobody may append to either.
    ///
    /// # Errors
    /// See [`ReplaceError`].
    pub fn replace_with_future(&self, at: &TopicPartition) -> Result<Arc<Log>, ReplaceError> {
        let _changing = self.changing.lock();
        let current = self.logs.read().get(at).cloned().ok_or(ReplaceError::Gone)?;
        let future = self.futures.read().get(at).cloned().ok_or(ReplaceError::Gone)?;
        if [&current, &future].into_iter().any(|hosted| !hosted.dir.is_online() || hosted.log.is_offline()) {
            return Err(ReplaceError::Gone);
        }
        let failed = |hosted: &Hosted, error: StorageError| {
            hosted.dir.fail(&error);
            self.take_down(&hosted.dir);
            Err(error.into())
        };
        let (name, doomed) = (current.log.dir(), current.dir.path().join(names::deleted(at)));
        // Each is durable before the next, so that a power cut leaves one of the states that a crash leaves.
        if let Err(error) = current.log.rename_dir(doomed.clone()).and_then(|()| sync(&current.dir)) {
            return failed(&current, error);
        }
        let path = future.dir.path().join(at.to_string());
        if let Err(error) = future.log.rename_dir(path).and_then(|()| sync(&future.dir)) {
            if let Err(error) = current.log.rename_dir(name) {
                let _ = failed(&current, error);
            }
            return failed(&future, error);
        }
        let (mut logs, mut futures) = (self.logs.write(), self.futures.write());
        futures.remove(at);
        logs.insert(at.clone(), future.clone());
        drop((logs, futures));
        self.departed(&future.dir);
        self.doom(doomed, current);
        Ok(future.log)
    }

    /// Writes the checkpoints of the directories from which logs have gone, or to which one has come.
    pub fn settle(&self) {
        for directory in &self.dirs {
            if directory.departed.swap(false, Ordering::AcqRel) && directory.dir.is_online() {
                self.write_checkpoints(&directory.dir);
            }
        }
    }

    /// Writes where the logs of a directory begin: records that were deleted must stay so when one of them changes places.
    pub fn write_log_starts(&self, dir: &Arc<LogDir>) {
        let _ = self.write_checkpoint(dir, checkpoints::LOG_START);
    }

    /// A future log's disk failed.
    pub fn future_failed(&self, at: &TopicPartition, reason: &str) {
        if let Some((_, dir)) = self.future(at) {
            dir.fail(reason);
            self.take_down(&dir);
        }
    }

    pub(super) fn departed(&self, dir: &Arc<LogDir>) {
        if let Some(directory) = self.directory(dir) {
            directory.departed.store(true, Ordering::Release);
        }
    }

    pub(super) fn changed(&self, dir: &Arc<LogDir>) {
        if let Some(directory) = self.directory(dir) {
            directory.changed.store(true, Ordering::Release);
        }
    }
}

fn sync(dir: &LogDir) -> Result<(), StorageError> {
    host::fs::sync_dir(dir.path()).map_err(StorageError::Io)
}
