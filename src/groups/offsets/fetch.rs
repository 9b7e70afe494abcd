//! OffsetFetch: what was committed.

use model::{ErrorCode, PartitionIndex, TopicId, TopicName, Uuid};

use super::Committed;
use crate::{FetchedOffset, FetchedTopic, Group, Groups, OffsetFetch, State};

impl Groups {
    /// A group that is not there has no offsets, which is no error.
    pub(crate) fn offset_fetch(&self, state: &State, request: &OffsetFetch) -> Result<Vec<FetchedTopic>, ErrorCode> {
        match state.group(&request.group) {
            None | Some(Group::Classic(_)) => {}
            Some(Group::Consumer(group)) => group.may_fetch(request.member.as_deref(), request.member_epoch)?,
        }
        let fetched = |name: &TopicName, index: PartitionIndex, committed: Option<&Committed>| {
            if request.require_stable && state.offsets.is_unstable(&request.group, name, index) {
                return FetchedOffset::none(index, ErrorCode::UnstableOffsetCommit);
            }
            let Some(committed) = committed else { return FetchedOffset::none(index, ErrorCode::None) };
            FetchedOffset {
                index,
                error: ErrorCode::None,
                offset: committed.offset,
                leader_epoch: committed.leader_epoch,
                metadata: committed.metadata.to_string(),
            }
        };
        let all = state.offsets.of_group(&request.group);
        let Some(wanted) = &request.topics else {
            let topics = all.into_iter().flat_map(|topics| topics.iter());
            let topic = |(name, partitions): (&TopicName, &super::Map<PartitionIndex, Committed>)| FetchedTopic {
                name: name.clone(),
                id: Uuid::ZERO,
                partitions: partitions.iter().map(|(index, it)| fetched(name, *index, Some(it))).collect(),
            };
            return Ok(topics.map(topic).collect());
        };
        let topics = wanted.iter().map(|topic| {
            let committed = all.and_then(|topics| topics.get(&topic.name));
            let partition = |index: &PartitionIndex| {
                let committed = committed.and_then(|it| it.get(index));
                fetched(&topic.name, *index, committed.filter(|it| is_of(it.topic_id, topic.id)))
            };
            FetchedTopic {
                name: topic.name.clone(),
                id: topic.id,
                partitions: topic.partitions.iter().map(partition).collect(),
            }
        });
        Ok(topics.collect())
    }
}

/// Offsets of an earlier topic of the same name are not this one's; where an id is not known, names decide.
fn is_of(committed: TopicId, wanted: TopicId) -> bool {
    committed.is_zero() || wanted.is_zero() || committed == wanted
}
