//! What a partition knows of its producers (KIP-98, `ProducerStateManager`): sequences, epochs, open transactions.

mod entry;
mod listing;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::{ErrorCode, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

use crate::Origin;
use crate::validate::BatchInfo;
use entry::Entry;
pub use entry::Written;
pub use listing::ActiveProducer;
pub use snapshot::SnapshotError;

/// The state of all producers of one partition. It is replicated log state: every replica makes it from the same
/// batches, at the append, at load (snapshot and the batches behind it) and after truncation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    producers: BTreeMap<ProducerId, Entry>,
    /// Open transactions by their first offset.
    ongoing: BTreeMap<Offset, ProducerId>,
    /// Ended transactions by their first offset, with their marker's offset, which may not be replicated yet.
    unreplicated: BTreeMap<Offset, Offset>,
    /// The offset behind the last batch that is in this state.
    end_offset: Offset,
}

/// What [`Producers::check`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The batch may be appended.
    Fresh,
    /// One of the producer's last five batches is this one: answer with where it was written, append nothing.
    Duplicate(Written),
}

/// A batch that its producer may not write now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProducerError {
    /// A newer incarnation of the producer has written.
    #[error("producer {id} writes with epoch {epoch}, epoch {current} has been seen")]
    Epoch {
        /// The producer.
        id: ProducerId,
        /// Its epoch in the batch.
        epoch: ProducerEpoch,
        /// The newest epoch seen.
        current: ProducerEpoch,
    },
    /// Not the sequence that comes next.
    #[error("producer {id} sends sequence {sequence}, its last one is {last}")]
    Sequence {
        /// The producer.
        id: ProducerId,
        /// The batch's first sequence.
        sequence: Sequence,
        /// The last sequence written, or none.
        last: Sequence,
    },
    /// A batch outside the transaction that the producer has open here.
    #[error("producer {id} has a transaction open and sends a batch outside of it")]
    OutsideTransaction {
        /// The producer.
        id: ProducerId,
    },
    /// A marker of a transaction coordinator that has been replaced.
    #[error("producer {id}: the marker has coordinator epoch {epoch}, epoch {current} has been seen")]
    Coordinator {
        /// The producer.
        id: ProducerId,
        /// The coordinator's epoch in the marker.
        epoch: i32,
        /// The newest one seen.
        current: i32,
    },
}

impl ProducerError {
    /// As it is told to clients.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Epoch { .. } => ErrorCode::InvalidProducerEpoch,
            Self::Sequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
            Self::OutsideTransaction { .. } => ErrorCode::InvalidTxnState,
            Self::Coordinator { .. } => ErrorCode::TransactionCoordinatorFenced,
        }
    }
}

/// A transaction that a marker has ended on this partition (`CompletedTxn`); an aborted one goes to the `.txnindex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompletedTxn {
    /// Whose it was.
    pub producer_id: ProducerId,
    /// Its first record's offset.
    pub first_offset: Offset,
    /// The marker's offset.
    pub last_offset: Offset,
    /// Whether it was aborted.
    pub aborted: bool,
    /// The first offset that was undecided when it ended: the next open transaction's start, or the offset behind
    /// the marker. Written into the `.txnindex`.
    pub last_stable_offset: Offset,
}

impl Producers {
    /// Nobody has written yet; the log begins at `start`.
    pub fn starting_at(start: Offset) -> Self {
        Self { end_offset: start, ..Self::default() }
    }

    /// Whether `batch` may be appended now. Batches without a producer always may; those from replication too, for
    /// the leader has checked them. Call it under the log's lock, before the write.
    pub fn check(&self, batch: &BatchInfo, origin: Origin) -> Result<Verdict, ProducerError> {
        if !batch.has_producer() {
            return Ok(Verdict::Fresh);
        }
        let entry = self.producers.get(&batch.producer_id);
        if origin == Origin::Client
            && let Some(written) = entry.and_then(|entry| entry.find_duplicate(batch))
        {
            return Ok(Verdict::Duplicate(written));
        }
        match entry {
            Some(entry) => entry.check(batch, origin)?,
            // Nothing is known, but an epoch below "none" is none (`ProducerAppendInfo.checkProducerEpoch`).
            None => Entry::default().check(batch, origin)?,
        }
        Ok(Verdict::Fresh)
    }

