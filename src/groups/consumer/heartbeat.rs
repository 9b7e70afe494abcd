//! ConsumerGroupHeartbeat (KIP-848): a member joins, tells what it wants and owns, and is told what it shall have.

use std::sync::Arc;

use model::{ErrorCode, Timestamp};

use super::Refusal;
use super::group::ConsumerGroup;
use super::member::{LEAVE, Member, STATIC_LEAVE};
use super::partitions::{Partitions, without_epochs};
use super::records::Draft;
use crate::{ConsumerGroupHeartbeat, Decision, Groups, State};

/// What a member is told.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerBeat {
    /// Its id.
    pub member: String,
    /// Its epoch, which it has to name from now on.
    pub epoch: i32,
    /// When it is to come again, in milliseconds; 0 for one that leaves.
    pub heartbeat_interval_ms: i32,
    /// What it shall have; none if that has not changed since it was told.
    pub assignment: Option<Partitions>,
}

impl Groups {
    pub(crate) fn consumer_heartbeat(
        &mut self,
        state: &State,
        now: Timestamp,
        request: ConsumerGroupHeartbeat,
        out: &mut Decision,
    ) -> Result<ConsumerBeat, Refusal> {
        match request.member_epoch {
            LEAVE | STATIC_LEAVE => self.consumer_leave(state, now, &request, out),
            _ => self.consumer_beat(state, now, request, out),
        }
    }

    fn consumer_beat(
        &mut self,
        state: &State,
        now: Timestamp,
        mut request: ConsumerGroupHeartbeat,
        out: &mut Decision,
    ) -> Result<ConsumerBeat, Refusal> {
        let joins = request.member_epoch == 0;
        let mut draft = self.open_consumer(state, &request.group, joins)?;
        let before = draft.group.clone();
        self.check_room(&before, &request.member)?;
        if request.member.is_empty() {
            request.member = request.dice.to_string();
        }
        let member = match &request.instance {
            Some(instance) => static_member(&mut draft, &request, instance)?,
            None => dynamic_member(&before, &request)?,
        };

        // 1. What the member says of itself, and what follows for the group's subscription and epoch.
        let mut updated = member.clone();
        tell(&mut updated, &request);
        if updated != member {
            draft.write_metadata(&updated);
        }
        let names_changed = updated.topics != member.topics;
        let expression = self.change_expression(now, &before, (&member, &updated), &mut draft)?;
        // A new expression that nobody has looked up raises the epoch later, when it is known what it matches.
        self.refresh_topics(&mut draft, names_changed || expression.resolved);
        // 2. Who shall have what, if that is not known for this epoch yet.
        self.update_target(now, &mut draft);
        // 3. The member's next step towards it.
        let subscription_changed = names_changed || expression.changed;
        let updated = self.advance(now, &mut draft, updated, subscription_changed, request.owned.as_ref())?;
        self.start_session(now, &draft.id, &updated);

        let is_full = request.rebalance_timeout_ms != -1
            && (request.topics.is_some() || request.regex.is_some())
            && request.owned.is_some();
        let tell_all = joins || is_full || updated.assigned != member.assigned;
        if expression.look_up {
            self.look_up_expressions(now, &mut draft);
        }
        let config = self.group_config(&draft.id).and_then(|it| it.consumer_heartbeat_interval_ms);
        let answer = ConsumerBeat {
            member: updated.id.to_string(),
            epoch: updated.epoch,
            heartbeat_interval_ms: config.unwrap_or(self.settings.consumer.heartbeat_interval_ms),
            assignment: tell_all.then(|| without_epochs(&updated.assigned)),
        };
        self.close_consumer(now, draft, out)?;
        Ok(answer)
    }

    /// Whether one more member may come.
    pub(crate) fn check_room(&self, group: &ConsumerGroup, member: &str) -> Result<(), Refusal> {
        let most = self.settings.consumer.max_size;
        if group.len() as i64 >= i64::from(most) && group.member(member).is_none() {
            let message = format!("The consumer group has reached its maximum capacity of {most} members.");
            return Err(Refusal::new(ErrorCode::GroupMaxSizeReached, message));
        }
        Ok(())
    }

    /// Raises the group's epoch if its subscription has changed, or if the topics have that it subscribes to.
    pub(crate) fn refresh_topics(&mut self, draft: &mut Draft, subscription_changed: bool) {
        if !subscription_changed && !self.consumer.must_check(&draft.id, &self.surroundings) {
            return;
        }
        self.raise_epoch(draft, subscription_changed);
        if draft.group.has_partition_metadata {
            draft.delete_partition_metadata();
        }
    }
}

