//! Makes of a batch what is kept of it (`MemoryRecords.filterTo`).

use bytes::Bytes;
use model::batch::{Batch, BatchBuilder, BatchError, BatchSettings, TimestampType, each_record, emptied};

use super::rules::{Fate, Rules};

/// What records may become when they are decompressed: as much as a batch can hold.
pub(super) const MOST_BYTES: usize = i32::MAX as usize;

/// What is kept of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nothing.
    Nothing,
    /// All of it, byte for byte.
    Verbatim,
    /// These bytes: offsets, sequences, timestamps and codec are those of the batch.
    Rewritten(Bytes),
}

/// What was kept, of how many records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filtered {
    pub(super) kept: Kept,
    pub(super) records: u64,
    pub(super) records_kept: u64,
}

/// Keeps of a batch what the rules keep.
pub(super) fn filter(batch: &Batch<'_>, fate: Fate, rules: &Rules<'_>) -> Result<Filtered, BatchError> {
    if fate.drop_records {
        return Ok(Filtered { kept: nothing(batch, fate), records: batch.count().max(0) as u64, records_kept: 0 });
    }
    // Records are read twice rather than held, for a batch may be large.
    let (mut keeps, mut kept, mut tombstones) = (Vec::new(), 0, false);
    each_record(batch, MOST_BYTES, |record| -> Result<(), BatchError> {
        let keep = rules.keeps(batch, fate, &record);
        keeps.push(keep);
        kept += u64::from(keep);
        tombstones |= keep && record.value.is_none();
        Ok(())
    })?;
    let records = keeps.len() as u64;
    let starts_horizon = (tombstones || fate.is_spare_marker) && batch.delete_horizon().is_none();
    let kept_of_it = if kept == 0 {
        nothing(batch, fate)
    } else if kept == records && !starts_horizon {
        Kept::Verbatim
    } else {
        let horizon = if starts_horizon { Some(rules.new_horizon()) } else { batch.delete_horizon() };
        let mut builder = BatchBuilder::new(BatchSettings {
            base_offset: batch.base_offset(),
            leader_epoch: batch.leader_epoch(),
            compression: batch.compression()?,
            level: None,
            append_time: (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| batch.max_timestamp()),
            producer_id: batch.producer_id(),
            producer_epoch: batch.producer_epoch(),
            base_sequence: batch.base_sequence(),
            is_transactional: batch.is_transactional(),
            is_control: batch.is_control(),
            delete_horizon: horizon,
            last_offset_delta: Some(batch.last_offset_delta()),
        });
        let mut keeps = keeps.into_iter();
        each_record(batch, MOST_BYTES, |record| -> Result<(), BatchError> {
            if keeps.next() == Some(true) {
                builder.append_record(&record, record.offset_delta, batch.timestamp_of(record.timestamp_delta));
            }
            Ok(())
        })?;
        Kept::Rewritten(builder.build()?)
    };
    Ok(Filtered { kept: kept_of_it, records, records_kept: kept })
}

fn nothing(batch: &Batch<'_>, fate: Fate) -> Kept {
    match fate.keep_empty {
        // It may be empty already.
        true if batch.count() == 0 => Kept::Verbatim,
        true => Kept::Rewritten(Bytes::copy_from_slice(&emptied(batch))),
        false => Kept::Nothing,
    }
}
