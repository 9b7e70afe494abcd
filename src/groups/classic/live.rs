//! The soft state of a classic group, and how members come into it and go.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use model::{ErrorCode, Timestamp, TopicName};

use super::{Member, Turn};
use crate::records::{GroupMetadataKey, GroupMetadataValue};
use crate::timers::Alarm;
use crate::{GroupId, Joined, MemberId, Record, Reply, Synced, Token};

/// The state of a classic group (`ClassicGroupState`). "Dead" is a group that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No members.
    Empty,
    /// Members are joining.
    Preparing,
    /// The leader is to bring the assignment.
    Completing,
    /// All have their assignments.
    Stable,
}

impl Phase {
    /// Kafka's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Preparing => "PreparingRebalance",
            Self::Completing => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// A classic group with members, or that awaits some.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) id: GroupId,
    pub(crate) phase: Phase,
    pub(super) previous: Phase,
    /// When it came into its phase; none in records of old versions.
    pub(crate) since: Option<Timestamp>,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) generation: i32,
    pub(super) leader: Option<MemberId>,
    pub(crate) members: IndexMap<MemberId, Member>,
    /// Members by instance.
    pub(super) statics: BTreeMap<String, MemberId>,
    /// Ids that were given out and have not come back (KIP-394).
    pub(super) pending_join: BTreeSet<MemberId>,
    /// Members of this generation that have not asked for their assignment.
    pub(super) pending_sync: BTreeSet<MemberId>,
    pub(super) awaiting_join: usize,
    /// How many members support each protocol.
    pub(super) supported: BTreeMap<String, usize>,
    /// The topics of a `consumer` group's members, where all of them can be read.
    pub(crate) subscribed: Option<BTreeSet<TopicName>>,
    /// Whether the initial rebalance has more members than it had at its last deadline.
    pub(super) new_member_added: bool,
    /// In an initial rebalance, how long the present wait is and how much more there may be, in milliseconds.
    pub(super) initial: Option<(i32, i32)>,
}

impl Live {
    /// A group that has nothing yet.
    pub(super) fn new(id: GroupId, now: Timestamp) -> Self {
        Self {
            id,
            phase: Phase::Empty,
            previous: Phase::Empty,
            since: Some(now),
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            members: IndexMap::new(),
            statics: BTreeMap::new(),
            pending_join: BTreeSet::new(),
            pending_sync: BTreeSet::new(),
            awaiting_join: 0,
            supported: BTreeMap::new(),
            subscribed: None,
            new_member_added: false,
            initial: None,
        }
    }

    /// The group as its record tells it.
    pub(super) fn from_record(id: GroupId, saved: &GroupMetadataValue, now: Timestamp) -> Self {
        let mut live = Self::new(id, now);
        live.since = (saved.current_state_timestamp.0 != -1).then_some(saved.current_state_timestamp);
        live.protocol_type = Some(saved.protocol_type.clone()).filter(|it| !it.is_empty());
        live.protocol = saved.protocol.clone();
        live.generation = saved.generation;
        live.leader = saved.leader.as_deref().map(Into::into);
        for record in &saved.members {
            live.insert(Member::from_record(record, saved.protocol.as_deref()));
        }
        if !live.members.is_empty() {
            live.phase = Phase::Stable;
        }
        live.subscribed = live.subscribed_topics();
        live
    }

    /// The record of the present generation, with an assignment for each member.
    pub(super) fn record(&self, assignment: impl Fn(&Member) -> bytes::Bytes) -> Record {
        let protocol = self.protocol.as_deref();
        let value = GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.as_ref().map(|leader| leader.to_string()),
            current_state_timestamp: self.since.unwrap_or(Timestamp(-1)),
            members: self.members.values().map(|member| member.to_record(protocol, assignment(member))).collect(),
            ..Default::default()
        };
        Record::GroupMetadata(GroupMetadataKey { group: self.id.to_string(), ..Default::default() }, Some(value))
    }

    /// The record of a group that was just made, whose members are not in it yet.
    pub(super) fn empty_record(&self) -> Record {
        let current_state_timestamp = self.since.unwrap_or(Timestamp(-1));
        let value = GroupMetadataValue { current_state_timestamp, ..Default::default() };
        Record::GroupMetadata(GroupMetadataKey { group: self.id.to_string(), ..Default::default() }, Some(value))
    }

    /// Whether nothing is left that its record does not tell.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Empty && self.pending_join.is_empty()
    }

    pub(super) fn go(&mut self, phase: Phase, now: Timestamp) {
        self.previous = self.phase;
        self.phase = phase;
        self.since = Some(now);
    }

    pub(super) fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    /// Whether it is of the Java consumer's kind, whose metadata can be read.
    pub(crate) fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_deref() == Some("consumer")
    }

    pub(super) fn have_all_joined(&self) -> bool {
        self.members.len() == self.awaiting_join && self.pending_join.is_empty()
    }

    /// The largest of the members' rebalance timeouts, in milliseconds.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        self.members.values().map(|member| member.rebalance_timeout_ms).max().unwrap_or_default().max(0)
    }

    /// Whether `member` is one, and the one that its instance names (`ClassicGroup.validateMember`).
    pub(crate) fn check_member(&self, member: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.statics.get(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(known) if &**known != member => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Takes a member in. The first one decides what kind of group it is, and leads.
    pub(super) fn insert(&mut self, member: Member) {
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), member.id.clone());
        }
        self.leader.get_or_insert_with(|| member.id.clone());
        self.count_protocols(&member, true);
        self.awaiting_join += usize::from(member.is_awaiting_join());
        self.pending_join.remove(&member.id);
        self.members.insert(member.id.clone(), member);
    }

    /// Removes a member, or an id that was given out, and tells those who wait for it.
    pub(super) fn remove(&mut self, turn: &mut Turn<'_>, id: &str) {
        if let Some(mut member) = self.members.shift_remove(id) {
            if let Some(token) = self.take_join(&mut member) {
                turn.reply(token, Reply::JoinGroup(Joined::refused(ErrorCode::UnknownMemberId, "")));
            }
            if let Some(token) = member.sync.take() {
                turn.reply(token, Reply::SyncGroup(Synced::refused(ErrorCode::UnknownMemberId)));
            }
            self.count_protocols(&member, false);
            if let Some(instance) = &member.instance {
                self.statics.remove(instance);
            }
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending_join.remove(id);
        self.pending_sync.remove(id);
    }

    /// Takes the token out of a member, which is not in the group at this moment.
    pub(super) fn take_join(&mut self, member: &mut Member) -> Option<Token> {
        let token = member.join.take();
        self.awaiting_join -= usize::from(token.is_some());
        token
    }

    /// A member's session starts anew.
    pub(super) fn renew_session(&self, turn: &mut Turn<'_>, member: &str) {
        if let Some(member) = self.members.get(member) {
            turn.set(&self.id, Alarm::Session(member.id.clone()), member.session_timeout_ms);
        }
    }

    /// A member has no session any more.
    pub(super) fn end_session(&self, turn: &mut Turn<'_>, member: &MemberId) {
        turn.timers.cancel(&self.id, Alarm::Session(member.clone()));
    }
}
