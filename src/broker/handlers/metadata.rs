//! Metadata 0 to 13: brokers and topics, from the published image; unknown topics may be created by asking.

use std::collections::BTreeSet;

use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, MetadataRequest, MetadataResponse};
use metadata::{Image, Partition, Topic};
use model::{ErrorCode, NodeId, TopicId, TopicName, Uuid};
use wire::{Answer, Context, Handle, MetadataNull};

use crate::node::{FileSlice, Node};
use crate::text::{text, text_or_null, topic_name};

/// Every operation on a topic, as bits (`AclOperation`): read, write, create, delete, alter, describe, describe
/// configs, alter configs.
pub const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;
/// Every operation on the cluster: create, alter, describe, cluster action, describe configs, alter configs,
/// idempotent write.
pub const CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;

impl Handle<MetadataRequest> for Node {
    async fn handle(&self, context: &Context, request: MetadataRequest) -> Answer<MetadataResponse, FileSlice> {
        let null_name = request.topics.iter().flatten().any(|topic| topic.name.is_none());
        if (request.topics.is_none() && !context.may_be_null(MetadataNull::Topics))
            || (null_name && !context.may_be_null(MetadataNull::Name))
        {
            return Answer::Close;
        }
        let wanted = request.topics.filter(|asked| !(asked.is_empty() && context.empty_list_is_all_topics()));
        let published = self.published();
        let image = &published.image;
        let mut topics = Vec::new();
        match wanted {
            None => topics.extend(image.topics().map(|topic| describe_topic(image, topic, context))),
            Some(asked) => {
                let by_id: BTreeSet<TopicId> =
                    asked.iter().map(|topic| TopicId::from(topic.topic_id)).filter(|id| !id.is_zero()).collect();
                let invalid = !context.may_ask_topics_by_id() && !by_id.is_empty();
                if invalid || (by_id.is_empty() && asked.iter().any(|topic| topic.name.is_none())) {
                    return self.refuse_metadata(&asked).into();
                }
                for id in &by_id {
                    topics.push(match image.topic_by_id(*id) {
                        Some(topic) => describe_topic(image, topic, context),
                        None => unknown(None, *id, ErrorCode::UnknownTopicId),
                    });
                }
                if by_id.is_empty() {
                    let names: BTreeSet<TopicName> =
                        asked.iter().flatten_name().map(|name| TopicName::from(name.to_string())).collect();
                    let (known, missing): (Vec<_>, Vec<_>) =
                        names.into_iter().partition(|name| image.topic(name).is_some());
                    let found = known.iter().filter_map(|name| image.topic(name));
                    topics.extend(found.map(|topic| describe_topic(image, topic, context)));
                    let create = request.allow_auto_topic_creation && self.config().topics.auto_create;
                    topics.extend(self.missing(missing, create, context).await);
                }
            }
        }
        if request.include_topic_authorized_operations {
            for topic in &mut topics {
                topic.topic_authorized_operations = TOPIC_OPERATIONS;
            }
        }
        let mut response = MetadataResponse::default()
            .with_brokers(self.broker_list(context))
            .with_cluster_id(Some(text(self.cluster_id())))
            .with_controller_id(BrokerId(self.any_alive_broker().0))
            .with_topics(topics);
        if request.include_cluster_authorized_operations && context.may_ask_cluster_operations() {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        response.into()
    }
}

/// A topic as Metadata tells it.
fn describe_topic(image: &Image, topic: &Topic, context: &Context) -> MetadataResponseTopic {
    let partitions = topic.partitions.iter().map(|(index, partition)| {
        let has_leader = partition.leader != NodeId::NONE;
        let leader_listens = has_leader && listens(image, partition.leader, context);
        let error = if leader_listens {
            0
        } else if has_leader && context.knows_listener_not_found() {
            ErrorCode::ListenerNotFound.code()
        } else {
            ErrorCode::LeaderNotAvailable.code()
        };
        let offline = partition.replicas.iter().filter(|replica| !is_online(image, partition, **replica));
        MetadataResponsePartition::default()
            .with_error_code(error)
            .with_partition_index(index.0)
            .with_leader_id(BrokerId(if leader_listens { partition.leader.0 } else { -1 }))
            .with_leader_epoch(partition.leader_epoch.0)
            .with_replica_nodes(ids(&partition.replicas))
            .with_isr_nodes(ids(&partition.isr))
            .with_offline_replicas(offline.map(|id| BrokerId(id.0)).collect())
    });
    MetadataResponseTopic::default()
        .with_name(Some(topic_name(&topic.name)))
        .with_topic_id(topic.id.0)
        .with_is_internal(topic.name.is_internal())
        .with_partitions(partitions.collect())
}

/// Whether the broker has an address for clients of this request's listener, and is there.
pub fn listens(image: &Image, broker: NodeId, context: &Context) -> bool {
    let listener = &*context.origin().listener;
    image
        .brokers
        .get(&broker)
        .is_some_and(|broker| !broker.fenced && broker.end_points.iter().any(|endpoint| endpoint.name == listener))
}

/// Whether the replica's broker is there, with the directory that holds the replica (KIP-858).
pub fn is_online(image: &Image, partition: &Partition, replica: NodeId) -> bool {
    image.brokers.get(&replica).is_some_and(|broker| {
        let directory = partition.directory(replica);
        !broker.fenced && directory.is_none_or(|id| id != Uuid::LOST_DIR)
    })
}

trait Names<'a> {
    fn flatten_name(self) -> impl Iterator<Item = &'a kafka_protocol::messages::TopicName>;
}

