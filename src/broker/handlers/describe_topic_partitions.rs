//! DescribeTopicPartitions 0: topics page by page, with eligible leader replicas (KIP-966).

use std::collections::BTreeSet;

use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::{BrokerId, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};
use metadata::{Image, Partition};
use model::{ErrorCode, TopicId, TopicName};
use wire::{Answer, Context, Handle};

use super::metadata::{TOPIC_OPERATIONS, ids, is_online, listens};
use crate::node::{FileSlice, Node};
use crate::text::topic_name;

impl Handle<DescribeTopicPartitionsRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        request: DescribeTopicPartitionsRequest,
    ) -> Answer<DescribeTopicPartitionsResponse, FileSlice> {
        let published = self.published();
        let image = &published.image;
        let asks_all = request.topics.is_empty();
        let mut names: BTreeSet<TopicName> = if asks_all {
            image.topics().map(|topic| topic.name.clone()).collect()
        } else {
            request.topics.iter().map(|topic| TopicName::from(topic.name.to_string())).collect()
        };
        let mut first_partition = 0;
        if let Some(cursor) = &request.cursor {
            let start = TopicName::from(cursor.topic_name.to_string());
            // Who names topics begins with one of them.
            if cursor.partition_index < 0 || !(asks_all || names.contains(&start)) {
                return refuse(&request, ErrorCode::InvalidRequest).into();
            }
            names = names.split_off(&start);
            // A page of all topics that begins with one which is gone begins at the next.
            if names.first() == Some(&start) {
                first_partition = cursor.partition_index;
            }
        }
        let limit = self.config().server.max_request_partition_size_limit.min(request.response_partition_limit).max(1);
        let mut left = limit;
        let mut response = DescribeTopicPartitionsResponse::default();
        for name in names {
            let cursor =
                |partition| Cursor::default().with_topic_name(topic_name(&name)).with_partition_index(partition);
            if left == 0 {
                response.next_cursor = Some(cursor(0));
                break;
            }
            let Some(topic) = image.topic(&name) else {
                if !asks_all {
                    let told = unknown(&name, error_for(&name));
                    response.topics.push(told.with_topic_authorized_operations(TOPIC_OPERATIONS));
                }
                continue;
            };
            let mut answer = DescribeTopicPartitionsResponseTopic::default()
                .with_name(Some(topic_name(&name)))
                .with_topic_id(topic.id.0)
                .with_is_internal(name.is_internal())
                .with_topic_authorized_operations(TOPIC_OPERATIONS);
            for (index, partition) in topic.partitions.iter().skip_while(|(index, _)| index.0 < first_partition) {
                if left == 0 {
                    response.next_cursor = Some(cursor(index.0));
                    break;
                }
                left -= 1;
                answer.partitions.push(describe(image, partition, context).with_partition_index(index.0));
            }
            first_partition = 0;
            response.topics.push(answer);
            if response.next_cursor.is_some() {
                break;
            }
        }
        response.into()
    }
}

fn describe(image: &Image, partition: &Partition, context: &Context) -> DescribeTopicPartitionsResponsePartition {
    let offline = partition.replicas.iter().filter(|replica| !is_online(image, partition, **replica));
    let listens = listens(image, partition.leader, context);
    // Without a leader it is no error of the partition, other than in Metadata (`KRaftMetadataCache`).
    DescribeTopicPartitionsResponsePartition::default()
        .with_leader_id(BrokerId(if listens { partition.leader.0 } else { -1 }))
        .with_leader_epoch(partition.leader_epoch.0)
        .with_replica_nodes(ids(&partition.replicas))
        .with_isr_nodes(ids(&partition.isr))
        .with_eligible_leader_replicas(Some(ids(&partition.elr)))
        .with_last_known_elr(Some(ids(&partition.last_known_elr)))
        .with_offline_replicas(offline.map(|id| BrokerId(id.0)).collect())
}

fn error_for(name: &TopicName) -> ErrorCode {
    match TopicName::check(name) {
        Ok(()) => ErrorCode::UnknownTopicOrPartition,
        Err(_) => ErrorCode::InvalidTopicException,
    }
}

fn unknown(name: &TopicName, error: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic::default()
        .with_error_code(error.code())
        .with_name(Some(topic_name(name)))
        .with_topic_id(TopicId::ZERO.0)
        .with_is_internal(name.is_internal())
}

fn refuse(request: &DescribeTopicPartitionsRequest, error: ErrorCode) -> DescribeTopicPartitionsResponse {
    let topics = request.topics.iter().map(|topic| {
        DescribeTopicPartitionsResponseTopic::default()
            .with_error_code(error.code())
            .with_name(Some(topic.name.clone()))
    });
    DescribeTopicPartitionsResponse::default().with_topics(topics.collect())
}
