//! All partitions that follow one leader, and the requests that fetch them.

use std::collections::{BTreeMap, BTreeSet};

use model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};

use super::session::{Reply, Session};
use super::{Follower, LogView, Step};

/// A partition.
pub type Key = (TopicId, PartitionIndex);

/// What is asked of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// From which offset on.
    pub from: Offset,
    /// Where the follower's log begins.
    pub log_start: Offset,
    /// The epoch of the leader.
    pub leader_epoch: LeaderEpoch,
    /// The epoch of the follower's last record.
    pub last_epoch: Option<LeaderEpoch>,
}

/// The next fetch of a leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The session, or 0.
    pub session_id: i32,
    /// Which request of the session it is; 0 begins one.
    pub epoch: i32,
    /// Partitions that are new to the session or are asked for otherwise than before.
    pub partitions: Vec<(Key, Asked)>,
    /// Partitions that the session need not have any more.
    pub forgotten: Vec<Key>,
}

/// Fetches for all partitions of one leader. A request costs as much as has changed since the one before, however many
/// partitions there are.
#[derive(Debug, Default)]
pub struct Fetcher {
    session: Session,
    partitions: BTreeMap<Key, Followed>,
    /// What the session has.
    sent: BTreeMap<Key, Asked>,
    /// What may be asked for otherwise than the session has it.
    stale: BTreeSet<Key>,
    /// Who waits, and until when.
    later: BTreeSet<(Timestamp, Key)>,
}

#[derive(Debug)]
struct Followed {
    follower: Follower,
    log_start: Offset,
}

impl Fetcher {
    /// Follows the partition from now on; one that is followed in this epoch already goes on as it is.
    pub fn add(&mut self, key: Key, leader_epoch: LeaderEpoch, log: &impl LogView) -> Step {
        if self.partitions.get(&key).is_some_and(|it| it.follower.leader_epoch() == leader_epoch) {
            return Step::Wait;
        }
        let (follower, step) = Follower::new(leader_epoch, log);
        self.forget_wait(key);
        self.partitions.insert(key, Followed { follower, log_start: log.start() });
        self.stale.insert(key);
        step
    }

    /// Follows it no longer; tells whether it did.
    pub fn remove(&mut self, key: Key) -> bool {
        self.forget_wait(key);
        let followed = self.partitions.remove(&key).is_some();
        if followed {
            self.stale.insert(key);
        }
        followed
    }

    /// A partition that is followed.
    pub fn follower(&self, key: Key) -> Option<&Follower> {
        self.partitions.get(&key).map(|it| &it.follower)
    }

    /// The next request, if there is anybody to fetch for. Its answer goes to [`Fetcher::on_reply`].
    pub fn request(&mut self, now: Timestamp) -> Option<Request> {
        while let Some((at, key)) = self.later.first().copied().filter(|(at, _)| *at <= now) {
            self.later.remove(&(at, key));
            self.stale.insert(key);
        }
        if self.session.is_full() {
            self.sent.clear();
            self.stale.clear();
            self.sent.extend(self.partitions.iter().filter_map(|(key, it)| Some((*key, it.asked(now)?))));
            let partitions: Vec<_> = self.sent.iter().map(|(key, asked)| (*key, *asked)).collect();
            return (!partitions.is_empty()).then(|| self.of_session(partitions, Vec::new()));
        }
        let (mut partitions, mut forgotten) = (Vec::new(), Vec::new());
        for key in std::mem::take(&mut self.stale) {
            let asked = self.partitions.get(&key).and_then(|it| it.asked(now));
            match (asked, self.sent.get(&key)) {
                (Some(asked), sent) if sent != Some(&asked) => {
                    self.sent.insert(key, asked);
                    partitions.push((key, asked));
                }
                (None, Some(_)) => {
                    self.sent.remove(&key);
                    forgotten.push(key);
                }
                _ => {}
            }
        }
        (!self.sent.is_empty() || !forgotten.is_empty()).then(|| self.of_session(partitions, forgotten))
    }

    /// Leaves those out of the next requests that `is_throttled` and that lag, until then (`shouldFollowerThrottle`).
    /// Costs as much as there are partitions, and is for times when the rate is exceeded.
    pub fn hold_back(&mut self, now: Timestamp, until: Timestamp, is_throttled: impl Fn(Key) -> bool) {
        for (key, followed) in &mut self.partitions {
            let follower = &mut followed.follower;
            if follower.has_all_committed() || !follower.is_ready(now) || !is_throttled(*key) {
                continue;
            }
            if let Some(at) = follower.ready_at() {
                self.later.remove(&(at, *key));
            }
            let _ = follower.wait(until);
            self.later.insert((until, *key));
            self.stale.insert(*key);
        }
    }

    /// When somebody who waits will be ready.
    pub fn next_ready(&self) -> Option<Timestamp> {
        self.later.first().map(|(at, _)| *at)
    }

    /// The leader answered the last request.
    ///
    /// # Errors
    /// The error of the whole answer: none of its partitions counts.
    pub fn on_reply(&mut self, reply: Reply) -> Result<(), ErrorCode> {
        self.session.on_reply(reply)
    }

    /// No answer came: nobody knows what the leader has seen.
    pub fn on_lost(&mut self) {
        self.session.lost();
    }

    /// A partition to decide for, if the answer is still to what it wants: neither its epoch nor its offset has changed
    /// since the request.
    pub fn answered(&mut self, key: Key) -> Option<&Follower> {
        let sent = self.sent.get(&key)?;
        let follower = &self.partitions.get(&key)?.follower;
        (sent.from == follower.from() && sent.leader_epoch == follower.leader_epoch()).then_some(follower)
    }

    /// Changes a partition's follower; `log_start` is where its log begins by now.
    pub fn update<T>(&mut self, key: Key, log_start: Offset, change: impl FnOnce(&mut Follower) -> T) -> Option<T> {
        self.forget_wait(key);
        let followed = self.partitions.get_mut(&key)?;
        followed.log_start = log_start;
        let result = change(&mut followed.follower);
        if let Some(at) = followed.follower.ready_at() {
            self.later.insert((at, key));
        }
        self.stale.insert(key);
        Some(result)
    }

    fn of_session(&self, partitions: Vec<(Key, Asked)>, forgotten: Vec<Key>) -> Request {
        Request { session_id: self.session.id(), epoch: self.session.epoch(), partitions, forgotten }
    }

    fn forget_wait(&mut self, key: Key) {
        if let Some(at) = self.partitions.get(&key).and_then(|it| it.follower.ready_at()) {
            self.later.remove(&(at, key));
        }
    }
}

impl Followed {
    fn asked(&self, now: Timestamp) -> Option<Asked> {
        let follower = &self.follower;
        follower.is_ready(now).then(|| Asked {
            from: follower.from(),
            log_start: self.log_start,
            leader_epoch: follower.leader_epoch(),
            last_epoch: follower.last_epoch(),
        })
    }
}
