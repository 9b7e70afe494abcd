//! The few bytes of a client's batch that a broker may change.

use super::header::{ATTRIBUTES_AT, CRC_AT, MAX_TIMESTAMP_AT};
use super::{HEADER_LENGTH, LEADER_EPOCH_AT, TimestampType, crc32c};
use crate::{LeaderEpoch, Offset, Timestamp};

/// Writes base offset and leader epoch, the twelve bytes outside the CRC, into the batch at the start of `batch`.
/// Does nothing to bytes shorter than a header.
pub fn patch_base_offset_and_epoch(batch: &mut [u8], base_offset: Offset, epoch: LeaderEpoch) {
    if batch.len() >= HEADER_LENGTH {
        batch[..8].copy_from_slice(&base_offset.0.to_be_bytes());
        batch[LEADER_EPOCH_AT..LEADER_EPOCH_AT + 4].copy_from_slice(&epoch.0.to_be_bytes());
    }
}

/// Sets who gave the timestamps and the largest one, and the CRC to match, if that changes anything
/// (`DefaultRecordBatch.setMaxTimestamp`). `batch` is exactly one batch; shorter bytes are left alone.
/// Like Kafka it keeps, of the attributes, only the bits that have a meaning.
pub fn patch_max_timestamp(batch: &mut [u8], timestamp_type: TimestampType, max: Timestamp) {
    if batch.len() < HEADER_LENGTH {
        return;
    }
    const LOG_APPEND_TIME: u8 = 0x08;
    let kept = batch[ATTRIBUTES_AT + 1] & 0x7f & !LOG_APPEND_TIME;
    let bit = if timestamp_type == TimestampType::LogAppendTime { LOG_APPEND_TIME } else { 0 };
    batch[ATTRIBUTES_AT] = 0;
    batch[ATTRIBUTES_AT + 1] = kept | bit;
    batch[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&max.0.to_be_bytes());
    let crc = crc32c(&batch[ATTRIBUTES_AT..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
}
