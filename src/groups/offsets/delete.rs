//! OffsetDelete, and the offsets of a group that goes (KIP-496).

use model::{ErrorCode, PartitionIndex, TopicName};

use super::Offsets;
use crate::classic::Phase;
use crate::records::OffsetCommitKey;
use crate::{Decision, Group, Groups, OffsetDelete, Record, State, TopicErrors};

impl Groups {
    /// Offsets of topics that the group does not subscribe to; those of a group whose subscriptions cannot be read only
    /// if it has no members.
    pub(crate) fn offset_delete(
        &self,
        state: &State,
        request: OffsetDelete,
        out: &mut Decision,
    ) -> Result<Vec<TopicErrors>, ErrorCode> {
        if request.group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        let Some((id, group)) = state.groups.get_key_value(request.group.as_str()) else {
            return Err(ErrorCode::GroupIdNotFound);
        };
        if self.live(id).is_some_and(|live| live.phase != Phase::Empty && !live.is_of_consumers()) {
            return Err(ErrorCode::NonEmptyGroup);
        }
        let mut results = Vec::new();
        for (name, partitions) in request.topics {
            let subscribed = self.is_subscribed(id, group, &name);
            let mut delete = |index: PartitionIndex| {
                if subscribed {
                    return (index, ErrorCode::GroupSubscribedToTopic);
                }
                if state.offsets.get(id, &name, index).is_some() || state.offsets.is_unstable(id, &name, index) {
                    out.records.push(tombstone(id, &name, index));
                }
                (index, ErrorCode::None)
            };
            let partitions = partitions.into_iter().map(&mut delete).collect();
            results.push(TopicErrors { name, partitions });
        }
        Ok(results)
    }

    /// Whether members of a group use the offsets of a topic.
    pub(super) fn is_subscribed(&self, id: &str, group: &Group, topic: &str) -> bool {
        match group {
            Group::Classic(_) => self.live(id).is_some_and(|live| live.is_subscribed_to(topic)),
            Group::Consumer(group) => group.topics().contains_key(topic),
        }
    }
}

impl Offsets {
    /// The tombstones of all offsets of a group, those of open transactions too.
    pub(crate) fn delete_all(&self, group: &str, records: &mut Vec<Record>) {
        for (topic, partitions) in self.committed.get(group).into_iter().flatten() {
            records.extend(partitions.keys().map(|index| tombstone(group, topic, *index)));
        }
        for (topic, partitions) in self.open.get(group).into_iter().flatten() {
            let pending = partitions.keys().filter(|index| self.get(group, topic, **index).is_none());
            records.extend(pending.map(|index| tombstone(group, topic, *index)));
        }
    }
}

/// The record that takes an offset away.
pub(super) fn tombstone(group: &str, topic: &TopicName, partition: PartitionIndex) -> Record {
    let key = OffsetCommitKey { group: group.to_owned(), topic: topic.clone(), partition, ..Default::default() };
    Record::OffsetCommit(key, None)
}
