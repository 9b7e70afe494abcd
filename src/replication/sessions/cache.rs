//! All fetch sessions of a broker, and which one goes when there is no room (`FetchSessionCacheShard`).

use std::collections::{BTreeMap, BTreeSet};

use model::Timestamp;

use super::INVALID_SESSION_ID;
use super::session::Session;

/// The sessions of a broker, at most `max.incremental.fetch.session.cache.slots` of them.
#[derive(Clone, Debug)]
pub struct Sessions {
    max_sessions: usize,
    pub(super) max_partitions: usize,
    sessions: BTreeMap<i32, Session>,
    by_last_use: BTreeSet<(Timestamp, i32)>,
    /// Those that a consumer's session may replace, the least valuable first.
    evictable_by_all: BTreeSet<Value>,
    /// Those that a follower's session may replace.
    evictable_by_privileged: BTreeSet<Value>,
    evictions: u64,
    /// Partitions of all sessions together, as they were counted when each was used last.
    partitions: usize,
}

/// How valuable a session is: a follower's more than a consumer's, a larger one more than a smaller one.
type Value = (bool, usize, i32);

impl Sessions {
    /// How long a session must be unused to be stale, and how long a new one is safe, in milliseconds.
    pub const EVICTION_MS: i64 = 120_000;
    /// The most partitions of all sessions together. Kafka has no such limit: there a few clients that name millions of
    /// partitions fill the memory. A client without a session names everything each time, and is served as well.
    pub const MAX_PARTITIONS: usize = 400_000;

    /// No session yet, and room for `max_sessions`.
    pub fn new(max_sessions: usize) -> Self {
        Self {
            max_sessions,
            max_partitions: Self::MAX_PARTITIONS,
            sessions: BTreeMap::new(),
            by_last_use: BTreeSet::new(),
            evictable_by_all: BTreeSet::new(),
            evictable_by_privileged: BTreeSet::new(),
            evictions: 0,
            partitions: 0,
        }
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// How many partitions all sessions have together.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// How many sessions had to go for others.
    pub fn evictions(&self) -> u64 {
        self.evictions
    }

    pub(super) fn get(&self, id: i32) -> Option<&Session> {
        self.sessions.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: i32) -> Option<&mut Session> {
        self.sessions.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: i32) {
        if let Some(session) = self.sessions.remove(&id) {
            self.partitions -= session.cached_size;
            self.by_last_use.remove(&(session.last_used, id));
            let value = (session.privileged, session.cached_size, id);
            self.evictable_by_all.remove(&value);
            self.evictable_by_privileged.remove(&value);
        }
    }

    /// Notes that a session was used, and what it is worth now.
    pub(super) fn touch(&mut self, id: i32, now: Timestamp) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        self.by_last_use.remove(&(session.last_used, id));
        let before = (session.privileged, session.cached_size, id);
        self.evictable_by_all.remove(&before);
        self.evictable_by_privileged.remove(&before);
        session.last_used = now;
        self.partitions = self.partitions - session.cached_size + session.len();
        session.cached_size = session.len();
        self.by_last_use.insert((now, id));
        let value = (session.privileged, session.cached_size, id);
        let settled = now.ms_since(session.created) > Self::EVICTION_MS;
        if settled {
            self.evictable_by_all.insert(value);
        }
        if settled || !session.privileged {
            self.evictable_by_privileged.insert(value);
        }
    }

    /// Whether there is room for so many partitions more.
    pub(super) fn has_room_for(&self, partitions: usize) -> bool {
        self.partitions.saturating_add(partitions) <= self.max_partitions
    }

    /// Makes room and a session, and answers its id; [`INVALID_SESSION_ID`] where all others are worth more.
    pub(super) fn create(
        &mut self,
        privileged: bool,
        size: usize,
        now: Timestamp,
        dice: impl FnMut() -> i32,
        new: impl FnOnce() -> Session,
    ) -> i32 {
        if !self.has_room_for(size) {
            return INVALID_SESSION_ID;
        }
        if self.sessions.len() >= self.max_sessions && !self.evict(privileged, size, now) {
            return INVALID_SESSION_ID;
        }
        let id = self.new_id(dice);
        self.sessions.insert(id, new());
        self.touch(id, now);
        id
    }

    /// Gives up the session that was unused longest if it is stale, else the least valuable one if the new one is
    /// worth more.
    fn evict(&mut self, privileged: bool, size: usize, now: Timestamp) -> bool {
        let stale = self.by_last_use.first().filter(|(used, _)| now.ms_since(*used) > Self::EVICTION_MS);
        let evictable = if privileged { &self.evictable_by_privileged } else { &self.evictable_by_all };
        let least = evictable.first().filter(|least| (privileged, size, 0) >= **least);
        let Some(id) = stale.map(|(_, id)| *id).or(least.map(|(_, _, id)| *id)) else { return false };
        self.remove(id);
        self.evictions += 1;
        true
    }

    /// An id that no session has: a positive number that nobody can guess.
    fn new_id(&self, mut dice: impl FnMut() -> i32) -> i32 {
        loop {
            let id = dice() & i32::MAX;
            if id != INVALID_SESSION_ID && !self.sessions.contains_key(&id) {
                return id;
            }
        }
    }
}
