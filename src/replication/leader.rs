//! A partition as its leader sees it (`Partition.scala`): how far each follower has come, which replicas are in sync, and
//! what is committed.
//!
//! [`Leader`] owns no log and sends nothing. It is told what was appended, what followers fetch and what the controller
//! answers, and says how far the high watermark moves and which in-sync set to ask the controller for.

mod high_watermark;
mod in_sync;
mod progress;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::{BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionEpoch, Timestamp};

pub use in_sync::{Answer, Proposal};
pub use progress::FollowerFetch;
pub use reader::{Candidate, closest_replica};

use in_sync::Pending;
use progress::Progress;

/// What the metadata says of a partition that is led here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reign {
    /// The epoch of this leadership.
    pub leader_epoch: LeaderEpoch,
    /// The version of the registration that this was read from.
    pub partition_epoch: PartitionEpoch,
    /// Every broker that has a replica, this one among them.
    pub replicas: Vec<NodeId>,
    /// Those in sync.
    pub isr: Vec<NodeId>,
}

/// The brokers that may enter an in-sync set, as the metadata has them.
pub trait Peers {
    /// The epoch of a broker's registration, if it is neither fenced nor in controlled shutdown.
    fn active(&self, broker: NodeId) -> Option<BrokerEpoch>;
    /// The epoch of a broker's registration, whatever its state.
    fn registered(&self, broker: NodeId) -> Option<BrokerEpoch>;
    /// Whether a broker is registered and not fenced; it may be in controlled shutdown.
    fn is_alive(&self, broker: NodeId) -> bool;
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Effects {
    /// Everything in front of it is committed now, and was not before.
    pub high_watermark: Option<Offset>,
    /// To be sent to the controller. Until its [`Answer`] comes, no other is proposed.
    pub proposal: Option<Proposal>,
    /// A follower's log begins elsewhere than it did: the low watermark may have moved.
    pub start_moved: bool,
}

/// One partition, led by this broker in one epoch.
///
/// Times are of any clock that never goes back, in milliseconds.
#[derive(Clone, Debug)]
pub struct Leader {
    me: NodeId,
    leader_epoch: LeaderEpoch,
    partition_epoch: PartitionEpoch,
    /// Where the log ended when this reign began: a follower that has less cannot be in sync, for the high watermark of
    /// the reign before may not have reached this leader yet.
    epoch_start: Offset,
    replicas: Vec<NodeId>,
    isr: Vec<NodeId>,
    pending: Option<Pending>,
    followers: BTreeMap<NodeId, Progress>,
    end: Offset,
    high_watermark: Offset,
    min_insync: usize,
    lag_max_ms: i64,
}

/// How a partition is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `min.insync.replicas`.
    pub min_insync: usize,
    /// `replica.lag.time.max.ms`.
    pub lag_max_ms: i64,
}

impl Leader {
    /// A reign begins. `end` is where the log ends and `high_watermark` what this replica knew to be committed.
    pub fn new(
        me: NodeId,
        reign: Reign,
        end: Offset,
        high_watermark: Offset,
        limits: Limits,
        now: Timestamp,
        peers: &impl Peers,
    ) -> (Self, Effects) {
        let mut leader = Self {
            me,
            leader_epoch: reign.leader_epoch,
            partition_epoch: reign.partition_epoch,
            epoch_start: end,
            replicas: Vec::new(),
            isr: Vec::new(),
            pending: None,
            followers: BTreeMap::new(),
            end,
            high_watermark,
            min_insync: limits.min_insync,
            lag_max_ms: limits.lag_max_ms,
        };
        leader.take(reign);
        for (id, progress) in &mut leader.followers {
            progress.begin(leader.isr.contains(id), now);
        }
        let effects = leader.raise(now, peers);
        (leader, effects)
    }

