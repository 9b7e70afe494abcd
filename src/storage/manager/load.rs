//! Opens all logs at the start, many at a time (`LogManager.loadLogs`).

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::{CLUSTER_METADATA, Offset, Timestamp, TopicId, TopicName, TopicPartition};

use super::names::{self, Held};
use super::{Deleted, Directory, Hosted, Logs};
use crate::checkpoints::{self, Offsets};
use crate::log::{self, Log, LogConfig, OpenError, Opening};

/// What was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Logs that are open.
    pub logs: usize,
    /// Logs in directories that were not shut down in order, whose ends were checked.
    pub recovered: usize,
    /// Logs that the metadata did not know, set aside as `-stray`.
    pub strays: usize,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why the logs cannot be loaded, although the disks work.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A partition lies in two directories.
    #[error(
        "partition {at} is in {} and in {}: a directory failed while it was being moved; remove the copy in the one that failed",
        .first.display(), .second.display()
    )]
    Twice {
        /// The partition.
        at: TopicPartition,
        /// One directory.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// A log is of a kind that this version does not read.
    #[error(transparent)]
    Log(#[from] OpenError),
}

/// One log to be opened.
struct Job<'a> {
    directory: &'a Directory,
    at: TopicPartition,
    path: PathBuf,
    points: &'a Points,
}

/// What the checkpoints of a directory say.
struct Points {
    recovery: Offsets,
    start: Offsets,
    high_watermark: Offsets,
    cleaned: Offsets,
}

impl Logs {
    /// Opens every log. `config_of` tells a topic's configuration; `is_stray` whether a partition, with the topic id that
    /// its directory has, does not belong here according to the metadata.
    pub fn load(
        &self,
        config_of: impl Fn(&TopicName) -> LogConfig + Sync,
        is_stray: impl Fn(&TopicPartition, Option<TopicId>) -> bool + Sync,
        now: Timestamp,
    ) -> Result<Loaded, LoadError> {
        let begun = host::clock::monotonic();
        let online: Vec<&Directory> = self.dirs.iter().filter(|directory| directory.dir.is_online()).collect();
        let points: Vec<Points> = online.iter().map(|directory| Points::read(directory)).collect();
        let mut jobs = Vec::new();
        for (directory, points) in online.iter().zip(&points) {
            jobs.extend(self.survey(directory, points, now));
        }
        let recovered = jobs.iter().filter(|job| job.directory.clean.is_none()).count();
        let threads = self.config.recovery_threads_per_dir.saturating_mul(at_least_one(online.len()));
        let strays = AtomicUsize::new(0);
        let opened = host::task::parallel("log-recovery", threads, jobs, |job| {
            if !job.directory.dir.is_online() {
                return Ok(None);
            }
            let id = match log::read_topic_id(&job.path) {
                Err(OpenError::Io(error)) => return Self::broken(&job, &error),
                id => id?,
            };
            if is_stray(&job.at, id) {
                strays.fetch_add(1, Ordering::Relaxed);
                return set_aside(&job).map_or_else(|error| Self::broken(&job, &error), |()| Ok(None));
            }
            match open(&job, config_of(&job.at.topic), id, now) {
                Ok(log) => Ok(Some((job.at, Hosted { log: log.into(), dir: job.directory.dir.clone() }))),
                Err(OpenError::Io(error)) => Self::broken(&job, &error),
                Err(error) => Err(LoadError::Log(error)),
            }
        });
        let mut logs = BTreeMap::new();
        for one in opened {
            let Some((at, hosted)) = one? else { continue };
            let second = hosted.dir.path().to_owned();
            let first: Option<Hosted> = logs.insert(at.clone(), hosted);
            if let Some(first) = first.filter(|first| first.dir.is_online()) {
                return Err(LoadError::Twice { at, first: first.dir.path().to_owned(), second });
            }
        }
        for directory in &online {
            directory.loaded.store(directory.dir.is_online(), Ordering::Release);
        }
        let (count, strays) = (logs.len(), strays.into_inner());
        *self.logs.write() = logs;
        self.take_down_failed();
        let loaded = Loaded { logs: count, recovered, strays, took_ms: begun.elapsed_ms() };
        tracing::info!(logs = count, recovered, strays, took_ms = loaded.took_ms, "loaded all logs");
        Ok(loaded)
    }

    /// What is in a directory: the logs to open. What was deleted is queued to be removed.
    fn survey<'a>(&self, directory: &'a Directory, points: &'a Points, now: Timestamp) -> Vec<Job<'a>> {
        let dir = &directory.dir;
        let Ok(entries) = dir.watch(host::fs::list_dir(dir.path())) else { return Vec::new() };
        let mut jobs = Vec::new();
        for entry in entries.into_iter().filter(|entry| entry.is_dir) {
            match names::parse(&entry.name) {
                Held::Current(at) if at.topic.as_str() == CLUSTER_METADATA => {}
                Held::Current(at) => jobs.push(Job { directory, at, path: entry.path, points }),
                Held::Deleted => {
                    let due = now.plus_ms(self.config.file_delete_delay_ms);
                    self.deleted.lock().push(Deleted { path: entry.path, log: None, dir: dir.clone(), due });
                }
                Held::Stray => tracing::warn!(path = %entry.path.display(), "a stray partition is left alone"),
                Held::Future => tracing::warn!(path = %entry.path.display(), "an unfinished move is left alone"),
                Held::Foreign => tracing::warn!(path = %entry.path.display(), "not a partition, left alone"),
            }
        }
        jobs
    }

    /// The disk failed under a log: its directory goes offline, and the others are loaded.
    fn broken<T>(job: &Job<'_>, error: &std::io::Error) -> Result<Option<T>, LoadError> {
        job.directory.dir.fail(error);
        Ok(None)
    }
}

impl Points {
    /// A checkpoint that cannot be read only costs time, or shows records again that were deleted.
    fn read(directory: &Directory) -> Self {
        let read = |name| {
            checkpoints::read(directory.dir.path(), name).unwrap_or_else(|error| {
                tracing::warn!(%error, "a checkpoint cannot be used, everything is looked at instead");
                Offsets::new()
            })
        };
        Self {
            recovery: read(checkpoints::RECOVERY_POINT),
            start: read(checkpoints::LOG_START),
            high_watermark: read(checkpoints::HIGH_WATERMARK),
            cleaned: read(checkpoints::CLEANED),
        }
    }
}

fn open(job: &Job<'_>, config: LogConfig, topic_id: Option<TopicId>, now: Timestamp) -> Result<Log, OpenError> {
    let of = |offsets: &Offsets| offsets.get(&job.at).copied().unwrap_or(Offset(0));
    let opening = Opening {
        dir: job.path.clone(),
        topic_id,
        config,
        clean: job.directory.clean.is_some(),
        recovery_point: of(&job.points.recovery),
        log_start: of(&job.points.start),
        high_watermark: of(&job.points.high_watermark),
        cleaned_to: job.points.cleaned.get(&job.at).copied(),
    };
    Log::open(opening, now)
}

fn set_aside(job: &Job<'_>) -> std::io::Result<()> {
    let to = job.directory.dir.path().join(names::stray(&job.at));
    host::fs::rename(&job.path, &to)?;
    host::fs::sync_dir(job.directory.dir.path())?;
    tracing::warn!(partition = %job.at, to = %to.display(), "the metadata does not know this partition; set aside");
    Ok(())
}

fn at_least_one(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}
