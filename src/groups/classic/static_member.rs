//! A static member comes back without its id: the new incarnation takes the place of the old one (KIP-345).

use model::ErrorCode;

use super::{Live, Member, Phase, Turn};
use crate::timers::Alarm;
use crate::{JoinGroup, Joined, MemberId, Reply, Synced, Token};

impl Live {
    /// In a stable group nothing is assigned anew, unless the chosen protocol would change
    /// (`updateStaticMemberThenRebalanceOrCompleteJoin`).
    pub(super) fn replace_static(
        &mut self,
        turn: &mut Turn<'_>,
        to: Token,
        old: &MemberId,
        new: MemberId,
        mut request: JoinGroup,
    ) {
        let before = self.clone();
        let leader = self.leader.as_deref().unwrap_or_default().to_owned();
        self.rename(turn, old, &new);
        self.renew_session(turn, &new);
        request.member = new.to_string();
        let waits = self.phase != Phase::Stable || self.protocol != self.protocol_if(&new, &request);
        self.update(turn, waits.then_some(to), &request);
        match self.phase {
            Phase::Stable if !waits => {
                let record = self.record(|member| member.assignment.clone());
                if !turn.fits(&record) {
                    let error = ErrorCode::UnknownServerError;
                    let joined = Joined { error, member: String::new(), leader, members: vec![], ..self.joined(&new) };
                    turn.reply(to, Reply::JoinGroup(joined));
                    *self = before;
                    self.end_session(turn, &new);
                    self.renew_session(turn, old);
                    return;
                }
                turn.out.records.push(record);
                let mut joined = self.joined(&new);
                if request.supports_skipping_assignment {
                    joined.skip_assignment = self.is_leader(&new);
                } else {
                    // A client that does not know that it must not assign is told of a leader that is no more.
                    joined = Joined { leader, members: vec![], ..joined };
                }
                turn.reply(to, Reply::JoinGroup(joined));
            }
            // The leader may already be assigning to the old id, and the new one would get nothing.
            Phase::Stable | Phase::Completing => self.prepare(turn),
            Phase::Preparing | Phase::Empty => self.complete_if_all_joined(turn),
        }
    }

    /// What the group would choose if `member` joined with `request`.
    fn protocol_if(&self, member: &MemberId, request: &JoinGroup) -> Option<String> {
        let mut changed = self.clone();
        if let Some(before) = self.members.get(member) {
            changed.count_protocols(before, false);
            let after = Member { protocols: request.protocols.clone(), ..before.clone() };
            changed.count_protocols(&after, true);
            changed.members.insert(member.clone(), after);
        }
        changed.select_protocol()
    }

    /// Gives a static member another id, and fences those who wait under the old one.
    fn rename(&mut self, turn: &mut Turn<'_>, old: &MemberId, new: &MemberId) {
        let Some((at, _, mut member)) = self.members.shift_remove_full(old) else { return };
        if let Some(token) = self.take_join(&mut member) {
            let joined = Joined { protocol_name: None, ..Joined::refused(ErrorCode::FencedInstanceId, old) };
            turn.reply(token, Reply::JoinGroup(joined));
        }
        if let Some(token) = member.sync.take() {
            turn.reply(token, Reply::SyncGroup(Synced::refused(ErrorCode::FencedInstanceId)));
        }
        turn.timers.cancel(&self.id, Alarm::Session(old.clone()));
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
        if self.pending_sync.remove(old) {
            self.pending_sync.insert(new.clone());
        }
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), new.clone());
        }
        member.id = new.clone();
        member.is_new = false;
        self.members.shift_insert(at, new.clone(), member);
    }
}
