//! A partition as its follower sees it (`AbstractFetcherThread`, KIP-101, KIP-595): from where to fetch, when to cut off
//! what the leader does not have, and what to do about each answer.
//!
//! [`Follower`] decides for one partition and [`Fetcher`] for all partitions that follow one leader. Neither owns a log
//! nor a connection.

mod fetcher;
mod session;
#[cfg(test)]
mod tests;

use model::{ErrorCode, LeaderEpoch, Offset, Timestamp};

pub use fetcher::{Asked, Fetcher, Key, Request};
pub use session::Reply;

/// What a follower must know of its own log.
pub trait LogView {
    /// Where it begins.
    fn start(&self) -> Offset;
    /// Where it ends.
    fn end(&self) -> Offset;
    /// What this replica knows to be committed.
    fn high_watermark(&self) -> Offset;
    /// The newest epoch that wrote here.
    fn latest_epoch(&self) -> Option<LeaderEpoch>;
    /// Where `epoch` ends, or the newest one below it, and which of them that is; -1 and -1 if neither is known.
    fn end_of_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset);
}

/// What a leader answers for one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Records, or none; they begin at the offset that was asked for.
    Records,
    /// The follower's last epoch ends at `end` in the leader's log, or the epoch in front of it does.
    Diverging {
        /// The epoch that the leader knows.
        epoch: LeaderEpoch,
        /// Where that ends.
        end: Offset,
    },
    /// An error.
    Failed(ErrorCode),
}

/// What is to be done with a follower's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Append what came, then say so by [`Follower::appended`].
    Append,
    /// Cut off everything from the offset on, then say so by [`Follower::truncated`].
    Truncate(Offset),
    /// Throw everything away and begin at the offset, then say so by [`Follower::truncated`].
    StartAt(Offset),
    /// Ask the leader where its log begins and ends, and tell [`Follower::on_range`].
    AskRange,
    /// Nothing now; the partition is asked for again when its time has come.
    Wait,
    /// Nothing until the metadata tells of another epoch: another leads already.
    Stop,
}

/// One partition that follows a leader in one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follower {
    leader_epoch: LeaderEpoch,
    from: Offset,
    last_epoch: Option<LeaderEpoch>,
    mood: Mood,
    has_all_committed: bool,
    /// Errors in a row.
    errors: u32,
}

/// How long to wait after an error: a moment at first, for a leader may not have heard yet that it leads, and longer each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The time.
    pub now: Timestamp,
    /// The longest wait, in milliseconds (`replica.fetch.backoff.ms`).
    pub most_ms: i64,
}

impl Backoff {
    const FIRST_MS: i64 = 10;

    /// When the longest wait ends.
    pub fn at_most(self) -> Timestamp {
        self.now.plus_ms(self.most_ms)
    }

    /// When to try again after so many errors in a row.
    pub fn until(self, errors: u32) -> Timestamp {
        let wait = Self::FIRST_MS << errors.saturating_sub(1).min(16);
        self.now.plus_ms(wait.min(self.most_ms))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Fetching,
    /// Something must be done to the log, or be learned of the leader, before the next fetch.
    Busy,
    /// The leader had an error; not before this instant again.
    Later(Timestamp),
    Stopped,
}

impl Follower {
    /// Begins to follow. A log that knows its epochs is compared by the leader at the first fetch; one that does not is
    /// cut back to what it knows to be committed.
    pub fn new(leader_epoch: LeaderEpoch, log: &impl LogView) -> (Self, Step) {
        let last_epoch = log.latest_epoch();
        let (from, mood, step) = match last_epoch {
            Some(_) => (log.end(), Mood::Fetching, Step::Wait),
            None if log.high_watermark() < log.end() => {
                (log.high_watermark(), Mood::Busy, Step::Truncate(log.high_watermark()))
            }
            None => (log.end(), Mood::Fetching, Step::Wait),
        };
        (Self { leader_epoch, from, last_epoch, mood, has_all_committed: false, errors: 0 }, step)
    }

    /// The epoch of the leader that is followed.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    /// From which offset on it fetches.
    pub fn from(&self) -> Offset {
        self.from
    }

