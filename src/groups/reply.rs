//! What is answered.

use crate::consumer::{ConsumerBeat, DescribedConsumerGroup, Refusal};
use bytes::Bytes;
use model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicName};

/// The answer to the request of the same name. A bare [`ErrorCode`] may be `None`.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The generation, or why there is none.
    JoinGroup(Joined),
    /// The member's assignment, or why there is none.
    SyncGroup(Synced),
    /// Whether the member is still one.
    Heartbeat(ErrorCode),
    /// What became of each, in the order of the request; or why all was refused.
    LeaveGroup(Result<Vec<Left>, ErrorCode>),
    /// The group as it is.
    DescribeGroup(DescribedGroup),
    /// The groups of this partition.
    ListGroups(Vec<ListedGroup>),
    /// Whether the group is gone.
    DeleteGroup(ErrorCode),
    /// Those that were refused, mostly none; or why all was.
    OffsetCommit(Result<Vec<RefusedOffset>, ErrorCode>),
    /// Those that were refused, mostly none; or why all was.
    TxnOffsetCommit(Result<Vec<RefusedOffset>, ErrorCode>),
    /// The end is written.
    EndTransaction(ErrorCode),
    /// The offsets; or why all was refused.
    OffsetFetch(Result<Vec<FetchedTopic>, ErrorCode>),
    /// Each partition; or why all was refused.
    OffsetDelete(Result<Vec<TopicErrors>, ErrorCode>),
    /// What the member shall have.
    ConsumerGroupHeartbeat(Result<ConsumerBeat, Refusal>),
    /// The group as it is.
    ConsumerGroupDescribe(Result<DescribedConsumerGroup, Refusal>),
}

/// A generation of a classic group, as one member sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// Why not; the rest is then as `Default` has it, except for the member.
    pub error: ErrorCode,
    /// The member's id.
    pub member: String,
    /// The generation, or -1.
    pub generation: i32,
    /// The kind of group.
    pub protocol_type: Option<String>,
    /// The chosen protocol; empty if there is none yet. `None` goes out as empty to clients that do not know null.
    pub protocol_name: Option<String>,
    /// The leader's id.
    pub leader: String,
    /// Whether a leader must not assign anew (KIP-814).
    pub skip_assignment: bool,
    /// All members, for the leader.
    pub members: Vec<JoinedMember>,
}

impl Default for Joined {
    fn default() -> Self {
        Self {
            error: ErrorCode::None,
            member: String::new(),
            generation: -1,
            protocol_type: None,
            protocol_name: Some(String::new()),
            leader: String::new(),
            skip_assignment: false,
            members: vec![],
        }
    }
}

impl Joined {
    /// No, to `member`.
    pub fn refused(error: ErrorCode, member: &str) -> Self {
        Self { error, member: member.to_owned(), ..Self::default() }
    }
}

/// A member, as the leader sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinedMember {
    /// Its id.
    pub member: String,
    /// The name of a static member.
    pub instance: Option<String>,
    /// What it told for the chosen protocol.
    pub metadata: Bytes,
}

/// An assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Synced {
    /// Why not.
    pub error: ErrorCode,
    /// The kind of group.
    pub protocol_type: Option<String>,
    /// The chosen protocol.
    pub protocol_name: Option<String>,
    /// What the leader assigned to the member.
    pub assignment: Bytes,
}

impl Synced {
    /// No.
    pub fn refused(error: ErrorCode) -> Self {
        Self { error, protocol_type: None, protocol_name: None, assignment: Bytes::new() }
    }
}

/// One that was to leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// The member, as it was named.
    pub member: String,
    /// The name of a static member, as it was named.
    pub instance: Option<String>,
    /// What became of it.
    pub error: ErrorCode,
}

/// A classic group.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedGroup {
    /// Why nothing is told.
    pub error: ErrorCode,
    /// That in words, where the client knows of them.
    pub message: Option<String>,
    /// The state: `Stable`, `Empty`, `Dead` for a group that is not there.
    pub state: String,
    /// The kind of group.
    pub protocol_type: String,
    /// The chosen protocol of a stable group.
    pub protocol: String,
    /// The members.
    pub members: Vec<DescribedMember>,
}

/// A member of a classic group.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedMember {
    /// Its id.
    pub member: String,
    /// The name of a static member.
    pub instance: Option<String>,
    /// The client's id.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// What it told for the chosen protocol of a stable group.
    pub metadata: Bytes,
    /// What it has.
    pub assignment: Bytes,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedGroup {
    /// The group.
    pub group: String,
    /// The kind of group.
    pub protocol_type: String,
    /// Its state.
    pub state: String,
    /// Its type: `classic`, `consumer`.
    pub group_type: &'static str,
}

/// An offset that was not committed though others were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedOffset {
    /// Where it stands in the request: its topic, counted from 0.
    pub topic: usize,
    /// Its partition, counted from 0 among those of the topic.
    pub partition: usize,
    /// Why.
    pub error: ErrorCode,
}

/// Partitions of one topic and what became of each.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicErrors {
    /// Its name.
    pub name: TopicName,
    /// Its partitions.
    pub partitions: Vec<(PartitionIndex, ErrorCode)>,
}

/// Committed offsets of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedTopic {
    /// Its name.
    pub name: TopicName,
    /// Its id as it was given; zero where all topics were asked for.
    pub id: TopicId,
    /// Its partitions.
    pub partitions: Vec<FetchedOffset>,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedOffset {
    /// The partition.
    pub index: PartitionIndex,
    /// Why it cannot be told.
    pub error: ErrorCode,
    /// The offset; -1 if there is none.
    pub offset: Offset,
    /// The leader epoch; -1 if there is none.
    pub leader_epoch: LeaderEpoch,
    /// The client's text; empty if there is none.
    pub metadata: String,
}

impl FetchedOffset {
    /// Nothing to tell of a partition.
    pub fn none(index: PartitionIndex, error: ErrorCode) -> Self {
        Self { index, error, offset: Offset(-1), leader_epoch: LeaderEpoch::NONE, metadata: String::new() }
    }
}
