//! A record batch (magic 2, KIP-98) as borrowed bytes: what its header says, where it ends, and what is in it.

mod builder;
pub mod compression;
mod control;
mod cursor;
mod emptied;
mod header;
mod patch;
mod record;
mod stream;
#[cfg(test)]
mod tests;
mod walk;
mod xerial;

pub use builder::{BatchBuilder, BatchSettings};
pub use control::{ControlRecord, ControlType, EndMarker};
pub use emptied::emptied;
pub use header::{
    Batch, BatchError, Batches, Compression, HEADER_LENGTH, LEADER_EPOCH_AT, LOG_OVERHEAD, TimestampType,
};
pub use patch::{patch_base_offset_and_epoch, patch_max_timestamp};
pub use record::{Header, Headers, Payload, Record, Records, payload};
pub use walk::{Shape, each_record, walk};

/// CRC-32C (Castagnoli) of `bytes`, the checksum of batches and of Kafka's files.
pub fn crc32c(bytes: &[u8]) -> u32 {
    ::crc32c::crc32c(bytes)
}
