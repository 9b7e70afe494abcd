//! JoinGroup into a consumer group (`classicGroupJoinToConsumerGroup`).

use std::sync::Arc;

use model::{ErrorCode, Timestamp};

use crate::consumer::Refusal;
use crate::consumer::embedded::{self, Subscription};
use crate::consumer::group::ConsumerGroup;
use crate::consumer::heartbeat::{check_instance, known_static, replace};
use crate::consumer::member::Member;
use crate::consumer::records::Draft;
use crate::records::{ClassicMemberMetadata, ClassicProtocol};
use crate::{Alarm, Decision, Groups, JoinGroup, Joined};

impl Groups {
    pub(crate) fn join_consumer(
        &mut self,
        now: Timestamp,
        group: &ConsumerGroup,
        mut request: JoinGroup,
        out: &mut Decision,
    ) -> Joined {
        let is_new = request.member.is_empty();
        if is_new {
            request.member = request.dice.to_string();
        }
        if let Err(refusal) = self.may_join(group, &request) {
            return Joined::refused(refusal.code, "");
        }
        if is_new && request.requires_known_member && request.instance.is_none() {
            return Joined::refused(ErrorCode::MemberIdRequired, &request.member);
        }
        self.take_in(now, group, &request, is_new, out).unwrap_or_else(|refusal| Joined::refused(refusal.code, ""))
    }

    fn may_join(&self, group: &ConsumerGroup, request: &JoinGroup) -> Result<(), Refusal> {
        let migration = self.settings.consumer.migration;
        if !migration.upgrade && !migration.downgrade {
            return Err(Refusal::code(ErrorCode::InconsistentGroupProtocol));
        }
        self.check_room(group, &request.member)?;
        // A protocol must be one of all the members that have protocols.
        let by_all = |name: &str| {
            let mut classic = group.members().filter_map(|member| member.classic.as_ref());
            classic.all(|classic| classic.supported_protocols.iter().any(|protocol| protocol.name == name))
        };
        let supported = request.protocols.iter().any(|protocol| by_all(&protocol.name));
        if request.protocol_type != "consumer" || !supported {
            return Err(Refusal::code(ErrorCode::InconsistentGroupProtocol));
        }
        Ok(())
    }

    fn take_in(
        &mut self,
        now: Timestamp,
        before: &ConsumerGroup,
        request: &JoinGroup,
        is_new: bool,
        out: &mut Decision,
    ) -> Result<Joined, Refusal> {
        let mut draft = Draft::of(&request.group, Some(before));
        let replaced = request.instance.as_deref().and_then(|instance| before.static_member(instance)).cloned();
        let member = match (&request.instance, &replaced) {
            (Some(_), Some(old)) if is_new => replace(&mut draft, old, &request.member),
            (Some(instance), old) if !is_new => {
                let member = known_static(old.clone(), instance)?;
                check_instance(&member, &request.member, instance)?;
                Member::clone(&member)
            }
            _ => match before.member(&request.member) {
                Some(member) => Member::clone(member),
                None => Member::new(request.member.as_str().into()),
            },
        };
        // The last member of the consumer protocol has come back with the classic one.
        let downgrade = replaced.as_ref().is_some_and(|old| {
            old.classic.is_none() && before.classic_members() + 1 == before.len() && self.allows_classic(before.len())
        });
        let told = request.protocols.first().and_then(|it| embedded::subscription(&it.metadata, &self.surroundings));
        let told = told.ok_or(Refusal::code(ErrorCode::UnknownServerError))?;
        let mut updated = member.clone();
        tell(&mut updated, request, &told);
        if updated != member {
            draft.write_metadata(&updated);
        }
        let names_changed = updated.topics != member.topics;
        let expression = self.change_expression(now, before, (&member, &updated), &mut draft)?;
        let changed = names_changed || expression.changed;
        self.refresh_topics(&mut draft, changed);

        let classic = downgrade && draft.group.assignment_epoch >= draft.group.epoch;
        if !downgrade {
            self.update_target(now, &mut draft);
        }
        if !downgrade || classic {
            updated = self.advance(now, &mut draft, updated, changed, Some(&told.owned))?;
        }
        let joined = Joined {
            member: updated.id.to_string(),
            generation: updated.epoch,
            protocol_type: Some("consumer".to_owned()),
            protocol_name: request.protocols.first().map(|protocol| protocol.name.clone()),
            ..Joined::default()
        };
        if downgrade {
            let live = self.downgraded(now, &draft.id, before.epoch, &draft.group, &[], out);
            let live = live.ok_or(Refusal::code(ErrorCode::GroupIdNotFound))?;
            self.downgrade(now, draft, live, !classic, out);
            return Ok(joined);
        }
        if expression.look_up {
            self.look_up_expressions(now, &mut draft);
        }
        let id = draft.id.clone();
        self.close_consumer(now, draft, out)?;
        self.timers.cancel(&id, Alarm::Rejoin(updated.id.clone()));
        self.start_session(now, &id, &updated);
        let sync = now.plus_ms(request.rebalance_timeout_ms.into());
        self.timers.set(&id, Alarm::Resync(updated.id.clone()), sync);
        Ok(joined)
    }
}

/// Takes in what the member says of itself. It cannot subscribe to a regular expression.
fn tell(member: &mut Member, request: &JoinGroup, told: &Subscription) {
    if let Some(instance) = &request.instance {
        member.instance = Some(instance.as_str().into());
    }
    if let Some(rack) = &told.rack {
        member.rack = Some(rack.clone());
    }
    if request.rebalance_timeout_ms != -1 {
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    member.topics = Arc::new(told.topics.iter().cloned().collect());
    member.regex = None;
    member.client_id.clone_from(&request.client_id);
    member.client_host.clone_from(&request.client_host);
    let protocols = request.protocols.iter().map(|it| ClassicProtocol {
        name: it.name.clone(),
        metadata: it.metadata.clone(),
        ..Default::default()
    });
    member.classic = Some(ClassicMemberMetadata {
        session_timeout_ms: request.session_timeout_ms,
        supported_protocols: protocols.collect(),
        ..Default::default()
    });
}
