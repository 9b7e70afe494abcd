//! What can be asked for partitions: who is in sync, who leads, and where the replicas are.

use model::{BrokerEpoch, DirectoryId, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId};

/// Other ISRs for partitions that a broker leads.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterPartition {
    /// The broker.
    pub broker: NodeId,
    /// Its epoch.
    pub epoch: BrokerEpoch,
    /// The partitions.
    pub partitions: Vec<NewIsr>,
}

/// Another ISR for one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct NewIsr {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// The epoch in which the broker leads it.
    pub leader_epoch: LeaderEpoch,
    /// The version of the partition that the broker knows.
    pub partition_epoch: PartitionEpoch,
    /// Who is in sync, each with its epoch, or -1 if the leader does not know it (KIP-903).
    pub isr: Vec<(NodeId, BrokerEpoch)>,
    /// Whether the leader still recovers from an unclean election (KIP-704).
    pub recovering: bool,
}

/// The directories of replicas on one broker.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignReplicas {
    /// The broker.
    pub broker: NodeId,
    /// Its epoch.
    pub epoch: BrokerEpoch,
    /// The directory of each replica.
    pub replicas: Vec<(DirectoryId, TopicId, PartitionIndex)>,
}

/// A request for elections.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectLeaders {
    /// Of which kind.
    pub kind: ElectionKind,
    /// For which partitions, by topic; none for all that need one.
    pub partitions: Option<Vec<(String, Vec<PartitionIndex>)>>,
}

/// Who may be elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionKind {
    /// The first replica, if it is in sync (0 on the wire).
    Preferred,
    /// Anyone that lives, if nobody in sync does and there is no leader (1 on the wire).
    Unclean,
}

/// Partitions that shall move, or no longer.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterReassignments {
    /// The partitions, by topic.
    pub topics: Vec<(String, Vec<ReassignedPartition>)>,
    /// Whether a partition may get another number of replicas (KIP-860).
    pub allow_replication_factor_change: bool,
}

/// Where one partition shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct ReassignedPartition {
    /// The partition.
    pub partition: PartitionIndex,
    /// Its replicas; none to cancel what goes on.
    pub replicas: Option<Vec<NodeId>>,
}
