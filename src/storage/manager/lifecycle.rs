//! Logs come and go: created in the emptiest directory, deleted by name first and for good later
//! (`LogManager.getOrCreateLog`, `asyncDelete`).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{BrokerEpoch, DirectoryId, ErrorCode, Offset, TopicId, TopicPartition};

use super::{Directory, Hosted, Logs, names};
use crate::checkpoints::{self, Offsets};
use crate::dirs::{self, LogDir};
use crate::log::{Log, LogConfig, OpenError, Opening};

/// Why a log could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The directory that has it, or may have it, is offline.
    #[error("the log of {0} may be in a directory that is offline")]
    Offline(TopicPartition),
    /// There is a log of another topic that had the same name.
    #[error("the log of {at} belongs to topic id {found}, not to {expected}")]
    OtherTopic {
        /// The partition.
        at: TopicPartition,
        /// The id in its directory.
        found: TopicId,
        /// The id that was asked for.
        expected: TopicId,
    },
    /// The disk failed; its directory is offline now.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl CreateError {
    /// As it is told to clients.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::OtherTopic { .. } => ErrorCode::InconsistentTopicId,
            Self::Offline(_) | Self::Open(_) => ErrorCode::KafkaStorageError,
        }
    }
}

impl Logs {
    /// The log of a partition: the one that is here, or a new one.
    ///
    /// `assigned` is the directory in the metadata (KIP-858); none, or a reserved id, where there is none. A new log
    /// goes where somebody wished it to be ([`Logs::wish`]), else there if that directory works, and else to the one with the
    /// fewest logs; but while a directory is offline, a log that was assigned to one nobody sees is not made again, for it
    /// may be in there.
    pub fn get_or_create(
        &self,
        at: &TopicPartition,
        id: TopicId,
        assigned: Option<DirectoryId>,
        config: &LogConfig,
    ) -> Result<Arc<Log>, CreateError> {
        let _changing = self.changing.lock();
        let existing = self.logs.read().get(at).cloned();
        if let Some(Hosted { log, dir }) = existing {
            match log.topic_id() {
                Some(found) if found != id && dir.is_online() => {
                    return Err(CreateError::OtherTopic { at: at.clone(), found, expected: id });
                }
                // A log of a deleted topic, in a directory that is gone: it is found as a stray one day.
                Some(found) if found != id => {}
                _ if dir.is_online() => return Ok(log),
                _ => return Err(CreateError::Offline(at.clone())),
            }
        }
        // Its original is in a directory that is offline.
        if self.futures.read().contains_key(at) {
            return Err(CreateError::Offline(at.clone()));
        }
        let chosen = self.choose(assigned).ok_or_else(|| CreateError::Offline(at.clone()))?;
        let wished = self.wishes.lock().remove(at).filter(|dir| dir.is_online());
        let dir = wished.unwrap_or_else(|| chosen.dir.clone());
        let path = dir.path().join(at.to_string());
        let log = self.make(&dir, Opening { topic_id: Some(id), ..Opening::new(path, config.clone()) })?;
        self.logs.write().insert(at.clone(), Hosted { log: log.clone(), dir });
        Ok(log)
    }

    /// The directory for a new log.
    fn choose(&self, assigned: Option<DirectoryId>) -> Option<&Directory> {
        let mut online = self.dirs.iter().filter(|directory| directory.dir.is_online());
        // The first hundred ids are reserved, such as that of a lost directory.
        if let Some(assigned) = assigned.filter(|id| id.0.as_u128() >= 100) {
            if let Some(directory) = online.clone().find(|directory| directory.dir.id() == assigned) {
                return Some(directory);
            }
            if self.has_offline() {
                return None;
            }
        }
        if self.dirs.len() == 1 {
            return online.next();
        }
        let logs = self.logs.read();
        let count = |dir: &Arc<LogDir>| logs.values().filter(|hosted| Arc::ptr_eq(&hosted.dir, dir)).count();
        online.min_by_key(|directory| count(&directory.dir))
    }

