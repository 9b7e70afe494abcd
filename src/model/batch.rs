//! A record batch (magic 2, KIP-98) as borrowed bytes: what its header says, and where it ends.

mod header;

pub use header::{
    Batch, BatchError, Batches, Compression, HEADER_LENGTH, LEADER_EPOCH_AT, LOG_OVERHEAD, TimestampType,
};
