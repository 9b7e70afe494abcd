//! A consumer group (KIP-848) as its records tell it, and what follows from them (`ConsumerGroup`).

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{PartitionIndex, Timestamp, TopicId, TopicName};

use super::member::{LEAVE, Member};
use super::partitions::{Held, Partitions, each};
use crate::records::*;
use crate::{Map, MemberId, Record};

/// A consumer group. A clone shares everything with its original.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroup {
    /// Grows with each change of members, subscriptions or topics.
    pub epoch: i32,
    /// What the topics looked like at that epoch (KIP-1101).
    pub metadata_hash: i64,
    /// Whether there is a record of the time before 4.1, to be deleted.
    pub has_partition_metadata: bool,
    /// The epoch for which the target was computed; -1 if it was deleted.
    pub assignment_epoch: i32,
    /// When it was computed; 0 if it never was.
    pub assigned_at: Timestamp,
    members: Map<MemberId, Arc<Member>>,
    target: Map<MemberId, Arc<Partitions>>,
    expressions: Map<Arc<str>, Arc<Expression>>,
    /// The members behind instance ids.
    statics: Map<Arc<str>, MemberId>,
    /// Who subscribes to each topic that anybody subscribes to.
    topics: Map<TopicName, Subscribers>,
    /// How many members subscribe to each expression.
    expression_subscribers: Map<Arc<str>, usize>,
    /// The epoch of the member that has a partition, also while it gives it back.
    owners: Map<(TopicId, PartitionIndex), i32>,
    classic_members: usize,
}

/// What a regular expression matched when it was looked at last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expression {
    /// The topics.
    pub topics: BTreeSet<TopicName>,
    /// The version of the cluster's metadata that it was looked up in.
    pub version: i64,
    /// When.
    pub at: Timestamp,
}

/// Who subscribes to a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subscribers {
    /// How many members do by its name.
    pub by_name: usize,
    /// How many expressions match it.
    pub by_expression: usize,
}

/// How far a group is (`ConsumerGroupState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// Nobody is there.
    Empty,
    /// The target is not computed yet.
    Assigning,
    /// Some member is not at its target yet.
    Reconciling,
    /// All are.
    Stable,
}

impl GroupState {
    /// Its name, as it is told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::Stable => "Stable",
        }
    }
}

/// A group that nobody has joined. Its epochs are 1, so that a first member that has to wait for its assignment is at an
/// epoch that is not 0, which would mean to join again.
impl Default for ConsumerGroup {
    fn default() -> Self {
        Self {
            epoch: 1,
            metadata_hash: 0,
            has_partition_metadata: false,
            assignment_epoch: 1,
            assigned_at: Timestamp(0),
            members: Map::default(),
            target: Map::default(),
            expressions: Map::default(),
            statics: Map::default(),
            topics: Map::default(),
            expression_subscribers: Map::default(),
            owners: Map::default(),
            classic_members: 0,
        }
    }
}

