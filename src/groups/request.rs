//! What can be asked. One group each: who asks for several splits the request, and joins the replies.
//!
//! No API version comes in here; named questions do. Texts and bytes are kept for as long as the member is, so they
//! should not be slices of larger buffers.

use bytes::Bytes;
use model::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicName, Uuid};

use crate::consumer::partitions::Partitions;
use crate::record::Producer;

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// JoinGroup.
    JoinGroup(JoinGroup),
    /// SyncGroup.
    SyncGroup(SyncGroup),
    /// Heartbeat. While the partition is loaded, it is to be answered with no error.
    Heartbeat(Heartbeat),
    /// LeaveGroup.
    LeaveGroup(LeaveGroup),
    /// DescribeGroups, of one group.
    DescribeGroup(DescribeGroup),
    /// ListGroups, of this partition.
    ListGroups(ListGroups),
    /// DeleteGroups, of one group by its id.
    DeleteGroup(String),
    /// OffsetCommit.
    OffsetCommit(OffsetCommit),
    /// TxnOffsetCommit (KIP-98), once the transaction is known to be open.
    TxnOffsetCommit(TxnOffsetCommit),
    /// WriteTxnMarkers for this partition: the transaction of a producer ends.
    EndTransaction(EndTransaction),
    /// OffsetFetch, of one group.
    OffsetFetch(OffsetFetch),
    /// OffsetDelete (KIP-496).
    OffsetDelete(OffsetDelete),
    /// ConsumerGroupHeartbeat (KIP-848).
    ConsumerGroupHeartbeat(Box<ConsumerGroupHeartbeat>),
    /// ConsumerGroupDescribe (KIP-848), of one group by its id.
    ConsumerGroupDescribe(String),
}

/// A member of a consumer group joins, tells what it wants and has, or leaves. To be checked with
/// [`ConsumerGroupHeartbeat::check`] first.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupHeartbeat {
    /// The group.
    pub group: String,
    /// The member.
    pub member: String,
    /// Its epoch; 0 to join, -1 to leave, -2 for a static member that leaves and will come back.
    pub member_epoch: i32,
    /// The name of a static member.
    pub instance: Option<String>,
    /// The member's rack, where it tells.
    pub rack: Option<String>,
    /// How long it may take to give partitions back, in milliseconds; -1 if it has not changed.
    pub rebalance_timeout_ms: i32,
    /// The topics it subscribes to; none if they have not changed.
    pub topics: Option<Vec<TopicName>>,
    /// The regular expression it subscribes to, empty for no more; none if it has not changed.
    pub regex: Option<String>,
    /// The assignor it asks for; none if it has not changed.
    pub assignor: Option<String>,
    /// The partitions it owns; none if they have not changed.
    pub owned: Option<Partitions>,
    /// The client's id.
    pub client_id: String,
    /// The client's address as Java prints it: `/127.0.0.1`.
    pub client_host: String,
    /// Whether the client makes the member's id itself (KIP-1082, version 1 and later).
    pub client_names_member: bool,
    /// Dice for the member's id, where it does not.
    pub dice: Uuid,
}

/// A member joins a classic group, or joins again.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinGroup {
    /// The group.
    pub group: String,
    /// The member; empty for one that has no id yet.
    pub member: String,
    /// The name of a static member (KIP-345).
    pub instance: Option<String>,
    /// The client's id.
    pub client_id: String,
    /// The client's address as Java prints it: `/127.0.0.1`.
    pub client_host: String,
    /// How long it may be silent, in milliseconds.
    pub session_timeout_ms: i32,
    /// How long it may take to join again, in milliseconds; the session timeout for clients that do not tell.
    pub rebalance_timeout_ms: i32,
    /// The kind of group: `consumer`, `connect`.
    pub protocol_type: String,
    /// What it can do, in the order of its preference.
    pub protocols: Vec<Protocol>,
    /// Whether the client expects to be told its id and to come again with it (KIP-394, version 4 and later).
    pub requires_known_member: bool,
    /// Whether the client knows `skip_assignment` (KIP-814, version 9 and later).
    pub supports_skipping_assignment: bool,
    /// Dice for the member's id.
    pub dice: Uuid,
}

/// A protocol of a classic group, such as an assignor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name.
    pub name: String,
    /// What the member tells the leader.
    pub metadata: Bytes,
}

