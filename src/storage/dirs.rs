//! One log directory: its lock, its clean-shutdown marker, and whether it still works.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use model::{BrokerEpoch, DirectoryId};

/// The file whose lock says that a process uses the directory.
pub const LOCK_FILE: &str = ".lock";
/// The file that says that the last shutdown was orderly (`CleanShutdownFileHandler`).
pub const CLEAN_SHUTDOWN_FILE: &str = ".kafka_cleanshutdown";

/// The lock of a directory; clones share it, and it is released with the last of them.
#[derive(Clone, Debug)]
pub struct DirLock(#[allow(dead_code, reason = "held, not used")] Arc<host::fs::File>);

/// Why a directory cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The lock file cannot be made or opened.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Another process, Ottla or Apache Kafka, has it.
    #[error("{} is locked: another broker is using this directory", .0.display())]
    Held(PathBuf),
}

impl DirLock {
    /// Takes the lock of a directory, which Apache Kafka respects too.
    pub fn acquire(dir: &Path) -> Result<Self, LockError> {
        let file = host::fs::File::open_append_rw(dir.join(LOCK_FILE))?;
        if file.try_lock_exclusive()? { Ok(Self(Arc::new(file))) } else { Err(LockError::Held(dir.to_owned())) }
    }
}

/// A log directory. Once it has failed it stays offline until the process ends.
#[derive(Debug)]
pub struct LogDir {
    path: PathBuf,
    id: DirectoryId,
    failure: OnceLock<String>,
}

impl LogDir {
    /// A working directory. `path` should be absolute, as tools show it.
    pub fn new(path: PathBuf, id: DirectoryId) -> Arc<Self> {
        Arc::new(Self { path, id, failure: OnceLock::new() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its id in the cluster's metadata (KIP-858).
    pub fn id(&self) -> DirectoryId {
        self.id
    }

    /// Whether it works; if not, its logs answer KAFKA_STORAGE_ERROR.
    pub fn is_online(&self) -> bool {
        self.failure.get().is_none()
    }

    /// Why it is offline.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Takes it offline; true for the first who says so (`LogDirFailureChannel`).
    pub fn fail(&self, reason: impl ToString) -> bool {
        let first = self.failure.set(reason.to_string()).is_ok();
        if first {
            tracing::error!(dir = %self.path.display(), reason = self.failure(), "log directory failed and is offline");
        }
        first
    }

    /// The result of work on this directory: an error takes it offline.
    pub fn watch<T, E: std::fmt::Display>(&self, result: Result<T, E>) -> Result<T, E> {
        result.inspect_err(|error| {
            self.fail(error);
        })
    }
}

/// Whether a directory was shut down in order, and the broker epoch of then if the marker tells it. Removes the
/// marker, so that a crash from here on is known as one.
pub fn take_clean_shutdown(dir: &Path) -> io::Result<Option<CleanShutdown>> {
    let path = dir.join(CLEAN_SHUTDOWN_FILE);
    let text = match host::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    host::fs::remove_file(&path)?;
    host::fs::sync_dir(dir)?;
    Ok(Some(CleanShutdown { broker_epoch: broker_epoch(&text) }))
}

/// An orderly shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanShutdown {
    /// The epoch of the broker that shut down, which it proves to the controller with (KIP-966).
    pub broker_epoch: Option<BrokerEpoch>,
}

/// Marks a directory as shut down in order. Everything else must be on disk already.
pub fn mark_clean_shutdown(dir: &Path, epoch: BrokerEpoch) -> io::Result<()> {
    let text = format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}");
    host::fs::write_atomically(dir.join(CLEAN_SHUTDOWN_FILE), text.as_bytes())
}

/// The epoch in a marker; of a marker nobody can read, none.
fn broker_epoch(text: &str) -> Option<BrokerEpoch> {
    let (_, rest) = text.split_once("\"brokerEpoch\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
    rest.get(..end)?.parse().ok().map(BrokerEpoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_user() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirLock::acquire(dir.path()).unwrap();
        let other = lock.clone();
        drop(lock);
        assert!(matches!(DirLock::acquire(dir.path()), Err(LockError::Held(_))));
        drop(other);
        DirLock::acquire(dir.path()).unwrap();
    }

    #[test]
    fn the_marker_is_kafkas_and_serves_once() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(take_clean_shutdown(dir.path()).unwrap(), None);
        mark_clean_shutdown(dir.path(), BrokerEpoch(14)).unwrap();
        let text = host::fs::read_to_string(dir.path().join(CLEAN_SHUTDOWN_FILE)).unwrap();
        assert_eq!(text, r#"{"version":0,"brokerEpoch":14}"#);
        let clean = take_clean_shutdown(dir.path()).unwrap();
        assert_eq!(clean, Some(CleanShutdown { broker_epoch: Some(BrokerEpoch(14)) }));
        assert_eq!(take_clean_shutdown(dir.path()).unwrap(), None);
        assert_eq!(broker_epoch(""), None, "markers of before KIP-966 are empty");
        assert_eq!(broker_epoch(r#"{ "brokerEpoch" : -1, "x": 2 }"#), Some(BrokerEpoch(-1)));
    }

    #[test]
    fn the_first_failure_is_the_one_that_is_told() {
        let dir = LogDir::new("/data".into(), DirectoryId::ZERO);
        assert!(dir.is_online());
        assert!(dir.watch(Err::<(), _>("disk on fire")).is_err());
        assert!(!dir.fail("again"));
        assert_eq!(dir.failure(), Some("disk on fire"));
    }
}
