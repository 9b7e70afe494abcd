//! A future log becomes, step by step, as the log is that it is to replace (KIP-113); what is next is decided by
//! `replication::moving`.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use model::{LeaderEpoch, Offset, Timestamp};
use replication::follower::LogView;
use replication::moving::{self, Next};

use super::{AppendError, Log, ReadError, StorageError};

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approach {
    /// So many bytes were copied, or something was cut off; look again.
    Went(u64),
    /// The future log has all that the current one has.
    Level,
    /// Nothing can be copied: what is there is not whole yet, or was cut meanwhile.
    Nothing,
}

/// Why a step failed, and in which of the two logs.
#[derive(Debug, thiserror::Error)]
pub enum ApproachError {
    /// The current log.
    #[error("the current log: {0}")]
    Current(StorageError),
    /// The future log.
    #[error("the future log: {0}")]
    Future(StorageError),
    /// The current log holds what cannot be appended to the future one.
    #[error("the copy is not appended: {0}")]
    Refused(AppendError),
}

impl LogView for Log {
    fn start(&self) -> Offset {
        self.start_offset()
    }

    fn end(&self) -> Offset {
        self.end_offset()
    }

    fn high_watermark(&self) -> Offset {
        Log::high_watermark(self)
    }

    fn latest_epoch(&self) -> Option<LeaderEpoch> {
        Log::latest_epoch(self)
    }

    fn end_of_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.end_offset_for_epoch(epoch)
    }
}

impl Log {
    /// How often something was cut off since the log was opened; grows before it is.
    pub fn truncations(&self) -> u64 {
        self.truncations.load(Ordering::Acquire)
    }

    /// Makes this future log a little more like `current`, by at most `max_bytes` of it but for a larger batch.
    ///
    /// # Errors
    /// See [`ApproachError`].
    pub fn approach(&self, current: &Self, max_bytes: usize, now: Timestamp) -> Result<Approach, ApproachError> {
        let went = match moving::next(current, self) {
            Next::Nothing => Approach::Level,
            Next::Truncate(offset) => {
                self.truncate_to(offset, now).map_err(ApproachError::Future)?;
                Approach::Went(0)
            }
            Next::StartAt(offset) => {
                self.truncate_and_start_at(offset, now).map_err(ApproachError::Future)?;
                Approach::Went(0)
            }
            Next::Copy(from) => {
                let most = max_bytes.min(usize::try_from(self.config().segment_bytes).unwrap_or(max_bytes));
                let bytes = current.read_uncut(from, most).map_err(ApproachError::Current)?;
                if bytes.is_empty() { Approach::Nothing } else { self.take_copy(&bytes, now)? }
            }
        };
        self.set_high_watermark(Log::high_watermark(current));
        match self.delete_records_before(current.start_offset()) {
            Ok(()) | Err(ReadError::OutOfRange { .. }) => Ok(went),
            Err(ReadError::Storage(error)) => Err(ApproachError::Future(error)),
        }
    }

    /// Learns what the records do not tell, of a log that is as `current`: an epoch that began without a record, and how
    /// far it was compacted.
    ///
    /// # Errors
    /// The disk failed.
    pub fn complete_from(&self, current: &Self) -> Result<(), StorageError> {
        if let Some(epoch) = moving::epoch_to_begin(current, self) {
            self.begin_epoch(epoch)?;
        }
        if !moving::is_as_durable(current.recovery_point(), self.recovery_point()) {
            self.flush(current.recovery_point())?;
        }
        self.inherit_cleaning(current);
        Ok(())
    }

    /// Whole batches from `from` on, none of which was cut off while they were read; nothing if one was.
    fn read_uncut(&self, from: Offset, max_bytes: usize) -> Result<Bytes, StorageError> {
        let before = self.truncations();
        let read = match self.read(from, max_bytes, self.end_offset(), true) {
            Ok(slice) => slice.read_all().map_err(StorageError::Io),
            Err(ReadError::OutOfRange { .. }) => Ok(Bytes::new()),
            Err(ReadError::Storage(error)) => Err(error),
        };
        // Batches of two leaders side by side would pass for a log that never was.
        if self.truncations() == before { read } else { Ok(Bytes::new()) }
    }

    fn take_copy(&self, bytes: &[u8], now: Timestamp) -> Result<Approach, ApproachError> {
        let any = LeaderEpoch(i32::MAX);
        let appended = match self.append_as_follower(bytes, any, now) {
            // A log that has nothing yet begins with the first batch, which may begin in front of the log's start.
            Err(AppendError::OutOfOrder { offset, end }) if self.start_offset() == end && offset < end => {
                self.truncate_and_start_at(offset, now).map_err(ApproachError::Future)?;
                self.append_as_follower(bytes, any, now)
            }
            appended => appended,
        };
        match appended {
            Ok(_) => Ok(Approach::Went(bytes.len() as u64)),
            Err(AppendError::Storage(error)) => Err(ApproachError::Future(error)),
            Err(error) => Err(ApproachError::Refused(error)),
        }
    }
}