    /// The epoch of its last record (KIP-595).
    pub fn last_epoch(&self) -> Option<LeaderEpoch> {
        self.last_epoch
    }

    /// Whether it had all that was committed when the leader last told of it (`PartitionFetchState.isReplicaInSync`).
    pub fn has_all_committed(&self) -> bool {
        self.has_all_committed
    }

    /// Whether it can be fetched for at `now`.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        match self.mood {
            Mood::Fetching => true,
            Mood::Later(at) => at <= now,
            Mood::Busy | Mood::Stopped => false,
        }
    }

    /// When it will be ready, if it only waits.
    pub fn ready_at(&self) -> Option<Timestamp> {
        match self.mood {
            Mood::Later(at) => Some(at),
            Mood::Fetching | Mood::Busy | Mood::Stopped => None,
        }
    }

    /// The leader answered. `backoff` says when to ask again after an error.
    pub fn on_answer(&mut self, told: Told, log: &impl LogView, backoff: Backoff) -> Step {
        match told {
            Told::Records => {
                self.errors = 0;
                self.mood = Mood::Fetching;
                Step::Append
            }
            Told::Diverging { epoch, end } => {
                self.mood = Mood::Busy;
                Step::Truncate(match end {
                    Offset::NONE => self.from.min(log.end()),
                    end => common_end(epoch, end, log),
                })
            }
            Told::Failed(ErrorCode::OffsetOutOfRange) => {
                self.mood = Mood::Busy;
                Step::AskRange
            }
            // What was asked in this epoch is of a leadership that is over; the metadata will say who leads.
            Told::Failed(ErrorCode::FencedLeaderEpoch) => {
                self.mood = Mood::Stopped;
                Step::Stop
            }
            Told::Failed(_) => self.failed(backoff),
        }
    }

    /// The log ends at `end` now, and its newest epoch is `epoch`; the leader has told its high watermark.
    pub fn appended(&mut self, end: Offset, epoch: Option<LeaderEpoch>, high_watermark: Offset) {
        self.from = end;
        self.has_all_committed = end >= high_watermark;
        self.last_epoch = epoch.or(self.last_epoch);
    }

    /// The log was cut and ends at `end`. The leader compares again at the next fetch.
    pub fn truncated(&mut self, end: Offset, epoch: Option<LeaderEpoch>) {
        (self.from, self.last_epoch, self.mood) = (end, epoch, Mood::Fetching);
    }

    /// Not before `until` again.
    pub fn wait(&mut self, until: Timestamp) -> Step {
        self.mood = Mood::Later(until);
        Step::Wait
    }

    /// What came could not be used, or the leader could not be asked.
    pub fn failed(&mut self, backoff: Backoff) -> Step {
        self.errors = self.errors.saturating_add(1);
        self.wait(backoff.until(self.errors))
    }

    /// The leader's log begins at `start` and ends at `end`. A follower that is ahead was led by somebody else; one that
    /// is behind all that the leader still has begins anew (`fetchOffsetAndTruncate`).
    pub fn on_range(&mut self, start: Offset, end: Offset, log: &impl LogView) -> Step {
        if end < log.end() {
            Step::Truncate(end)
        } else if start > log.end() {
            Step::StartAt(start)
        } else {
            self.truncated(log.end(), log.latest_epoch());
            Step::Wait
        }
    }
}

/// Where `log` and another one part, of which it is known that `epoch` ends at `end` in it, and that `epoch` is the newest
/// that can be common (`getOffsetTruncationState`).
pub(crate) fn common_end(epoch: LeaderEpoch, end: Offset, log: &impl LogView) -> Offset {
    if epoch == LeaderEpoch::NONE {
        return end.min(log.end());
    }
    match log.end_of_epoch(epoch) {
        // The other's epoch is older than all that is known here.
        (_, Offset::NONE) => end.min(log.end()),
        (own, ours) if own == epoch => ours.min(end).min(log.end()),
        // The other's epoch never wrote here: what its predecessor here ends with is compared next.
        (_, ours) => ours.min(log.end()),
    }
}