impl<'a, I> Names<'a> for I
where
    I: Iterator<Item = &'a kafka_protocol::messages::metadata_request::MetadataRequestTopic>,
{
    fn flatten_name(self) -> impl Iterator<Item = &'a kafka_protocol::messages::TopicName> {
        self.filter_map(|topic| topic.name.as_ref())
    }
}

fn unknown(name: Option<&TopicName>, id: TopicId, error: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic::default()
        .with_error_code(error.code())
        .with_name(name.map(topic_name))
        .with_topic_id(id.0)
        .with_is_internal(name.is_some_and(TopicName::is_internal))
}

impl Node {
    /// The answer for topics that are not there; `create` has them made, and they are told as they are then.
    async fn missing(&self, names: Vec<TopicName>, create: bool, context: &Context) -> Vec<MetadataResponseTopic> {
        let mut told = Vec::with_capacity(names.len());
        for name in names {
            let error = match TopicName::check(&name) {
                Err(_) => ErrorCode::InvalidTopicException,
                Ok(()) if !create => ErrorCode::UnknownTopicOrPartition,
                Ok(()) => match self.auto_create(&name).await {
                    Err(error) => error,
                    Ok(()) => {
                        let published = self.published();
                        if let Some(topic) = published.image.topic(&name) {
                            told.push(describe_topic(&published.image, topic, context));
                            continue;
                        }
                        ErrorCode::UnknownTopicOrPartition
                    }
                },
            };
            told.push(unknown(Some(&name), TopicId::ZERO, error));
        }
        told
    }

    fn refuse_metadata(
        &self,
        asked: &[kafka_protocol::messages::metadata_request::MetadataRequestTopic],
    ) -> MetadataResponse {
        let error = ErrorCode::InvalidRequest;
        let topics = asked.iter().map(|topic| {
            // A name may be null only in the newest versions, which also know ids.
            let name = topic.name.as_ref().map_or_else(|| TopicName::from(""), |name| name.to_string().into());
            unknown(Some(&name), topic.topic_id.into(), error)
        });
        MetadataResponse::default().with_topics(topics.collect()).with_controller_id(BrokerId(-1))
    }

    fn broker_list(&self, context: &Context) -> Vec<MetadataResponseBroker> {
        self.alive_brokers(context)
            .into_iter()
            .map(|broker| {
                MetadataResponseBroker::default()
                    .with_node_id(BrokerId(broker.node.0))
                    .with_host(text(broker.host))
                    .with_port(broker.port)
                    .with_rack(text_or_null(broker.rack))
            })
            .collect()
    }
}

/// Node ids for the codec.
pub fn ids(nodes: &[NodeId]) -> Vec<BrokerId> {
    nodes.iter().map(|node| BrokerId(node.0)).collect()
}