    /// Deletes a partition's log, and the copy of it that is on its way: gone at once for all who look for it, from the disk
    /// after `log.segment.delete.delay.ms`. False if it is not here.
    pub fn delete(&self, at: &TopicPartition) -> Result<bool, CreateError> {
        let _changing = self.changing.lock();
        self.discard_future_held(at);
        let Some(hosted) = self.logs.read().get(at).cloned() else { return Ok(false) };
        let Hosted { log, dir } = &hosted;
        if !dir.is_online() {
            return Err(CreateError::Offline(at.clone()));
        }
        let path = dir.path().join(names::deleted(at));
        if let Err(error) = log.rename_dir(path.clone()) {
            dir.fail(&error);
            self.take_down(dir);
            return Err(OpenError::from(error).into());
        }
        self.logs.write().remove(at);
        self.doom(path, hosted);
        Ok(true)
    }

    /// Closes all logs, writes all checkpoints, and marks the directories as shut down in order, then gives them free.
    /// `epoch` is the broker's, -1 if it never had one. A directory where something fails gets no mark.
    pub fn shutdown(&self, epoch: BrokerEpoch) {
        let _changing = self.changing.lock();
        self.take_down_failed();
        let logs: Vec<_> = self.all_hosted().into_iter().chain(self.all_futures()).collect();
        let threads = self
            .config
            .recovery_threads_per_dir
            .saturating_mul(std::num::NonZeroUsize::new(self.dirs.len()).unwrap_or(std::num::NonZeroUsize::MIN));
        host::task::parallel("log-closing", threads, logs, |(at, Hosted { log, dir })| {
            if dir.is_online()
                && let Err(error) = log.close()
            {
                dir.fail(format!("{at} could not be closed: {error}"));
            }
        });
        for directory in &self.dirs {
            let dir = &directory.dir;
            // With the marker there is no recovery: it may only stand where all else is as it says.
            let done = dir.is_online()
                && self.write_checkpoints(dir)
                && directory.loaded.load(Ordering::Acquire)
                && dir.watch(dirs::mark_clean_shutdown(dir.path(), epoch)).is_ok();
            if !done {
                tracing::warn!(dir = %dir.path().display(), "not shut down in order; the next start looks at all logs");
            }
            directory.lock.lock().take();
        }
    }

    pub(super) fn write_checkpoints(&self, dir: &Arc<LogDir>) -> bool {
        [checkpoints::RECOVERY_POINT, checkpoints::LOG_START, checkpoints::HIGH_WATERMARK, checkpoints::CLEANED]
            .into_iter()
            .all(|name| self.write_checkpoint(dir, name).is_ok())
    }

    /// Writes one of the checkpoints of a directory; a failure takes it offline.
    pub(super) fn write_checkpoint(&self, dir: &Arc<LogDir>, name: &str) -> Result<(), ()> {
        let written = {
            // What is looked up first must not be written last.
            let _writing = self.directory(dir).map(|directory| directory.writing.lock());
            let offsets: Offsets = {
                let (logs, futures) = (self.logs.read(), self.futures.read());
                let here = logs.iter().chain(&*futures).filter(|(_, hosted)| Arc::ptr_eq(&hosted.dir, dir));
                here.filter_map(|(at, hosted)| Some((at.clone(), point(&hosted.log, name)?))).collect()
            };
            dir.watch(checkpoints::write(dir.path(), name, &offsets))
        };
        written.map_err(|_| self.take_down(dir))
    }

    pub(super) fn directory(&self, dir: &Arc<LogDir>) -> Option<&Directory> {
        self.dirs.iter().find(|directory| Arc::ptr_eq(&directory.dir, dir))
    }

    pub(super) fn all_futures(&self) -> Vec<(TopicPartition, Hosted)> {
        self.futures.read().iter().map(|(at, hosted)| (at.clone(), hosted.clone())).collect()
    }

    pub(super) fn all_hosted(&self) -> Vec<(TopicPartition, Hosted)> {
        self.logs.read().iter().map(|(at, hosted)| (at.clone(), hosted.clone())).collect()
    }
}

/// What a checkpoint says of a log; of the log's start only what the segments do not say themselves.
fn point(log: &Log, name: &str) -> Option<Offset> {
    match name {
        checkpoints::RECOVERY_POINT => Some(log.recovery_point()),
        checkpoints::HIGH_WATERMARK => Some(log.high_watermark()),
        checkpoints::CLEANED => log.cleaned_to(),
        _ => Some(log.start_offset()).filter(|start| *start > log.first_segment_base()),
    }
}
