//! What DescribeProducers tells of a partition's producers (KIP-664).

use super::Producers;
use model::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// A producer that is known on this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Its id.
    pub producer_id: ProducerId,
    /// Its newest epoch.
    pub producer_epoch: ProducerEpoch,
    /// The last sequence it wrote, or none.
    pub last_sequence: Sequence,
    /// When it wrote last, by its batch's largest timestamp.
    pub last_timestamp: Timestamp,
    /// The newest epoch of a transaction coordinator that ended a transaction here, or -1.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins, or -1.
    pub transaction_start: Offset,
    /// The last offset it wrote, or -1: its last batch is kept by compaction (`lastRecordsOfActiveProducers`).
    pub last_data_offset: Offset,
}

impl Producers {
    /// All producers that have not expired, by id.
    pub fn active(&self) -> impl Iterator<Item = ActiveProducer> + '_ {
        self.producers.iter().map(|(id, entry)| ActiveProducer {
            producer_id: *id,
            producer_epoch: entry.epoch,
            last_sequence: entry.last_sequence(),
            last_timestamp: entry.last_timestamp,
            coordinator_epoch: entry.coordinator_epoch,
            transaction_start: entry.transaction.unwrap_or(Offset::NONE),
            last_data_offset: entry.last().map_or(Offset::NONE, |last| last.last_offset),
        })
    }
}
