//! What the controller answers.

use metadata::{ConfigResource, Partition};
use model::{BrokerEpoch, NodeId, PartitionIndex, ProducerId, TopicId};

use crate::Refusal;

/// The answer to the event of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The cluster has its first records.
    Bootstrap(Result<(), Refusal>),
    /// Each topic, or why the request as a whole was refused.
    CreateTopics(Result<Vec<TopicResult>, Refusal>),
    /// Each topic, or why the request as a whole was refused.
    DeleteTopics(Result<Vec<DeletedTopic>, Refusal>),
    /// Each topic.
    CreatePartitions(Vec<(String, Result<(), Refusal>)>),
    /// Each resource; for both ways of altering.
    AlterConfigs(Vec<(ConfigResource, Result<(), Refusal>)>),
    /// The controller is registered.
    RegisterController(Result<(), Refusal>),
    /// The broker's epoch.
    RegisterBroker(Result<BrokerEpoch, Refusal>),
    /// What the broker is now.
    BrokerHeartbeat(Result<BrokerStatus, Refusal>),
    /// What came of the evidence.
    BrokerUnreachable {
        /// Whether the broker was fenced because of it.
        fenced: bool,
    },
    /// The broker is fenced, or was not there.
    FenceBroker,
    /// The broker is gone.
    UnregisterBroker(Result<(), Refusal>),
    /// Each partition as it is now, or why it stays as it was; or why all was refused.
    AlterPartition(Result<Vec<AlteredPartition>, Refusal>),
    /// Each replica, in the order of the request; or why all was refused.
    AssignReplicas(Result<Vec<Result<(), Refusal>>, Refusal>),
    /// Each topic.
    ElectLeaders(Vec<ElectionResult>),
    /// Each topic.
    AlterReassignments(Vec<ReassignedTopic>),
    /// The features have their levels.
    UpdateFeatures(Result<(), Refusal>),
    /// The block.
    AllocateProducerIds(Result<ProducerIdBlock, Refusal>),
    /// What was due is done.
    Tick {
        /// Come back after so many milliseconds at the latest.
        again_ms: i64,
    },
}

/// The elections of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct ElectionResult {
    /// The topic.
    pub topic: String,
    /// Its partitions; where all were asked for, those that needed none are left out.
    pub partitions: Vec<(PartitionIndex, Result<(), Refusal>)>,
}

/// The reassignments of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct ReassignedTopic {
    /// The topic.
    pub topic: String,
    /// Its partitions.
    pub partitions: Vec<(PartitionIndex, Result<(), Refusal>)>,
}

/// A reassignment that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OngoingReassignment {
    /// The partition.
    pub partition: PartitionIndex,
    /// All that have a replica now.
    pub replicas: Vec<NodeId>,
    /// Those of them that are new.
    pub adding: Vec<NodeId>,
    /// Those of them that will go.
    pub removing: Vec<NodeId>,
}

/// A partition whose ISR was to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct AlteredPartition {
    /// The topic.
    pub topic_id: TopicId,
    /// The partition.
    pub partition: PartitionIndex,
    /// The partition with the change.
    pub result: Result<Partition, Refusal>,
}

/// A topic that was to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicResult {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub result: Result<CreatedTopic, Refusal>,
}

/// A topic that was created, or would have been.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedTopic {
    /// Its id.
    pub id: TopicId,
    /// How many partitions it got.
    pub partitions: i32,
    /// How many replicas each got.
    pub replication_factor: i16,
    /// Its whole configuration in the order of keys; none if the asker may not know it.
    pub configs: Option<Vec<CreatedConfig>>,
}

/// One effective configuration value of a new topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedConfig {
    /// The key.
    pub name: String,
    /// The value; none if it is sensitive.
    pub value: Option<String>,
    /// Where it comes from, as on the wire (`DescribeConfigsResponse.ConfigSource`): 1 topic, 2 dynamic broker,
    /// 3 dynamic default broker, 4 static broker, 5 default.
    pub source: i8,
    /// Whether only a restart changes it.
    pub read_only: bool,
    /// Whether it is sensitive.
    pub sensitive: bool,
}

/// A topic that was to be deleted, named as the answer names it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletedTopic {
    /// Its name, where the asker gave it or may know it.
    pub name: Option<String>,
    /// Its id; zero is none.
    pub id: TopicId,
    /// What became of it.
    pub result: Result<(), Refusal>,
}

/// What a broker is in the eyes of the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerStatus {
    /// Whether it has applied the record of its own registration.
    pub caught_up: bool,
    /// Whether it is fenced.
    pub fenced: bool,
    /// Whether it is shutting down.
    pub in_controlled_shutdown: bool,
    /// Whether nothing holds it back from stopping.
    pub should_shut_down: bool,
}

/// Producer ids from `first` on, `count` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdBlock {
    /// The first.
    pub first: ProducerId,
    /// How many.
    pub count: i32,
}
