//! Deadlines: when which group must be looked at, in one order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::Timestamp;

use crate::{GroupId, MemberId};

/// What a deadline is for; there is at most one for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// The members of a classic group have had their time to join.
    Join,
    /// The members of a classic group have had their time to ask for their assignment.
    Sync,
    /// A member has been silent for too long.
    Session(MemberId),
    /// A member of a consumer group has had its time to give partitions back.
    Revocation(MemberId),
    /// A member of a consumer group that speaks the classic protocol has had its time to join again.
    Rejoin(MemberId),
    /// Such a member has had its time to ask for its assignment.
    Resync(MemberId),
}

impl Alarm {
    /// The least of all.
    const FIRST: Self = Self::Join;
}

/// Deadlines of groups. Setting, taking away and finding the next is O(log n).
#[derive(Debug, Default)]
pub(crate) struct Timers {
    by_group: BTreeMap<(GroupId, Alarm), Timestamp>,
    by_time: BTreeSet<(Timestamp, GroupId, Alarm)>,
}

impl Timers {
    /// Sets a deadline, in place of an earlier one for the same.
    pub(crate) fn set(&mut self, group: &GroupId, alarm: Alarm, at: Timestamp) {
        let key = (group.clone(), alarm);
        if let Some(old) = self.by_group.get_mut(&key) {
            let before = std::mem::replace(old, at);
            let (group, alarm) = key;
            let mut entry = (before, group, alarm);
            self.by_time.remove(&entry);
            entry.0 = at;
            self.by_time.insert(entry);
        } else {
            self.by_time.insert((at, key.0.clone(), key.1.clone()));
            self.by_group.insert(key, at);
        }
    }

    /// Whether there is a deadline for this.
    pub(crate) fn is_set(&self, group: &GroupId, alarm: &Alarm) -> bool {
        self.by_group.contains_key(&(group.clone(), alarm.clone()))
    }

    /// Takes a deadline away; true if there was one.
    pub(crate) fn cancel(&mut self, group: &GroupId, alarm: Alarm) -> bool {
        let key = (group.clone(), alarm);
        let Some(at) = self.by_group.remove(&key) else { return false };
        let (group, alarm) = key;
        self.by_time.remove(&(at, group, alarm))
    }

    /// Takes all deadlines of a group away.
    pub(crate) fn cancel_all(&mut self, group: &GroupId) {
        let first = (group.clone(), Alarm::FIRST);
        let of_group = self.by_group.range(first..).take_while(|((id, _), _)| id == group);
        let alarms: Vec<Alarm> = of_group.map(|((_, alarm), _)| alarm.clone()).collect();
        for alarm in alarms {
            self.cancel(group, alarm);
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, ..)| *at)
    }

    /// Takes what is due at `now`, in order, at most one of each group: what a group decides is not in its state before
    /// the next event. The others stay due.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<(GroupId, Alarm)> {
        let mut seen = BTreeSet::new();
        let end = (Timestamp(now.0.saturating_add(1)), Arc::from(""), Alarm::FIRST);
        let due = self.by_time.range(..end).filter(|(_, group, _)| seen.insert(group.clone()));
        let due: Vec<_> = due.map(|(_, group, alarm)| (group.clone(), alarm.clone())).collect();
        for (group, alarm) in &due {
            self.cancel(group, alarm.clone());
        }
        due
    }
}
