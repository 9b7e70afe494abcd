//! A partition whose replica lives here: led by this broker, or following another.

mod asked;
mod following;
mod moving;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use model::{ErrorCode, LeaderEpoch, NodeId, Offset, Timestamp, TopicId, TopicPartition};
use parking_lot::{Mutex, RwLock};
use replication::leader::{Answer, Effects, FollowerFetch, Leader, Limits, Proposal, Reign};
use replication::validate::{Rules, Validated};
use storage::log::{AppendError, Appended, Log, StorageError};

pub use following::{Copied, NotFollowing};
pub use moving::{Future, NotReplaced};

use crate::peers::Brokers;
use crate::waiters::Waiters;

/// One replica and its log.
pub struct Partition {
    /// Its topic's name and its number.
    pub id: TopicPartition,
    /// Its topic's id.
    pub topic_id: TopicId,
    /// Who waits for committed records.
    pub readers: Waiters,
    /// Who waits for records that the leader has, committed or not.
    pub followers: Waiters,
    /// Who waits for followers to have what was appended, or for the leadership to end.
    pub writers: Waiters,
    /// Who waits for followers to let go of what was deleted, or for the leadership to end.
    pub deleters: Waiters,
    /// What the topic's configuration asks of batches.
    pub rules: ArcSwap<Rules>,
    /// Appends hold it for reading, so that none is under way when the leadership changes, or the log.
    role: RwLock<Role>,
    log: ArcSwap<Log>,
    /// Its copy on the way to another directory; changed by who holds the role for writing.
    future: ArcSwapOption<Future>,
    peers: Arc<Brokers>,
    leader_epoch: AtomicI32,
    min_insync_replicas: AtomicI32,
    throttled_led: AtomicBool,
    throttled_followed: AtomicBool,
}

enum Role {
    Leader {
        leader: Mutex<Leader>,
        /// Grows each time this broker takes over from another. In one tenure nothing is ever cut off.
        tenure: u64,
    },
    Follower {
        /// The tenures that are over.
        tenures: u64,
    },
}

/// What was appended, and whether it counts.
pub struct Written {
    /// Where it is.
    pub appended: Appended,
    /// What an acks=all produce is answered, if that is known already.
    pub acknowledged: Option<Result<(), ErrorCode>>,
    /// For [`Partition::acknowledged`].
    pub tenure: u64,
}

/// Why nothing was appended.
pub enum Unwritten {
    /// Another leads, or too few are in sync.
    Refused(ErrorCode),
    /// The log did not take it.
    Log(AppendError),
}

impl Partition {
    /// A replica with its log, which follows until it is told to lead.
    pub fn new(id: TopicPartition, topic_id: TopicId, log: Arc<Log>, rules: Rules, peers: Arc<Brokers>) -> Self {
        Self {
            id,
            topic_id,
            log: ArcSwap::new(log),
            future: ArcSwapOption::empty(),
            readers: Waiters::default(),
            followers: Waiters::default(),
            writers: Waiters::default(),
            deleters: Waiters::default(),
            rules: ArcSwap::from_pointee(rules),
            role: RwLock::new(Role::Follower { tenures: 0 }),
            peers,
            leader_epoch: AtomicI32::new(LeaderEpoch::NONE.0),
            min_insync_replicas: AtomicI32::new(1),
            throttled_led: AtomicBool::new(false),
            throttled_followed: AtomicBool::new(false),
        }
    }

    /// Its log: another one after the replica has moved, so it is asked for anew where time passes.
    pub fn log(&self) -> Arc<Log> {
        self.log.load_full()
    }

    /// This broker leads the partition, or goes on to.
    ///
    /// # Errors
    /// The disk failed when the epoch was to begin.
    pub fn lead(&self, me: NodeId, reign: Reign, lag_max_ms: i64) -> Result<(), StorageError> {
        let now = host::clock::uptime();
        let mut role = self.role.write();
        let epoch = reign.leader_epoch;
        if epoch > self.leader_epoch() || matches!(*role, Role::Follower { .. }) {
            // Also on disk: clients ask later where the reign before ended.
            self.log().begin_epoch(epoch)?;
        }
        let limits = self.limits(lag_max_ms);
        let effects = match &mut *role {
            Role::Leader { leader, .. } => {
                let leader = leader.get_mut();
                let configured = leader.on_limits(limits, now, &*self.peers);
                let effects = leader.on_metadata(reign, now, &*self.peers);
                Effects { high_watermark: effects.high_watermark.or(configured.high_watermark), ..effects }
            }
            Role::Follower { tenures } => {
                let (end, mark) = (self.log().end_offset(), self.log().high_watermark());
                let (leader, effects) = Leader::new(me, reign, end, mark, limits, now, &*self.peers);
                *role = Role::Leader { leader: Mutex::new(leader), tenure: *tenures + 1 };
                effects
            }
        };
        self.leader_epoch.store(epoch.0, Ordering::Release);
        drop(role);
        self.heed(&effects);
        // Who waits for a replica that is none any more waits for it no longer.
        self.deleters.wake();
        Ok(())
    }

    /// Another broker leads the partition, or none does.
    pub fn follow(&self, epoch: LeaderEpoch) {
        let mut role = self.role.write();
        if let Role::Leader { tenure, .. } = *role {
            *role = Role::Follower { tenures: tenure };
        }
        self.leader_epoch.store(epoch.0, Ordering::Release);
        drop(role);
        self.wake();
    }

