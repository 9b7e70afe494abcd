//! Takes possession of the log directories: made, locked, and checked against `meta.properties`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{ClusterId, DirectoryId, NodeId, Timestamp};
use parking_lot::{Mutex, RwLock};

use super::housekeeping::Schedule;
use super::{Directory, Logs, LogsConfig};
use crate::dirs::{self, DirLock, LockError, LogDir};
use crate::meta_properties::{MetaProperties, MetaPropertiesError};

/// Why a node cannot use its directories.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// A directory is in use by another process.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A directory's `meta.properties` cannot be understood.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    MetaProperties(PathBuf, MetaPropertiesError),
    /// No directory is formatted.
    #[error("none of the log directories is formatted: run `ottla format` first ({0})")]
    NotFormatted(String),
    /// A directory belongs to another node.
    #[error("{} belongs to node {found}, not to node {expected}: use its node.id or another directory", .dir.display())]
    OtherNode {
        /// The directory.
        dir: PathBuf,
        /// Its node.
        found: NodeId,
        /// This node.
        expected: NodeId,
    },
    /// Two directories belong to different clusters.
    #[error("{} belongs to cluster {found}, the others to {expected}: use another directory", .dir.display())]
    OtherCluster {
        /// The directory.
        dir: PathBuf,
        /// Its cluster.
        found: ClusterId,
        /// The cluster of those before it.
        expected: ClusterId,
    },
    /// Two directories have the same id or are the same: one is a copy or a link.
    #[error("{} is the same directory as {}, or a copy of it", .0.display(), .1.display())]
    Same(PathBuf, PathBuf),
    /// No directory works.
    #[error("none of the log directories can be used; the first says: {0}")]
    AllFailed(String),
}

/// A directory that works, before it is known whether all fit together.
struct Taken {
    path: PathBuf,
    lock: DirLock,
    meta: Option<MetaProperties>,
}

impl Logs {
    /// Takes the directories: locks them and reads what they say about themselves. One that is not formatted gets
    /// formatted like the others; one that fails is offline from the start. [`Logs::load`] comes next.
    pub fn open(config: LogsConfig, now: Timestamp) -> Result<Self, LogsError> {
        let mut taken: Vec<Result<Taken, (PathBuf, io::Error)>> = Vec::new();
        for path in &config.log_dirs {
            taken.push(match take(path) {
                Ok(one) => Ok(one),
                Err(LogsError::Lock(LockError::Io(error))) => Err((path.clone(), error)),
                Err(LogsError::MetaProperties(_, MetaPropertiesError::Io(error))) => Err((path.clone(), error)),
                Err(error) => return Err(error),
            });
        }
        let cluster_id = agree(&config, taken.iter().filter_map(|one| one.as_ref().ok()))?;
        let Some(cluster_id) = cluster_id else {
            let failed = taken.iter().find_map(|one| one.as_ref().err());
            return Err(match failed {
                Some((_, error)) => LogsError::AllFailed(error.to_string()),
                None => LogsError::NotFormatted(paths(&config.log_dirs)),
            });
        };
        let directories = taken.into_iter().map(|one| match one {
            Ok(one) => directory(one, &config, &cluster_id, now),
            Err((path, error)) => Ok(offline(path, &error)),
        });
        let dirs = directories.collect::<Result<Vec<_>, LogsError>>()?;
        if let Some(dir) = dirs.first()
            && dirs.iter().all(|it| !it.dir.is_online())
        {
            return Err(LogsError::AllFailed(dir.dir.failure().unwrap_or_default().to_owned()));
        }
        Ok(Self {
            schedule: Mutex::new(Schedule::new(&config, now)),
            config,
            cluster_id,
            dirs,
            logs: RwLock::default(),
            futures: RwLock::default(),
            wishes: Mutex::default(),
            changing: Mutex::default(),
            deleted: Mutex::default(),
        })
    }
}

fn take(path: &Path) -> Result<Taken, LogsError> {
    host::fs::create_dir_all(path).map_err(LockError::Io)?;
    let lock = DirLock::acquire(path)?;
    let meta = MetaProperties::read(path).map_err(|e| LogsError::MetaProperties(path.to_owned(), e))?;
    Ok(Taken { path: path.to_owned(), lock, meta })
}

/// The cluster that all directories belong to; `None` if none says.
fn agree<'a>(config: &LogsConfig, taken: impl Iterator<Item = &'a Taken>) -> Result<Option<ClusterId>, LogsError> {
    let mut cluster: Option<ClusterId> = None;
    let mut seen: Vec<(DirectoryId, &Path)> = Vec::new();
    for one in taken {
        let Some(meta) = &one.meta else { continue };
        let dir = one.path.clone();
        if meta.node_id != config.node_id {
            return Err(LogsError::OtherNode { dir, found: meta.node_id, expected: config.node_id });
        }
        match &cluster {
            Some(expected) if *expected != meta.cluster_id => {
                let (found, expected) = (meta.cluster_id.clone(), expected.clone());
                return Err(LogsError::OtherCluster { dir, found, expected });
            }
            _ => cluster = Some(meta.cluster_id.clone()),
        }
        if let Some(id) = meta.directory_id {
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == id) {
                return Err(LogsError::Same(dir, first.to_path_buf()));
            }
            seen.push((id, &one.path));
        }
    }
    Ok(cluster)
}

fn directory(one: Taken, config: &LogsConfig, cluster: &ClusterId, now: Timestamp) -> Result<Directory, LogsError> {
    let known = one.meta.as_ref().and_then(|meta| meta.directory_id);
    let id = known.unwrap_or_else(host::dice::uuid);
    let dir = LogDir::new(one.path.clone(), id);
    if known.is_none() {
        let meta = MetaProperties { cluster_id: cluster.clone(), node_id: config.node_id, directory_id: Some(id) };
        if dir.watch(meta.write(&one.path, now)).is_ok() {
            tracing::info!(dir = %one.path.display(), %id, "formatted a new log directory");
        }
    }
    let clean = dir.watch(dirs::take_clean_shutdown(&one.path)).ok().flatten();
    let (loaded, changed, cleaned_changed, departed, writing) = Default::default();
    let lock = Mutex::new(Some(one.lock));
    Ok(Directory { dir, lock, clean, loaded, changed, cleaned_changed, departed, writing })
}

fn offline(path: PathBuf, error: &io::Error) -> Directory {
    let dir = LogDir::new(path, DirectoryId::ZERO);
    dir.fail(error);
    let dir: Arc<LogDir> = dir;
    let (loaded, changed, cleaned_changed, departed, writing) = Default::default();
    let lock = Mutex::new(None);
    Directory { dir, lock, clean: None, loaded, changed, cleaned_changed, departed, writing }
}

fn paths(dirs: &[PathBuf]) -> String {
    dirs.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>().join(", ")
}
