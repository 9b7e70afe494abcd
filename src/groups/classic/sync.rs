//! SyncGroup: the leader brings the assignment, and everybody gets theirs when it is written.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::{ErrorCode, Timestamp};

use super::{Live, Phase, Turn};
use crate::timers::Alarm;
use crate::{Decision, Group, Groups, Reply, State, SyncGroup, Synced, Token};

impl Groups {
    pub(crate) fn sync_group(
        &mut self,
        state: &State,
        now: Timestamp,
        to: Token,
        request: SyncGroup,
        out: &mut Decision,
    ) {
        let refuse = |error| Reply::SyncGroup(Synced::refused(error));
        if request.group.is_empty() {
            out.reply(to, refuse(ErrorCode::InvalidGroupId));
            return;
        }
        if let Some(Group::Consumer(group)) = state.group(&request.group) {
            let synced = self.sync_consumer(now, group, &request).unwrap_or_else(Synced::refused);
            out.reply(to, Reply::SyncGroup(synced));
            return;
        }
        let group = request.group.clone();
        // A group that is not live has no members.
        if self.turn(now, &group, out, |live, turn| live.sync(turn, to, request)).is_none() {
            out.reply(to, refuse(ErrorCode::UnknownMemberId));
        }
    }
}

impl Live {
    fn sync(&mut self, turn: &mut Turn<'_>, to: Token, request: SyncGroup) {
        let id = request.member.as_str();
        let error = match self.check_sync(&request) {
            Err(error) => error,
            Ok(()) if self.phase == Phase::Preparing => ErrorCode::RebalanceInProgress,
            Ok(()) => ErrorCode::None,
        };
        let Some(member) = self.members.get_mut(id).filter(|_| error == ErrorCode::None) else {
            turn.reply(to, Reply::SyncGroup(Synced::refused(error)));
            return;
        };
        if self.phase == Phase::Completing {
            if let Some(earlier) = member.sync.replace(to) {
                turn.reply(earlier, Reply::SyncGroup(Synced::refused(ErrorCode::RebalanceInProgress)));
            }
        } else {
            let assignment = member.assignment.clone();
            let synced = self.synced(assignment);
            turn.reply(to, Reply::SyncGroup(synced));
        }
        self.pending_sync.remove(id);
        if self.pending_sync.is_empty() {
            turn.timers.cancel(&self.id, Alarm::Sync);
        }
        if self.phase == Phase::Completing && self.is_leader(id) {
            self.assign(turn, request.assignments);
        }
    }

    /// `validateSyncGroup`.
    fn check_sync(&self, request: &SyncGroup) -> Result<(), ErrorCode> {
        if self.phase == Phase::Empty {
            return Err(ErrorCode::UnknownMemberId);
        }
        self.check_member(&request.member, request.instance.as_deref())?;
        if request.generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        if differ(&request.protocol_type, &self.protocol_type) || differ(&request.protocol_name, &self.protocol) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        Ok(())
    }

    /// The leader has spoken: the generation is written, and those who wait get their assignments with the commit.
    /// Members it left out have none.
    fn assign(&mut self, turn: &mut Turn<'_>, assignments: Vec<(String, Bytes)>) {
        let mut by_member: BTreeMap<String, Bytes> = assignments.into_iter().collect();
        for member in self.members.values_mut() {
            member.assignment = by_member.remove(&*member.id).unwrap_or_default();
        }
        let record = self.record(|member| member.assignment.clone());
        if turn.fits(&record) {
            turn.out.records.push(record);
            self.answer_syncs(turn, ErrorCode::None);
            self.go(Phase::Stable, turn.now);
        } else {
            self.reset_assignments(turn, ErrorCode::UnknownServerError);
            self.prepare(turn);
        }
    }

    /// Nobody has an assignment; who waits for one is told why.
    pub(super) fn reset_assignments(&mut self, turn: &mut Turn<'_>, error: ErrorCode) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
        }
        self.answer_syncs(turn, error);
    }

    /// Answers all who wait for their assignments. Their sessions were not watched while they waited.
    fn answer_syncs(&mut self, turn: &mut Turn<'_>, error: ErrorCode) {
        let mut waiting = Vec::new();
        for member in self.members.values_mut() {
            waiting.extend(member.sync.take().map(|token| (token, member.id.clone(), member.assignment.clone())));
        }
        for (token, member, assignment) in waiting {
            let synced = match error {
                ErrorCode::None => self.synced(assignment),
                error => Synced::refused(error),
            };
            turn.reply(token, Reply::SyncGroup(synced));
            self.renew_session(turn, &member);
        }
    }

    fn synced(&self, assignment: Bytes) -> Synced {
        Synced {
            error: ErrorCode::None,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment,
        }
    }
}
