//! What openraft is told of this quorum: its types, its storage, its network. Nothing outside this crate knows of it.

mod entry;
mod journal;
mod machine;
mod mark;
mod message;
mod network;
mod serve;
mod store;
#[cfg(test)]
mod tests;
mod voting;

use model::{LeaderEpoch, NodeId, Offset};
use openraft::{EmptyNode, Membership, StoredMembership};

pub(crate) use entry::Proposal;
pub(crate) use journal::Journal;
pub(crate) use machine::StateMachine;
pub(crate) use mark::{Mark, Marks, Replaced, Stage};
pub use message::Refused;
pub(crate) use message::{Envelope, Message};
pub(crate) use network::{Network, Peers};
pub(crate) use serve::{Anew, Server};
pub(crate) use store::Store;
pub(crate) use voting::Voting;

use crate::settings::ElectionConfig;
use crate::snapshot::SnapshotId;

openraft::declare_raft_types!(
    /// The types of this quorum. An entry carries records, not commands; its answer says whether they landed.
    pub(crate) Types:
        D = Proposal,
        R = Landed,
        NodeId = u64,
        Node = EmptyNode,
        Entry = openraft::Entry<Types>,
        SnapshotData = crate::ledger::Capture,
        Responder = openraft::impls::OneshotResponder<Types>,
        AsyncRuntime = openraft::TokioRuntime,
);

pub(crate) type Raft = openraft::Raft<Types>;
pub(crate) type Entry = openraft::Entry<Types>;
pub(crate) type LogId = openraft::LogId<u64>;
pub(crate) type Vote = openraft::Vote<u64>;
pub(crate) type Members = StoredMembership<u64, EmptyNode>;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landed {
    /// It carried no records, or was decided against another state than the one it met: it changed nothing.
    Nothing,
    /// Its records are in the metadata log, which now ends here.
    At(Offset),
}

/// A place between two records of the metadata log: how it ends there, and in which epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) end: Offset,
    pub(crate) epoch: LeaderEpoch,
}

impl Position {
    /// Positions compare as snapshots do: by epoch first.
    pub(crate) fn id(self) -> SnapshotId {
        SnapshotId { epoch: self.epoch, end: self.end }
    }

    /// Where the log ends when an entry was applied here. This is the one rule of what lands: an entry does that was
    /// decided in the term it was written in, and against exactly the log it meets.
    pub(crate) fn after(self, entry: &Entry) -> (Self, Landed) {
        match &entry.payload {
            openraft::EntryPayload::Normal(proposal)
                if proposal.base == self.end && u64::from(proposal.epoch.0.unsigned_abs()) == term(&entry.log_id) =>
            {
                (Self { end: proposal.end, epoch: proposal.epoch }, Landed::At(proposal.end))
            }
            _ => (self, Landed::Nothing),
        }
    }
}

/// The term in which an entry was written; it is the leader epoch of its batches.
pub(crate) fn term(id: &LogId) -> u64 {
    id.leader_id.term
}

pub(crate) fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(openraft::CommittedLeaderId::new(term, 0), index)
}

/// The entry that stands for a metadata log which another program wrote. Voters whose logs are equal derive the same one, and it
/// is higher where the epoch is newer or the end of the same epoch farther: as elections compare logs. See [`crate::base`].
pub(crate) fn derived(position: Position) -> Option<LogId> {
    const OFFSET_BITS: u32 = 40;
    let epoch = u64::from(position.epoch.0.unsigned_abs());
    let end = position.end.0.unsigned_abs();
    (end > 0).then(|| log_id(epoch, (epoch << OFFSET_BITS) | end.min((1 << OFFSET_BITS) - 1)))
}

pub(crate) fn epoch_of(term: u64) -> LeaderEpoch {
    LeaderEpoch(i32::try_from(term).unwrap_or(i32::MAX))
}

pub(crate) fn raft_id(node: NodeId) -> u64 {
    u64::from(node.0.unsigned_abs())
}

pub(crate) fn node_id(id: u64) -> NodeId {
    NodeId(i32::try_from(id).unwrap_or(i32::MAX))
}

/// The voters as openraft wants them, before any entry named others.
pub(crate) fn members(voters: &[NodeId]) -> Members {
    let ids = voters.iter().map(|node| raft_id(*node)).collect();
    Members::new(None, Membership::new(if voters.is_empty() { vec![] } else { vec![ids] }, ()))
}

/// How openraft is set: its own elections are off, as [`Voting`] has the timers, and it lets no entry go by itself.
pub(crate) fn settings(election: &ElectionConfig) -> Result<openraft::Config, String> {
    let heartbeat_interval = election.heartbeat_ms();
    let lease = election.lease_ms().max(heartbeat_interval + 2);
    let settings = openraft::Config {
        cluster_name: "metadata".to_owned(),
        heartbeat_interval,
        // How long a vote is waited for, and how long a voter keeps to a leader it heard.
        election_timeout_min: lease - 1,
        election_timeout_max: lease,
        enable_elect: false,
        max_payload_entries: 500,
        replication_lag_threshold: u64::MAX,
        snapshot_policy: openraft::SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: u64::MAX,
        ..openraft::Config::default()
    };
    settings.validate().map_err(|e| e.to_string())
}
