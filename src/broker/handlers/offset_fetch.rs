//! OffsetFetch 1 to 10: how far groups have come, for some partitions or for all (KIP-709, KIP-447).

use groups::{FetchTopic, FetchedOffset, FetchedTopic, Reply, Request};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{GroupId, OffsetFetchRequest, OffsetFetchResponse};
use model::{ErrorCode, PartitionIndex, TopicId};
use wire::committed_offsets::OffsetFetch;
use wire::{Answer, Context, Handle};

use crate::groups::{Asked, answered};
use crate::node::{FileSlice, Node};
use crate::text::{owned_or_none, text, topic_name};

impl Handle<OffsetFetch> for Node {
    async fn handle(
        &self,
        context: &Context,
        OffsetFetch(request): OffsetFetch,
    ) -> Answer<OffsetFetchResponse, FileSlice> {
        let Some(me) = self.me() else { return Answer::Close };
        let (by_id, in_batch) = (context.topics_by_id(), context.fetches_many_groups());
        let tells_error = context.knows_error_of_group();
        let stable = request.require_stable;
        let groups = if in_batch { request.groups } else { vec![only_group(request)] };
        let asked: Vec<Fetch> = groups.into_iter().map(|group| self.fetch_offsets(group, by_id, stable)).collect();
        Answer::when(async move {
            let mut told = Vec::with_capacity(asked.len());
            for fetch in asked {
                told.push(fetch.answer(&me, by_id).await);
            }
            match told.pop() {
                Some(group) if !in_batch => tell_only(group, tells_error).into(),
                last => {
                    told.extend(last);
                    let groups = told.into_iter().map(|group| group.told).collect();
                    OffsetFetchResponse::default().with_groups(groups).into()
                }
            }
        })
        .await
    }
}

/// The group of a client that asks for one only.
fn only_group(request: OffsetFetchRequest) -> OffsetFetchRequestGroup {
    let topics = request.topics.map(|topics| {
        let topics = topics.into_iter().map(|topic| {
            OffsetFetchRequestTopics::default().with_name(topic.name).with_partition_indexes(topic.partition_indexes)
        });
        topics.collect()
    });
    OffsetFetchRequestGroup::default().with_group_id(request.group_id).with_topics(topics)
}

/// What was asked of one group.
struct Fetch {
    group: GroupId,
    /// What the client named, to be told with the error where the whole group has one; none for all offsets.
    named: Option<Vec<OffsetFetchRequestTopics>>,
    unknown: Vec<OffsetFetchResponseTopics>,
    asked: Asked,
}

/// One group's answer.
struct Fetched {
    told: OffsetFetchResponseGroup,
    named: Option<Vec<OffsetFetchRequestTopics>>,
}

impl Node {
    fn fetch_offsets(&self, group: OffsetFetchRequestGroup, by_id: bool, require_stable: bool) -> Fetch {
        let published = self.published();
        let mut unknown = Vec::new();
        let topics = group.topics.as_ref().map(|topics| {
            let mut known = Vec::with_capacity(topics.len());
            for topic in topics {
                let id = TopicId::from(topic.topic_id);
                let name = match by_id {
                    true => published.image.topic_by_id(id).map(|topic| topic.name.clone()),
                    false => Some(topic.name.as_str().into()),
                };
                let indexes = topic.partition_indexes.iter().map(|index| PartitionIndex(*index));
                match name {
                    Some(name) => known.push(FetchTopic { name, id, partitions: indexes.collect() }),
                    None => {
                        let none = |index| FetchedOffset::none(index, ErrorCode::UnknownTopicId);
                        let partitions = indexes.map(none).collect();
                        unknown.push(tell(FetchedTopic { name: "".into(), id, partitions }, by_id));
                    }
                }
            }
            known
        });
        let question = groups::OffsetFetch {
            group: group.group_id.to_string(),
            member: owned_or_none(group.member_id),
            member_epoch: group.member_epoch,
            topics,
            require_stable,
        };
        let asked = self.ask_group(&group.group_id, Request::OffsetFetch(question));
        Fetch { group: group.group_id, named: group.topics, unknown, asked }
    }
}

impl Fetch {
    async fn answer(self, node: &Node, by_id: bool) -> Fetched {
        let Self { group, named, unknown, asked } = self;
        let fetched = match answered(asked).await {
            Ok(Reply::OffsetFetch(fetched)) => fetched,
            Ok(_) => Err(ErrorCode::UnknownServerError),
            Err(error) => Err(error),
        };
        let told = OffsetFetchResponseGroup::default().with_group_id(group);
        let told = match fetched {
            Err(error) => told.with_error_code(error.code()),
            Ok(topics) => {
                let image = node.published();
                let topics = topics.into_iter().filter_map(|mut topic| {
                    if by_id && topic.id.is_zero() {
                        // Offsets of a topic that is gone cannot be told by its id.
                        topic.id = image.image.topic(&topic.name)?.id;
                    }
                    Some(tell(topic, by_id))
                });
                told.with_topics(topics.chain(unknown).collect())
            }
        };
        Fetched { told, named }
    }
}

fn tell(topic: FetchedTopic, by_id: bool) -> OffsetFetchResponseTopics {
    let partitions = topic.partitions.into_iter().map(|partition| {
        OffsetFetchResponsePartitions::default()
            .with_partition_index(partition.index.0)
            .with_committed_offset(partition.offset.0)
            .with_committed_leader_epoch(partition.leader_epoch.0)
            .with_metadata(Some(text(partition.metadata)))
            .with_error_code(partition.error.code())
    });
    let told = OffsetFetchResponseTopics::default().with_partitions(partitions.collect());
    match by_id {
        true => told.with_topic_id(topic.id.0),
        false => told.with_name(topic_name(&topic.name)),
    }
}

/// The answer to a client that asks for one group only. The oldest ones know errors of partitions alone.
fn tell_only(group: Fetched, tells_error: bool) -> OffsetFetchResponse {
    let Fetched { told, named } = group;
    let error = told.error_code;
    if error != 0 && !tells_error {
        let topics = named.unwrap_or_default().into_iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|index| {
                OffsetFetchResponsePartition::default()
                    .with_partition_index(*index)
                    .with_committed_offset(-1)
                    .with_metadata(Some(text("")))
                    .with_error_code(error)
            });
            OffsetFetchResponseTopic::default().with_name(topic.name).with_partitions(partitions.collect())
        });
        return OffsetFetchResponse::default().with_topics(topics.collect());
    }
    let topics = told.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            OffsetFetchResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_committed_offset(partition.committed_offset)
                .with_committed_leader_epoch(partition.committed_leader_epoch)
                .with_metadata(partition.metadata)
                .with_error_code(partition.error_code)
        });
        OffsetFetchResponseTopic::default().with_name(topic.name).with_partitions(partitions.collect())
    });
    OffsetFetchResponse::default().with_topics(topics.collect()).with_error_code(error)
}
