//! The in-sync set: who is proposed to enter or leave it, and what the controller's answer means (KIP-497, KIP-903).

use model::{BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, PartitionEpoch, Timestamp};

use super::progress::Progress;
use super::{Effects, Leader, Peers};

/// An in-sync set to ask the controller for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The epoch of the leadership that asks.
    pub leader_epoch: LeaderEpoch,
    /// The version of the partition's registration that the leader knows.
    pub partition_epoch: PartitionEpoch,
    /// Who is in sync, each with the incarnation that the leader has seen, or -1.
    pub isr: Vec<(NodeId, BrokerEpoch)>,
}

/// What became of a [`Proposal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The controller's state of the partition.
    Altered {
        /// The epoch of the leadership.
        leader_epoch: LeaderEpoch,
        /// The version of the registration.
        partition_epoch: PartitionEpoch,
        /// Who is in sync.
        isr: Vec<NodeId>,
    },
    /// It was refused, or lost on its way.
    Failed(ErrorCode),
}

/// A proposal under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) proposal: Proposal,
    /// Who is to enter. It counts for the high watermark at once: if the controller agrees it is in sync before the
    /// leader hears of it. Who is to leave counts until the controller has agreed.
    pub(super) added: Option<NodeId>,
}

impl Leader {
    /// The controller answered `proposal`.
    pub fn on_answer(&mut self, proposal: &Proposal, answer: Answer, now: Timestamp, peers: &impl Peers) -> Effects {
        if self.pending.as_ref().is_none_or(|pending| pending.proposal != *proposal) {
            return Effects::default(); // The metadata was faster.
        }
        match answer {
            Answer::Altered { leader_epoch, partition_epoch, isr } => {
                if leader_epoch != self.leader_epoch || partition_epoch < self.partition_epoch {
                    return Effects::default();
                }
                self.partition_epoch = partition_epoch;
                self.isr = isr;
                self.pending = None;
                self.raise(now, peers)
            }
            // The controller says that nothing was changed and that the version is the newest.
            Answer::Failed(ErrorCode::OperationNotAttempted | ErrorCode::IneligibleReplica) => {
                self.pending = None;
                self.raise(now, peers)
            }
            // Newer metadata is on its way, and decides.
            Answer::Failed(
                ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::InvalidUpdateVersion
                | ErrorCode::InvalidRequest
                | ErrorCode::NewLeaderElected,
            ) => Effects::default(),
            // Whether it was applied is not known: only the same question tells.
            Answer::Failed(_) => Effects { proposal: Some(proposal.clone()), ..Effects::default() },
        }
    }

    /// Proposes that `follower` enters, if it has everything that is committed and all that was there when the reign
    /// began.
    pub(super) fn expand(&mut self, follower: NodeId, peers: &impl Peers) -> Option<Proposal> {
        if self.pending.is_some() || self.isr.contains(&follower) {
            return None;
        }
        let progress = self.followers.get(&follower)?;
        let has_all = progress.end() >= self.high_watermark && progress.end() >= self.epoch_start;
        if !has_all || !self.is_eligible(follower, progress, peers) {
            return None;
        }
        let isr = self.isr.iter().copied().chain([follower]).collect();
        Some(self.propose(isr, Some(follower), peers))
    }

    /// Proposes that those leave who have not caught up for too long.
    pub(super) fn shrink(&mut self, now: Timestamp, peers: &impl Peers) -> Option<Proposal> {
        if self.pending.is_some() {
            return None;
        }
        let stays = |id: &NodeId| {
            let progress = self.followers.get(id);
            *id == self.me || progress.is_some_and(|it| it.is_caught_up(self.end, now, self.lag_max_ms))
        };
        let isr: Vec<NodeId> = self.isr.iter().copied().filter(stays).collect();
        (isr.len() < self.isr.len()).then(|| self.propose(isr, None, peers))
    }

    /// Whether a follower may be in sync: alive and not leaving, and the incarnation that fetched is the one that is
    /// registered (KIP-903).
    pub(super) fn is_eligible(&self, id: NodeId, progress: &Progress, peers: &impl Peers) -> bool {
        match (progress.broker_epoch(), peers.active(id)) {
            (Some(seen), Some(registered)) => seen.0 == -1 || seen == registered,
            _ => false,
        }
    }

    fn propose(&mut self, isr: Vec<NodeId>, added: Option<NodeId>, peers: &impl Peers) -> Proposal {
        let epoch_of = |id: NodeId| match id == self.me {
            true => peers.registered(id),
            // Of one that has not fetched yet in this reign nothing is known: should it have died, then the controller
            // has taken it out and raised the partition's epoch.
            false => self.followers.get(&id).and_then(Progress::broker_epoch),
        };
        let isr = isr.into_iter().map(|id| (id, epoch_of(id).unwrap_or(BrokerEpoch(-1)))).collect();
        let (leader_epoch, partition_epoch) = (self.leader_epoch, self.partition_epoch);
        let proposal = Proposal { leader_epoch, partition_epoch, isr };
        self.pending = Some(Pending { proposal: proposal.clone(), added });
        proposal
    }
}
