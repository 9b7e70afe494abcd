//! The order in which Kafka looks at a batch, and what it says of it: header first, then checksum, then records.

use bytes::Bytes;
use model::batch::{Batch, BatchError, Batches, Compression};
use model::{ErrorCode, Timestamp};

use super::{BatchInfo, Origin, Refusal, Rules, Validated, records};

pub(super) fn validate(bytes: &Bytes, rules: &Rules, now: Timestamp) -> Result<Validated, Refusal> {
    match rules.origin {
        Origin::Client | Origin::Coordinator => {
            let batch = only_batch(bytes, rules)?;
            header(&batch, rules)?;
            if rules.origin == Origin::Client {
                client_header(&batch)?;
            }
            records::validate(&bytes.slice(..batch.len()), &batch, rules, now)
        }
        Origin::Replication | Origin::Raft => copied(bytes, rules.origin),
    }
}

/// A produce request carries exactly one batch a partition (`ProduceRequest.validateRecords`).
fn only_batch<'a>(bytes: &'a Bytes, rules: &Rules) -> Result<Batch<'a>, Refusal> {
    let mut batches = Batches::new(bytes);
    let batch = match batches.next() {
        None | Some(Err(BatchError::Truncated)) => return Err(invalid("there is no whole record batch")),
        Some(Err(BatchError::Magic(magic @ 0..=1))) => {
            return Err(invalid(format!("record format {magic} is not accepted, only 2 is")));
        }
        Some(batch) => batch.map_err(refusal)?,
    };
    if !rules.zstd_allowed && batch.attributes() & 7 == Compression::Zstd as i16 {
        let words = "zstd needs version 7 or newer of Produce";
        return Err(Refusal::new(ErrorCode::UnsupportedCompressionType, words));
    }
    match batches.next() {
        None | Some(Err(BatchError::Truncated)) => Ok(batch),
        Some(Ok(_) | Err(BatchError::Magic(0..=1))) => Err(invalid("there is more than one record batch")),
        Some(Err(error)) => Err(refusal(error)),
    }
}

/// What `UnifiedLog.analyzeAndValidateRecords` checks of each batch.
fn header(batch: &Batch<'_>, rules: &Rules) -> Result<(), Refusal> {
    if rules.origin == Origin::Client && batch.base_offset().0 != 0 {
        return Err(invalid(format!("the base offset must be 0, it is {}", batch.base_offset())));
    }
    size(batch.len(), rules)?;
    batch.check_crc().map_err(refusal)?;
    batch.compression().map(|_| ()).map_err(refusal)
}

pub(super) fn size(len: usize, rules: &Rules) -> Result<(), Refusal> {
    let most = rules.max_message_bytes;
    if len <= most {
        return Ok(());
    }
    let words = format!("the record batch has {len} bytes, max.message.bytes is {most}");
    Err(Refusal::new(ErrorCode::MessageTooLarge, words))
}

/// What `LogValidator.validateBatch` asks of clients.
fn client_header(batch: &Batch<'_>) -> Result<(), Refusal> {
    let (offsets, count) = (i64::from(batch.last_offset_delta()) + 1, i64::from(batch.count()));
    if offsets <= 0 {
        Err(invalid(format!("the last offset delta is {}", batch.last_offset_delta())))
    } else if count <= 0 {
        Err(invalid(format!("the record count is {count}")))
    } else if offsets != count {
        Err(invalid(format!("{offsets} offsets are taken by {count} records")))
    } else if batch.is_control() {
        Err(invalid("clients may not write control records"))
    } else if batch.producer_id().is_some() && batch.base_sequence().0 < 0 {
        let (id, sequence) = (batch.producer_id(), batch.base_sequence());
        Err(invalid(format!("producer {id} sends the sequence {sequence}")))
    } else {
        Ok(())
    }
}

/// Batches that another broker, or the quorum's leader, has checked already: whole, undamaged, in order.
fn copied(bytes: &Bytes, origin: Origin) -> Result<Validated, Refusal> {
    let (mut batches, mut at, mut offsets) = (Vec::new(), 0, 0);
    let mut max_timestamp = Timestamp::NONE;
    let mut last = None;
    for batch in Batches::new(bytes) {
        let batch = match batch {
            Err(BatchError::Truncated) => break,
            batch => batch.map_err(refusal)?,
        };
        batch.check_crc().map_err(refusal)?;
        if last >= Some(batch.last_offset()) {
            let words = format!("the batch at byte {at} does not end behind the one before it");
            return Err(Refusal::new(ErrorCode::UnknownServerError, words));
        }
        last = Some(batch.last_offset());
        let info = BatchInfo::of(&batch, at).map_err(refusal)?;
        max_timestamp = max_timestamp.max(info.max_timestamp);
        offsets += info.offsets();
        at += batch.len();
        batches.push(info);
    }
    Ok(Validated { bytes: bytes.slice(..at), batches, offsets, max_timestamp, append_time: Timestamp::NONE, origin })
}

pub(super) fn invalid(words: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidRecord, words)
}

impl From<BatchError> for Refusal {
    fn from(error: BatchError) -> Self {
        refusal(error)
    }
}

/// Kafka's code for bytes that are no batch. Two of them are "unknown" there for want of a better exception.
pub(super) fn refusal(error: BatchError) -> Refusal {
    let code = match error {
        BatchError::Records(_) => ErrorCode::InvalidRecord,
        BatchError::TooLarge(_) => ErrorCode::MessageTooLarge,
        BatchError::Truncated | BatchError::Length(_) | BatchError::Magic(_) | BatchError::Crc { .. } => {
            ErrorCode::CorruptMessage
        }
        BatchError::Compression(_) | BatchError::Decompress(_) | BatchError::Compress(_) => {
            ErrorCode::UnknownServerError
        }
    };
    Refusal::new(code, error.to_string())
}
