//! Decides for groups of consumers: membership, assignments, committed offsets.
//!
//! [`Groups`] is the coordinator of one partition of `__consumer_offsets`, as a [`Machine`]: it is told the time, the
//! dice and the requests, and answers with Kafka's records and with replies that count once those are committed. One
//! file a subject.
//!
//! Architecture invariant: one event decides upon a group at most once. What an event decides is in the [`State`] only
//! afterwards; what must be known before is soft state.

mod classic;
pub mod consumer;
mod event;
mod manage;
mod offsets;
pub mod protocol;
mod record;
pub mod records;
mod reply;
mod request;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod timers;

use std::collections::BTreeMap;
use std::sync::Arc;

use machine::{Machine, Moment, Outcome};
use model::Timestamp;

pub use event::*;
pub use offsets::{Committed, Offsets};
pub use record::{BatchKind, Producer, Record, RecordError};
pub use reply::*;
pub use request::*;
pub use settings::{ConsumerSettings, MigrationPolicy, Settings};
pub use state::{Group, State};
use timers::{Alarm, Timers};

/// A persistent ordered map: a clone shares everything with its original.
pub type Map<K, V> = rpds::RedBlackTreeMapSync<K, V>;
/// The id of a group.
pub type GroupId = Arc<str>;
/// The id of a member.
pub type MemberId = Arc<str>;

/// The coordinator of one partition of `__consumer_offsets` (`GroupCoordinatorShard`).
///
/// What it keeps besides its [`State`] is soft: it is lost with the leadership, and made anew at [`Event::Loaded`].
pub struct Groups {
    settings: Settings,
    surroundings: Arc<Surroundings>,
    timers: Timers,
    /// The classic groups that have members, or await some.
    live: BTreeMap<GroupId, Box<classic::Live>>,
    consumer: consumer::Soft,
}

impl Groups {
    /// The coordinator of a partition that is not loaded yet.
    pub fn new(settings: Settings) -> Self {
        let (timers, live, consumer) = (Timers::default(), BTreeMap::new(), consumer::Soft::default());
        Self { settings, surroundings: Arc::default(), timers, live, consumer }
    }

    /// When it wants an [`Event::Tick`], if nothing else happens before. To be asked again after each event; a time that
    /// has passed is "at once".
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.next()
    }
}

/// What the shell has to do.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// To answer.
    Reply {
        /// Whom.
        to: Token,
        /// With what.
        body: Reply,
    },
}

/// What is being decided.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) records: Vec<Record>,
    pub(crate) effects: Vec<Effect>,
    /// Whether the records count only together.
    pub(crate) atomic: bool,
}

impl Decision {
    fn new(atomic: bool) -> Self {
        Self { records: vec![], effects: Vec::with_capacity(1), atomic }
    }

    pub(crate) fn reply(&mut self, to: Token, body: Reply) {
        self.effects.push(Effect::Reply { to, body });
    }
}

impl Machine for Groups {
    type State = State;
    type Event = Event;
    type Record = Record;
    type Effect = Effect;

    fn decide(&mut self, state: &State, at: Moment, event: Event) -> Outcome<Self> {
        let mut out = Decision::new(matches!(event, Event::Asked { .. }));
        match event {
            Event::Asked { to, request } => self.asked(state, at.now, to, request, &mut out),
            Event::Loaded => self.loaded(state, at.now, &mut out),
            Event::Tick => {
                for (group, alarm) in self.timers.take_due(at.now) {
                    self.alarm(state, at.now, group, alarm, &mut out);
                }
            }
            Event::Surroundings(surroundings) => {
                self.consumer.look_around(&self.surroundings, &surroundings);
                self.surroundings = surroundings;
            }
            Event::TopicsDeleted(topics) => offsets::topics_deleted(state, &topics, &mut out),
            Event::Expire => {
                self.consumer.keep(state);
                self.expire(state, at.now, &mut out);
            }
        }
        let Decision { records, effects, atomic } = out;
        Outcome { records, effects, atomic }
    }

    fn replay(state: &mut State, record: &Record) {
        state.replay(record);
    }
}

impl Groups {
    fn asked(&mut self, state: &State, now: Timestamp, to: Token, request: Request, out: &mut Decision) {
        match request {
            Request::JoinGroup(request) => self.join_group(state, now, to, request, out),
            Request::SyncGroup(request) => self.sync_group(state, now, to, request, out),
            Request::Heartbeat(request) => {
                let error = self.heartbeat(state, now, &request, out);
                out.reply(to, Reply::Heartbeat(error));
            }
            Request::LeaveGroup(request) => {
                let reply = self.leave_group(state, now, request, out);
                out.reply(to, Reply::LeaveGroup(reply));
            }
            Request::DescribeGroup(request) => out.reply(to, Reply::DescribeGroup(self.describe(state, &request))),
            Request::ListGroups(request) => out.reply(to, Reply::ListGroups(self.list(state, &request))),
            Request::DeleteGroup(group) => {
                let error = self.delete_group(state, &group, out);
                out.reply(to, Reply::DeleteGroup(error));
            }
            Request::OffsetCommit(request) => {
                let reply = self.offset_commit(state, now, request, out);
                out.reply(to, Reply::OffsetCommit(reply));
            }
            Request::TxnOffsetCommit(request) => {
                let reply = self.txn_offset_commit(state, now, request, out);
                out.reply(to, Reply::TxnOffsetCommit(reply));
            }
            Request::EndTransaction(request) => {
                out.records.push(Record::EndTransaction(request.producer, request.commit, request.coordinator_epoch));
                out.reply(to, Reply::EndTransaction(model::ErrorCode::None));
            }
            Request::OffsetFetch(request) => {
                out.reply(to, Reply::OffsetFetch(self.offset_fetch(state, &request)));
            }
            Request::OffsetDelete(request) => {
                let reply = self.offset_delete(state, request, out);
                out.reply(to, Reply::OffsetDelete(reply));
            }
            Request::ConsumerGroupHeartbeat(request) => {
                let reply = self.consumer_heartbeat(state, now, *request, out);
                out.reply(to, Reply::ConsumerGroupHeartbeat(reply));
            }
            Request::ConsumerGroupDescribe(group) => {
                out.reply(to, Reply::ConsumerGroupDescribe(self.describe_consumer(state, &group)));
            }
        }
    }

    /// A deadline has come.
    fn alarm(&mut self, state: &State, now: Timestamp, group: GroupId, alarm: Alarm, out: &mut Decision) {
        let is_consumer = matches!(state.group(&group), Some(Group::Consumer(_)));
        match alarm {
            Alarm::Join => self.on_join_deadline(now, &group, out),
            Alarm::Sync => self.on_sync_deadline(now, &group, out),
            Alarm::Session(member) if is_consumer => self.on_member_deadline(state, now, &group, &member, out),
            Alarm::Session(member) => self.on_session_deadline(now, &group, &member, out),
            Alarm::Revocation(member) => self.on_revocation_deadline(state, now, &group, &member, out),
            Alarm::Rejoin(member) | Alarm::Resync(member) => {
                self.on_member_deadline(state, now, &group, &member, out);
            }
        }
    }

    /// Members have their sessions from now on.
    fn loaded(&mut self, state: &State, now: Timestamp, out: &mut Decision) {
        for (id, group) in &state.groups {
            match group {
                Group::Classic(saved) => self.load_classic(now, id, saved, out),
                Group::Consumer(group) => self.load_consumer(now, id, group),
            }
        }
    }
}
