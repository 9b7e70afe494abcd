//! One fetch session: its partitions in the order in which they are served (`FetchSession`).

use std::collections::BTreeMap;

use indexmap::IndexMap;
use model::{ErrorCode, Offset, Timestamp, TopicId, TopicName};

use super::{INITIAL_EPOCH, PartitionKey, Told, TopicKey, Wanted, next_epoch};

/// A session. Its partitions sit in a row; one that was sent records goes to the end, so that others come first when
/// the next answer is full.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The epoch that the next request must have.
    pub(super) epoch: i32,
    pub(super) uses_topic_ids: bool,
    /// A follower's: it is not given up for a consumer's.
    pub(super) privileged: bool,
    pub(super) created: Timestamp,
    pub(super) last_used: Timestamp,
    /// How many partitions it had when it was used last, which is what evictions compare.
    pub(super) cached_size: usize,
    seats: BTreeMap<u64, Cached>,
    seat_of: BTreeMap<PartitionKey, u64>,
    next_seat: u64,
}

#[derive(Clone, Debug)]
struct Cached {
    key: PartitionKey,
    wanted: Wanted,
    /// Of a topic that is asked for by id: its name, once there was such a topic.
    name: Option<TopicName>,
    /// As the fetcher was told last, or -1.
    high_watermark: Offset,
    /// As the fetcher was told last, or -1.
    log_start_offset: Offset,
}

/// The partitions in order, each once, with what was said of it last.
pub(super) fn last_of_each(partitions: Vec<(PartitionKey, Wanted)>) -> Vec<(PartitionKey, Wanted)> {
    partitions.into_iter().collect::<IndexMap<_, _>>().into_iter().collect()
}

impl Session {
    /// The session of a full fetch for `partitions` that was answered with `told`.
    pub(super) fn new(
        partitions: &[(PartitionKey, Wanted)],
        told: &[(PartitionKey, Told)],
        uses_topic_ids: bool,
        privileged: bool,
        now: Timestamp,
    ) -> Self {
        let mut session = Self {
            epoch: next_epoch(INITIAL_EPOCH),
            uses_topic_ids,
            privileged,
            created: now,
            last_used: now,
            cached_size: 0,
            seats: BTreeMap::new(),
            seat_of: BTreeMap::new(),
            next_seat: 0,
        };
        session.update(partitions, &[]);
        for (key, told) in told {
            if let Some(cached) = session.seat_of.get(key).and_then(|seat| session.seats.get_mut(seat)) {
                cached.high_watermark = told.high_watermark;
                cached.log_start_offset = told.log_start_offset;
            }
        }
        session
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Adds and changes what is wanted, then drops what is forgotten.
    pub(super) fn update(&mut self, partitions: &[(PartitionKey, Wanted)], forgotten: &[PartitionKey]) {
        for (key, wanted) in partitions {
            match self.seat_of.get(key).and_then(|seat| self.seats.get_mut(seat)) {
                Some(cached) => cached.wanted = *wanted,
                None => self.sit(Cached {
                    key: key.clone(),
                    wanted: *wanted,
                    name: None,
                    high_watermark: Offset::NONE,
                    log_start_offset: Offset::NONE,
                }),
            }
        }
        for key in forgotten {
            if let Some(seat) = self.seat_of.remove(key) {
                self.seats.remove(&seat);
            }
        }
    }

    /// Remembers the names of those topics that had none so far (`CachedPartition.maybeResolveUnknownName`).
    pub(super) fn learn_names(&mut self, name_of: impl Fn(TopicId) -> Option<TopicName>) {
        for cached in self.seats.values_mut().filter(|cached| cached.name.is_none()) {
            if let TopicKey::Id(id) = cached.key.topic {
                cached.name = name_of(id);
            }
        }
    }

    /// The name that a partition's topic had.
    pub(super) fn name_of(&self, key: &PartitionKey) -> Option<&TopicName> {
        self.seats.get(self.seat_of.get(key)?)?.name.as_ref()
    }

    /// All partitions, in order.
    pub(super) fn wanted(&self) -> Vec<(PartitionKey, Wanted)> {
        self.seats.values().map(|cached| (cached.key.clone(), cached.wanted)).collect()
    }

    /// Whether the fetcher must be told this, and remembers that it was
    /// (`FetchSession.CachedPartition.maybeUpdateResponseData`). A partition that has left the session is not told.
    pub(super) fn must_tell(&mut self, key: &PartitionKey, told: &Told) -> bool {
        let Some(seat) = self.seat_of.get(key).copied() else { return false };
        let Some(cached) = self.seats.get_mut(&seat) else { return false };
        let failed = told.error != ErrorCode::None;
        let must = told.has_records
            || cached.high_watermark != told.high_watermark
            || cached.log_start_offset != told.log_start_offset
            || told.preferred_replica
            || told.diverging
            || failed;
        // After an error the next good answer must be sent, whatever it says.
        cached.high_watermark = if failed { Offset::NONE } else { told.high_watermark };
        cached.log_start_offset = told.log_start_offset;
        if told.has_records
            && let Some(cached) = self.seats.remove(&seat)
        {
            self.sit(cached);
        }
        must
    }

    fn sit(&mut self, cached: Cached) {
        self.seat_of.insert(cached.key.clone(), self.next_seat);
        self.seats.insert(self.next_seat, cached);
        self.next_seat += 1;
    }
}
