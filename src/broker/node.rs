//! What handlers share: the published image, the partitions, the configuration, and questions asked of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use config::NodeConfig;
use metadata::Image;
use model::{
    BrokerEpoch, DirectoryId, ErrorCode, LeaderEpoch, NodeId, PartitionIndex, TopicId, TopicName, TopicPartition,
};
use parking_lot::Mutex;
use replication::follower::Backoff;
use replication::sessions::Sessions;
use storage::log::{ReadError, StorageError};
use storage::manager::Logs;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::{Broker, Context, Slice};

use crate::controllers::Controllers;
use crate::fetchers::Fetchers;
use crate::groups::GroupCoordinators;
use crate::isr::Proposals;
use crate::membership::Lifecycle;
use crate::movers::Movers;
use crate::partition::Partition;
use crate::partitions::Partitions;
use crate::peers::Brokers;
use crate::producer_ids::ProducerIds;
use crate::throttles::Throttles;

/// Entries of requests that are being decoded and handled at one time, in all connections together.
pub const ADMITTED_ENTRIES: usize = 500_000;
/// Requests with fewer entries need no admission.
const FREE_ENTRIES: usize = 1_000;
/// Partitions on which fetches wait, in all connections together.
pub const PARKED_PARTITIONS: usize = 500_000;

/// A running node, as its handlers see it.
pub struct Node {
    me: Weak<Node>,
    cluster_id: String,
    config: ArcSwap<NodeConfig>,
    image: ArcSwap<Published>,
    /// The partitions whose replica lives here.
    pub partitions: Partitions,
    /// The brokers of the cluster, for in-sync sets.
    pub brokers: Arc<Brokers>,
    /// The leaders that partitions here follow.
    pub fetchers: Fetchers,
    /// In-sync sets that the controller is to be asked for.
    pub proposals: Proposals,
    /// How fast replicas that lag may be copied.
    pub throttles: Throttles,
    /// All logs in all directories.
    pub logs: Arc<Logs>,
    /// The way to the active controller.
    pub controllers: Controllers,
    /// What this broker tells the controller, and hears from it.
    pub lifecycle: Lifecycle,
    /// The fetch sessions (KIP-227).
    pub sessions: Mutex<Sessions>,
    /// Room for fetches to wait in.
    pub parked: Arc<Semaphore>,
    /// The groups whose coordinator is here.
    pub groups: GroupCoordinators,
    /// Producer ids of this broker's own block.
    pub producer_ids: ProducerIds,
    /// The directories of replicas that the controller is to be told of (KIP-858).
    pub unassigned: Mutex<BTreeMap<(TopicId, PartitionIndex), DirectoryId>>,
    /// Replicas on their way to another directory.
    pub movers: Movers,
    admitted: Arc<Semaphore>,
    epoch: AtomicI64,
}

/// The metadata as of an offset of its log.
pub struct Published {
    /// The metadata.
    pub image: Image,
    /// The offset of the last record in it.
    pub offset: i64,
}

/// Bytes of a log's file, on their way to a socket.
#[derive(Debug)]
pub struct FileSlice(pub storage::log::Slice);

impl Slice for FileSlice {
    fn len(&self) -> usize {
        self.0.len as usize
    }
}

/// Where a broker listens, for clients of one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAddress {
    /// Which broker.
    pub node: NodeId,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<String>,
}

impl Broker for Node {
    type Slice = FileSlice;
    type Admission = Admission;

    async fn admit(&self, entries: usize) -> Admission {
        admit(&self.admitted, entries).await
    }
}

/// What a large request holds while it is handled.
pub type Admission = Option<OwnedSemaphorePermit>;

/// Waits until a request of so many entries may be decoded.
pub async fn admit(admitted: &Arc<Semaphore>, entries: usize) -> Admission {
    match entries {
        0..=FREE_ENTRIES => None,
        _ => admitted.clone().acquire_many_owned(entries as u32).await.ok(),
    }
}

