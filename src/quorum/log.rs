//! The metadata log: `__cluster_metadata-0`, kept as any other partition's log (`KafkaRaftLog`).

use std::path::Path;

use bytes::Bytes;
use model::batch::{Batch, BatchError, Batches};
use model::{LeaderEpoch, Offset, Timestamp, Uuid};
use storage::log::{AppendError, Log, LogConfig, OpenError, Opening, ReadError, StorageError};

use crate::batches::{self, Damaged, Entry};
use crate::settings::MetadataLogConfig;

/// Bytes read at a time.
const READ: usize = 4 * 1024 * 1024;

/// What can go wrong with the metadata log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing could be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The metadata log of this node.
pub(crate) struct MetadataLog {
    log: Log,
}

impl MetadataLog {
    /// Opens the log, or makes an empty one; what a crash left half-written at its end is cut off.
    pub(crate) fn open(dir: &Path, config: &MetadataLogConfig, now: Timestamp) -> Result<Self, LogError> {
        let config = LogConfig {
            segment_bytes: config.segment_bytes.into(),
            segment_ms: config.segment_ms,
            // Only snapshots make old records superfluous.
            retention_bytes: -1,
            retention_ms: -1,
            ..LogConfig::default()
        };
        // Everything is looked at, as Kafka does: the log is short, and everything rests on it.
        let opening = Opening { topic_id: Some(Uuid::METADATA_TOPIC), ..Opening::new(dir, config) };
        let log = Log::open(opening, now)?;
        log.set_high_watermark(log.end_offset());
        Ok(Self { log })
    }

    pub(crate) fn start(&self) -> Offset {
        self.log.start_offset()
    }

    pub(crate) fn end(&self) -> Offset {
        self.log.end_offset()
    }

    pub(crate) fn size(&self) -> u64 {
        self.log.size()
    }

    /// The epoch of the last record; 0 before the first.
    pub(crate) fn last_epoch(&self) -> LeaderEpoch {
        self.log.latest_epoch().unwrap_or(LeaderEpoch(0))
    }

    /// Appends one batch, which has its offset and epoch. Not on disk before [`MetadataLog::flush`].
    pub(crate) fn append(&self, batch: Bytes) -> Result<(), LogError> {
        // The batch is what the voters agreed on, whatever its epoch.
        self.log.append_as_follower(&batch, LeaderEpoch(i32::MAX), host::clock::now())?;
        Ok(())
    }

    /// Lets readers see everything that was appended, which is committed.
    pub(crate) fn publish_end(&self) {
        self.publish(self.log.end_offset());
    }

    /// Lets readers see what lies before `upto`, which is committed.
    pub(crate) fn publish(&self, upto: Offset) {
        self.log.set_high_watermark(upto);
    }

    /// Puts everything that was appended on disk.
    pub(crate) fn flush(&self) -> Result<(), LogError> {
        self.log.flush(self.log.end_offset())?;
        Ok(())
    }

    /// Cuts off everything from `offset` on.
    pub(crate) fn truncate(&self, offset: Offset, now: Timestamp) -> Result<(), LogError> {
        self.log.truncate_to(offset, now)?;
        Ok(())
    }

    /// The log as any partition's, to be read.
    pub(crate) fn reader(&self) -> &Log {
        &self.log
    }

    /// Some whole batches from the one with `from` on, all of which end at `upto` or before; none at the end.
    pub(crate) fn chunk(&self, from: Offset, upto: Offset) -> Result<Bytes, LogError> {
        Ok(self.log.read(from, READ, upto, true).and_then(|slice| Ok(slice.read_all()?))?)
    }

    /// Calls `each` with every record from an offset on; returns how many bytes that were.
    pub(crate) fn for_each(
        &self,
        from: Offset,
        mut each: impl FnMut(Offset, &Batch<'_>, Entry<'_>) -> Result<(), Damaged>,
    ) -> Result<u64, crate::StartError> {
        let (mut next, end, mut total) = (from, self.log.end_offset(), 0);
        while next < end {
            let bytes = self.chunk(next, end)?;
            batches::for_each::<Damaged>(&bytes, next, &mut each)?;
            total += bytes.len() as u64;
            match Batches::new(&bytes).filter_map(Result::ok).last() {
                Some(last) if last.next_offset() > next => next = last.next_offset(),
                _ => return Err(Damaged::Batch(next, BatchError::Truncated).into()),
            }
        }
        Ok(total)
    }

    /// Forgets everything, to go on at `offset`.
    pub(crate) fn restart_at(&self, offset: Offset, now: Timestamp) -> Result<(), LogError> {
        self.log.truncate_and_start_at(offset, now)?;
        self.log.set_high_watermark(offset);
        Ok(())
    }

    /// Lets the log begin at `offset`, and removes the segments that lie before it.
    pub(crate) fn delete_before(&self, offset: Offset, now: Timestamp) -> Result<(), LogError> {
        self.log.delete_records_before(offset)?;
        self.log.enforce_retention(now)?;
        Ok(())
    }

    /// Removes for good what was deleted long enough ago.
    pub(crate) fn tick(&self, now: Timestamp) -> Result<(), LogError> {
        self.log.remove_due_files(now)?;
        Ok(())
    }

    /// Closes the log in order.
    pub(crate) fn close(&self) -> Result<(), LogError> {
        self.log.close()?;
        Ok(())
    }
}
