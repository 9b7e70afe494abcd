//! Takes snapshots when they are due, and removes old ones with the log before them
//! (`SnapshotGenerator`, `KafkaRaftLog.maybeClean`).

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use host::clock::Moment;
use metadata::{MetadataVersion, Record};
use model::{Offset, Timestamp};

use crate::log::LogError;
use crate::settings::MetadataLogConfig;
use crate::snapshot::{self, Agreement, SnapshotError, SnapshotId};
use crate::writer::{Applied, Writer};

/// The snapshots of a metadata log, and when the next is due.
pub(crate) struct Snapshots {
    dir: PathBuf,
    config: MetadataLogConfig,
    agreement: Agreement,
    /// Oldest first.
    ids: Vec<SnapshotId>,
    last: Moment,
}

/// A snapshot to be written.
pub(crate) struct Job {
    dir: PathBuf,
    id: SnapshotId,
    agreement: Agreement,
    applied: Applied,
    last_contained: Timestamp,
}

impl Snapshots {
    pub(crate) fn new(
        dir: &Path,
        config: &MetadataLogConfig,
        agreement: Agreement,
        ids: Vec<SnapshotId>,
        now: Moment,
    ) -> Self {
        Self { dir: dir.to_owned(), config: config.clone(), agreement, ids, last: now }
    }

    /// The snapshot that is due, if one is.
    pub(crate) fn due(&mut self, writer: &mut Writer, now: Moment) -> Option<Job> {
        let (bytes, last_contained) = writer.since_snapshot();
        let interval = self.config.snapshot_interval_ms;
        let by_time = interval > 0 && now.ms_since(self.last) >= interval && bytes > 0;
        if bytes < self.config.snapshot_bytes && !by_time || writer.in_transaction() {
            return None;
        }
        let applied = writer.applied();
        let id = SnapshotId { epoch: applied.epoch, end: applied.end };
        if self.ids.contains(&id) {
            return None;
        }
        self.last = now;
        writer.snapshot_begun();
        Some(Job { dir: self.dir.clone(), id, agreement: self.agreement.clone(), applied, last_contained })
    }

    /// A snapshot is on disk.
    pub(crate) fn written(&mut self, id: SnapshotId) {
        self.ids.push(id);
        self.ids.sort_unstable();
    }

    /// Removes the oldest snapshots, and the log before the next one, while there is too much of them
    /// (`metadata.max.retention.bytes`) or they are too old (`metadata.max.retention.ms`). The latest always stays.
    pub(crate) fn clean(&mut self, writer: &mut Writer, now: Timestamp) -> Result<(), CleanError> {
        let mut sizes = 0;
        for id in &self.ids {
            sizes += host::fs::metadata_len(self.dir.join(id.file_name()))?;
        }
        while let [oldest, next, ..] = *self.ids.as_slice() {
            let path = self.dir.join(oldest.file_name());
            let total = i64::try_from(sizes.saturating_add(writer.log().size())).unwrap_or(i64::MAX);
            let too_much = self.config.retention_bytes >= 0 && total > self.config.retention_bytes;
            let too_old = self.config.retention_ms >= 0
                && now.ms_since(snapshot::last_contained(&path)?) > self.config.retention_ms;
            if !too_much && !too_old {
                break;
            }
            sizes = sizes.saturating_sub(host::fs::metadata_len(&path)?);
            // The log first: a crash in between leaves a snapshot too many, never a log without what came before it.
            if next.end > Offset(0) {
                writer.log().delete_before(next.end, now)?;
            }
            snapshot::remove(&self.dir, oldest)?;
            self.ids.remove(0);
            tracing::info!(snapshot = oldest.file_name(), "removed an old snapshot of the metadata");
        }
        Ok(())
    }
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

impl Job {
    /// Writes the snapshot. Blocks on the disk.
    pub(crate) fn run(self, now: Timestamp) -> io::Result<SnapshotId> {
        let invalid = |e: String| io::Error::new(io::ErrorKind::InvalidData, e);
        let version = self.applied.image.metadata_version().unwrap_or(MetadataVersion::LATEST);
        let records = self.applied.image.to_records();
        let encode = |record: &Record| record.encode(version).map_err(|e| invalid(e.to_string()));
        let encoded: Vec<Bytes> = records.iter().map(encode).collect::<Result<_, _>>()?;
        let len = snapshot::write(&self.dir, self.id, (self.last_contained, now), &self.agreement, encoded)?;
        tracing::info!(snapshot = self.id.file_name(), bytes = len, records = records.len(), "took a snapshot");
        Ok(self.id)
    }
}
