//! Which transactions the cleaner is in the middle of as it goes through a log, and which markers are still needed
//! (`CleanedTransactionMetadata`).

use std::collections::{BTreeMap, BTreeSet};

use model::batch::{Batch, BatchError, ControlRecord, ControlType, payload};
use model::{Offset, ProducerId};

use crate::log::AbortedTxn;

/// No control record of Kafka's is nearly so large.
const LARGEST: usize = 1 << 20;

/// The transactions of a log, from its first batch on. Every batch must be told, in order.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// Producers of whose committed transaction a batch was met.
    committed: BTreeSet<ProducerId>,
    aborted: BTreeMap<ProducerId, Aborted>,
    /// Aborted ones that begin further on, by their first offset.
    ahead: BTreeMap<(Offset, ProducerId), AbortedTxn>,
}

#[derive(Debug)]
struct Aborted {
    txn: AbortedTxn,
    /// A batch of it was met, so its marker is needed.
    met: bool,
}

/// What is to be done with a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// Batches of its transaction are still there.
    Needed(Option<AbortedTxn>),
    /// Nothing of its transaction is left.
    Spare,
}

impl Transactions {
    /// Tells of aborted transactions that reach into what comes now; it does no harm to tell of one twice.
    pub(super) fn add_aborted(&mut self, found: impl IntoIterator<Item = AbortedTxn>) {
        self.ahead.extend(found.into_iter().map(|txn| ((txn.first_offset, txn.producer_id), txn)));
    }

    /// Takes in a batch of data; answers whether it belongs to an aborted transaction.
    pub(super) fn on_data(&mut self, batch: &Batch<'_>) -> bool {
        self.advance(batch.last_offset());
        if !batch.is_transactional() {
            return false;
        }
        match self.aborted.get_mut(&batch.producer_id()) {
            Some(aborted) => {
                aborted.met = true;
                true
            }
            None => {
                self.committed.insert(batch.producer_id());
                false
            }
        }
    }

    /// Takes in a control batch. With a marker that aborts comes the entry of the `.txnindex` that is needed with it.
    pub(super) fn on_control(&mut self, batch: &Batch<'_>) -> Result<Marker, BatchError> {
        self.advance(batch.last_offset());
        let content = payload(batch, LARGEST)?;
        let Some(record) = content.records().next().transpose()? else {
            // It was cleaned before and is here for its producer's sake.
            return Ok(Marker::Spare);
        };
        let is_needed = match ControlRecord::of(&record)?.kind {
            ControlType::Abort => match self.aborted.remove(&batch.producer_id()) {
                Some(Aborted { txn, met: true }) => return Ok(Marker::Needed(Some(txn))),
                _ => false,
            },
            ControlType::Commit => self.committed.remove(&batch.producer_id()),
            _ => true,
        };
        Ok(if is_needed { Marker::Needed(None) } else { Marker::Spare })
    }

    /// Aborted transactions that begin up to `offset` are under way.
    fn advance(&mut self, offset: Offset) {
        while let Some(first) = self.ahead.first_entry()
            && first.key().0 <= offset
        {
            let txn = first.remove();
            self.aborted.entry(txn.producer_id).or_insert(Aborted { txn, met: false });
        }
    }
}
