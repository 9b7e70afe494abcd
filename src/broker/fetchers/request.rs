//! The fetch of a follower and what comes back, as messages (Fetch 17).

use indexmap::IndexMap;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic, ReplicaState};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, ListOffsetsRequest};
use model::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, TopicId, TopicName};
use replication::follower::{Asked, Key, Request, Told};

use crate::node::Node;
use crate::text::topic_name;

/// The request as a message; the leader need not wait with its answer when another partition is ready in so many milliseconds.
pub fn fetch(node: &Node, request: &Request, ready_ms: Option<i64>) -> FetchRequest {
    let config = node.config();
    let replication = &config.replication;
    let mut topics: IndexMap<TopicId, Vec<FetchPartition>> = IndexMap::new();
    for ((topic, index), asked) in &request.partitions {
        topics.entry(*topic).or_default().push(partition(*index, asked, replication.fetch_max_bytes));
    }
    let mut forgotten: IndexMap<TopicId, Vec<i32>> = IndexMap::new();
    for (topic, index) in &request.forgotten {
        forgotten.entry(*topic).or_default().push(index.0);
    }
    let ready_ms = ready_ms.map_or(i32::MAX, |ms| i32::try_from(ms.max(1)).unwrap_or(i32::MAX));
    let state = ReplicaState::default().with_replica_id(BrokerId(node.id().0)).with_replica_epoch(node.epoch().0);
    FetchRequest::default()
        .with_replica_state(state)
        .with_max_wait_ms(replication.fetch_wait_max_ms.min(ready_ms))
        .with_min_bytes(replication.fetch_min_bytes)
        .with_max_bytes(replication.fetch_response_max_bytes)
        .with_session_id(request.session_id)
        .with_session_epoch(request.epoch)
        .with_topics(
            topics
                .into_iter()
                .map(|(id, partitions)| FetchTopic::default().with_topic_id(id.0).with_partitions(partitions))
                .collect(),
        )
        .with_forgotten_topics_data(
            forgotten
                .into_iter()
                .map(|(id, partitions)| ForgottenTopic::default().with_topic_id(id.0).with_partitions(partitions))
                .collect(),
        )
}

fn partition(index: PartitionIndex, asked: &Asked, max_bytes: i32) -> FetchPartition {
    FetchPartition::default()
        .with_partition(index.0)
        .with_fetch_offset(asked.from.0)
        .with_log_start_offset(asked.log_start.0)
        .with_current_leader_epoch(asked.leader_epoch.0)
        .with_last_fetched_epoch(asked.last_epoch.unwrap_or(LeaderEpoch::NONE).0)
        .with_partition_max_bytes(max_bytes)
}

/// The partitions of a response.
pub fn partitions(response: FetchResponse) -> impl Iterator<Item = (Key, PartitionData)> {
    response.responses.into_iter().flat_map(|topic| {
        let id = TopicId::from(topic.topic_id);
        topic.partitions.into_iter().map(move |data| ((id, PartitionIndex(data.partition_index)), data))
    })
}

/// What a partition's part says.
pub fn told(data: &PartitionData) -> Told {
    match error(data.error_code) {
        ErrorCode::None if data.diverging_epoch.epoch >= 0 => Told::Diverging {
            epoch: LeaderEpoch(data.diverging_epoch.epoch),
            end: Offset(data.diverging_epoch.end_offset),
        },
        ErrorCode::None => Told::Records,
        error => Told::Failed(error),
    }
}

/// Asks for the earliest or the latest offset of a partition, as a replica: `time` is -2 or -1.
pub fn offsets(
    node: NodeId,
    topic: &TopicName,
    index: PartitionIndex,
    epoch: LeaderEpoch,
    time: i64,
) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition::default()
        .with_partition_index(index.0)
        .with_current_leader_epoch(epoch.0)
        .with_timestamp(time);
    let topic = ListOffsetsTopic::default().with_name(topic_name(topic)).with_partitions(vec![partition]);
    ListOffsetsRequest::default().with_replica_id(BrokerId(node.0)).with_topics(vec![topic])
}

/// An error that another broker tells; what is not known here is as good as unexpected.
pub fn error(code: i16) -> ErrorCode {
    ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError)
}
