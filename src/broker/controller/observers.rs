//! Who reads the metadata log without a vote, for DescribeQuorum (`LeaderState`).

use std::collections::BTreeMap;

use model::{DirectoryId, LeaderEpoch, NodeId, Offset, Timestamp};

/// For so long an observer that is silent is still told of (`LeaderState.OBSERVER_SESSION_TIMEOUT_MS`).
const SESSION_MS: i64 = 300_000;
/// More than any cluster has.
const MOST: usize = 10_000;

/// Those who fetched in the present epoch.
#[derive(Default)]
pub struct Observers {
    epoch: LeaderEpoch,
    known: BTreeMap<(NodeId, DirectoryId), Observer>,
}

/// How far one observer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observer {
    /// The end of its log.
    pub end: Offset,
    /// When it fetched last.
    pub fetched: Timestamp,
    /// When it last had everything; -1 if it never had.
    pub caught_up: Timestamp,
}

impl Observers {
    /// An observer asks for what comes after `end`; the log ends at `log_end`.
    pub fn note(
        &mut self,
        epoch: LeaderEpoch,
        who: (NodeId, DirectoryId),
        (end, log_end): (Offset, Offset),
        now: Timestamp,
    ) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.known.clear();
        }
        self.known.retain(|_, observer| now.ms_since(observer.fetched) < SESSION_MS);
        if self.known.len() >= MOST && !self.known.contains_key(&who) {
            return;
        }
        let observer = self.known.entry(who).or_insert(Observer { end, fetched: now, caught_up: Timestamp::NONE });
        (observer.end, observer.fetched) = (end, now);
        if end >= log_end {
            observer.caught_up = now;
        }
    }

    /// All that were heard of lately.
    pub fn list(
        &self,
        epoch: LeaderEpoch,
        now: Timestamp,
    ) -> impl Iterator<Item = (&(NodeId, DirectoryId), &Observer)> {
        let fresh = move |observer: &Observer| now.ms_since(observer.fetched) < SESSION_MS;
        self.known.iter().filter(move |(_, observer)| self.epoch == epoch && fresh(observer))
    }
}
