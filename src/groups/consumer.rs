//! Consumer groups (KIP-848) as their records tell them.

use std::sync::Arc;

use model::Timestamp;

use crate::records::*;
use crate::{GroupId, Map, MemberId, Record};

/// A consumer group.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroup {
    /// Grows with each change of members, subscriptions or topics.
    pub epoch: i32,
    /// What the topics looked like at that epoch (KIP-1101).
    pub metadata_hash: i64,
    /// Whether there is a record of the time before 4.1, to be deleted.
    pub has_partition_metadata: bool,
    /// The epoch for which the target was computed; -1 if it never was.
    pub assignment_epoch: i32,
    /// When it was.
    pub assigned_at: Timestamp,
    /// What each member told of itself.
    pub members: Map<MemberId, Arc<ConsumerGroupMemberMetadataValue>>,
    /// What each member shall have.
    pub target: Map<MemberId, Arc<ConsumerGroupTargetAssignmentMemberValue>>,
    /// What each member has.
    pub current: Map<MemberId, Arc<ConsumerGroupCurrentMemberAssignmentValue>>,
    /// What each regular expression matched.
    pub expressions: Map<Arc<str>, Arc<ConsumerGroupRegularExpressionValue>>,
}

impl Default for ConsumerGroup {
    fn default() -> Self {
        Self {
            epoch: 0,
            metadata_hash: 0,
            has_partition_metadata: false,
            assignment_epoch: -1,
            assigned_at: Timestamp(0),
            members: Map::default(),
            target: Map::default(),
            current: Map::default(),
            expressions: Map::default(),
        }
    }
}

impl ConsumerGroup {
    /// The group that a record of a consumer group is about, and whether the record is a tombstone.
    pub(crate) fn of(record: &Record) -> Option<(&str, bool)> {
        match record {
            Record::ConsumerGroupMetadata(key, value) => Some((&key.group_id, value.is_none())),
            Record::ConsumerGroupPartitionMetadata(key, value) => Some((&key.group_id, value.is_none())),
            Record::ConsumerGroupMemberMetadata(key, value) => Some((&key.group_id, value.is_none())),
            Record::ConsumerGroupTargetAssignmentMetadata(key, value) => Some((&key.group_id, value.is_none())),
            Record::ConsumerGroupTargetAssignmentMember(key, value) => Some((&key.group_id, value.is_none())),
            Record::ConsumerGroupCurrentMemberAssignment(key, value) => Some((&key.group_id, value.is_none())),
            Record::ConsumerGroupRegularExpression(key, value) => Some((&key.group_id, value.is_none())),
            _ => None,
        }
    }

    /// Folds in one of its records.
    pub(crate) fn replay(&mut self, record: &Record) {
        match record {
            Record::ConsumerGroupMetadata(_, Some(value)) => {
                self.epoch = value.epoch;
                self.metadata_hash = value.metadata_hash;
            }
            Record::ConsumerGroupPartitionMetadata(_, value) => self.has_partition_metadata = value.is_some(),
            Record::ConsumerGroupMemberMetadata(key, value) => fold(&mut self.members, &key.member_id, value),
            Record::ConsumerGroupTargetAssignmentMetadata(_, value) => {
                self.assignment_epoch = value.as_ref().map_or(-1, |value| value.assignment_epoch);
                self.assigned_at = value.as_ref().map_or(Timestamp(0), |value| value.assignment_timestamp);
            }
            Record::ConsumerGroupTargetAssignmentMember(key, value) => fold(&mut self.target, &key.member_id, value),
            Record::ConsumerGroupCurrentMemberAssignment(key, value) => fold(&mut self.current, &key.member_id, value),
            Record::ConsumerGroupRegularExpression(key, value) => {
                fold(&mut self.expressions, &key.regular_expression, value);
            }
            _ => {}
        }
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The records that delete the group `id`, in the order in which Kafka writes them.
    pub fn tombstones(&self, id: &GroupId, records: &mut Vec<Record>) {
        let group_id = || id.to_string();
        let members = || self.members.keys().map(|member| member.to_string());
        records.extend(members().map(|member_id| {
            let key = ConsumerGroupCurrentMemberAssignmentKey { group_id: group_id(), member_id, ..Default::default() };
            Record::ConsumerGroupCurrentMemberAssignment(key, None)
        }));
        records.extend(members().map(|member_id| {
            let key = ConsumerGroupTargetAssignmentMemberKey { group_id: group_id(), member_id, ..Default::default() };
            Record::ConsumerGroupTargetAssignmentMember(key, None)
        }));
        let key = ConsumerGroupTargetAssignmentMetadataKey { group_id: group_id(), ..Default::default() };
        records.push(Record::ConsumerGroupTargetAssignmentMetadata(key, None));
        records.extend(members().map(|member_id| {
            let key = ConsumerGroupMemberMetadataKey { group_id: group_id(), member_id, ..Default::default() };
            Record::ConsumerGroupMemberMetadata(key, None)
        }));
        records.extend(self.expressions.keys().map(|expression| {
            let regular_expression = expression.to_string();
            let key =
                ConsumerGroupRegularExpressionKey { group_id: group_id(), regular_expression, ..Default::default() };
            Record::ConsumerGroupRegularExpression(key, None)
        }));
        let key = ConsumerGroupPartitionMetadataKey { group_id: group_id(), ..Default::default() };
        records.push(Record::ConsumerGroupPartitionMetadata(key, None));
        let key = ConsumerGroupMetadataKey { group_id: group_id(), ..Default::default() };
        records.push(Record::ConsumerGroupMetadata(key, None));
    }
}

fn fold<V: Clone>(map: &mut Map<Arc<str>, Arc<V>>, key: &str, value: &Option<V>) {
    match value {
        Some(value) => map.insert_mut(key.into(), Arc::new(value.clone())),
        None => {
            map.remove_mut(key);
        }
    }
}
