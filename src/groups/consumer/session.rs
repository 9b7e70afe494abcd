//! How long a member may be silent, and how long it may take; and how a decision upon a consumer group begins and ends.

use std::sync::Arc;

use model::{ErrorCode, Timestamp};

use super::group::ConsumerGroup;
use super::member::{Member, MemberState};
use super::partitions::Partitions;
use super::reconcile::{Goal, MustRejoin, reconcile};
use super::records::Draft;
use super::{Refusal, target};
use crate::{Alarm, Decision, Group, GroupConfig, GroupId, Groups, Record, State, Surroundings};

impl Groups {
    /// The group that a member joins or is in. A classic group that is empty makes room; one that has members becomes a consumer
    /// group with all of them, if its members and the configuration allow it.
    pub(crate) fn open_consumer(&mut self, state: &State, id: &str, joins: bool) -> Result<Draft, Refusal> {
        let not_found = |message| Err(Refusal::new(ErrorCode::GroupIdNotFound, message));
        match state.group(id) {
            Some(Group::Consumer(group)) => Ok(Draft::of(id, Some(group))),
            None if joins => Ok(Draft::of(id, None)),
            None => not_found(format!("Consumer group {id} not found.")),
            Some(Group::Classic(_)) if joins => self.upgrade(id),
            Some(Group::Classic(_)) => not_found(format!("Group {id} is not a consumer group.")),
        }
    }

    /// The decision stands, unless the offsets topic would not take what it writes.
    pub(crate) fn close_consumer(&mut self, now: Timestamp, draft: Draft, out: &mut Decision) -> Result<(), Refusal> {
        const PER_RECORD: usize = 32;
        let bytes = |record: &Record| record.encoded_len().ok().map(|bytes| PER_RECORD + bytes);
        let total = draft.records.iter().map(bytes).sum::<Option<usize>>();
        if total.is_none_or(|total| total > self.settings.max_batch_bytes) {
            return Err(Refusal::code(ErrorCode::UnknownServerError));
        }
        self.write_consumer(now, draft, out);
        Ok(())
    }

    /// What the draft says is written. A group that was a classic one until now is none any more.
    pub(crate) fn write_consumer(&mut self, now: Timestamp, draft: Draft, out: &mut Decision) {
        for member in self.dissolve(&draft.id, out) {
            if let Some(member) = draft.group.member(&member).cloned() {
                self.start_session(now, &draft.id, &member);
            }
        }
        if draft.looked_at_topics {
            self.consumer.checked(&draft.id, &self.surroundings);
        }
        out.records.extend(draft.records);
    }

    /// What was configured for this group.
    pub(crate) fn group_config(&self, id: &str) -> Option<&GroupConfig> {
        self.surroundings.configs.get(id)
    }

    /// Takes a member one step on, and watches that it gives back in time what it has to.
    pub(crate) fn advance(
        &mut self,
        now: Timestamp,
        draft: &mut Draft,
        member: Member,
        subscription_changed: bool,
        owned: Option<&Partitions>,
    ) -> Result<Member, Refusal> {
        if !subscription_changed && member.is_reconciled_to(draft.group.assignment_epoch) {
            return Ok(member);
        }
        let next = step(&self.surroundings, &draft.group, &member, subscription_changed, owned).map_err(|MustRejoin| {
            let message =
                "The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.";
            Refusal::new(ErrorCode::FencedMemberEpoch, message)
        })?;
        if next == member {
            return Ok(member);
        }
        draft.write_assignment(&next);
        if next.classic.is_none() {
            let alarm = Alarm::Revocation(next.id.clone());
            if next.state == MemberState::UnrevokedPartitions {
                self.timers.set(&draft.id, alarm, now.plus_ms(next.rebalance_timeout_ms.into()));
            } else {
                self.timers.cancel(&draft.id, alarm);
            }
        }
        Ok(next)
    }

    /// The member was heard of.
    pub(crate) fn start_session(&mut self, now: Timestamp, id: &GroupId, member: &Member) {
        let ms = match &member.classic {
            Some(classic) => classic.session_timeout_ms,
            None => self.session_timeout_ms(id),
        };
        self.timers.set(id, Alarm::Session(member.id.clone()), now.plus_ms(ms.into()));
    }

    fn session_timeout_ms(&self, id: &str) -> i32 {
        let config = self.group_config(id).and_then(|it| it.consumer_session_timeout_ms);
        config.unwrap_or(self.settings.consumer.session_timeout_ms)
    }

    /// A group was loaded: its members have new sessions.
    pub(crate) fn load_consumer(&mut self, now: Timestamp, id: &GroupId, group: &ConsumerGroup) {
        let session = now.plus_ms(self.session_timeout_ms(id).into());
        for member in group.members() {
            self.timers.set(id, Alarm::Session(member.id.clone()), session);
            if member.state == MemberState::UnrevokedPartitions {
                let at = now.plus_ms(member.rebalance_timeout_ms.into());
                self.timers.set(id, Alarm::Revocation(member.id.clone()), at);
            }
        }
    }

    /// Nothing is expected of a member any more.
    pub(crate) fn cancel_member(&mut self, id: &GroupId, member: &Arc<str>) {
        for alarm in [Alarm::Session, Alarm::Revocation, Alarm::Rejoin, Alarm::Resync] {
            self.timers.cancel(id, alarm(member.clone()));
        }
    }
}

fn step(
    surroundings: &Surroundings,
    group: &ConsumerGroup,
    member: &Member,
    subscription_changed: bool,
    owned: Option<&Partitions>,
) -> Result<Member, MustRejoin> {
    let expression = member.regex.as_ref().and_then(|regex| group.expression(regex));
    let target = group.target(&member.id);
    let goal = Goal {
        epoch: group.assignment_epoch,
        target: &target,
        subscription_changed,
        subscribes: target::subscription(group, member).next().is_some(),
        subscribes_to: &|topic| {
            surroundings.name(topic).is_some_and(|name| {
                member.topics.contains(name) || expression.is_some_and(|it| it.topics.contains(name))
            })
        },
        is_taken: &|topic, partition| group.is_taken(topic, partition),
        owned,
    };
    reconcile(member, &goal)
}
