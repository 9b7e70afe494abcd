//! A member of a consumer group, as records tell of it (`ConsumerGroupMember`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{PartitionIndex, TopicName};

use super::partitions::Held;
use crate::records::*;

/// The epoch of a member that leaves.
pub const LEAVE: i32 = -1;
/// The epoch of a static member that leaves, and will come back.
pub const STATIC_LEAVE: i32 = -2;

/// A member.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its id.
    pub id: Arc<str>,
    /// Its epoch: that of the assignment it is at, or on its way to.
    pub epoch: i32,
    /// The epoch before, in which it may still come if an answer was lost.
    pub previous_epoch: i32,
    /// How far it is.
    pub state: MemberState,
    /// The name of a static member.
    pub instance: Option<Arc<str>>,
    /// Its rack.
    pub rack: Option<String>,
    /// How long it may take to give partitions back, in milliseconds; -1 if it never told.
    pub rebalance_timeout_ms: i32,
    /// The client's id.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// The topics it subscribes to by name.
    pub topics: Arc<BTreeSet<TopicName>>,
    /// The regular expression it subscribes to.
    pub regex: Option<Arc<str>>,
    /// The assignor it asks for.
    pub assignor: Option<String>,
    /// What it has, or is being given.
    pub assigned: Held,
    /// What it must give back.
    pub revoking: Held,
    /// What it told besides, if it speaks the classic protocol.
    pub classic: Option<ClassicMemberMetadata>,
}

/// How far a member is on its way to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// It is there.
    Stable,
    /// It must give partitions back first.
    UnrevokedPartitions,
    /// It waits for partitions that others have not given back.
    UnreleasedPartitions,
    /// A state of a later version of Kafka: it must start anew.
    Unknown,
}

impl MemberState {
    /// Its number in records.
    pub fn code(self) -> i8 {
        match self {
            Self::Stable => 0,
            Self::UnrevokedPartitions => 1,
            Self::UnreleasedPartitions => 2,
            Self::Unknown => 127,
        }
    }

    fn from_code(code: i8) -> Self {
        match code {
            0 => Self::Stable,
            1 => Self::UnrevokedPartitions,
            2 => Self::UnreleasedPartitions,
            _ => Self::Unknown,
        }
    }
}

impl Member {
    /// A member that has told nothing yet.
    pub fn new(id: Arc<str>) -> Self {
        Self {
            id,
            epoch: 0,
            previous_epoch: -1,
            state: MemberState::Stable,
            instance: None,
            rack: None,
            rebalance_timeout_ms: -1,
            client_id: String::new(),
            client_host: String::new(),
            topics: Arc::default(),
            regex: None,
            assignor: None,
            assigned: Held::new(),
            revoking: Held::new(),
            classic: None,
        }
    }

    /// Whether it has all of the target of this epoch, and nothing else.
    pub fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == epoch
    }

    /// Goes on to `epoch`; the one before is remembered, also when it is the same.
    pub fn advance_to(&mut self, epoch: i32) {
        self.previous_epoch = std::mem::replace(&mut self.epoch, epoch);
    }

    /// What it told of itself, as a record has it.
    pub fn metadata(&self) -> ConsumerGroupMemberMetadataValue {
        ConsumerGroupMemberMetadataValue {
            instance_id: self.instance.as_deref().map(str::to_owned),
            rack_id: self.rack.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            subscribed_topic_names: self.topics.iter().cloned().collect(),
            subscribed_topic_regex: Some(self.regex.as_deref().unwrap_or_default().to_owned()),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            server_assignor: self.assignor.clone(),
            classic_member_metadata: self.classic.clone(),
            ..Default::default()
        }
    }

    /// Takes in what such a record tells.
    pub fn set_metadata(&mut self, value: &ConsumerGroupMemberMetadataValue) {
        self.instance = value.instance_id.as_deref().map(Arc::from);
        self.rack = value.rack_id.clone();
        self.client_id = value.client_id.clone();
        self.client_host = value.client_host.clone();
        self.topics = Arc::new(value.subscribed_topic_names.iter().cloned().collect());
        self.regex = value.subscribed_topic_regex.as_deref().filter(|regex| !regex.is_empty()).map(Arc::from);
        self.rebalance_timeout_ms = value.rebalance_timeout_ms;
        self.assignor = value.server_assignor.clone();
        self.classic = value.classic_member_metadata.clone();
    }

    /// What it has, as a record has it.
    pub fn assignment(&self) -> ConsumerGroupCurrentMemberAssignmentValue {
        ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: self.state.code(),
            assigned_partitions: to_record(&self.assigned),
            partitions_pending_revocation: to_record(&self.revoking),
            ..Default::default()
        }
    }

    /// Takes in what such a record tells.
    pub fn set_assignment(&mut self, value: &ConsumerGroupCurrentMemberAssignmentValue) {
        self.epoch = value.member_epoch;
        self.previous_epoch = value.previous_member_epoch;
        self.state = MemberState::from_code(value.state);
        self.assigned = from_record(&value.assigned_partitions, value.member_epoch);
        self.revoking = from_record(&value.partitions_pending_revocation, value.member_epoch);
    }
}

fn to_record(held: &Held) -> Vec<TopicPartitions> {
    held.iter()
        .map(|(topic, partitions)| TopicPartitions {
            topic_id: *topic,
            partitions: partitions.keys().copied().collect(),
            assignment_epochs: Some(partitions.values().copied().collect()),
            ..Default::default()
        })
        .collect()
}

/// Records of before 4.3 have no epochs: then it is the member's own, or 0 for a static member that is away.
fn from_record(partitions: &[TopicPartitions], member_epoch: i32) -> Held {
    let topic = |it: &TopicPartitions| {
        let epochs = it.assignment_epochs.as_ref().filter(|epochs| epochs.len() == it.partitions.len());
        let held: BTreeMap<PartitionIndex, i32> = match epochs {
            Some(epochs) => it.partitions.iter().copied().zip(epochs.iter().copied()).collect(),
            None => it.partitions.iter().map(|partition| (*partition, member_epoch.max(0))).collect(),
        };
        (it.topic_id, held)
    };
    partitions.iter().map(topic).collect()
}