    /// The metadata tells something new of the same leadership or of a later one of this broker. A version that an answer
    /// of the controller has told already says nothing: were it taken again, a proposal made since then would be
    /// forgotten, and the replica that it lets in would no longer hold the high watermark back.
    pub fn on_metadata(&mut self, reign: Reign, now: Timestamp, peers: &impl Peers) -> Effects {
        if reign.partition_epoch <= self.partition_epoch || reign.leader_epoch < self.leader_epoch {
            return Effects::default();
        }
        let elected = reign.leader_epoch > self.leader_epoch;
        self.leader_epoch = reign.leader_epoch;
        self.take(reign);
        if elected {
            self.epoch_start = self.end;
            for (id, progress) in &mut self.followers {
                progress.elected(self.isr.contains(id), self.end, now);
            }
        }
        self.raise(now, peers)
    }

    /// The configuration changed.
    pub fn on_limits(&mut self, limits: Limits, now: Timestamp, peers: &impl Peers) -> Effects {
        self.min_insync = limits.min_insync;
        self.lag_max_ms = limits.lag_max_ms;
        self.raise(now, peers)
    }

    /// The log ends at `end` now.
    pub fn on_appended(&mut self, end: Offset, now: Timestamp, peers: &impl Peers) -> Effects {
        self.end = self.end.max(end);
        self.raise(now, peers)
    }

    /// A follower asks for what lies behind its own end, and so tells how far it has come.
    ///
    /// # Errors
    /// [`ErrorCode::UnknownLeaderEpoch`] if it is no replica as far as this broker has heard, [`ErrorCode::NotLeaderOrFollower`]
    /// if it is an incarnation that has been replaced: neither may count.
    pub fn on_follower_fetch(
        &mut self,
        fetch: FollowerFetch,
        now: Timestamp,
        peers: &impl Peers,
    ) -> Result<Effects, ErrorCode> {
        let Some(progress) = self.followers.get_mut(&fetch.follower) else { return Err(ErrorCode::UnknownLeaderEpoch) };
        let current = peers.registered(fetch.follower);
        if fetch.broker_epoch.0 != -1 && current.is_some_and(|current| current > fetch.broker_epoch) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let start_moved = progress.start() != fetch.log_start;
        let moved = progress.fetched(&fetch, self.end, now);
        let proposal = self.expand(fetch.follower, peers);
        let raised = if moved { self.raise(now, peers) } else { Effects::default() };
        Ok(Effects { proposal, start_moved, ..raised })
    }

    /// Time has passed: followers that have not caught up for `replica.lag.time.max.ms` leave the in-sync set, and who
    /// was expected to enter it holds the high watermark back no longer.
    pub fn on_tick(&mut self, now: Timestamp, peers: &impl Peers) -> Effects {
        let proposal = self.shrink(now, peers);
        Effects { proposal, ..self.raise(now, peers) }
    }

    /// The epoch of this leadership.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// The version of the partition's registration that this leader knows.
    pub fn partition_epoch(&self) -> PartitionEpoch {
        self.partition_epoch
    }

    /// Everything in front of it is committed.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Where the last of the replicas begins that live, as far as is known; -1 while one of them has not fetched yet
    /// (`Partition.lowWatermarkIfLeader`). `start` is where this replica's own log begins.
    pub fn low_watermark(&self, start: Offset, peers: &impl Peers) -> Offset {
        let alive = self.followers.iter().filter(|(id, _)| peers.is_alive(**id));
        alive.map(|(_, progress)| progress.start()).fold(start, Offset::min)
    }

    /// Where the log ended when this reign began.
    pub fn epoch_start(&self) -> Offset {
        self.epoch_start
    }

    /// The committed in-sync set.
    pub fn isr(&self) -> &[NodeId] {
        &self.isr
    }

    /// Replicas and in-sync set are what the metadata says; a proposal under way is overtaken by it.
    fn take(&mut self, reign: Reign) {
        self.partition_epoch = reign.partition_epoch;
        let me = self.me;
        self.followers.retain(|id, _| reign.replicas.contains(id));
        for id in reign.replicas.iter().filter(|id| **id != me) {
            self.followers.entry(*id).or_default();
        }
        self.replicas = reign.replicas;
        self.isr = reign.isr;
        self.pending = None;
    }
}
