//! What the controller can be asked.

use metadata::records::{BrokerEndpoint, BrokerFeature, ControllerEndpoint, ControllerFeature};
use metadata::{ConfigResource, Record};
use model::{
    BrokerEpoch, ClusterId, DirectoryId, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, TopicId, Uuid,
};

use crate::BrokerUnreachable;

/// A request, with all that cannot be decided without dice: ids, and seeds for placement.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Write the first records of a new cluster; does nothing if there are records already.
    Bootstrap(Bootstrap),
    /// CreateTopics.
    CreateTopics(CreateTopics),
    /// DeleteTopics.
    DeleteTopics(DeleteTopics),
    /// CreatePartitions.
    CreatePartitions(CreatePartitions),
    /// IncrementalAlterConfigs (KIP-339).
    IncrementalAlterConfigs(IncrementalAlterConfigs),
    /// AlterConfigs: replaces all of a resource's configuration.
    AlterConfigs(AlterConfigs),
    /// A controller registers (KIP-919).
    RegisterController(RegisterController),
    /// A broker registers (KIP-631).
    RegisterBroker(RegisterBroker),
    /// A broker says that it lives, and what it wants to be.
    BrokerHeartbeat(BrokerHeartbeat),
    /// Something speaks for a broker's death before its session has ended.
    BrokerUnreachable(BrokerUnreachable),
    /// A broker is to be fenced whatever its session says.
    FenceBroker(NodeId),
    /// UnregisterBroker.
    UnregisterBroker(NodeId),
    /// AlterPartition: a leader wants another ISR (KIP-497).
    AlterPartition(AlterPartition),
    /// AssignReplicasToDirs: a broker has chosen directories (KIP-858).
    AssignReplicas(AssignReplicas),
    /// ElectLeaders (KIP-460).
    ElectLeaders(ElectLeaders),
    /// AlterPartitionReassignments (KIP-455); [`crate::list_reassignments`] lists them.
    AlterReassignments(AlterReassignments),
    /// UpdateFeatures (KIP-584).
    UpdateFeatures(UpdateFeatures),
    /// A broker needs a block of producer ids (KIP-730).
    AllocateProducerIds(AllocateProducerIds),
    /// Time has passed: sessions may have ended, and partitions may want other leaders. The reply says when to come back.
    /// Not to be told where brokers send no heartbeats: they would all be fenced.
    Tick,
}

/// The first records of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    /// The records of the bootstrap checkpoint; [`crate::default_features`] where there is none.
    pub records: Vec<Record>,
}

/// Topics to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTopics {
    /// The topics.
    pub topics: Vec<NewTopic>,
    /// Only say what would happen.
    pub validate_only: bool,
    /// Dice for placement.
    pub seed: u64,
}

/// One topic to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Its id, rolled by the asker.
    pub id: TopicId,
    /// How many partitions; -1 is the default, or as many as are assigned.
    pub partitions: i32,
    /// How many replicas each has; -1 is the default, or as many as are assigned.
    pub replication_factor: i16,
    /// The replicas of each partition, where the asker chooses them.
    pub assignments: Vec<(i32, Vec<NodeId>)>,
    /// Its configuration.
    pub configs: Vec<(String, Option<String>)>,
    /// Whether the asker may know the configuration that the topic got.
    pub describable: bool,
}

/// Topics to be deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteTopics {
    /// The topics, each by name or by id.
    pub topics: Vec<TopicRef>,
}

/// A topic by name or by id; whoever asks must give one of the two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicRef {
    /// Its name.
    pub name: Option<String>,
    /// Its id; zero is none.
    pub id: TopicId,
}

/// Partitions to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePartitions {
    /// The topics.
    pub topics: Vec<MorePartitions>,
    /// Only say what would happen.
    pub validate_only: bool,
    /// Dice for placement.
    pub seed: u64,
}

/// Partitions to be added to one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct MorePartitions {
    /// The topic.
    pub topic: String,
    /// How many it shall have then.
    pub count: i32,
    /// The replicas of each new partition, where the asker chooses them.
    pub assignments: Option<Vec<Vec<NodeId>>>,
}

/// Changes to single keys.
#[derive(Clone, Debug, PartialEq)]
pub struct IncrementalAlterConfigs {
    /// The resources and their changes.
    pub resources: Vec<(ConfigResource, Vec<ConfigChange>)>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// A change to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// The key.
    pub name: String,
    /// What to do, as on the wire: 0 set, 1 delete, 2 append, 3 subtract.
    pub operation: i8,
    /// The value; not needed to delete.
    pub value: Option<String>,
}

/// All keys of a resource with their values.
pub type WholeConfig = Vec<(String, Option<String>)>;

/// Whole configurations.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterConfigs {
    /// The resources and all that shall be set for them.
    pub resources: Vec<(ConfigResource, WholeConfig)>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// A controller's registration.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterController {
    /// The controller.
    pub controller: NodeId,
    /// This start of its process.
    pub incarnation: Uuid,
    /// Its addresses.
    pub endpoints: Vec<ControllerEndpoint>,
    /// The feature levels it knows.
    pub features: Vec<ControllerFeature>,
}

/// A broker's registration.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterBroker {
    /// The broker.
    pub broker: NodeId,
    /// The cluster it believes to be in.
    pub cluster_id: ClusterId,
    /// This start of its process.
    pub incarnation: Uuid,
    /// Its addresses.
    pub endpoints: Vec<BrokerEndpoint>,
    /// The feature levels it knows.
    pub features: Vec<BrokerFeature>,
    /// Its rack.
    pub rack: Option<String>,
    /// Its log directories.
    pub log_dirs: Vec<Uuid>,
    /// Its epoch before a clean shutdown, or -1 (KIP-966).
    pub previous_epoch: BrokerEpoch,
}

/// A sign of life.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerHeartbeat {
    /// The broker.
    pub broker: NodeId,
    /// Its epoch.
    pub epoch: BrokerEpoch,
    /// The offset of the last metadata record that it has applied.
    pub metadata_offset: Offset,
    /// Whether it wants to be fenced.
    pub want_fence: bool,
    /// Whether it wants to shut down.
    pub want_shut_down: bool,
    /// Log directories that failed.
    pub offline_log_dirs: Vec<Uuid>,
    /// Cordoned log directories; none if the broker does not tell.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

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

/// Other levels for features; all of them, or none.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeatures {
    /// The features, each once.
    pub updates: Vec<FeatureUpdate>,
    /// Only say what would happen.
    pub validate_only: bool,
    /// The level of `kraft.version`, which is the quorum's.
    pub kraft_version: i16,
    /// The voters, who must all have registered.
    pub voters: Vec<NodeId>,
}

/// Another level for a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureUpdate {
    /// The feature.
    pub name: String,
    /// Its level; 0 turns it off.
    pub level: i16,
    /// Which way it may go.
    pub kind: UpdateKind,
}

/// Which way a feature's level may go, with the number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateKind {
    /// Any other number.
    Unknown,
    /// Up (1).
    Upgrade,
    /// Down, if nothing is lost (2).
    SafeDowngrade,
    /// Down, whatever is lost (3).
    UnsafeDowngrade,
}

/// A request for a block of producer ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocateProducerIds {
    /// The broker.
    pub broker: NodeId,
    /// Its epoch.
    pub epoch: BrokerEpoch,
}
