//! OffsetDelete 0: committed offsets of topics that a group does not subscribe to any more go (KIP-496).

use groups::{Reply, Request, TopicErrors};
use kafka_protocol::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};
use model::{ErrorCode, PartitionIndex, TopicName};
use wire::{Answer, Context, Handle};

use crate::groups::answer;
use crate::node::{FileSlice, Node};
use crate::text::topic_name;

impl Handle<OffsetDeleteRequest> for Node {
    async fn handle(&self, _: &Context, request: OffsetDeleteRequest) -> Answer<OffsetDeleteResponse, FileSlice> {
        // Partitions that do not exist are told first, each topic once.
        let mut told: indexmap::IndexMap<TopicName, Vec<(PartitionIndex, ErrorCode)>> = indexmap::IndexMap::new();
        let mut topics = Vec::with_capacity(request.topics.len());
        {
            let published = self.published();
            for topic in &request.topics {
                let name = TopicName::from(topic.name.as_str());
                let found = published.image.topic(&name);
                let indexes = topic.partitions.iter().map(|partition| PartitionIndex(partition.partition_index));
                let (there, missing): (Vec<_>, Vec<_>) =
                    indexes.partition(|index| found.is_some_and(|found| found.partitions.contains_key(index)));
                if !missing.is_empty() {
                    let missing = missing.into_iter().map(|index| (index, ErrorCode::UnknownTopicOrPartition));
                    told.entry(name.clone()).or_default().extend(missing);
                }
                if !there.is_empty() {
                    topics.push((name, there));
                }
            }
        }
        let asked = if request.group_id.is_empty() {
            Err(ErrorCode::InvalidGroupId)
        } else {
            let delete = groups::OffsetDelete { group: request.group_id.to_string(), topics };
            self.ask_group(&request.group_id, Request::OffsetDelete(delete))
        };
        answer(asked, move |answered| {
            let deleted = match answered {
                Ok(Reply::OffsetDelete(deleted)) => deleted,
                Ok(_) => Err(ErrorCode::UnknownServerError),
                Err(error) => Err(error),
            };
            match deleted {
                Err(error) => OffsetDeleteResponse::default().with_error_code(error.code()),
                Ok(deleted) => {
                    for TopicErrors { name, partitions } in deleted {
                        told.entry(name).or_default().extend(partitions);
                    }
                    OffsetDeleteResponse::default().with_topics(told.into_iter().map(tell).collect())
                }
            }
        })
    }
}

fn tell((name, partitions): (TopicName, Vec<(PartitionIndex, ErrorCode)>)) -> OffsetDeleteResponseTopic {
    let partitions = partitions.into_iter().map(|(index, error)| {
        OffsetDeleteResponsePartition::default().with_partition_index(index.0).with_error_code(error.code())
    });
    OffsetDeleteResponseTopic::default().with_name(topic_name(&name)).with_partitions(partitions.collect())
}