    /// Takes in `batch`, which was written at `first_offset`. Never fails: whoever wants to know first asks
    /// [`Producers::check`]. Also moves [`Producers::end_offset`]. Answers the transaction it ended, if any.
    pub fn append(&mut self, batch: &BatchInfo, first_offset: Offset) -> Option<CompletedTxn> {
        let last_offset = first_offset.plus(i64::from(batch.last_offset_delta));
        self.end_offset = last_offset.plus(1);
        if !batch.has_producer() {
            return None;
        }
        let id = batch.producer_id;
        if batch.is_control {
            // A control batch without a marker is one whose transaction compaction has removed.
            let marker = batch.marker?;
            let entry = self.producers.entry(id).or_default();
            let ended = entry.end_transaction(batch.producer_epoch, &marker)?;
            let last_stable = self.ongoing.iter().find(|(_, other)| **other != id).map(|(first, _)| *first);
            self.ongoing.remove(&ended);
            self.unreplicated.insert(ended, first_offset);
            return Some(CompletedTxn {
                producer_id: id,
                first_offset: ended,
                last_offset: first_offset,
                aborted: !marker.commit,
                last_stable_offset: last_stable.unwrap_or(first_offset.plus(1)),
            });
        }
        if self.producers.entry(id).or_default().append(batch, first_offset, last_offset) {
            self.ongoing.insert(first_offset, id);
        }
        None
    }

    /// Whether this producer has a transaction open on this partition (`UnifiedLog.hasOngoingTransaction`); if not, a
    /// transactional batch must be verified with the transaction coordinator first (KIP-890).
    pub fn has_ongoing_transaction(&self, id: ProducerId, epoch: ProducerEpoch) -> bool {
        self.producers.get(&id).is_some_and(|entry| entry.epoch == epoch && entry.transaction.is_some())
    }

    /// The first offset that a reader of committed data may not pass: of a transaction that is open, or whose end is
    /// not replicated yet. `None`: the high watermark is the last stable offset.
    pub fn first_unstable_offset(&self) -> Option<Offset> {
        let open = self.ongoing.keys().next();
        let ended = self.unreplicated.keys().next();
        open.into_iter().chain(ended).min().copied()
    }

    /// The first offset of a transaction that is still open, replicated or not.
    pub fn first_undecided_offset(&self) -> Option<Offset> {
        self.ongoing.keys().next().copied()
    }

    /// The high watermark moved: transactions whose markers lie below it are stable now.
    pub fn on_high_watermark(&mut self, high_watermark: Offset) {
        self.unreplicated.retain(|_, marker| *marker >= high_watermark);
    }

    /// The log's start moved, by retention or DeleteRecords. Producers stay known until they expire.
    pub fn on_log_start(&mut self, start: Offset) {
        self.unreplicated.retain(|_, marker| *marker >= start);
        self.end_offset = self.end_offset.max(start);
    }

    /// Forgets producers that wrote nothing for `expiration_ms` (`producer.id.expiration.ms`) and have no transaction
    /// open. Answers how many.
    pub fn expire(&mut self, now: Timestamp, expiration_ms: i64) -> usize {
        let before = self.producers.len();
        self.producers.retain(|_, entry| !entry.is_expired(now, expiration_ms));
        before - self.producers.len()
    }

    /// The offset behind the last batch that is in this state, and the name of a snapshot taken now.
    pub fn end_offset(&self) -> Offset {
        self.end_offset
    }

    /// Says that this state holds everything up to `end`, for batches without producers that were not told.
    pub fn set_end_offset(&mut self, end: Offset) {
        self.end_offset = end;
    }

    /// How many producers are known.
    pub fn len(&self) -> usize {
        self.producers.len()
    }

    /// Whether nothing is known: no producer, and no transaction that waits to be replicated.
    pub fn is_empty(&self) -> bool {
        self.producers.is_empty() && self.unreplicated.is_empty()
    }

    /// Whether the oldest open transaction wrote nothing for `max_transaction_ms` and five minutes more: its
    /// coordinator should have ended it (`ProducerStateManager.hasLateTransaction`).
    pub fn has_late_transaction(&self, now: Timestamp, max_transaction_ms: i64) -> bool {
        const BUFFER_MS: i64 = 5 * 60 * 1000;
        let oldest = self.ongoing.values().next().and_then(|id| self.producers.get(id));
        oldest.is_some_and(|entry| {
            entry.last_timestamp.0 > 0
                && now.ms_since(entry.last_timestamp) > max_transaction_ms.saturating_add(BUFFER_MS)
        })
    }
}
