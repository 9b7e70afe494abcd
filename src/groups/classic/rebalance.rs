//! From one generation to the next: members join until all have or their time is over.

use model::{ErrorCode, Timestamp};

use super::{Live, Phase, Turn};
use crate::timers::Alarm;
use crate::{Decision, GroupId, Groups, Reply};

impl Groups {
    /// The time to join is over.
    pub(crate) fn on_join_deadline(&mut self, now: Timestamp, group: &GroupId, out: &mut Decision) {
        self.turn(now, group, out, |live, turn| match live.initial.take() {
            _ if live.phase != Phase::Preparing => {}
            Some((waited, more)) if live.new_member_added && more != 0 => {
                live.new_member_added = false;
                let next = turn.settings.initial_rebalance_delay_ms.min(more);
                live.wait_for_more(turn, next, more.saturating_sub(waited).max(0));
            }
            _ => live.complete_join(turn),
        });
    }

    /// The time to ask for assignments is over: who did not is removed, and the others begin again.
    pub(crate) fn on_sync_deadline(&mut self, now: Timestamp, group: &GroupId, out: &mut Decision) {
        self.turn(now, group, out, |live, turn| {
            if !matches!(live.phase, Phase::Completing | Phase::Stable) || live.pending_sync.is_empty() {
                return;
            }
            for member in std::mem::take(&mut live.pending_sync) {
                live.remove(turn, &member);
                live.end_session(turn, &member);
            }
            live.prepare(turn);
        });
    }
}

impl Live {
    pub(super) fn rebalance_or_complete(&mut self, turn: &mut Turn<'_>) {
        match self.phase {
            Phase::Preparing => self.complete_if_all_joined(turn),
            Phase::Empty | Phase::Completing | Phase::Stable => self.prepare(turn),
        }
    }

    /// A new generation is to come: all members must join again. A group that was empty gives others time to come
    /// before its first generation (KIP-134).
    pub(super) fn prepare(&mut self, turn: &mut Turn<'_>) {
        if self.phase == Phase::Completing {
            self.reset_assignments(turn, ErrorCode::RebalanceInProgress);
        }
        self.pending_sync.clear();
        turn.timers.cancel(&self.id, Alarm::Sync);
        let initial = self.phase == Phase::Empty;
        self.go(Phase::Preparing, turn.now);
        if initial {
            let delay = turn.settings.initial_rebalance_delay_ms;
            self.wait_for_more(turn, delay, self.rebalance_timeout_ms().saturating_sub(delay).max(0));
        } else if self.have_all_joined() {
            self.complete_join(turn);
        } else {
            self.wait_for_all(turn);
        }
    }

    fn wait_for_more(&mut self, turn: &mut Turn<'_>, delay_ms: i32, more_ms: i32) {
        self.initial = Some((delay_ms, more_ms));
        turn.set(&self.id, Alarm::Join, delay_ms);
    }

    fn wait_for_all(&mut self, turn: &mut Turn<'_>) {
        self.initial = None;
        turn.set(&self.id, Alarm::Join, self.rebalance_timeout_ms());
    }

    /// The initial rebalance takes its time, all others are done when all have joined.
    pub(super) fn complete_if_all_joined(&mut self, turn: &mut Turn<'_>) {
        if self.phase == Phase::Preparing && self.previous != Phase::Empty && self.have_all_joined() {
            self.complete_join(turn);
        }
    }

    /// Ends the join phase: dynamic members that have not joined are removed, the others are told of the new generation
    /// (`completeClassicGroupJoin`).
    pub(super) fn complete_join(&mut self, turn: &mut Turn<'_>) {
        turn.timers.cancel(&self.id, Alarm::Join);
        self.initial = None;
        let late = self.members.values().filter(|it| !it.is_awaiting_join() && it.instance.is_none());
        let late: Vec<_> = late.map(|member| member.id.clone()).collect();
        for member in &late {
            self.remove(turn, member);
            self.end_session(turn, member);
        }
        if self.members.is_empty() {
            self.generation = self.generation.wrapping_add(1);
            self.protocol = None;
            self.leader = None;
            self.next_generation(turn, Phase::Empty);
            let record = self.record(|_| bytes::Bytes::new());
            turn.out.records.push(record);
        } else if !self.elect_leader() {
            // Nobody joined: static members are left until their sessions end.
            self.wait_for_all(turn);
        } else {
            self.generation = self.generation.wrapping_add(1);
            self.protocol = self.select_protocol();
            self.next_generation(turn, Phase::Completing);
            self.tell_generation(turn);
        }
    }

    fn next_generation(&mut self, turn: &mut Turn<'_>, phase: Phase) {
        self.subscribed = self.subscribed_topics();
        self.pending_sync.clear();
        self.go(phase, turn.now);
    }

    /// A leader that has not joined again is replaced by one that has; false if nobody has.
    fn elect_leader(&mut self) -> bool {
        let joined = |id: &str| self.members.get(id).is_some_and(|member| member.is_awaiting_join());
        if self.leader.as_deref().is_some_and(joined) {
            return true;
        }
        let Some(next) = self.members.values().find(|member| member.is_awaiting_join()) else { return false };
        self.leader = Some(next.id.clone());
        true
    }

    fn tell_generation(&mut self, turn: &mut Turn<'_>) {
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for id in &ids {
            let joined = self.joined(id);
            let Some(member) = self.members.get_mut(id) else { continue };
            member.is_new = false;
            if let Some(token) = member.join.take() {
                self.awaiting_join -= 1;
                turn.reply(token, Reply::JoinGroup(joined));
            }
            self.renew_session(turn, id);
        }
        self.pending_sync.extend(ids);
        turn.set(&self.id, Alarm::Sync, self.rebalance_timeout_ms());
    }
}
