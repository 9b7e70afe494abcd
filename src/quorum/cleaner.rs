//! Takes snapshots when they are due, and removes old ones with the log before them
//! (`SnapshotGenerator`, `KafkaRaftLog.maybeClean`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use host::clock::{self, Moment};
use host::task;
use model::{Offset, Timestamp};
use parking_lot::Mutex;

use crate::ledger::{self, Ledger};
use crate::log::{LogError, MetadataLog};
use crate::settings::MetadataLogConfig;
use crate::snapshot::{self, SnapshotError, SnapshotId};

/// How often snapshots, retention and deleted files are looked after.
pub(crate) const HOUSEKEEPING_MS: u64 = 5_000;

/// The snapshots of a metadata log, and when the next is due.
pub(crate) struct Snapshots {
    dir: PathBuf,
    config: MetadataLogConfig,
    /// Oldest first.
    ids: Vec<SnapshotId>,
    last: Moment,
}

impl Snapshots {
    pub(crate) fn new(dir: &Path, config: &MetadataLogConfig, ids: Vec<SnapshotId>, now: Moment) -> Self {
        Self { dir: dir.to_owned(), config: config.clone(), ids, last: now }
    }

    /// Whether a snapshot of a ledger is due.
    pub(crate) fn due(&self, ledger: &Ledger, now: Moment) -> bool {
        let (bytes, _) = ledger.since_snapshot();
        let interval = self.config.snapshot_interval_ms;
        let by_time = interval > 0 && now.ms_since(self.last) >= interval && bytes > 0;
        (bytes >= self.config.snapshot_bytes || by_time)
            && !ledger.in_transaction()
            && !ledger.in_doubt()
            && !self.has(ledger.at().position.id())
    }

    /// A snapshot begins to be written.
    pub(crate) fn begun(&mut self, now: Moment) {
        self.last = now;
    }

    /// Whether a snapshot is on disk.
    pub(crate) fn has(&self, id: SnapshotId) -> bool {
        self.ids.contains(&id)
    }

    /// The earliest snapshot.
    pub(crate) fn earliest(&self) -> Option<SnapshotId> {
        self.ids.first().copied()
    }

    /// The latest snapshot.
    pub(crate) fn latest(&self) -> Option<SnapshotId> {
        self.ids.last().copied()
    }

    /// A snapshot is on disk.
    pub(crate) fn written(&mut self, id: SnapshotId) {
        if !self.has(id) {
            self.ids.push(id);
            self.ids.sort_unstable();
        }
    }

    /// Removes the snapshots before one that took the place of the log.
    pub(crate) fn forget_before(&mut self, dir: &Path, id: SnapshotId) -> io::Result<()> {
        for old in self.ids.extract_if(.., |old| *old < id) {
            snapshot::remove(dir, old)?;
        }
        Ok(())
    }

    /// Removes all snapshots but one that took the place of the log and of all they belonged to.
    pub(crate) fn forget_others(&mut self, dir: &Path, id: SnapshotId) -> io::Result<()> {
        for other in self.ids.extract_if(.., |other| *other != id) {
            snapshot::remove(dir, other)?;
        }
        Ok(())
    }

    /// Removes the oldest snapshots, and the log before the next one, while there is too much of them
    /// (`metadata.max.retention.bytes`) or they are too old (`metadata.max.retention.ms`). The latest always stays.
    pub(crate) fn clean(&mut self, log: &MetadataLog, now: Timestamp) -> Result<(), CleanError> {
        let mut sizes = 0;
        for id in &self.ids {
            sizes += host::fs::metadata_len(self.dir.join(id.file_name()))?;
        }
        while let [oldest, next, ..] = *self.ids.as_slice() {
            let path = self.dir.join(oldest.file_name());
            let total = i64::try_from(sizes.saturating_add(log.size())).unwrap_or(i64::MAX);
            let too_much = self.config.retention_bytes >= 0 && total > self.config.retention_bytes;
            let too_old = self.config.retention_ms >= 0
                && now.ms_since(snapshot::last_contained(&path)?) > self.config.retention_ms;
            if !too_much && !too_old {
                break;
            }
            sizes = sizes.saturating_sub(host::fs::metadata_len(&path)?);
            // The log first: a crash in between leaves a snapshot too many, never a log without what came before it.
            if next.end > Offset(0) {
                log.delete_before(next.end, now)?;
            }
            snapshot::remove(&self.dir, oldest)?;
            self.ids.remove(0);
            tracing::info!(snapshot = oldest.file_name(), "removed an old snapshot of the metadata");
        }
        Ok(())
    }
}

/// Takes a snapshot of a ledger if one is due; says whether it did.
pub(crate) async fn take_snapshot(ledger: &Arc<Mutex<Ledger>>, now: Moment) -> Result<bool, String> {
    let capture = {
        // Whoever holds it applies; there is another time.
        let Some(mut ledger) = ledger.try_lock() else { return Ok(false) };
        if !ledger.snapshots.due(&ledger, now) {
            return Ok(false);
        }
        ledger.snapshots.begun(now);
        ledger.snapshot_begun();
        ledger.capture()
    };
    let ledger = ledger.clone();
    let written = task::blocking(move || ledger::write_snapshot(&ledger, &capture, clock::now()));
    written.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
    Ok(true)
}

/// Removes what is old, and puts the log on disk. Blocks on it.
pub(crate) fn look_after(ledger: &Mutex<Ledger>) -> Result<(), LogError> {
    let now = clock::now();
    let log = {
        let mut ledger = ledger.lock();
        let log = ledger.log().clone();
        if let Err(error) = ledger.snapshots.clean(&log, now) {
            tracing::warn!(%error, "old snapshots could not be removed");
        }
        log
    };
    log.flush()?;
    log.tick(now)
}

/// Puts the log on disk and closes it in order. Blocks on the disk.
pub(crate) fn close(ledger: &Mutex<Ledger>) -> Result<(), LogError> {
    let log = ledger.lock().log().clone();
    log.flush()?;
    log.close()
}

/// Why cleaning did not end; it is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CleanError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Log(#[from] LogError),
}
