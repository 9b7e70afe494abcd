//! Members leave a consumer group, or are put out of it because nothing was heard of them.

use std::collections::BTreeSet;

use model::{ErrorCode, Timestamp};

use super::Refusal;
use super::heartbeat::{ConsumerBeat, check_instance, known_static, unknown};
use super::member::{Member, MemberState, STATIC_LEAVE};
use super::partitions::Held;
use super::records::Draft;
use crate::{ConsumerGroupHeartbeat, Decision, Group, GroupId, Groups, MemberId, State};

impl Groups {
    pub(crate) fn consumer_leave(
        &mut self,
        state: &State,
        now: Timestamp,
        request: &ConsumerGroupHeartbeat,
        out: &mut Decision,
    ) -> Result<ConsumerBeat, Refusal> {
        let id = &request.group;
        let not_found = |message| Err(Refusal::new(ErrorCode::GroupIdNotFound, message));
        let group = match state.group(id) {
            Some(Group::Consumer(group)) => group,
            Some(_) => return not_found(format!("Group {id} is not a consumer group.")),
            None => return not_found(format!("Group {id} not found.")),
        };
        let member = match &request.instance {
            None => group.member(&request.member).cloned().ok_or_else(|| unknown(id, &request.member))?,
            Some(instance) => {
                let member = known_static(group.static_member(instance).cloned(), instance)?;
                check_instance(&member, &request.member, instance)?;
                member
            }
        };
        let mut draft = Draft::of(id, Some(group));
        if request.instance.is_some() && request.member_epoch == STATIC_LEAVE {
            draft.write_assignment(&away(&member));
            self.close_consumer(now, draft, out)?;
        } else {
            self.fence(now, draft, std::slice::from_ref(&member.id), out);
        }
        Ok(ConsumerBeat {
            member: request.member.clone(),
            epoch: request.member_epoch,
            heartbeat_interval_ms: 0,
            assignment: None,
        })
    }

    /// Puts members out. What is left of the group may be converted into a classic group, if only such members are left.
    pub(crate) fn fence(&mut self, now: Timestamp, mut draft: Draft, members: &[MemberId], out: &mut Decision) {
        if members.is_empty() {
            return;
        }
        if self.may_downgrade(&draft.group, members)
            && let Some(live) = self.downgraded(now, &draft.id, draft.group.epoch, &draft.group, members, out)
        {
            return self.downgrade(now, draft, live, true, out);
        }
        // Also those that were never looked up (`maybeDeleteResolvedRegularExpressions`).
        let subscribed: BTreeSet<_> = members.iter().filter_map(|it| draft.group.member(it)?.regex.clone()).collect();
        for member in members {
            draft.delete_member(member);
            self.cancel_member(&draft.id, member);
        }
        for regex in subscribed {
            if !draft.group.expression_subscribers().contains_key(&regex) {
                draft.delete_expression(&regex);
            }
        }
        self.raise_epoch(&mut draft, true);
        self.write_consumer(now, draft, out);
    }

    /// A member was silent for too long, or did not come again in time.
    pub(crate) fn on_member_deadline(
        &mut self,
        state: &State,
        now: Timestamp,
        id: &GroupId,
        member: &MemberId,
        out: &mut Decision,
    ) {
        let Some(Group::Consumer(group)) = state.group(id) else { return };
        if group.member(member).is_some() {
            self.fence(now, Draft::of(id, Some(group)), std::slice::from_ref(member), out);
        }
    }

    /// A member had its time to give partitions back. One that is away does not have to: its session ends.
    pub(crate) fn on_revocation_deadline(
        &mut self,
        state: &State,
        now: Timestamp,
        id: &GroupId,
        member: &MemberId,
        out: &mut Decision,
    ) {
        let Some(Group::Consumer(group)) = state.group(id) else { return };
        let is_late = |member: &Member| member.state == MemberState::UnrevokedPartitions && member.epoch >= 0;
        if group.member(member).is_some_and(|member| is_late(member)) {
            self.fence(now, Draft::of(id, Some(group)), std::slice::from_ref(member), out);
        }
    }
}

/// A static member that has gone for a moment: what it has waits for it, until its session ends.
fn away(member: &Member) -> Member {
    let at_zero = |(topic, held): (&_, &std::collections::BTreeMap<_, _>)| {
        (*topic, held.keys().map(|partition| (*partition, 0)).collect())
    };
    Member {
        epoch: STATIC_LEAVE,
        assigned: member.assigned.iter().map(at_zero).collect(),
        revoking: Held::new(),
        ..member.clone()
    }
}
