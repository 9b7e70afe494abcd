//! Opens all logs at the start, many at a time (`LogManager.loadLogs`).

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::{CLUSTER_METADATA, DirectoryId, Offset, Timestamp, TopicId, TopicName, TopicPartition};

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
    /// Copies on their way to another directory, to be gone on with.
    pub futures: usize,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why the logs cannot be loaded, although the disks work.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A partition lies in two directories, neither of which the metadata names.
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
    /// A copy that was on its way here.
    is_future: bool,
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
    /// its directory has, does not belong here according to the metadata; `assigned` in which directory it is according to
    /// the metadata.
    pub fn load(
        &self,
        config_of: impl Fn(&TopicName) -> LogConfig + Sync,
        is_stray: impl Fn(&TopicPartition, Option<TopicId>) -> bool + Sync,
        assigned: impl Fn(&TopicPartition) -> Option<DirectoryId>,
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
                Ok(log) => {
                    let hosted = Hosted { log: log.into(), dir: job.directory.dir.clone() };
                    Ok(Some((job.at, job.is_future, hosted)))
                }
                Err(OpenError::Io(error)) => Self::broken(&job, &error),
                Err(error) => Err(LoadError::Log(error)),
            }
        });
        let (mut logs, mut futures) = (BTreeMap::new(), Vec::new());
        for one in opened {
            match one? {
                None => {}
                Some((at, true, hosted)) => futures.push((at, hosted)),
                Some((at, false, hosted)) => {
                    let kept = match logs.remove(&at) {
                        Some(other) => one_of(&at, other, hosted, assigned(&at))?,
                        None => hosted,
                    };
                    logs.insert(at, kept);
                }
            }
        }
        let futures = self.sort_out(&mut logs, futures);
        for directory in &online {
            directory.loaded.store(directory.dir.is_online(), Ordering::Release);
        }
        let (count, strays, moving) = (logs.len(), strays.into_inner(), futures.len());
        for (directory, points) in online.iter().zip(&points) {
            let is_here = |at: &TopicPartition| {
                [logs.get(at), futures.get(at)].into_iter().flatten().any(|it| Arc::ptr_eq(&it.dir, &directory.dir))
            };
            // What is said of a log that has gone must not be taken for what is said of the next of its name.
            if !points.all().all(is_here) {
                self.departed(&directory.dir);
            }
        }
        *self.logs.write() = logs;
        *self.futures.write() = futures;
        self.take_down_failed();
        let loaded = Loaded { logs: count, recovered, strays, futures: moving, took_ms: begun.elapsed_ms() };
        tracing::info!(logs = count, recovered, strays, moving, took_ms = loaded.took_ms, "loaded all logs");
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
                Held::Current(at) => jobs.push(Job { directory, at, is_future: false, path: entry.path, points }),
                Held::Future(at) => jobs.push(Job { directory, at, is_future: true, path: entry.path, points }),
                Held::Deleted => {
                    let due = now.plus_ms(self.config.file_delete_delay_ms);
                    self.deleted.lock().push(Deleted { path: entry.path, log: None, dir: dir.clone(), due });
                }
                Held::Stray => tracing::warn!(path = %entry.path.display(), "a stray partition is left alone"),
                Held::Foreign => tracing::warn!(path = %entry.path.display(), "not a partition, left alone"),
            }
        }
        jobs
    }

    /// Which of the copies that were on their way are gone on with. One whose original is nowhere is the original: either its
    /// place was just about to be taken, or it is all that is left. While a directory is offline, nobody knows that.
    fn sort_out(
        &self,
        logs: &mut BTreeMap<TopicPartition, Hosted>,
        found: Vec<(TopicPartition, Hosted)>,
    ) -> BTreeMap<TopicPartition, Hosted> {
        let mut futures = BTreeMap::new();
        for (at, hosted) in found {
            let current = logs.get(&at);
            let is_surplus =
                futures.contains_key(&at) || current.is_some_and(|current| Arc::ptr_eq(&current.dir, &hosted.dir));
            if is_surplus {
                let path = hosted.dir.path().join(names::deleted(&at));
                if hosted.dir.watch(hosted.log.rename_dir(path.clone())).is_ok() {
                    self.doom(path, hosted);
                }
            } else if let Some(current) = current {
                current.log.pause_cleaning();
                futures.insert(at, hosted);
            } else if self.has_offline() {
                tracing::warn!(partition = %at, "a copy is here and its original is not, perhaps in the directory that is offline");
                futures.insert(at, hosted);
            } else {
                let path = hosted.dir.path().join(at.to_string());
                let renamed = hosted.log.rename_dir(path).map_err(OpenError::from);
                let synced = renamed.and_then(|()| Ok(host::fs::sync_dir(hosted.dir.path())?));
                if hosted.dir.watch(synced).is_ok() {
                    tracing::info!(partition = %at, dir = %hosted.dir.path().display(), "took the place of its original, which is gone");
                    logs.insert(at, hosted);
                }
            }
        }
        futures
    }

    /// The disk failed under a log: its directory goes offline, and the others are loaded.
    fn broken<T>(job: &Job<'_>, error: &std::io::Error) -> Result<Option<T>, LoadError> {
        job.directory.dir.fail(error);
        Ok(None)
    }
}

/// Of two logs of one partition the one in the directory that the metadata names; the other is set aside. A broker that
/// failed while it put one in the place of the other has left both.
fn one_of(
    at: &TopicPartition,
    first: Hosted,
    second: Hosted,
    assigned: Option<DirectoryId>,
) -> Result<Hosted, LoadError> {
    let (kept, other) = match assigned {
        Some(id) if first.dir.id() == id => (first, second),
        Some(id) if second.dir.id() == id => (second, first),
        _ if !first.dir.is_online() => return Ok(second),
        _ => {
            let path = |hosted: &Hosted| hosted.dir.path().to_owned();
            return Err(LoadError::Twice { at: at.clone(), first: path(&first), second: path(&second) });
        }
    };
    let to = other.dir.path().join(names::stray(at));
    match other.dir.watch(other.log.rename_dir(to.clone())) {
        Ok(()) => {
            tracing::warn!(partition = %at, to = %to.display(), "the partition lies in another directory too; set aside");
        }
        Err(error) => tracing::error!(partition = %at, %error, "the partition lies in another directory too"),
    }
    Ok(kept)
}

impl Points {
    /// All partitions that they say something of.
    fn all(&self) -> impl Iterator<Item = &TopicPartition> {
        [&self.recovery, &self.start, &self.high_watermark, &self.cleaned].into_iter().flat_map(BTreeMap::keys)
    }

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
