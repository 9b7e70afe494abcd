//! Who shall have what: the target of a group for an epoch (`TargetAssignmentBuilder`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Timestamp, TopicId, TopicName};

use super::assignor::{Assignor, Shares, Spec, Subscriber};
use super::group::ConsumerGroup;
use super::member::Member;
use super::records::Draft;
use crate::{Groups, Surroundings};

impl Groups {
    /// Computes the target if there is none for the group's epoch yet, and the last one is old enough
    /// (`group.consumer.assignment.interval.ms`, KIP-1263): while members pour in, not each of them costs a new target.
    pub(crate) fn update_target(&self, now: Timestamp, draft: &mut Draft) {
        let group = &draft.group;
        let interval = self.group_config(&draft.id).and_then(|it| it.consumer_assignment_interval_ms);
        let interval = interval.or(self.surroundings.consumer_assignment_interval_ms);
        let interval = interval.unwrap_or(self.settings.consumer.assignment_interval_ms);
        // Without an interval a clock that is set back stops nothing.
        let due = group.assigned_at.0 == 0 || interval == 0 || now >= group.assigned_at.plus_ms(interval.into());
        if group.assignment_epoch >= group.epoch || !due {
            return;
        }
        let asked_for = group.preferred_assignor().and_then(Assignor::named);
        let assignor = asked_for.unwrap_or(self.default_assignor());
        let shares = assignor.assign(&spec(group, &self.surroundings));
        write(now, draft, shares);
    }

    /// The assignor that serves members who ask for none: the first of `group.consumer.assignors`.
    pub(crate) fn default_assignor(&self) -> Assignor {
        let mut known = self.settings.consumer.assignors.iter().filter_map(|name| Assignor::named(name));
        known.next().unwrap_or(Assignor::Uniform)
    }
}

/// The group as an assignor sees it.
fn spec(group: &ConsumerGroup, surroundings: &Surroundings) -> Spec {
    let mut counts = BTreeMap::new();
    for topic in group.topics().keys().filter_map(|name| surroundings.topic(name)) {
        counts.insert(topic.id, topic.partitions());
    }
    // Most members subscribe to the same, which then is looked up once.
    let mut known = BTreeMap::<(Arc<BTreeSet<TopicName>>, Option<Arc<str>>), Arc<BTreeSet<TopicId>>>::new();
    let mut members = BTreeMap::new();
    for member in group.members() {
        let ids = || {
            let topics = subscription(group, member).filter_map(|name| surroundings.topic(name));
            Arc::new(topics.map(|topic| topic.id).collect())
        };
        let topics = known.entry((member.topics.clone(), member.regex.clone())).or_insert_with(ids).clone();
        let subscriber = Subscriber { instance: member.instance.clone(), topics, current: group.target(&member.id) };
        members.insert(member.id.clone(), subscriber);
    }
    Spec { members, homogeneous: group.is_homogeneous(), counts }
}

/// The topics that a member subscribes to, by name and by what its expression matched. Some may come twice.
pub(crate) fn subscription<'a>(group: &'a ConsumerGroup, member: &'a Member) -> impl Iterator<Item = &'a TopicName> {
    let expression = member.regex.as_ref().and_then(|regex| group.expression(regex));
    member.topics.iter().chain(expression.into_iter().flat_map(|it| it.topics.iter()))
}

/// Only members whose share has changed, or who had none yet, get a record.
fn write(now: Timestamp, draft: &mut Draft, mut shares: Shares) {
    let members: Vec<_> = draft.group.members().map(|member| member.id.clone()).collect();
    for member in members {
        let share = shares.remove(&member).unwrap_or_default();
        let old = draft.group.target(&member);
        if !draft.group.has_target(&member) || !(Arc::ptr_eq(&old, &share) || old == share) {
            draft.write_target(&member, &share);
        }
    }
    draft.write_target_epoch(draft.group.epoch, now);
}
