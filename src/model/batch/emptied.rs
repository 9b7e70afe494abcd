//! A batch without its records, which compaction leaves so that a producer's last sequence stays known
//! (`DefaultRecordBatch.writeEmptyHeader`).

use super::header::{ATTRIBUTES_AT, CRC_AT};
use super::{Batch, HEADER_LENGTH, LOG_OVERHEAD, crc32c};
use crate::Timestamp;

/// Who set the timestamps, whether it is of a transaction, whether it is a control batch.
const KEPT_ATTRIBUTES: u8 = 0x38;
const BASE_TIMESTAMP_AT: usize = 27;
const COUNT_AT: usize = 57;

/// The header of `batch` as it is when no record is left: offsets, epochs, sequences and the largest timestamp stay.
pub fn emptied(batch: &Batch<'_>) -> [u8; HEADER_LENGTH] {
    let mut header = [0; HEADER_LENGTH];
    header.copy_from_slice(&batch.bytes()[..HEADER_LENGTH]);
    header[8..LOG_OVERHEAD].copy_from_slice(&((HEADER_LENGTH - LOG_OVERHEAD) as i32).to_be_bytes());
    header[ATTRIBUTES_AT] = 0;
    header[ATTRIBUTES_AT + 1] &= KEPT_ATTRIBUTES;
    header[BASE_TIMESTAMP_AT..BASE_TIMESTAMP_AT + 8].copy_from_slice(&Timestamp::NONE.0.to_be_bytes());
    header[COUNT_AT..].copy_from_slice(&0i32.to_be_bytes());
    let crc = crc32c(&header[ATTRIBUTES_AT..]);
    header[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
    header
}
