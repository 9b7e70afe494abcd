//! A replica's copy on its way to another directory of this broker, and how it takes the replica's place (KIP-113).

use std::sync::Arc;

use model::{DirectoryId, Timestamp};
use parking_lot::Mutex;
use replication::moving::{Known, Move, Todo};
use storage::dirs::LogDir;
use storage::log::{Approach, ApproachError, Log, StorageError};
use storage::manager::ReplaceError;
use tokio::sync::Notify;

use super::Partition;

/// Looks at the end of the current log while nobody may append to it, before it is left for another time.
const LAST_STEPS: usize = 4;
/// Bytes that are copied in each of them, at most.
const LAST_BYTES: usize = 256 << 10;

/// A future log, and how far the move is.
#[derive(Debug)]
pub struct Future {
    /// The log.
    pub log: Arc<Log>,
    /// The directory that it lies in.
    pub dir: Arc<LogDir>,
    /// The move was given up.
    pub ended: Notify,
    progress: Mutex<Move>,
}

impl Future {
    /// One that has just been made or found.
    pub fn new(log: Arc<Log>, dir: Arc<LogDir>) -> Self {
        let progress = Mutex::new(Move::to(dir.id()));
        Self { log, dir, ended: Notify::new(), progress }
    }

    /// See [`Move::next`].
    pub fn next(&self, is_level: bool, known: Known) -> Todo {
        self.progress.lock().next(is_level, known)
    }

    /// See [`Move::directory`].
    pub fn directory(&self) -> Option<DirectoryId> {
        self.progress.lock().directory()
    }
}

/// Why the current log was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum NotReplaced {
    /// The rest could not be copied.
    #[error(transparent)]
    Approach(#[from] ApproachError),
    /// The logs could not change places.
    #[error(transparent)]
    Replace(#[from] ReplaceError),
    /// The disk of the future log failed.
    #[error(transparent)]
    Future(StorageError),
}

impl Partition {
    /// The copy on its way, if there is one.
    pub fn future(&self) -> Option<Arc<Future>> {
        self.future.load_full()
    }

    /// Whether this is the copy on its way.
    pub fn is_moving_to(&self, future: &Arc<Future>) -> bool {
        self.future.load().as_ref().is_some_and(|it| Arc::ptr_eq(it, future))
    }

    /// The replica moves from now on.
    pub fn begin_move(&self, future: Arc<Future>) {
        let _role = self.role.write();
        self.future.store(Some(future));
    }

    /// The replica moves no more, if it did; it may have arrived a moment ago.
    pub fn end_move(&self) -> Option<Arc<Future>> {
        let role = self.role.write();
        let ended = self.future.swap(None);
        drop(role);
        if let Some(future) = &ended {
            future.ended.notify_one();
        }
        self.deleters.wake();
        ended
    }

    /// The future log takes the place of the current one, as `swap` does it on disk: nothing is appended, cut or deleted
    /// meanwhile, and what little is missing yet is copied first. False if that is too much, or the move was given up.
    ///
    /// # Errors
    /// See [`NotReplaced`].
    pub fn replace(
        &self,
        future: &Arc<Future>,
        swap: impl FnOnce() -> Result<Arc<Log>, ReplaceError>,
        now: Timestamp,
    ) -> Result<bool, NotReplaced> {
        let role = self.role.write();
        if !self.is_moving_to(future) {
            return Ok(false);
        }
        let current = self.log();
        let mut is_level = false;
        for _ in 0..LAST_STEPS {
            is_level = future.log.approach(&current, LAST_BYTES, now)? == Approach::Level;
            if is_level {
                break;
            }
        }
        if !is_level {
            return Ok(false);
        }
        future.log.complete_from(&current).map_err(NotReplaced::Future)?;
        self.log.store(swap()?);
        self.future.store(None);
        drop(role);
        self.wake();
        Ok(true)
    }
}
