//! Members of a consumer group that speak the classic protocol: their JoinGroup, SyncGroup, Heartbeat and LeaveGroup.
//!
//! Such a member takes each step towards its target by joining again; its heartbeats tell it when.

mod join;

use std::sync::Arc;

use model::{ErrorCode, Timestamp};

use super::Refusal;
use super::embedded;
use super::group::ConsumerGroup;
use super::heartbeat::{check_instance, known_static, unknown};
use super::member::{Member, MemberState};
use super::partitions::without_epochs;
use super::records::Draft;
use crate::records::ClassicProtocol;
use crate::{Alarm, Decision, Groups, Heartbeat, LeaveGroup, Left, SyncGroup, Synced};

impl Groups {
    /// What a member has been given.
    pub(crate) fn sync_consumer(
        &mut self,
        now: Timestamp,
        group: &ConsumerGroup,
        request: &SyncGroup,
    ) -> Result<Synced, ErrorCode> {
        let (member, told) =
            self.classic_member(group, &request.group, &request.member, request.instance.as_deref())?;
        if request.generation != member.epoch {
            return Err(ErrorCode::IllegalGeneration);
        }
        let differs = |told: &Option<String>, known: &str| told.as_deref().is_some_and(|told| told != known);
        if differs(&request.protocol_type, "consumer") || differs(&request.protocol_name, &told.name) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        let id = request.group.as_str().into();
        // One that is giving partitions back has joined already, and will join again when it is done.
        if group.assignment_epoch > member.epoch && member.state != MemberState::UnrevokedPartitions {
            self.must_rejoin(now, &id, &member);
            return Err(ErrorCode::RebalanceInProgress);
        }
        let has = without_epochs(&member.assigned);
        let assignment = embedded::write_assignment(&has, &told.metadata, &self.surroundings);
        let assignment = assignment.ok_or(ErrorCode::UnknownServerError)?;
        self.timers.cancel(&id, Alarm::Resync(member.id.clone()));
        self.start_session(now, &id, &member);
        let SyncGroup { protocol_type, protocol_name, .. } = request.clone();
        Ok(Synced { error: ErrorCode::None, protocol_type, protocol_name, assignment })
    }

    /// A sign of life. The answer tells whether to join again: to come to a new epoch, to give back, or to get what was not
    /// free before.
    pub(crate) fn beat_consumer(&mut self, now: Timestamp, group: &ConsumerGroup, request: &Heartbeat) -> ErrorCode {
        let member = self.classic_member(group, &request.group, &request.member, request.instance.as_deref());
        let member = match member {
            Ok((member, _)) if request.generation == member.epoch => member,
            Ok(_) => return ErrorCode::IllegalGeneration,
            Err(error) => return error,
        };
        let id = request.group.as_str().into();
        self.start_session(now, &id, &member);
        let must_rejoin = member.epoch < group.assignment_epoch
            || match member.state {
                MemberState::UnrevokedPartitions => true,
                MemberState::UnreleasedPartitions => !waits(group, &member),
                MemberState::Stable | MemberState::Unknown => false,
            };
        if !must_rejoin {
            return ErrorCode::None;
        }
        self.must_rejoin(now, &id, &member);
        ErrorCode::RebalanceInProgress
    }

    /// Members leave, or are removed: also those of the consumer protocol, by an administrator.
    pub(crate) fn leave_consumer(
        &mut self,
        now: Timestamp,
        group: &ConsumerGroup,
        request: LeaveGroup,
        out: &mut Decision,
    ) -> Vec<Left> {
        let id = request.group;
        let (mut all, mut leaving) = (Vec::new(), Vec::new());
        for it in request.members {
            let member = match &it.instance {
                None => group.member(&it.member).cloned().ok_or_else(|| unknown(&id, &it.member)),
                Some(instance) => known_static(group.static_member(instance).cloned(), instance).and_then(|member| {
                    if !it.member.is_empty() {
                        check_instance(&member, &it.member, instance)?;
                    }
                    Ok(member)
                }),
            };
            let error = match member {
                Ok(member) => {
                    if !leaving.contains(&member.id) {
                        leaving.push(member.id.clone());
                    }
                    ErrorCode::None
                }
                Err(Refusal { code, .. }) => code,
            };
            all.push(Left { member: it.member, instance: it.instance, error });
        }
        self.fence(now, Draft::of(&id, Some(group)), &leaving, out);
        all
    }

    /// The member of the classic protocol that a request speaks of, and the protocol it was told.
    fn classic_member(
        &self,
        group: &ConsumerGroup,
        id: &str,
        member: &str,
        instance: Option<&str>,
    ) -> Result<(Arc<Member>, ClassicProtocol), ErrorCode> {
        let found = match instance {
            None => group.member(member).cloned().ok_or_else(|| unknown(id, member)),
            Some(instance) => known_static(group.static_member(instance).cloned(), instance)
                .and_then(|found| check_instance(&found, member, instance).map(|()| found)),
        };
        let found = found.map_err(|refusal| refusal.code)?;
        let classic = found.classic.as_ref().and_then(|classic| classic.supported_protocols.first().cloned());
        let protocol = classic.ok_or(ErrorCode::UnknownMemberId)?;
        Ok((found, protocol))
    }

    fn must_rejoin(&mut self, now: Timestamp, id: &Arc<str>, member: &Member) {
        let alarm = Alarm::Rejoin(member.id.clone());
        if !self.timers.is_set(id, &alarm) {
            self.timers.set(id, alarm, now.plus_ms(member.rebalance_timeout_ms.into()));
        }
    }
}

/// Whether some of the member's target is still another's.
fn waits(group: &ConsumerGroup, member: &Member) -> bool {
    let target = group.target(&member.id);
    target.iter().any(|(topic, partitions)| {
        let assigned = member.assigned.get(topic);
        let has = |partition| assigned.is_some_and(|assigned| assigned.contains_key(partition));
        partitions.iter().any(|partition| !has(partition) && group.is_taken(*topic, *partition))
    })
}