impl Node {
    /// A node around its parts; nothing is started here.
    pub fn new(
        cluster_id: String,
        config: NodeConfig,
        published: Published,
        logs: Arc<Logs>,
        controllers: Controllers,
    ) -> Arc<Self> {
        let slots = usize::try_from(config.fetch.session_cache_slots).unwrap_or(0);
        let groups = GroupCoordinators::new(&config);
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            cluster_id,
            throttles: Throttles::new(&config),
            groups,
            movers: Movers::new(&config),
            config: ArcSwap::from_pointee(config),
            image: ArcSwap::from_pointee(published),
            partitions: Partitions::default(),
            brokers: Arc::default(),
            fetchers: Fetchers::default(),
            proposals: Proposals::default(),
            logs,
            controllers,
            lifecycle: Lifecycle::default(),
            sessions: Mutex::new(Sessions::new(slots)),
            parked: Arc::new(Semaphore::new(PARKED_PARTITIONS)),
            producer_ids: ProducerIds::default(),
            unassigned: Mutex::default(),
            admitted: Arc::new(Semaphore::new(ADMITTED_ENTRIES)),
            epoch: AtomicI64::new(-1),
        })
    }

    /// This node, to be kept by a task. A handler runs only while the node lives.
    pub fn me(&self) -> Option<Arc<Self>> {
        self.me.upgrade()
    }

    /// The name of the cluster.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// `node.id`.
    pub fn id(&self) -> NodeId {
        self.config.load().node_id
    }

    /// The number that the controller gave this start of the broker; -1 before it has registered.
    pub fn epoch(&self) -> BrokerEpoch {
        BrokerEpoch(self.epoch.load(Ordering::Acquire))
    }

    /// The controller has numbered this start of the broker.
    pub fn set_epoch(&self, epoch: BrokerEpoch) {
        self.epoch.store(epoch.0, Ordering::Release);
    }

    /// The configuration as it holds now.
    pub fn config(&self) -> Arc<NodeConfig> {
        self.config.load_full()
    }

    /// From now on this configuration holds.
    pub fn set_config(&self, config: NodeConfig) {
        self.config.store(Arc::new(config));
    }

    /// The metadata as it was published last.
    pub fn published(&self) -> Arc<Published> {
        self.image.load_full()
    }

    /// From now on handlers see this metadata.
    pub fn publish(&self, published: Published) {
        self.image.store(Arc::new(published));
    }

    /// The partition whose leader is here.
    ///
    /// # Errors
    /// UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR.
    pub fn partition(&self, topic: TopicId, index: PartitionIndex) -> Result<Arc<Partition>, ErrorCode> {
        let partition = self.replica(topic, index)?;
        if partition.is_leader() { Ok(partition) } else { Err(ErrorCode::NotLeaderOrFollower) }
    }

    /// The partition of which a replica is here, whoever leads.
    ///
    /// # Errors
    /// As [`Node::partition`]; NOT_LEADER_OR_FOLLOWER if there is no replica here.
    pub fn replica(&self, topic: TopicId, index: PartitionIndex) -> Result<Arc<Partition>, ErrorCode> {
        match self.partitions.get(topic, index) {
            Some(partition) if partition.log().is_offline() => Err(ErrorCode::KafkaStorageError),
            Some(partition) => Ok(partition),
            None => {
                let published = self.image.load();
                let known = published.image.topic_by_id(topic).and_then(|topic| topic.partitions.get(&index));
                Err(match known {
                    None => ErrorCode::UnknownTopicOrPartition,
                    Some(partition) if partition.replicas.contains(&self.id()) => ErrorCode::KafkaStorageError,
                    Some(_) => ErrorCode::NotLeaderOrFollower,
                })
            }
        }
    }

    /// The id of a topic.
    pub fn topic_id(&self, name: &str) -> Option<TopicId> {
        self.image.load().image.topic(name).map(|topic| topic.id)
    }

    /// As [`Node::replica`], by the topic's name.
    ///
    /// # Errors
    /// As [`Node::replica`].
    pub fn replica_by_name(&self, topic: &str, index: PartitionIndex) -> Result<Arc<Partition>, ErrorCode> {
        self.replica(self.topic_id(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?, index)
    }

    /// As [`Node::partition`], by the topic's name.
    ///
    /// # Errors
    /// As [`Node::partition`].
    pub fn partition_by_name(&self, topic: &str, index: PartitionIndex) -> Result<Arc<Partition>, ErrorCode> {
        self.partition(self.topic_id(topic).ok_or(ErrorCode::UnknownTopicOrPartition)?, index)
    }

    /// The disk failed under a partition: its directory goes offline, unless it is only that the log is gone.
    pub fn storage_failed(&self, at: &TopicPartition, error: &StorageError) -> ErrorCode {
        match error {
            StorageError::Closed => ErrorCode::NotLeaderOrFollower,
            StorageError::Io(_) | StorageError::Failed(_) => {
                self.logs.failed(at, &error.to_string());
                ErrorCode::KafkaStorageError
            }
        }
    }

    /// What a client is told when a partition cannot be read.
    pub fn read_failed(&self, at: &TopicPartition, error: &ReadError) -> ErrorCode {
        match error {
            ReadError::OutOfRange { .. } => ErrorCode::OffsetOutOfRange,
            ReadError::Storage(error) => self.storage_failed(at, error),
        }
    }

    /// Who leads the partition, and in which epoch.
    pub fn leader_of(&self, topic: TopicId, index: PartitionIndex) -> Option<(NodeId, LeaderEpoch)> {
        let published = self.image.load();
        let partition = published.image.topic_by_id(topic)?.partitions.get(&index)?;
        Some((partition.leader, partition.leader_epoch))
    }

    /// The brokers that are not fenced, as clients of this request's listener reach them.
    pub fn alive_brokers(&self, context: &Context) -> Vec<BrokerAddress> {
        let brokers = self.registered_brokers(context).into_iter();
        brokers.filter(|(_, is_fenced)| !is_fenced).map(|(broker, _)| broker).collect()
    }

    /// Those of `leaders` that are not fenced, as clients of this request's listener reach them (KIP-951).
    pub fn brokers_among(&self, leaders: &BTreeSet<NodeId>, context: &Context) -> Vec<BrokerAddress> {
        // Most answers name no leader, and cost no list.
        let brokers = if leaders.is_empty() { Vec::new() } else { self.alive_brokers(context) };
        brokers.into_iter().filter(|broker| leaders.contains(&broker.node)).collect()
    }

    /// Where another broker listens for its peers on the listener of that name.
    pub fn address_of(&self, broker: NodeId, listener: &str) -> Option<(String, u16)> {
        let published = self.image.load();
        let endpoints = &published.image.brokers.get(&broker)?.end_points;
        let endpoint = endpoints.iter().find(|endpoint| endpoint.name == listener)?;
        Some((endpoint.host.clone(), endpoint.port))
    }

    /// When to try again after an error of a leader, by [`host::clock::uptime`].
    pub fn backoff(&self) -> Backoff {
        let most_ms = self.config().replication.fetch_backoff_ms.into();
        Backoff { now: host::clock::uptime(), most_ms }
    }

    /// All brokers with an address for this request's listener, and whether each is fenced.
    pub fn registered_brokers(&self, context: &Context) -> Vec<(BrokerAddress, bool)> {
        let published = self.image.load();
        let brokers = published.image.brokers.values();
        brokers
            .filter_map(|broker| {
                let listener = &*context.origin().listener;
                let endpoint = broker.end_points.iter().find(|endpoint| endpoint.name == listener)?;
                let address = BrokerAddress {
                    node: broker.broker_id,
                    host: endpoint.host.clone(),
                    port: i32::from(endpoint.port),
                    rack: broker.rack.clone(),
                };
                Some((address, broker.fenced))
            })
            .collect()
    }

    /// A broker that clients may send administration to; -1 if there is none.
    pub fn any_alive_broker(&self) -> NodeId {
        let published = self.image.load();
        let alive = published.image.brokers.iter().find(|(_, broker)| !broker.fenced);
        alive.map_or(NodeId::NONE, |(id, _)| *id)
    }

    /// Creates a topic because somebody asked for it (`auto.create.topics.enable`).
    pub async fn auto_create(&self, name: &TopicName) -> Result<(), ErrorCode> {
        crate::internal_topics::auto_create(self, name).await
    }
}
