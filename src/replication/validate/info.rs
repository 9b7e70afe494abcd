//! What the broker needs to know of one batch after it was checked, so that nobody reads the header twice.

use model::batch::{Batch, BatchError, Compression, EndMarker, TimestampType};
use model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// One batch inside some bytes: where it lies and what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchInfo {
    /// Where it starts, in bytes from the start of the bytes it came in.
    pub at: usize,
    /// Its length in bytes, header included.
    pub len: usize,
    /// The base offset in its header: 0 from a client, the true one from a log or a leader.
    pub base_offset: Offset,
    /// The leader epoch in its header: meaningless from a client.
    pub leader_epoch: LeaderEpoch,
    /// How many records it has.
    pub records: i32,
    /// The last record's offset, counted from the base offset. The batch takes `last_offset_delta + 1` offsets.
    pub last_offset_delta: i32,
    /// The timestamp its records count from.
    pub base_timestamp: Timestamp,
    /// The largest timestamp of its records, or -1.
    pub max_timestamp: Timestamp,
    /// The first record that has the largest timestamp, counted from the base offset. Exact when the records
    /// were walked ([`super::validate`]), else the last record.
    pub offset_of_max_timestamp: i32,
    /// Who set the timestamps.
    pub timestamp_type: TimestampType,
    /// The producer, or none.
    pub producer_id: ProducerId,
    /// The producer's incarnation, or none.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence, or none.
    pub base_sequence: Sequence,
    /// The last record's sequence, or none.
    pub last_sequence: Sequence,
    /// Whether it belongs to a transaction.
    pub is_transactional: bool,
    /// Whether its records are the broker's own.
    pub is_control: bool,
    /// How its records are compressed.
    pub compression: Compression,
    /// The end of a transaction that this control batch says, if it says one.
    pub marker: Option<EndMarker>,
}

impl BatchInfo {
    /// What the header of `batch`, which starts at `at`, says; also the marker, if it is a control batch.
    pub fn of(batch: &Batch<'_>, at: usize) -> Result<Self, BatchError> {
        Ok(Self {
            at,
            len: batch.len(),
            base_offset: batch.base_offset(),
            leader_epoch: batch.leader_epoch(),
            records: batch.count(),
            last_offset_delta: batch.last_offset_delta(),
            base_timestamp: batch.base_timestamp(),
            max_timestamp: batch.max_timestamp(),
            offset_of_max_timestamp: batch.last_offset_delta(),
            timestamp_type: batch.timestamp_type(),
            producer_id: batch.producer_id(),
            producer_epoch: batch.producer_epoch(),
            base_sequence: batch.base_sequence(),
            last_sequence: batch.last_sequence(),
            is_transactional: batch.is_transactional(),
            is_control: batch.is_control(),
            compression: batch.compression()?,
            marker: if batch.is_control() { EndMarker::of(batch)? } else { None },
        })
    }

    /// How many offsets the batch takes: the records it has, or had before compaction.
    pub fn offsets(&self) -> i64 {
        i64::from(self.last_offset_delta) + 1
    }

    /// Whether it comes from an idempotent or transactional producer.
    pub fn has_producer(&self) -> bool {
        self.producer_id.is_some()
    }
}