impl ConsumerGroup {
    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.members.size()
    }

    /// How many of them speak the classic protocol.
    pub fn classic_members(&self) -> usize {
        self.classic_members
    }

    /// The members, in the order of their ids.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.values()
    }

    /// The member of this id.
    pub fn member(&self, id: &str) -> Option<&Arc<Member>> {
        self.members.get(id)
    }

    /// The member with this instance id.
    pub fn static_member(&self, instance: &str) -> Option<&Arc<Member>> {
        self.members.get(self.statics.get(instance)?)
    }

    /// What a member shall have.
    pub fn target(&self, member: &str) -> Arc<Partitions> {
        self.target.get(member).cloned().unwrap_or_default()
    }

    /// Whether there is a record of what a member shall have.
    pub fn has_target(&self, member: &str) -> bool {
        self.target.contains_key(member)
    }

    /// What an expression matched, if it was looked at yet.
    pub fn expression(&self, regex: &str) -> Option<&Arc<Expression>> {
        self.expressions.get(regex)
    }

    /// All expressions that were looked at.
    pub fn expressions(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Expression>)> {
        self.expressions.iter()
    }

    /// The expressions that members subscribe to, and how many do.
    pub fn expression_subscribers(&self) -> &Map<Arc<str>, usize> {
        &self.expression_subscribers
    }

    /// The topics that members subscribe to, by name or by expression.
    pub fn topics(&self) -> &Map<TopicName, Subscribers> {
        &self.topics
    }

    /// Whether somebody has this partition.
    pub fn is_taken(&self, topic: TopicId, partition: PartitionIndex) -> bool {
        self.owners.contains_key(&(topic, partition))
    }

    /// Whether all members subscribe to the same topics, so that the assignor may take the short way.
    pub fn is_homogeneous(&self) -> bool {
        let all = self.members.size();
        match self.expression_subscribers.values().next() {
            None => self.topics.values().all(|topic| topic.by_name == all),
            Some(count) => {
                *count == all && self.topics.values().all(|topic| topic.by_name == 0 && topic.by_expression == 1)
            }
        }
    }

    /// How far it is.
    pub fn state(&self) -> GroupState {
        if self.members.is_empty() {
            GroupState::Empty
        } else if self.epoch > self.assignment_epoch {
            GroupState::Assigning
        } else if self.members.values().any(|member| !member.is_reconciled_to(self.assignment_epoch)) {
            GroupState::Reconciling
        } else {
            GroupState::Stable
        }
    }

    /// The assignor that most members ask for; none if nobody asks for one. Of several, the last by name.
    pub fn preferred_assignor(&self) -> Option<&str> {
        let mut votes = std::collections::BTreeMap::<&str, usize>::new();
        for assignor in self.members.values().filter_map(|member| member.assignor.as_deref()) {
            *votes.entry(assignor).or_default() += 1;
        }
        votes.into_iter().max_by_key(|(_, votes)| *votes).map(|(name, _)| name)
    }

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
            Record::ConsumerGroupMemberMetadata(key, Some(value)) => {
                self.change(&key.member_id, |member| member.set_metadata(value));
            }
            Record::ConsumerGroupMemberMetadata(key, None) => self.remove(&key.member_id),
            Record::ConsumerGroupTargetAssignmentMetadata(_, value) => {
                self.assignment_epoch = value.as_ref().map_or(-1, |value| value.assignment_epoch);
                self.assigned_at = value.as_ref().map_or(Timestamp(0), |value| value.assignment_timestamp);
            }
            Record::ConsumerGroupTargetAssignmentMember(key, Some(value)) => {
                let topics = value.topic_partitions.iter();
                let target = topics.map(|it| (it.topic_id, it.partitions.iter().copied().collect())).collect();
                self.target.insert_mut(key.member_id.as_str().into(), Arc::new(target));
            }
            Record::ConsumerGroupTargetAssignmentMember(key, None) => {
                self.target.remove_mut(key.member_id.as_str());
            }
            Record::ConsumerGroupCurrentMemberAssignment(key, Some(value)) => {
                self.change(&key.member_id, |member| member.set_assignment(value));
            }
            Record::ConsumerGroupCurrentMemberAssignment(key, None) if self.member(&key.member_id).is_some() => {
                self.change(&key.member_id, |member| {
                    (member.epoch, member.previous_epoch) = (LEAVE, LEAVE);
                    (member.assigned, member.revoking) = (Held::new(), Held::new());
                });
            }
            Record::ConsumerGroupRegularExpression(key, value) => {
                self.replay_expression(&key.regular_expression, value)
            }
            _ => {}
        }
    }

    fn replay_expression(&mut self, regex: &str, value: &Option<ConsumerGroupRegularExpressionValue>) {
        if let Some(old) = self.expressions.get(regex).cloned() {
            old.topics
                .iter()
                .for_each(|topic| self.count(topic, |it| it.by_expression = it.by_expression.saturating_sub(1)));
            self.expressions.remove_mut(regex);
        }
        let Some(value) = value else { return };
        let topics: BTreeSet<_> = value.topics.iter().cloned().collect();
        topics.iter().for_each(|topic| self.count(topic, |it| it.by_expression += 1));
        let expression = Expression { topics, version: value.version, at: value.timestamp };
        self.expressions.insert_mut(regex.into(), Arc::new(expression));
    }

    /// Changes a member, or makes one.
    fn change(&mut self, id: &str, change: impl FnOnce(&mut Member)) {
        let old = self.members.get(id).cloned();
        let mut member = old.as_deref().cloned().unwrap_or_else(|| Member::new(id.into()));
        change(&mut member);
        let member = Arc::new(member);
        self.uncount(old.as_deref(), Some(&member));
        if let Some(instance) = &member.instance {
            self.statics.insert_mut(instance.clone(), member.id.clone());
        }
        if let Some(regex) = &member.regex {
            let count = self.expression_subscribers.get(regex).copied().unwrap_or(0);
            self.expression_subscribers.insert_mut(regex.clone(), count + 1);
        }
        if old.as_ref().is_none_or(|old| old.topics != member.topics) {
            member.topics.iter().for_each(|topic| self.count(topic, |it| it.by_name += 1));
        }
        for at in each(&member.assigned).chain(each(&member.revoking)) {
            if self.owners.get(&at).is_none_or(|epoch| *epoch < member.epoch) {
                self.owners.insert_mut(at, member.epoch);
            }
        }
        self.classic_members += usize::from(member.classic.is_some());
        self.members.insert_mut(member.id.clone(), member);
    }

    fn remove(&mut self, id: &str) {
        let Some(old) = self.members.get(id).cloned() else { return };
        self.members.remove_mut(id);
        self.uncount(Some(&old), None);
    }

    /// Takes back what follows from a member as it was, except for what will be the same.
    fn uncount(&mut self, old: Option<&Member>, new: Option<&Member>) {
        let Some(old) = old else { return };
        if let Some(instance) = old.instance.as_ref().filter(|it| self.statics.get(*it) == Some(&old.id)) {
            self.statics.remove_mut(instance);
        }
        if let Some(regex) = &old.regex {
            match self.expression_subscribers.get(regex).copied().unwrap_or(0) {
                0 | 1 => drop(self.expression_subscribers.remove_mut(regex)),
                count => self.expression_subscribers.insert_mut(regex.clone(), count - 1),
            }
        }
        if new.is_none_or(|new| new.topics != old.topics) {
            old.topics.iter().for_each(|topic| self.count(topic, |it| it.by_name = it.by_name.saturating_sub(1)));
        }
        for at in each(&old.assigned).chain(each(&old.revoking)) {
            if self.owners.get(&at) == Some(&old.epoch) {
                self.owners.remove_mut(&at);
            }
        }
        self.classic_members -= usize::from(old.classic.is_some());
    }

    fn count(&mut self, topic: &TopicName, change: impl FnOnce(&mut Subscribers)) {
        let mut count = self.topics.get(topic).copied().unwrap_or_default();
        change(&mut count);
        if count == Subscribers::default() {
            self.topics.remove_mut(topic);
        } else {
            self.topics.insert_mut(topic.clone(), count);
        }
    }
}
