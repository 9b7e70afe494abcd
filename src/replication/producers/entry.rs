//! One producer on one partition (`ProducerStateEntry`, `ProducerAppendInfo`): its last five batches and its epoch.

use model::batch::EndMarker;
use model::{Offset, ProducerEpoch, Sequence, Timestamp};

use super::ProducerError;
use crate::Origin;
use crate::validate::BatchInfo;

/// How many batches a producer may have in flight, and so how many can come twice.
const WINDOW: usize = 5;

/// A batch that was written (`BatchMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The last record's sequence.
    pub last_sequence: Sequence,
    /// The last record's offset.
    pub last_offset: Offset,
    /// How many offsets the last record is behind the first.
    pub offset_delta: i32,
    /// The batch's largest timestamp.
    pub timestamp: Timestamp,
}

impl Written {
    /// The first record's offset.
    pub fn first_offset(&self) -> Offset {
        Offset(self.last_offset.0 - i64::from(self.offset_delta))
    }

    /// The first record's sequence, which lies before the wrap at 2^31-1 if need be.
    pub fn first_sequence(&self) -> Sequence {
        Sequence((self.last_sequence.0.wrapping_sub(self.offset_delta)) & i32::MAX)
    }
}

/// What is known of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) epoch: ProducerEpoch,
    /// The newest epoch of a transaction coordinator that ended a transaction here, or -1.
    pub(super) coordinator_epoch: i32,
    /// Of the last batch or marker.
    pub(super) last_timestamp: Timestamp,
    /// Where the open transaction begins.
    pub(super) transaction: Option<Offset>,
    /// The last batches of this epoch, oldest first.
    pub(super) window: Vec<Written>,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            epoch: ProducerEpoch::NONE,
            coordinator_epoch: -1,
            last_timestamp: Timestamp::NONE,
            transaction: None,
            window: Vec::new(),
        }
    }
}

impl Entry {
    pub(super) fn last(&self) -> Option<&Written> {
        self.window.last()
    }

    pub(super) fn last_sequence(&self) -> Sequence {
        self.last().map_or(Sequence::NONE, |last| last.last_sequence)
    }

    /// The batch in the window with the same epoch and exactly the same sequences.
    pub(super) fn find_duplicate(&self, batch: &BatchInfo) -> Option<Written> {
        let same = |w: &&Written| w.first_sequence() == batch.base_sequence && w.last_sequence == batch.last_sequence;
        if batch.producer_epoch == self.epoch { self.window.iter().find(same).copied() } else { None }
    }

    /// Whether `batch` may follow.
    pub(super) fn check(&self, batch: &BatchInfo, origin: Origin) -> Result<(), ProducerError> {
        if matches!(origin, Origin::Replication | Origin::Raft) {
            return Ok(());
        }
        let id = batch.producer_id;
        if batch.producer_epoch < self.epoch {
            return Err(ProducerError::Epoch { id, epoch: batch.producer_epoch, current: self.epoch });
        }
        if let Some(marker) = batch.marker {
            return if marker.coordinator_epoch < self.coordinator_epoch {
                Err(ProducerError::Coordinator { id, epoch: marker.coordinator_epoch, current: self.coordinator_epoch })
            } else {
                Ok(())
            };
        }
        if origin == Origin::Client {
            self.check_sequence(batch)?;
        }
        if self.transaction.is_some() && !batch.is_transactional {
            return Err(ProducerError::OutsideTransaction { id });
        }
        Ok(())
    }

    /// A new epoch begins at 0, the same one goes on where it was. An entry without an epoch takes any sequence: so
    /// does a producer of which nothing is known (its state expired, or its records were deleted).
    fn check_sequence(&self, batch: &BatchInfo) -> Result<(), ProducerError> {
        let last = self.last_sequence();
        let in_order = if self.epoch == ProducerEpoch::NONE {
            true
        } else if batch.producer_epoch != self.epoch {
            batch.base_sequence == Sequence(0)
        } else {
            // From "none", which is -1, this is 0; from 2^31-1 too.
            batch.base_sequence == last.plus(1)
        };
        let error = ProducerError::Sequence { id: batch.producer_id, sequence: batch.base_sequence, last };
        if in_order { Ok(()) } else { Err(error) }
    }

    /// Takes in a batch of data; answers whether it begins a transaction.
    pub(super) fn append(&mut self, batch: &BatchInfo, first: Offset, last_offset: Offset) -> bool {
        self.set_epoch(batch.producer_epoch);
        if self.window.len() == WINDOW {
            self.window.remove(0);
        }
        self.window.push(Written {
            last_sequence: batch.last_sequence,
            last_offset,
            offset_delta: batch.last_offset_delta,
            timestamp: batch.max_timestamp,
        });
        self.last_timestamp = batch.max_timestamp;
        let begins = batch.is_transactional && self.transaction.is_none();
        if begins {
            self.transaction = Some(first);
        }
        begins
    }

    /// Takes in a marker; answers where the transaction began that it ends, if there was one.
    pub(super) fn end_transaction(&mut self, epoch: ProducerEpoch, marker: &EndMarker) -> Option<Offset> {
        self.set_epoch(epoch);
        self.coordinator_epoch = marker.coordinator_epoch;
        self.last_timestamp = marker.timestamp;
        self.transaction.take()
    }

    /// Sequences of another epoch say nothing about this one.
    fn set_epoch(&mut self, epoch: ProducerEpoch) {
        if self.epoch != epoch {
            self.window.clear();
            self.epoch = epoch;
        }
    }

    pub(super) fn is_expired(&self, now: Timestamp, expiration_ms: i64) -> bool {
        self.transaction.is_none() && now.ms_since(self.last_timestamp) >= expiration_ms
    }
}
