//! How far one follower has come (`Replica.java`).

use model::{BrokerEpoch, NodeId, Offset, Timestamp};

/// What a follower's fetch says of the follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerFetch {
    /// Who fetches.
    pub follower: NodeId,
    /// The incarnation that fetches, or -1 if it does not tell (Fetch before version 15, KIP-903).
    pub broker_epoch: BrokerEpoch,
    /// From which offset on: where its log ends.
    pub from: Offset,
    /// Where its log begins.
    pub log_start: Offset,
}

/// A follower's replica, as its fetches tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    start: Offset,
    end: Offset,
    /// The leader's end at the follower's last fetch, and the time of it. Who has reached that end by the next fetch
    /// had caught up at that time, even if the leader never stood still.
    leader_end: Offset,
    fetched_at: Timestamp,
    caught_up_at: Timestamp,
    broker_epoch: Option<BrokerEpoch>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            start: Offset::NONE,
            end: Offset::NONE,
            leader_end: Offset::NONE,
            fetched_at: LONG_AGO,
            caught_up_at: LONG_AGO,
            broker_epoch: None,
        }
    }
}

const LONG_AGO: Timestamp = Timestamp(i64::MIN);

impl Progress {
    /// Another broker led before: nothing is known, and those in sync have all of the lag time to show themselves.
    pub(super) fn begin(&mut self, in_sync: bool, now: Timestamp) {
        *self = Self { caught_up_at: if in_sync { now } else { LONG_AGO }, ..Self::default() };
    }

    /// This broker leads on, in another epoch that begins at `end`.
    pub(super) fn elected(&mut self, in_sync: bool, end: Offset, now: Timestamp) {
        let since = if in_sync { now } else { LONG_AGO };
        *self = Self { leader_end: end, fetched_at: since, caught_up_at: since, ..*self };
    }

    /// Notes a fetch; tells whether the follower's end moved.
    pub(super) fn fetched(&mut self, fetch: &FollowerFetch, leader_end: Offset, now: Timestamp) -> bool {
        let moved = self.end != fetch.from;
        if fetch.from >= leader_end {
            self.caught_up_at = self.caught_up_at.max(now);
        } else if fetch.from >= self.leader_end {
            self.caught_up_at = self.caught_up_at.max(self.fetched_at);
        }
        self.start = fetch.log_start;
        self.end = fetch.from;
        self.leader_end = self.leader_end.max(leader_end);
        self.fetched_at = now;
        self.broker_epoch = Some(fetch.broker_epoch);
        moved
    }

    pub(super) fn start(&self) -> Offset {
        self.start
    }

    pub(super) fn end(&self) -> Offset {
        self.end
    }

    pub(super) fn caught_up_at(&self) -> Timestamp {
        self.caught_up_at
    }

    /// The incarnation that fetched last in this reign; -1 is one that does not tell.
    pub(super) fn broker_epoch(&self) -> Option<BrokerEpoch> {
        self.broker_epoch
    }

    /// Whether it has all that the leader has, or had so at most `lag_max_ms` ago.
    pub(super) fn is_caught_up(&self, leader_end: Offset, now: Timestamp, lag_max_ms: i64) -> bool {
        self.end == leader_end || now.ms_since(self.caught_up_at) <= lag_max_ms
    }
}