/// A member asks for its assignment; the leader brings everybody's.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncGroup {
    /// The group.
    pub group: String,
    /// The member.
    pub member: String,
    /// The name of a static member.
    pub instance: Option<String>,
    /// The generation it has joined.
    pub generation: i32,
    /// The kind of group that it believes in, where it tells.
    pub protocol_type: Option<String>,
    /// The protocol that it believes in, where it tells.
    pub protocol_name: Option<String>,
    /// Assignments by member; only the leader's count.
    pub assignments: Vec<(String, Bytes)>,
}

/// A sign of life.
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat {
    /// The group.
    pub group: String,
    /// The member.
    pub member: String,
    /// The name of a static member.
    pub instance: Option<String>,
    /// The generation it is in.
    pub generation: i32,
}

/// Members leave, or are removed.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaveGroup {
    /// The group.
    pub group: String,
    /// Who leaves.
    pub members: Vec<Leaving>,
}

/// One that leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaving {
    /// The member; empty to name a static member by its instance alone.
    pub member: String,
    /// The name of a static member.
    pub instance: Option<String>,
}

/// A question about one classic group.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeGroup {
    /// The group.
    pub group: String,
    /// Whether the client knows GROUP_ID_NOT_FOUND here (version 6 and later); others are told a dead group.
    pub knows_missing_groups: bool,
}

/// A question about all groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListGroups {
    /// Only groups in these states, in any case; all if empty.
    pub states: Vec<String>,
    /// Only groups of these types, in any case; all if empty (KIP-848).
    pub types: Vec<String>,
}

/// Offsets to be committed.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommit {
    /// The group.
    pub group: String,
    /// The member; empty for one outside of all generations.
    pub member: String,
    /// The name of a static member.
    pub instance: Option<String>,
    /// The generation, or the member's epoch; -1 for one outside of all generations.
    pub generation: i32,
    /// Whether the client knows GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH (KIP-848, version 9 and later).
    pub knows_epochs: bool,
    /// How long the offsets are to be kept, in milliseconds, where an old client tells.
    pub retention_ms: Option<i64>,
    /// The offsets.
    pub topics: Vec<CommitTopic>,
}

/// Offsets to be committed when a transaction is.
#[derive(Clone, Debug, PartialEq)]
pub struct TxnOffsetCommit {
    /// The group.
    pub group: String,
    /// The producer.
    pub producer: Producer,
    /// The member; empty where the client does not tell.
    pub member: String,
    /// The name of a static member.
    pub instance: Option<String>,
    /// The generation, or the member's epoch; -1 where the client does not tell.
    pub generation: i32,
    /// The offsets.
    pub topics: Vec<CommitTopic>,
}

/// Offsets for one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitTopic {
    /// Its name.
    pub name: TopicName,
    /// Its id; zero where it is not known.
    pub id: TopicId,
    /// Its partitions.
    pub partitions: Vec<CommitPartition>,
}

/// An offset for one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitPartition {
    /// The partition.
    pub index: PartitionIndex,
    /// The offset.
    pub offset: Offset,
    /// The leader epoch of the last record that was consumed.
    pub leader_epoch: LeaderEpoch,
    /// A text of the client's.
    pub metadata: Option<String>,
}

/// The end of a producer's transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EndTransaction {
    /// The producer.
    pub producer: Producer,
    /// Committed, or aborted.
    pub commit: bool,
    /// The epoch of the transaction coordinator.
    pub coordinator_epoch: i32,
}

/// A question about committed offsets.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetFetch {
    /// The group.
    pub group: String,
    /// The member, where it tells (KIP-848).
    pub member: Option<String>,
    /// Its epoch; -1 where it does not tell.
    pub member_epoch: i32,
    /// The partitions; none for all that there are.
    pub topics: Option<Vec<FetchTopic>>,
    /// Whether offsets of open transactions must be waited for (KIP-447).
    pub require_stable: bool,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchTopic {
    /// Its name.
    pub name: TopicName,
    /// Its id; zero where it is not known.
    pub id: TopicId,
    /// Its partitions.
    pub partitions: Vec<PartitionIndex>,
}

/// Offsets to be deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetDelete {
    /// The group.
    pub group: String,
    /// The partitions.
    pub topics: Vec<(TopicName, Vec<PartitionIndex>)>,
}
