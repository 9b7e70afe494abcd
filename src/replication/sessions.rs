//! Fetch sessions (KIP-227, `FetchManager`, `FetchSessionCache`): what a consumer or follower fetches is remembered, so
//! that requests and answers name only what changed.

mod cache;
mod session;
#[cfg(test)]
mod tests;

use model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId, TopicName};

pub use cache::Sessions;

/// The epoch of a request that wants a new session.
pub const INITIAL_EPOCH: i32 = 0;
/// The epoch of a request that wants no session, and closes the one it names.
pub const FINAL_EPOCH: i32 = -1;
/// "No session".
pub const INVALID_SESSION_ID: i32 = 0;

/// A topic as the request names it: by id from version 13 of Fetch on, by name before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TopicKey {
    /// By id.
    Id(TopicId),
    /// By name.
    Name(TopicName),
}

/// A partition as the request names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionKey {
    /// Its topic.
    pub topic: TopicKey,
    /// Its number.
    pub partition: PartitionIndex,
}

/// What is fetched of one partition (`FetchRequest.PartitionData`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// From which offset on.
    pub fetch_offset: Offset,
    /// At most so many bytes.
    pub max_bytes: i32,
    /// The epoch that the fetcher believes the leader has.
    pub leader_epoch: Option<LeaderEpoch>,
    /// The epoch of the last record it has (KIP-595).
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// Where a follower's log begins, else -1.
    pub log_start_offset: Offset,
}

/// The part of a fetch request that is about sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The session, or [`INVALID_SESSION_ID`].
    pub session_id: i32,
    /// Which request of the session it is, or [`INITIAL_EPOCH`] or [`FINAL_EPOCH`].
    pub epoch: i32,
    /// Whether topics are named by id (version 13 and newer).
    pub uses_topic_ids: bool,
    /// Whether a follower asks: its session is not given up for a consumer's.
    pub from_follower: bool,
    /// The partitions it wants; in a session, those that are new or changed.
    pub partitions: Vec<(PartitionKey, Wanted)>,
    /// The partitions it no longer wants.
    pub forgotten: Vec<PartitionKey>,
}

/// A fetch under way, from [`Sessions::begin`] to [`Sessions::finish`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    kind: Kind,
    partitions: Vec<(PartitionKey, Wanted)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sessionless,
    Full { uses_topic_ids: bool, from_follower: bool },
    Incremental { session_id: i32, next_epoch: i32 },
}

impl Context {
    /// What is to be fetched, in this order: all of the session's partitions, or those of the request.
    pub fn partitions(&self) -> &[(PartitionKey, Wanted)] {
        &self.partitions
    }

    /// The session that goes on, or [`INVALID_SESSION_ID`].
    pub fn session_id(&self) -> i32 {
        match self.kind {
            Kind::Incremental { session_id, .. } => session_id,
            Kind::Sessionless | Kind::Full { .. } => INVALID_SESSION_ID,
        }
    }

    /// Whether the answer may leave partitions out.
    pub fn is_incremental(&self) -> bool {
        matches!(self.kind, Kind::Incremental { .. })
    }
}

/// What decides whether a partition's answer must be sent in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whether it has records.
    pub has_records: bool,
    /// Its high watermark.
    pub high_watermark: Offset,
    /// Where its log starts.
    pub log_start_offset: Offset,
    /// Its error.
    pub error: ErrorCode,
    /// Whether it sends the consumer to another replica (KIP-392).
    pub preferred_replica: bool,
    /// Whether it tells a follower where its log diverges (KIP-595).
    pub diverging: bool,
}

/// How the answer to a fetch begins, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The error of the whole answer; it then has no partitions.
    pub error: ErrorCode,
    /// The session to go on with, or [`INVALID_SESSION_ID`].
    pub session_id: i32,
    /// For each partition that was told, whether the answer names it.
    pub include: Vec<bool>,
}

