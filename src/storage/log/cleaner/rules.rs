//! What compaction keeps of a log (`Cleaner.cleanInto`, `Cleaner.shouldRetainRecord`).

use std::collections::BTreeMap;

use model::batch::{Batch, BatchError, Record};
use model::{Offset, ProducerEpoch, ProducerId, Timestamp};

use super::offset_map::OffsetMap;
use super::transactions::{Marker, Transactions};
use crate::log::AbortedTxn;

/// The last that a producer wrote: its batch stays, for its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LastWritten {
    /// The last offset of its last batch of data; none if only its epoch is known.
    pub(super) data: Option<Offset>,
    pub(super) epoch: ProducerEpoch,
}

/// What is known when a batch is looked at.
pub(super) struct Rules<'a> {
    pub(super) map: &'a OffsetMap,
    pub(super) producers: &'a BTreeMap<ProducerId, LastWritten>,
    pub(super) high_watermark: Offset,
    /// When the cleaning began.
    pub(super) now: Timestamp,
    /// `delete.retention.ms`.
    pub(super) delete_retention_ms: i64,
}

/// What becomes of a batch, whatever its keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    /// None of its records stays: they were aborted, or are a marker whose time is over.
    pub(super) drop_records: bool,
    /// Its header stays when no record does.
    pub(super) keep_empty: bool,
    /// It is a marker that nothing needs any more; it goes when its time is over.
    pub(super) is_spare_marker: bool,
    /// The aborted transaction that must be found as long as this marker is there.
    pub(super) aborted: Option<AbortedTxn>,
}

impl Rules<'_> {
    /// The fate of a batch. Must be asked of every batch once, in order.
    pub(super) fn fate(&self, batch: &Batch<'_>, transactions: &mut Transactions) -> Result<Fate, BatchError> {
        let (spare, aborted) = match batch.is_control() {
            false => (transactions.on_data(batch), None),
            true => match transactions.on_control(batch)? {
                Marker::Needed(aborted) => (false, aborted),
                Marker::Spare => (true, None),
            },
        };
        // A reader in the middle of a transaction must meet its marker, so that goes later than the records: as late
        // as a tombstone.
        let is_over = batch.delete_horizon().is_some_and(|horizon| horizon <= self.now);
        Ok(Fate {
            drop_records: spare && (!batch.is_control() || is_over),
            keep_empty: self.is_last_of_producer(batch) || batch.next_offset() == self.high_watermark,
            is_spare_marker: spare && batch.is_control(),
            aborted,
        })
    }

    fn is_last_of_producer(&self, batch: &Batch<'_>) -> bool {
        match self.producers.get(&batch.producer_id()).filter(|_| batch.producer_id().is_some()) {
            Some(LastWritten { data: Some(offset), .. }) => batch.last_offset() == *offset,
            // Only markers are left of it: the last one has the epoch that fences older ones.
            Some(LastWritten { data: None, epoch }) => batch.is_control() && batch.producer_epoch() == *epoch,
            None => false,
        }
    }

    /// Whether a record of a batch stays.
    pub(super) fn keeps(&self, batch: &Batch<'_>, fate: Fate, record: &Record<'_>) -> bool {
        if fate.drop_records {
            return false;
        }
        let offset = batch.base_offset().plus(i64::from(record.offset_delta));
        if batch.is_control() || offset > self.map.latest() {
            return true;
        }
        // Nothing can replace a record without a key; there are none but from the time before the topic was compacted.
        let Some(key) = record.key else { return false };
        let is_latest = self.map.get(key).is_none_or(|latest| offset >= latest);
        let is_due = record.value.is_none() && batch.delete_horizon().is_some_and(|horizon| self.now >= horizon);
        is_latest && !is_due
    }

    /// From when on tombstones and spare markers that are met now may go.
    pub(super) fn new_horizon(&self) -> Timestamp {
        self.now.plus_ms(self.delete_retention_ms)
    }
}
