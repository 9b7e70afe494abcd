//! LeaveGroup: members go by themselves, or an administrator removes them (KIP-345, KIP-800).

use model::{ErrorCode, Timestamp};

use super::{Live, Phase, Turn};
use crate::{Decision, Group, Groups, LeaveGroup, Leaving, Left, MemberId, State};

impl Groups {
    pub(crate) fn leave_group(
        &mut self,
        state: &State,
        now: Timestamp,
        request: LeaveGroup,
        out: &mut Decision,
    ) -> Result<Vec<Left>, ErrorCode> {
        if request.group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        if let Some(Group::Consumer(group)) = state.group(&request.group) {
            return Ok(self.leave_consumer(now, group, request, out));
        }
        if !self.live.contains_key(request.group.as_str()) {
            let unknown =
                |it: Leaving| Left { member: it.member, instance: it.instance, error: ErrorCode::UnknownMemberId };
            return Ok(request.members.into_iter().map(unknown).collect());
        }
        let left = self.turn(now, &request.group, out, |live, turn| live.leave(turn, request.members));
        Ok(left.unwrap_or_default())
    }
}

impl Live {
    fn leave(&mut self, turn: &mut Turn<'_>, members: Vec<Leaving>) -> Vec<Left> {
        let mut all = Vec::new();
        for leaving in members {
            let error = match self.leaves(&leaving) {
                Ok(id) => {
                    self.remove(turn, &id);
                    self.end_session(turn, &id);
                    ErrorCode::None
                }
                Err(error) => error,
            };
            all.push(Left { member: leaving.member, instance: leaving.instance, error });
        }
        if all.iter().any(|left| left.error == ErrorCode::None) {
            match self.phase {
                Phase::Stable | Phase::Completing => self.prepare(turn),
                Phase::Preparing => self.complete_if_all_joined(turn),
                Phase::Empty => {}
            }
        }
        all
    }

    /// The member that leaves. An administrator names a static one by its instance alone.
    fn leaves(&self, leaving: &Leaving) -> Result<MemberId, ErrorCode> {
        let id = leaving.member.as_str();
        if id.is_empty() {
            let known = leaving.instance.as_ref().and_then(|instance| self.statics.get(instance));
            return known.cloned().ok_or(ErrorCode::UnknownMemberId);
        }
        if !self.pending_join.contains(id) {
            self.check_member(id, leaving.instance.as_deref())?;
        }
        Ok(id.into())
    }
}
