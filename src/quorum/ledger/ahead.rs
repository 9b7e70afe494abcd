//! A ledger whose log runs ahead of it: what a leader sends may lie behind what is committed, and is taken back then
//! (`ReplicatedLog.truncateToEndOffset`).

use bytes::Bytes;
use model::batch::{Batch, BatchError, Batches};
use model::{LeaderEpoch, Offset, Timestamp};

use super::{Ledger, LedgerError};
use crate::batches::Damaged;
use crate::raft::Position;

/// Why batches cannot follow in the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// They are damaged.
    #[error("the batch for offset {0} is damaged: {1}")]
    Damaged(Offset, BatchError),
    /// They are not those that come next.
    #[error("records {from} to {to} cannot follow in a log that ends at {end}")]
    Offsets { from: Offset, to: Offset, end: Offset },
    /// Epochs only grow, up to that of who sends.
    #[error("the batch for offset {at} is of epoch {0}, between {1} and {2}", found.0, least.0, most.0)]
    Epoch { at: Offset, found: LeaderEpoch, least: LeaderEpoch, most: LeaderEpoch },
}

/// The whole batches that `bytes` begin with, which must be those that follow on `reach`, of `epoch` at most. Who sends
/// may cut off the last one.
pub(crate) fn check(bytes: &Bytes, reach: Position, epoch: LeaderEpoch) -> Result<Bytes, Unfit> {
    let (mut next, mut last, mut len) = (reach.end, reach.epoch, 0);
    for batch in Batches::new(bytes) {
        let batch = match batch {
            Err(BatchError::Truncated) if len > 0 => break,
            batch => batch.map_err(|e| Unfit::Damaged(next, e))?,
        };
        batch.check_crc().map_err(|e| Unfit::Damaged(next, e))?;
        let (from, to, found) = (batch.base_offset(), batch.last_offset(), batch.leader_epoch());
        if from != next || to < from {
            return Err(Unfit::Offsets { from, to, end: next });
        }
        if found < last || found > epoch {
            return Err(Unfit::Epoch { at: from, found, least: last, most: epoch });
        }
        (next, last) = (batch.next_offset(), found);
        len += batch.len();
    }
    Ok(bytes.slice(..len))
}

impl Ledger {
    /// How far the log goes, with what is not committed.
    pub(crate) fn reach(&self) -> Position {
        let end = self.log.end();
        // Behind a snapshot the log itself does not know the epoch.
        if end <= self.at.position.end { self.at.position } else { Position { end, epoch: self.log.last_epoch() } }
    }

    /// Appends batches that were checked; whether they are committed is said later.
    pub(crate) fn receive(&self, batches: &Bytes) -> Result<(), LedgerError> {
        self.write(batches)
    }

    /// Applies what the log has in whole batches before `upto`, which is committed. Says whether there was anything.
    pub(crate) fn advance(&mut self, upto: Offset) -> Result<bool, LedgerError> {
        let before = self.at.position;
        let upto = upto.min(self.log.end());
        while self.at.position.end < upto {
            let next = self.at.position.end;
            let bytes = self.log.chunk(next, upto)?;
            // `upto` may lie in the middle of a batch, and nothing comes then.
            let Some(last) = Batches::new(&bytes).last() else { break };
            let last = last.map_err(|e| Damaged::Batch(next, e))?;
            self.take_in(&bytes)?;
            self.at.position = Position { end: last.next_offset(), epoch: last.leader_epoch() };
        }
        self.log.publish(self.at.position.end);
        Ok(self.at.position != before)
    }

    /// Where the log is to be cut when a leader says that `epoch` ends at `end` there.
    pub(crate) fn parting(&self, epoch: LeaderEpoch, end: Offset) -> Result<Offset, LedgerError> {
        let reach = self.log.end();
        let (found, here) = self.log.reader().end_offset_for_epoch(epoch);
        let parting = match found {
            LeaderEpoch(..=0) => end.min(reach),
            found if found == epoch => end.min(here),
            // The leader's epoch has no records here: all that was written since goes.
            _ => here,
        };
        if parting <= self.at.position.end || parting >= reach {
            return Ok(parting);
        }
        // A batch goes as a whole.
        let bytes = self.log.chunk(parting, reach)?;
        Ok(Batch::first(&bytes).map_or(parting, |batch| batch.base_offset().min(parting)))
    }

    /// Cuts off what lies behind `to`, which must not be in front of what is applied.
    pub(crate) fn cut(&mut self, to: Offset, now: Timestamp) -> Result<(), LedgerError> {
        debug_assert!(to >= self.at.position.end, "what is committed stays");
        Ok(self.log.truncate(to, now)?)
    }
}