/// The member that a request without an instance id speaks of.
fn dynamic_member(group: &ConsumerGroup, request: &ConsumerGroupHeartbeat) -> Result<Member, Refusal> {
    match group.member(&request.member) {
        Some(member) => {
            check_epoch(member, request.member_epoch, request.owned.as_ref())?;
            Ok(Member::clone(member))
        }
        None if request.member_epoch == 0 => Ok(Member::new(request.member.as_str().into())),
        None => Err(unknown(&request.group, &request.member)),
    }
}

/// The static member that a request speaks of. One that comes back takes the place of its earlier self.
fn static_member(draft: &mut Draft, request: &ConsumerGroupHeartbeat, instance: &str) -> Result<Member, Refusal> {
    let member = draft.group.static_member(instance).cloned();
    if request.member_epoch != 0 {
        let member = known_static(member, instance)?;
        check_instance(&member, &request.member, instance)?;
        check_epoch(&member, request.member_epoch, request.owned.as_ref())?;
        return Ok(Member::clone(&member));
    }
    let Some(old) = member else {
        let member = draft.group.member(&request.member).map(|member| Member::clone(member));
        return Ok(member.unwrap_or_else(|| Member::new(request.member.as_str().into())));
    };
    if old.classic.is_none() && old.epoch != STATIC_LEAVE {
        let message = format!(
            "Static member {} with instance id {instance} cannot join the group because the instance id is owned by {} member.",
            request.member, old.id
        );
        return Err(Refusal::new(ErrorCode::UnreleasedInstanceId, message));
    }
    Ok(replace(draft, &old, &request.member))
}

/// Gives what a static member has to its new self.
pub(crate) fn replace(draft: &mut Draft, old: &Member, id: &str) -> Member {
    let new = Member { id: id.into(), epoch: 0, previous_epoch: 0, ..old.clone() };
    let target = draft.group.target(&old.id);
    draft.delete_member(&old.id);
    draft.write_metadata(&new);
    draft.write_target(id, &target);
    draft.write_assignment(&new);
    new
}

/// Takes in what a member says of itself. What it does not say stays.
fn tell(member: &mut Member, request: &ConsumerGroupHeartbeat) {
    if let Some(instance) = &request.instance {
        member.instance = Some(instance.as_str().into());
    }
    if let Some(rack) = &request.rack {
        member.rack = Some(rack.clone());
    }
    if request.rebalance_timeout_ms != -1 {
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    if let Some(assignor) = &request.assignor {
        member.assignor = Some(assignor.clone());
    }
    if let Some(topics) = &request.topics
        && !(topics.len() == member.topics.len() && topics.iter().all(|topic| member.topics.contains(topic)))
    {
        member.topics = Arc::new(topics.iter().cloned().collect());
    }
    if let Some(regex) = &request.regex {
        member.regex = Some(regex.as_str().into()).filter(|regex: &Arc<str>| !regex.is_empty());
    }
    member.client_id.clone_from(&request.client_id);
    member.client_host.clone_from(&request.client_host);
    member.classic = None;
}

/// Whether a member may go on: at its epoch, or at the one before if it owns no more than it was given, as the answer may have
/// been lost that told it the new one.
fn check_epoch(member: &Member, received: i32, owned: Option<&Partitions>) -> Result<(), Refusal> {
    if received == 0 || received == member.epoch {
        return Ok(());
    }
    let known = member.epoch;
    let size = if received > known { "greater" } else { "smaller" };
    if received < known && received == member.previous_epoch && owned.is_some_and(|owned| is_given(owned, member)) {
        return Ok(());
    }
    let message = format!(
        "The consumer group member has a {size} member epoch ({received}) than the one known by the group coordinator \
         ({known}). The member must abandon all its partitions and rejoin."
    );
    Err(Refusal::new(ErrorCode::FencedMemberEpoch, message))
}

fn is_given(owned: &Partitions, member: &Member) -> bool {
    owned.iter().all(|(topic, partitions)| {
        let assigned = member.assigned.get(topic);
        assigned.is_some_and(|assigned| partitions.iter().all(|partition| assigned.contains_key(partition)))
    })
}

pub(crate) fn unknown(group: &str, member: &str) -> Refusal {
    Refusal::new(ErrorCode::UnknownMemberId, format!("Member {member} is not a member of group {group}."))
}

/// The static member that must be there.
pub(crate) fn known_static(member: Option<Arc<Member>>, instance: &str) -> Result<Arc<Member>, Refusal> {
    let refuse = || Refusal::new(ErrorCode::UnknownMemberId, format!("Instance id {instance} is unknown."));
    member.ok_or_else(refuse)
}

/// Whether a static member is still the one that its instance id stands for.
pub(crate) fn check_instance(member: &Member, received: &str, instance: &str) -> Result<(), Refusal> {
    if &*member.id == received {
        return Ok(());
    }
    let message = format!("Static member {received} with instance id {instance} was fenced by member {}.", member.id);
    Err(Refusal::new(ErrorCode::FencedInstanceId, message))
}
