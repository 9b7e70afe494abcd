//! OffsetCommit 2 to 10: how far a group has come, for partitions that exist.

use groups::{CommitPartition, CommitTopic, Reply, Request, TopicErrors};
use indexmap::IndexMap;
use kafka_protocol::messages::OffsetCommitResponse;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestTopic;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use metadata::Image;
use model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicName};
use wire::committed_offsets::OffsetCommit;
use wire::{Answer, Context, Handle};

use crate::groups::answered;
use crate::node::{FileSlice, Node};
use crate::text::{owned_or_none, topic_name};

impl Handle<OffsetCommit> for Node {
    async fn handle(
        &self,
        context: &Context,
        OffsetCommit(request): OffsetCommit,
    ) -> Answer<OffsetCommitResponse, FileSlice> {
        let by_id = context.topics_by_id();
        let mut answer = Answered { by_id, topics: IndexMap::new() };
        let mut topics = Vec::with_capacity(request.topics.len());
        {
            let published = self.published();
            for topic in request.topics {
                topics.extend(known(&published.image, topic, &mut answer));
            }
        }
        if topics.is_empty() {
            return answer.response().into();
        }
        let mut asked_for: Vec<TopicErrors> = topics.iter().map(untold).collect();
        let commit = groups::OffsetCommit {
            group: request.group_id.to_string(),
            member: request.member_id.to_string(),
            instance: owned_or_none(request.group_instance_id),
            generation: request.generation_id_or_member_epoch,
            knows_epochs: context.knows_member_epochs(),
            retention_ms: (request.retention_time_ms != -1).then_some(request.retention_time_ms),
            topics,
        };
        let asked = self.ask_group(&request.group_id, Request::OffsetCommit(commit));
        Answer::when(async move {
            let told = match answered(asked).await {
                Ok(Reply::OffsetCommit(told)) => told,
                Ok(_) => Err(ErrorCode::UnknownServerError),
                Err(error) => Err(error),
            };
            // Refused as a whole: what does not exist keeps its own error.
            let told = told.unwrap_or_else(|error| {
                let refuse = |topic: &mut TopicErrors| topic.partitions.iter_mut().for_each(|(_, told)| *told = error);
                asked_for.iter_mut().for_each(refuse);
                asked_for
            });
            answer.merge(told).into()
        })
        .await
    }
}

/// The partitions of a topic that exist; the others are answered at once.
fn known(image: &Image, topic: OffsetCommitRequestTopic, answer: &mut Answered) -> Option<CommitTopic> {
    let found = match answer.by_id {
        true => image.topic_by_id(TopicId::from(topic.topic_id)),
        false => image.topic(&topic.name),
    };
    let Some(found) = found else {
        let error = if answer.by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
        let partitions = topic.partitions.iter().map(|it| (PartitionIndex(it.partition_index), error)).collect();
        answer.add(TopicErrors { name: topic.name.as_str().into(), id: TopicId::from(topic.topic_id), partitions });
        return None;
    };
    let exists = |index: i32| found.partitions.contains_key(&PartitionIndex(index));
    let missing = topic.partitions.iter().filter(|it| !exists(it.partition_index));
    let missing: Vec<_> =
        missing.map(|it| (PartitionIndex(it.partition_index), ErrorCode::UnknownTopicOrPartition)).collect();
    if !missing.is_empty() {
        answer.add(TopicErrors { name: found.name.clone(), id: found.id, partitions: missing });
    }
    let partitions = topic.partitions.into_iter().filter(|it| exists(it.partition_index)).map(|it| CommitPartition {
        index: PartitionIndex(it.partition_index),
        offset: Offset(it.committed_offset),
        leader_epoch: LeaderEpoch(it.committed_leader_epoch),
        metadata: owned_or_none(it.committed_metadata),
    });
    let partitions: Vec<_> = partitions.collect();
    (!partitions.is_empty()).then(|| CommitTopic { name: found.name.clone(), id: found.id, partitions })
}

fn untold(topic: &CommitTopic) -> TopicErrors {
    let partitions = topic.partitions.iter().map(|partition| (partition.index, ErrorCode::None));
    TopicErrors { name: topic.name.clone(), id: topic.id, partitions: partitions.collect() }
}

/// The answer as it grows; each topic once.
struct Answered {
    by_id: bool,
    topics: IndexMap<(TopicId, TopicName), Vec<OffsetCommitResponsePartition>>,
}

impl Answered {
    fn add(&mut self, told: TopicErrors) {
        let key = match self.by_id {
            true => (told.id, TopicName::from("")),
            false => (TopicId::ZERO, told.name),
        };
        self.topics.entry(key).or_default().extend(told.partitions.into_iter().map(partition));
    }

    /// With what the coordinator said: as it stands if that is all there is, else each topic once
    /// (`OffsetCommitResponse.Builder.merge`).
    fn merge(mut self, told: Vec<TopicErrors>) -> OffsetCommitResponse {
        if !self.topics.is_empty() {
            told.into_iter().for_each(|topic| self.add(topic));
            return self.response();
        }
        let topics = told.into_iter().map(|told| {
            let topic = OffsetCommitResponseTopic::default()
                .with_partitions(told.partitions.into_iter().map(partition).collect());
            match self.by_id {
                true => topic.with_topic_id(told.id.0),
                false => topic.with_name(topic_name(&told.name)),
            }
        });
        OffsetCommitResponse::default().with_topics(topics.collect())
    }

    fn response(self) -> OffsetCommitResponse {
        let topics = self.topics.into_iter().map(|((id, name), partitions)| {
            let topic = OffsetCommitResponseTopic::default().with_partitions(partitions);
            topic.with_topic_id(id.0).with_name(topic_name(&name))
        });
        OffsetCommitResponse::default().with_topics(topics.collect())
    }
}

fn partition((index, error): (PartitionIndex, ErrorCode)) -> OffsetCommitResponsePartition {
    OffsetCommitResponsePartition::default().with_partition_index(index.0).with_error_code(error.code())
}
