//! Classic groups: their members divide the partitions among themselves (`ClassicGroup`).
//!
//! A group that has members, or awaits some, is [`Live`]: soft state that knows more than the record of its last
//! generation. All other groups are their records alone.

mod convert;
mod heartbeat;
mod join;
mod leave;
mod live;
mod load;
mod member;
mod protocols;
mod rebalance;
mod static_member;
mod sync;

use model::Timestamp;

use crate::timers::{Alarm, Timers};
use crate::{Decision, GroupId, Groups, Record, Reply, Settings, Token};
pub(crate) use live::{Live, Phase};
pub(crate) use member::Member;

/// How long a new member may be parked in its first join, whatever its session timeout: it cannot send heartbeats, and
/// one whose client has gone must not stay for ever (`CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS`).
const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 5 * 60 * 1000;

/// What a group's decision may use besides the group.
struct Turn<'a> {
    settings: &'a Settings,
    timers: &'a mut Timers,
    now: Timestamp,
    out: &'a mut Decision,
}

impl Turn<'_> {
    fn reply(&mut self, to: Token, body: Reply) {
        self.out.reply(to, body);
    }

    fn set(&mut self, group: &GroupId, alarm: Alarm, in_ms: i32) {
        let at = Timestamp(self.now.0.saturating_add(i64::from(in_ms.max(0))));
        self.timers.set(group, alarm, at);
    }

    /// Whether the offsets topic takes a record.
    fn fits(&self, record: &Record) -> bool {
        const BATCH_OVERHEAD: usize = 100;
        record.encoded_len().is_ok_and(|bytes| bytes + BATCH_OVERHEAD <= self.settings.max_batch_bytes)
    }
}

impl Groups {
    /// Lets a live group decide, and forgets it if nothing but its record is left of it. `None` if it is not live.
    fn turn<T>(
        &mut self,
        now: Timestamp,
        id: &str,
        out: &mut Decision,
        decide: impl FnOnce(&mut Live, &mut Turn<'_>) -> T,
    ) -> Option<T> {
        let live = self.live.get_mut(id)?;
        let mut turn = Turn { settings: &self.settings, timers: &mut self.timers, now, out };
        let result = decide(live, &mut turn);
        if live.is_idle() {
            self.forget(id);
        }
        Some(result)
    }

    /// Drops the soft state of a classic group.
    pub(crate) fn forget(&mut self, id: &str) {
        if let Some((id, _)) = self.live.remove_entry(id) {
            self.timers.cancel_all(&id);
        }
    }

    /// A live classic group.
    pub(crate) fn live(&self, id: &str) -> Option<&Live> {
        self.live.get(id).map(|live| &**live)
    }
}