    /// Appends what clients or coordinators send. With `acks_all` only while enough replicas are in sync.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER, also when it leads in another epoch than `epoch`, if one is named; NOT_ENOUGH_REPLICAS; and
    /// whatever the log says.
    pub fn append(
        &self,
        validated: &Validated,
        epoch: Option<LeaderEpoch>,
        acks_all: bool,
        now: Timestamp,
    ) -> Result<Written, Unwritten> {
        let role = self.role.read();
        let Role::Leader { leader, tenure } = &*role else {
            return Err(Unwritten::Refused(ErrorCode::NotLeaderOrFollower));
        };
        let current = self.leader_epoch();
        if epoch.is_some_and(|epoch| epoch != current) {
            return Err(Unwritten::Refused(ErrorCode::NotLeaderOrFollower));
        }
        if acks_all {
            leader.lock().check_min_isr().map_err(Unwritten::Refused)?;
        }
        let log = self.log();
        let appended = log.append_as_leader(validated, current, now).map_err(Unwritten::Log)?;
        let mut leader = leader.lock();
        let end = log.end_offset();
        let effects = leader.on_appended(end, host::clock::uptime(), &*self.peers);
        let acknowledged = leader.acknowledged(appended.last_offset.plus(1));
        drop(leader);
        if let Some(mark) = effects.high_watermark {
            log.set_high_watermark(mark);
            self.readers.wake();
        }
        self.followers.wake();
        Ok(Written { appended, acknowledged, tenure: *tenure })
    }

    /// What an acks=all produce that ends at `upto` is answered; `None` while it has to wait.
    pub fn acknowledged(&self, upto: Offset, tenure: u64) -> Option<Result<(), ErrorCode>> {
        match &*self.role.read() {
            Role::Leader { leader, tenure: current } if *current == tenure => leader.lock().acknowledged(upto),
            _ => Some(Err(ErrorCode::NotLeaderOrFollower)),
        }
    }

    /// A follower fetches. The proposal, if there is one, is for the controller.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER, and UNKNOWN_LEADER_EPOCH if it is no replica as far as is known here.
    pub fn on_follower_fetch(&self, fetch: FollowerFetch) -> Result<Option<Proposal>, ErrorCode> {
        self.decide(|leader, now| leader.on_follower_fetch(fetch, now, &*self.peers))
            .unwrap_or(Err(ErrorCode::NotLeaderOrFollower))
    }

    /// The controller answered a proposal; what follows from that may be another one.
    pub fn on_answer(&self, proposal: &Proposal, answer: Answer) -> Option<Proposal> {
        self.decide(|leader, now| Ok(leader.on_answer(proposal, answer, now, &*self.peers)))?.ok()?
    }

    /// Followers may have been behind for too long.
    pub fn on_tick(&self) -> Option<Proposal> {
        self.decide(|leader, now| Ok(leader.on_tick(now, &*self.peers)))?.ok()?
    }

    /// Whether this broker leads it.
    pub fn is_leader(&self) -> bool {
        matches!(*self.role.read(), Role::Leader { .. })
    }

    /// The newest epoch that this broker has heard of.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(self.leader_epoch.load(Ordering::Acquire))
    }

    /// Puts `min.insync.replicas` and `replica.lag.time.max.ms` in force.
    pub fn set_limits(&self, min_insync_replicas: i32, lag_max_ms: i64) {
        self.min_insync_replicas.store(min_insync_replicas, Ordering::Relaxed);
        let limits = self.limits(lag_max_ms);
        let _ = self.decide(|leader, now| Ok(leader.on_limits(limits, now, &*self.peers)));
    }

    /// Whether a client that believes in `claimed` (-1: in nothing) is up to date (KIP-320).
    ///
    /// # Errors
    /// FENCED_LEADER_EPOCH for an older epoch, UNKNOWN_LEADER_EPOCH for a newer one.
    pub fn check_epoch(&self, claimed: i32) -> Result<(), ErrorCode> {
        let current = self.leader_epoch().0;
        match claimed {
            -1 => Ok(()),
            older if older < current => Err(ErrorCode::FencedLeaderEpoch),
            newer if newer > current => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    /// As [`Partition::check_epoch`], for what only a leader may answer.
    ///
    /// # Errors
    /// As there, and NOT_LEADER_OR_FOLLOWER; an epoch that is over says more than that, so it is looked at first.
    pub fn check_leads(&self, claimed: i32) -> Result<(), ErrorCode> {
        self.check_epoch(claimed)?;
        if self.is_leader() { Ok(()) } else { Err(ErrorCode::NotLeaderOrFollower) }
    }

    /// Everyone who waits here is to look again.
    pub fn wake(&self) {
        self.readers.wake();
        self.followers.wake();
        self.writers.wake();
        self.deleters.wake();
    }

    fn limits(&self, lag_max_ms: i64) -> Limits {
        let min_insync = self.min_insync_replicas.load(Ordering::Relaxed).max(1) as usize;
        Limits { min_insync, lag_max_ms }
    }

    /// Has the leader decide, and does what concerns the log; the rest is returned.
    fn decide(
        &self,
        decide: impl FnOnce(&mut Leader, Timestamp) -> Result<Effects, ErrorCode>,
    ) -> Option<Result<Option<Proposal>, ErrorCode>> {
        let role = self.role.read();
        let Role::Leader { leader, .. } = &*role else { return None };
        let decided = decide(&mut leader.lock(), host::clock::uptime());
        Some(decided.map(|effects| {
            self.heed(&effects);
            effects.proposal
        }))
    }

    fn heed(&self, effects: &Effects) {
        if let Some(mark) = effects.high_watermark {
            self.log().set_high_watermark(mark);
            self.readers.wake();
            self.writers.wake();
        }
        if effects.start_moved {
            self.deleters.wake();
        }
    }
}
