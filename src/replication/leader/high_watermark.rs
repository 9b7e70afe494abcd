//! What is committed, and what acks=all waits for.

use model::{ErrorCode, NodeId, Offset, Timestamp};

use super::progress::Progress;
use super::{Effects, Leader, Peers};

impl Leader {
    /// Raises the high watermark to where all those have come that count: the in-sync set, a replica that is about to
    /// enter it, and one that would be let in if it were proposed now. With fewer than `min.insync.replicas` in sync
    /// nothing is committed any more (KIP-966).
    pub(super) fn raise(&mut self, now: Timestamp, peers: &impl Peers) -> Effects {
        if self.isr.len() < self.effective_min_isr() {
            return Effects::default();
        }
        let mut committed = self.end;
        for (id, progress) in self.followers.iter().filter(|(_, progress)| progress.end() < self.end) {
            if progress.end() < committed && (self.counts(*id) || self.may_join(*id, progress, now, peers)) {
                committed = progress.end();
            }
        }
        if committed <= self.high_watermark {
            return Effects::default();
        }
        self.high_watermark = committed;
        Effects { high_watermark: Some(committed), ..Effects::default() }
    }

    /// Whether a produce with acks=all may be appended.
    ///
    /// # Errors
    /// [`ErrorCode::NotEnoughReplicas`] while fewer than `min.insync.replicas` are in sync.
    pub fn check_min_isr(&self) -> Result<(), ErrorCode> {
        match self.isr.len() < self.effective_min_isr() {
            true => Err(ErrorCode::NotEnoughReplicas),
            false => Ok(()),
        }
    }

    /// What to answer a produce with acks=all that ends at `upto` (exclusive): nothing yet, or how it went
    /// (`Partition.checkEnoughReplicasReachOffset`).
    pub fn acknowledged(&self, upto: Offset) -> Option<Result<(), ErrorCode>> {
        if self.high_watermark < upto {
            return None;
        }
        let counted = self.replicas.iter().filter(|id| self.counts(**id)).count();
        Some(match counted < self.effective_min_isr() {
            true => Err(ErrorCode::NotEnoughReplicasAfterAppend),
            false => Ok(()),
        })
    }

    /// `min.insync.replicas`, but no more than there are replicas.
    pub fn effective_min_isr(&self) -> usize {
        self.min_insync.min(self.followers.len() + 1)
    }

    /// Whether a follower that is not in the in-sync set would be, by what it has fetched: to commit without it might
    /// leave it behind the high watermark for ever.
    fn may_join(&self, id: NodeId, progress: &Progress, now: Timestamp, peers: &impl Peers) -> bool {
        progress.is_caught_up(self.end, now, self.lag_max_ms) && self.is_eligible(id, progress, peers)
    }

    /// The committed in-sync set, and who was proposed for it: the maximal one.
    fn counts(&self, id: NodeId) -> bool {
        self.isr.contains(&id) || self.pending.as_ref().is_some_and(|pending| pending.added == Some(id))
    }
}
