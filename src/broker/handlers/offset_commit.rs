//! OffsetCommit 2 to 10: how far a group has come, for partitions that exist.

use groups::{CommitPartition, CommitTopic, RefusedOffset, Reply, Request};
use indexmap::IndexMap;
use kafka_protocol::messages::offset_commit_request::OffsetCommitRequestTopic;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::{OffsetCommitResponse, TopicName};
use metadata::{Image, Topic};
use model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId};
use wire::committed_offsets::OffsetCommit;
use wire::{Answer, Context, Handle};

use crate::groups::answer;
use crate::node::{FileSlice, Node};
use crate::text::owned_or_none;

impl Handle<OffsetCommit> for Node {
    async fn handle(
        &self,
        context: &Context,
        OffsetCommit(request): OffsetCommit,
    ) -> Answer<OffsetCommitResponse, FileSlice> {
        let by_id = context.topics_by_id();
        let mut missing = Vec::new();
        let (asked_for, topics) = known(&self.published().image, request.topics, by_id, &mut missing);
        if topics.is_empty() {
            return merged(missing).into();
        }
        let commit = groups::OffsetCommit {
            group: request.group_id.as_str().to_owned(),
            member: request.member_id.as_str().to_owned(),
            instance: owned_or_none(request.group_instance_id),
            generation: request.generation_id_or_member_epoch,
            knows_epochs: context.knows_member_epochs(),
            retention_ms: (request.retention_time_ms != -1).then_some(request.retention_time_ms),
            topics,
        };
        let asked = self.ask_group(&request.group_id, Request::OffsetCommit(commit));
        answer(asked, move |told| {
            let refused = match told {
                Ok(Reply::OffsetCommit(told)) => told,
                Ok(_) => Err(ErrorCode::UnknownServerError),
                Err(error) => Err(error),
            };
            let told = tell(asked_for, by_id, refused);
            if missing.is_empty() {
                return OffsetCommitResponse::default().with_topics(told);
            }
            // What does not exist is told first.
            missing.extend(told);
            merged(missing)
        })
    }
}

/// Those of `topics` that are there, with those of their partitions that are, as they were asked for and as the coordinator is
/// told them; `missing` is answered at once.
fn known(
    image: &Image,
    topics: Vec<OffsetCommitRequestTopic>,
    by_id: bool,
    missing: &mut Vec<OffsetCommitResponseTopic>,
) -> (Vec<OffsetCommitRequestTopic>, Vec<CommitTopic>) {
    let (mut asked_for, mut commits) = (topics, Vec::new());
    commits.reserve_exact(asked_for.len());
    asked_for.retain_mut(|topic| {
        let found = match by_id {
            true => image.topic_by_id(TopicId::from(topic.topic_id)),
            false => image.topic(&topic.name),
        };
        let Some(found) = found else {
            let error = if by_id { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
            missing.push(refuse(topic, by_id, |_| true, error));
            return false;
        };
        let exists = |index: i32| found.partitions.contains_key(&PartitionIndex(index));
        if topic.partitions.iter().any(|it| !exists(it.partition_index)) {
            missing.push(refuse(topic, by_id, |index| !exists(index), ErrorCode::UnknownTopicOrPartition));
            topic.partitions.retain(|it| exists(it.partition_index));
        }
        let is_left = !topic.partitions.is_empty();
        if is_left {
            commits.push(commit(found, topic));
        }
        is_left
    });
    (asked_for, commits)
}

fn commit(topic: &Topic, asked_for: &OffsetCommitRequestTopic) -> CommitTopic {
    let partitions = asked_for.partitions.iter().map(|it| CommitPartition {
        index: PartitionIndex(it.partition_index),
        offset: Offset(it.committed_offset),
        leader_epoch: LeaderEpoch(it.committed_leader_epoch),
        metadata: it.committed_metadata.as_ref().map(|text| text.as_str().to_owned()),
    });
    CommitTopic { name: topic.name.clone(), id: topic.id, partitions: partitions.collect() }
}

/// An error for those partitions that `which` picks.
fn refuse(
    topic: &OffsetCommitRequestTopic,
    by_id: bool,
    which: impl Fn(i32) -> bool,
    error: ErrorCode,
) -> OffsetCommitResponseTopic {
    let partitions = topic.partitions.iter().map(|it| it.partition_index).filter(|index| which(*index));
    let partitions = partitions.map(|index| partition(index, error)).collect();
    named(topic.name.clone(), topic.topic_id, by_id).with_partitions(partitions)
}

/// What the coordinator said of each that it was asked for; it tells the refused ones in the order of the request.
fn tell(
    asked_for: Vec<OffsetCommitRequestTopic>,
    by_id: bool,
    told: Result<Vec<RefusedOffset>, ErrorCode>,
) -> Vec<OffsetCommitResponseTopic> {
    let (refused, whole) = match told {
        Ok(refused) => (refused, ErrorCode::None),
        Err(error) => (vec![], error),
    };
    let mut refused = refused.into_iter().peekable();
    let mut topics = Vec::with_capacity(asked_for.len());
    for (at, topic) in asked_for.into_iter().enumerate() {
        let partitions = topic.partitions.iter().enumerate().map(|(nth, asked_for)| {
            let one = refused.next_if(|one| (one.topic, one.partition) == (at, nth));
            partition(asked_for.partition_index, one.map_or(whole, |one| one.error))
        });
        let partitions = partitions.collect();
        topics.push(named(topic.name, topic.topic_id, by_id).with_partitions(partitions));
    }
    topics
}

/// Each topic once (`OffsetCommitResponse.Builder.merge`).
fn merged(topics: Vec<OffsetCommitResponseTopic>) -> OffsetCommitResponse {
    let mut once: IndexMap<(TopicName, uuid::Uuid), OffsetCommitResponseTopic> = IndexMap::new();
    for mut topic in topics {
        let key = (topic.name.clone(), topic.topic_id);
        match once.get_mut(&key) {
            Some(known) => known.partitions.append(&mut topic.partitions),
            None => drop(once.insert(key, topic)),
        }
    }
    OffsetCommitResponse::default().with_topics(once.into_values().collect())
}

/// A topic as the client knows it: by its id or by its name.
fn named(name: TopicName, id: uuid::Uuid, by_id: bool) -> OffsetCommitResponseTopic {
    match by_id {
        true => OffsetCommitResponseTopic::default().with_topic_id(id),
        false => OffsetCommitResponseTopic::default().with_name(name),
    }
}

fn partition(index: i32, error: ErrorCode) -> OffsetCommitResponsePartition {
    OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(error.code())
}
