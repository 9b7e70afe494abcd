//! The records of a consumer group, as they are written (`GroupCoordinatorRecordHelpers`).

use std::sync::Arc;

use model::Timestamp;

use super::group::{ConsumerGroup, Expression};
use super::member::Member;
use super::partitions::Partitions;
use crate::records::*;
use crate::{GroupId, Record};

/// A group that is being changed: what is written counts for what follows.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The group's id.
    pub id: GroupId,
    /// The group as it will be.
    pub group: ConsumerGroup,
    /// What makes it so.
    pub records: Vec<Record>,
    /// Whether the group's epoch is one for the topics as they are now.
    pub looked_at_topics: bool,
}

impl Draft {
    /// A draft of a group that is there, or of a new one.
    pub(crate) fn of(id: &str, group: Option<&ConsumerGroup>) -> Self {
        Self { id: id.into(), group: group.cloned().unwrap_or_default(), records: vec![], looked_at_topics: false }
    }

    fn write(&mut self, record: Record) {
        self.group.replay(&record);
        self.records.push(record);
    }

    /// What a member told of itself.
    pub(crate) fn write_metadata(&mut self, member: &Member) {
        self.write(Record::ConsumerGroupMemberMetadata(metadata_key(&self.id, &member.id), Some(member.metadata())));
    }

    /// What a member has.
    pub(crate) fn write_assignment(&mut self, member: &Member) {
        let key = assignment_key(&self.id, &member.id);
        self.write(Record::ConsumerGroupCurrentMemberAssignment(key, Some(member.assignment())));
    }

    /// What a member shall have.
    pub(crate) fn write_target(&mut self, member: &str, target: &Partitions) {
        let topic = |(topic_id, partitions): (&_, &std::collections::BTreeSet<_>)| TopicPartition {
            topic_id: *topic_id,
            partitions: partitions.iter().copied().collect(),
            ..Default::default()
        };
        let topic_partitions = target.iter().map(topic).collect();
        let value = ConsumerGroupTargetAssignmentMemberValue { topic_partitions, ..Default::default() };
        self.write(Record::ConsumerGroupTargetAssignmentMember(target_key(&self.id, member), Some(value)));
    }

    /// The epoch for which the target was computed.
    pub(crate) fn write_target_epoch(&mut self, assignment_epoch: i32, assignment_timestamp: Timestamp) {
        let value =
            ConsumerGroupTargetAssignmentMetadataValue { assignment_epoch, assignment_timestamp, ..Default::default() };
        self.write(Record::ConsumerGroupTargetAssignmentMetadata(target_epoch_key(&self.id), Some(value)));
    }

    /// The group's epoch.
    pub(crate) fn write_epoch(&mut self, epoch: i32, metadata_hash: i64) {
        let value = ConsumerGroupMetadataValue { epoch, metadata_hash, ..Default::default() };
        self.write(Record::ConsumerGroupMetadata(group_key(&self.id), Some(value)));
    }

    /// What an expression matched.
    pub(crate) fn write_expression(&mut self, regex: &str, expression: &Expression) {
        let value = ConsumerGroupRegularExpressionValue {
            topics: expression.topics.iter().cloned().collect(),
            version: expression.version,
            timestamp: expression.at,
            ..Default::default()
        };
        self.write(Record::ConsumerGroupRegularExpression(expression_key(&self.id, regex), Some(value)));
    }

    /// Nobody subscribes to an expression any more.
    pub(crate) fn delete_expression(&mut self, regex: &str) {
        self.write(Record::ConsumerGroupRegularExpression(expression_key(&self.id, regex), None));
    }

    /// The record of before 4.1 is needed no more.
    pub(crate) fn delete_partition_metadata(&mut self) {
        let key = ConsumerGroupPartitionMetadataKey { group_id: self.id.to_string(), ..Default::default() };
        self.write(Record::ConsumerGroupPartitionMetadata(key, None));
    }

    /// A member is gone.
    pub(crate) fn delete_member(&mut self, member: &str) {
        self.write(Record::ConsumerGroupCurrentMemberAssignment(assignment_key(&self.id, member), None));
        self.write(Record::ConsumerGroupTargetAssignmentMember(target_key(&self.id, member), None));
        self.write(Record::ConsumerGroupMemberMetadata(metadata_key(&self.id, member), None));
    }
}

impl ConsumerGroup {
    /// The records that delete the group `id`, in the order in which Kafka writes them.
    pub(crate) fn tombstones(&self, id: &GroupId, records: &mut Vec<Record>) {
        let members: Vec<_> = self.members().map(|member| member.id.clone()).collect();
        let each = |record: &dyn Fn(&Arc<str>) -> Record| members.iter().map(record).collect::<Vec<_>>();
        records.extend(each(&|it| Record::ConsumerGroupCurrentMemberAssignment(assignment_key(id, it), None)));
        records.extend(each(&|it| Record::ConsumerGroupTargetAssignmentMember(target_key(id, it), None)));
        records.push(Record::ConsumerGroupTargetAssignmentMetadata(target_epoch_key(id), None));
        records.extend(each(&|it| Record::ConsumerGroupMemberMetadata(metadata_key(id, it), None)));
        for (regex, _) in self.expressions() {
            records.push(Record::ConsumerGroupRegularExpression(expression_key(id, regex), None));
        }
        let key = ConsumerGroupPartitionMetadataKey { group_id: id.to_string(), ..Default::default() };
        records.push(Record::ConsumerGroupPartitionMetadata(key, None));
        records.push(Record::ConsumerGroupMetadata(group_key(id), None));
    }
}

fn group_key(group: &GroupId) -> ConsumerGroupMetadataKey {
    ConsumerGroupMetadataKey { group_id: group.to_string(), ..Default::default() }
}

fn metadata_key(group: &GroupId, member: &str) -> ConsumerGroupMemberMetadataKey {
    ConsumerGroupMemberMetadataKey { group_id: group.to_string(), member_id: member.to_owned(), ..Default::default() }
}

fn assignment_key(group: &GroupId, member: &str) -> ConsumerGroupCurrentMemberAssignmentKey {
    ConsumerGroupCurrentMemberAssignmentKey {
        group_id: group.to_string(),
        member_id: member.to_owned(),
        ..Default::default()
    }
}

fn target_key(group: &GroupId, member: &str) -> ConsumerGroupTargetAssignmentMemberKey {
    ConsumerGroupTargetAssignmentMemberKey {
        group_id: group.to_string(),
        member_id: member.to_owned(),
        ..Default::default()
    }
}

fn target_epoch_key(group: &GroupId) -> ConsumerGroupTargetAssignmentMetadataKey {
    ConsumerGroupTargetAssignmentMetadataKey { group_id: group.to_string(), ..Default::default() }
}

fn expression_key(group: &GroupId, regex: &str) -> ConsumerGroupRegularExpressionKey {
    ConsumerGroupRegularExpressionKey {
        group_id: group.to_string(),
        regular_expression: regex.to_owned(),
        ..Default::default()
    }
}
