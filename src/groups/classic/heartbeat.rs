//! Heartbeat, and what happens to members that send none.

use model::{ErrorCode, Timestamp};

use super::{Live, Phase, Turn};
use crate::{Decision, Group, GroupId, Groups, Heartbeat, MemberId, State};

impl Groups {
    pub(crate) fn heartbeat(
        &mut self,
        state: &State,
        now: Timestamp,
        request: &Heartbeat,
        out: &mut Decision,
    ) -> ErrorCode {
        if request.group.is_empty() {
            return ErrorCode::InvalidGroupId;
        }
        if let Some(Group::Consumer(group)) = state.group(&request.group) {
            return self.beat_consumer(now, group, request);
        }
        let beat = self.turn(now, &request.group, out, |live, turn| live.heartbeat(turn, request));
        beat.unwrap_or(ErrorCode::UnknownMemberId)
    }

    /// A commit of a member is a sign of life, but while assignments are being made.
    pub(crate) fn commits(&mut self, now: Timestamp, group: &str, member: &str, out: &mut Decision) {
        self.turn(now, group, out, |live, turn| {
            if matches!(live.phase, Phase::Stable | Phase::Preparing) {
                live.renew_session(turn, member);
            }
        });
    }

    /// A session has ended.
    pub(crate) fn on_session_deadline(
        &mut self,
        now: Timestamp,
        group: &GroupId,
        member: &MemberId,
        out: &mut Decision,
    ) {
        self.turn(now, group, out, |live, turn| live.expire(turn, member));
    }
}

impl Live {
    fn heartbeat(&mut self, turn: &mut Turn<'_>, request: &Heartbeat) -> ErrorCode {
        if let Err(error) = self.check_member(&request.member, request.instance.as_deref()) {
            return error;
        }
        if request.generation != self.generation {
            return ErrorCode::IllegalGeneration;
        }
        match self.phase {
            Phase::Empty => ErrorCode::UnknownMemberId,
            Phase::Preparing => {
                self.renew_session(turn, &request.member);
                ErrorCode::RebalanceInProgress
            }
            Phase::Completing | Phase::Stable => {
                self.renew_session(turn, &request.member);
                ErrorCode::None
            }
        }
    }

    /// `expireClassicGroupMemberHeartbeat`.
    fn expire(&mut self, turn: &mut Turn<'_>, member: &MemberId) {
        if self.pending_join.remove(member) {
            if self.phase == Phase::Preparing && self.have_all_joined() {
                self.complete_join(turn);
            }
            return;
        }
        if self.members.get(member).is_none_or(|it| it.has_satisfied_heartbeat()) {
            return;
        }
        self.remove(turn, member);
        match self.phase {
            Phase::Stable | Phase::Completing => self.prepare(turn),
            Phase::Preparing if self.have_all_joined() => self.complete_join(turn),
            Phase::Preparing | Phase::Empty => {}
        }
    }
}
