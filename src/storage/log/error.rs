//! What can go wrong with a log: closed lists, each with the code that clients are told.

use std::io;
use std::path::PathBuf;

use model::batch::BatchError;
use model::{ErrorCode, Offset};
use replication::producers::ProducerError;

/// The disk failed, now or earlier; whoever gets this takes the log's directory offline.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A call to the disk failed. Nothing that was not there before can be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An earlier failure left the log in doubt, so it answers nothing any more.
    #[error("the log failed earlier: {0}")]
    Failed(String),
    /// The log was closed or deleted.
    #[error("the log is closed")]
    Closed,
}

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A call to the disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A segment holds the record formats of before Kafka 0.11, which this broker does not read.
    #[error("{0} holds records of format {1}: let an older broker rewrite them first")]
    Format(PathBuf, i8),
    /// `partition.metadata` cannot be read, or names another topic than the one expected.
    #[error("{0}: {1}")]
    Metadata(PathBuf, String),
}

impl From<StorageError> for OpenError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io(error) => Self::Io(error),
            other => Self::Io(io::Error::other(other.to_string())),
        }
    }
}

/// Why batches were not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The producer may not write this now.
    #[error(transparent)]
    Producer(#[from] ProducerError),
    /// The batches are larger than a segment.
    #[error("{size} bytes do not fit into a segment of {limit} bytes")]
    TooLarge {
        /// The bytes to append.
        size: u64,
        /// `segment.bytes`.
        limit: u64,
    },
    /// A leader sent bytes that are no batches.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A leader sent offsets that the log has, or that do not grow.
    #[error("offset {offset} cannot follow in a log that ends at {end}")]
    OutOfOrder {
        /// The offset that came.
        offset: Offset,
        /// Where the log ends.
        end: Offset,
    },
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl AppendError {
    /// As it is told to clients.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Producer(error) => error.code(),
            Self::TooLarge { .. } => ErrorCode::RecordListTooLarge,
            Self::Batch(_) => ErrorCode::CorruptMessage,
            Self::OutOfOrder { .. } => ErrorCode::UnknownServerError,
            Self::Storage(_) => ErrorCode::KafkaStorageError,
        }
    }
}

/// Why an offset cannot be read, or cannot become the log's start.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The log does not have this offset.
    #[error("offset {offset} is outside of {start} to {end}")]
    OutOfRange {
        /// The offset that was asked for.
        offset: Offset,
        /// The first one there is.
        start: Offset,
        /// The one behind the last.
        end: Offset,
    },
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Storage(error.into())
    }
}

impl ReadError {
    /// As it is told to clients.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
            Self::Storage(_) => ErrorCode::KafkaStorageError,
        }
    }
}