impl Sessions {
    /// Begins a fetch: finds what it is about (`FetchManager.newContext`).
    ///
    /// # Errors
    /// FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_TOPIC_ID_ERROR; the answer then has this
    /// error, [`INVALID_SESSION_ID`] and no partitions.
    pub fn begin(&mut self, request: Request, now: Timestamp) -> Result<Context, ErrorCode> {
        let Request { session_id, epoch, uses_topic_ids, from_follower, .. } = request;
        if epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH {
            if session_id != INVALID_SESSION_ID {
                self.remove(session_id);
            }
            let kind = match epoch {
                FINAL_EPOCH => Kind::Sessionless,
                _ => Kind::Full { uses_topic_ids, from_follower },
            };
            return Ok(Context { kind, partitions: session::last_of_each(request.partitions) });
        }
        let has_room = self.has_room_for(request.partitions.len());
        let session = self.get_mut(session_id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.uses_topic_ids != uses_topic_ids {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        if !has_room {
            // The client goes on without a session.
            self.remove(session_id);
            return Err(ErrorCode::FetchSessionIdNotFound);
        }
        session.update(&request.partitions, &request.forgotten);
        if session.is_empty() {
            self.remove(session_id);
            let partitions = session::last_of_each(request.partitions);
            return Ok(Context { kind: Kind::Sessionless, partitions });
        }
        session.epoch = next_epoch(epoch);
        let kind = Kind::Incremental { session_id, next_epoch: session.epoch };
        let partitions = session.wanted();
        self.touch(session_id, now);
        Ok(Context { kind, partitions })
    }

    /// Tells a session that names topics by id how they are called. It keeps what it is told: to one who fetches from it a
    /// topic that is deleted is an unknown topic, not an unknown id.
    pub fn learn_names(&mut self, session_id: i32, name_of: impl Fn(TopicId) -> Option<TopicName>) {
        if let Some(session) = self.get_mut(session_id).filter(|session| session.uses_topic_ids) {
            session.learn_names(name_of);
        }
    }

    /// The name that a topic had when the session came to know it.
    pub fn name_of(&self, session_id: i32, key: &PartitionKey) -> Option<&TopicName> {
        self.get(session_id)?.name_of(key)
    }

    /// Ends a fetch: decides which partitions its answer names, and remembers what they are told
    /// (`FetchContext.updateAndGenerateResponseData`). A full fetch gets a session if there is room for one.
    ///
    /// `dice` is rolled for a new session's id. Whoever keeps several `Sessions` lets each roll ids of its own.
    pub fn finish(
        &mut self,
        context: &Context,
        told: &[(PartitionKey, Told)],
        now: Timestamp,
        dice: impl FnMut() -> i32,
    ) -> Answer {
        let all = vec![true; told.len()];
        match context.kind {
            Kind::Sessionless => Answer { error: ErrorCode::None, session_id: INVALID_SESSION_ID, include: all },
            Kind::Full { uses_topic_ids, from_follower } => {
                let new = || session::Session::new(&context.partitions, told, uses_topic_ids, from_follower, now);
                let session_id = self.create(from_follower, told.len(), now, dice, new);
                Answer { error: ErrorCode::None, session_id, include: all }
            }
            Kind::Incremental { session_id, next_epoch } => match self.get_mut(session_id) {
                // Evicted while the fetch waited: nothing is known of what was told before.
                None => Answer { error: ErrorCode::None, session_id, include: all },
                Some(session) if session.epoch != next_epoch => {
                    Answer { error: ErrorCode::InvalidFetchSessionEpoch, session_id, include: vec![false; told.len()] }
                }
                Some(session) => {
                    let include = told.iter().map(|(key, told)| session.must_tell(key, told)).collect();
                    Answer { error: ErrorCode::None, session_id, include }
                }
            },
        }
    }

    /// Ends a fetch that is throttled: the answer has no partitions, and the session stays as it was
    /// (`FetchContext.getThrottledResponse`).
    pub fn finish_throttled(&mut self, context: &Context) -> Answer {
        let (error, session_id) = match context.kind {
            Kind::Sessionless | Kind::Full { .. } => (ErrorCode::None, INVALID_SESSION_ID),
            Kind::Incremental { session_id, next_epoch } => match self.get_mut(session_id) {
                Some(session) if session.epoch != next_epoch => (ErrorCode::InvalidFetchSessionEpoch, session_id),
                _ => (ErrorCode::None, session_id),
            },
        };
        Answer { error, session_id, include: Vec::new() }
    }
}

/// The epoch after `epoch`: 1 follows 2^31-1, for 0 is [`INITIAL_EPOCH`] (`FetchMetadata.nextEpoch`).
pub fn next_epoch(epoch: i32) -> i32 {
    match epoch {
        ..0 => FINAL_EPOCH,
        i32::MAX => 1,
        _ => epoch + 1,
    }
}
