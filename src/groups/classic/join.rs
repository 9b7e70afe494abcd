//! JoinGroup: members come into a classic group, or say that they are still there when it rebalances.

use std::collections::BTreeSet;

use model::{ErrorCode, Timestamp};

use super::{Live, Member, NEW_MEMBER_JOIN_TIMEOUT_MS, Phase, Turn};
use crate::timers::Alarm;
use crate::{Decision, Group, GroupId, Groups, JoinGroup, Joined, MemberId, Reply, State, Token};

/// No text in a record is longer.
const LONGEST_TEXT: usize = i16::MAX as usize;

impl Groups {
    pub(crate) fn join_group(
        &mut self,
        state: &State,
        now: Timestamp,
        to: Token,
        mut request: JoinGroup,
        out: &mut Decision,
    ) {
        if let Err(error) = self.check_join(&request) {
            out.reply(to, Reply::JoinGroup(Joined::refused(error, &request.member)));
            return;
        }
        let mut names = BTreeSet::new();
        request.protocols.retain(|protocol| names.insert(protocol.name.clone())); // Each name counts once.

        let mut tombstones = Vec::new();
        if !self.live.contains_key(request.group.as_str()) {
            let id: GroupId = request.group.as_str().into();
            match state.group(&id) {
                Some(Group::Classic(saved)) => {
                    self.live.insert(id.clone(), Box::new(Live::from_record(id, saved, now)));
                }
                Some(Group::Consumer(group)) if !group.is_empty() => {
                    let joined = self.join_consumer(now, group, request, out);
                    out.reply(to, Reply::JoinGroup(joined));
                    return;
                }
                _ if !request.member.is_empty() => {
                    out.reply(to, Reply::JoinGroup(Joined::refused(ErrorCode::UnknownMemberId, &request.member)));
                    return;
                }
                other => {
                    // An empty consumer group becomes a classic one.
                    if let Some(Group::Consumer(group)) = other {
                        group.tombstones(&id, &mut tombstones);
                    }
                    let live = Live::new(id.clone(), now);
                    tombstones.push(live.empty_record());
                    self.live.insert(id, Box::new(live));
                }
            }
        }
        // What makes the group is written first, whatever becomes of its first member.
        out.records.extend(tombstones);
        let group = request.group.clone();
        self.turn(now, &group, out, |live, turn| live.join(turn, to, request));
    }

    /// What is wrong with a request, whatever the group.
    fn check_join(&self, request: &JoinGroup) -> Result<(), ErrorCode> {
        let settings = &self.settings;
        if request.group.is_empty() {
            return Err(ErrorCode::InvalidGroupId);
        }
        if !(settings.min_session_timeout_ms..=settings.max_session_timeout_ms).contains(&request.session_timeout_ms) {
            return Err(ErrorCode::InvalidSessionTimeout);
        }
        let name = request.instance.as_ref().unwrap_or(&request.client_id);
        let texts = [&request.group, &request.member, &request.client_id, &request.client_host, &request.protocol_type];
        let names = request.protocols.iter().map(|protocol| &protocol.name);
        let too_long = texts.into_iter().chain(names).any(|text| text.len() > LONGEST_TEXT);
        if too_long || name.len() > LONGEST_TEXT - "-00000000-0000-0000-0000-000000000000".len() {
            return Err(ErrorCode::UnknownServerError); // It could never be written down.
        }
        Ok(())
    }
}

impl Live {
    fn join(&mut self, turn: &mut Turn<'_>, to: Token, request: JoinGroup) {
        if !self.has_room(turn, &request.member) {
            self.remove(turn, &request.member);
            turn.reply(to, Reply::JoinGroup(Joined::refused(ErrorCode::GroupMaxSizeReached, "")));
        } else if !self.supports(&request.protocol_type, &request.protocols) {
            let refused = Joined::refused(ErrorCode::InconsistentGroupProtocol, &request.member);
            turn.reply(to, Reply::JoinGroup(refused));
        } else if request.member.is_empty() {
            self.join_new(turn, to, request);
        } else if self.pending_join.contains(request.member.as_str()) {
            if request.instance.is_some() {
                // Such an id was never given to a static member; Kafka has no code for it.
                turn.reply(to, Reply::JoinGroup(Joined::refused(ErrorCode::UnknownServerError, "")));
                return;
            }
            let id = request.member.as_str().into();
            self.add(turn, to, id, request);
        } else {
            self.join_again(turn, to, request);
        }
    }

    /// Whether another member may join. While members join, those count that have; so the last ones of a group that has
    /// become too large are turned away (`acceptJoiningMember`).
    fn has_room(&self, turn: &Turn<'_>, member: &str) -> bool {
        let max = usize::try_from(turn.settings.max_size).unwrap_or_default();
        let known = self.members.get(member);
        match self.phase {
            Phase::Empty => true,
            Phase::Preparing => known.is_some_and(Member::is_awaiting_join) || self.awaiting_join < max,
            Phase::Completing | Phase::Stable => known.is_some() || self.members.len() < max,
        }
    }

    /// One that has no id yet.
    fn join_new(&mut self, turn: &mut Turn<'_>, to: Token, request: JoinGroup) {
        let name = request.instance.as_ref().unwrap_or(&request.client_id);
        let id: MemberId = format!("{name}-{}", request.dice.0).into();
        match request.instance.as_ref().and_then(|instance| self.statics.get(instance).cloned()) {
            Some(old) => self.replace_static(turn, to, &old, id, request),
            None if request.instance.is_none() && request.requires_known_member => {
                turn.set(&self.id, Alarm::Session(id.clone()), request.session_timeout_ms);
                turn.reply(to, Reply::JoinGroup(Joined::refused(ErrorCode::MemberIdRequired, &id)));
                self.pending_join.insert(id);
            }
            None => self.add(turn, to, id, request),
        }
    }

    /// Takes a member in and lets it wait for the generation that it makes necessary.
    fn add(&mut self, turn: &mut Turn<'_>, to: Token, id: MemberId, request: JoinGroup) {
        if self.phase == Phase::Preparing && self.previous == Phase::Empty {
            self.new_member_added = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type);
        }
        turn.set(&self.id, Alarm::Session(id.clone()), NEW_MEMBER_JOIN_TIMEOUT_MS);
        self.insert(Member {
            id,
            instance: request.instance,
            client_id: request.client_id,
            client_host: request.client_host,
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_timeout_ms: request.session_timeout_ms,
            protocols: request.protocols,
            assignment: bytes::Bytes::new(),
            join: Some(to),
            sync: None,
            is_new: true,
        });
        self.rebalance_or_complete(turn);
    }

    /// A member of the group (`classicGroupJoinExistingMember`).
    fn join_again(&mut self, turn: &mut Turn<'_>, to: Token, request: JoinGroup) {
        if let Err(error) = self.check_member(&request.member, request.instance.as_deref()) {
            let joined = Joined { protocol_name: None, ..Joined::refused(error, &request.member) };
            turn.reply(to, Reply::JoinGroup(joined));
            return;
        }
        let same = self.members.get(request.member.as_str()).is_some_and(|it| it.protocols == request.protocols);
        match self.phase {
            // It may not have received the answer to its first join.
            Phase::Completing if same => {
                let joined = self.joined(&request.member);
                turn.reply(to, Reply::JoinGroup(joined));
            }
            // The leader joins to have all assigned anew, as when topics have changed; others only ask what is.
            Phase::Stable if same && !self.is_leader(&request.member) => {
                let joined = self.joined(&request.member);
                turn.reply(to, Reply::JoinGroup(joined));
            }
            Phase::Preparing | Phase::Completing | Phase::Stable => {
                self.update(turn, Some(to), &request);
                self.rebalance_or_complete(turn);
            }
            Phase::Empty => {
                turn.reply(to, Reply::JoinGroup(Joined::refused(ErrorCode::UnknownMemberId, &request.member)));
            }
        }
    }

    /// What a member tells anew when it joins again. One that waited for an earlier join of it is told to come back.
    pub(super) fn update(&mut self, turn: &mut Turn<'_>, to: Option<Token>, request: &JoinGroup) {
        let Some(mut member) = self.members.get(request.member.as_str()).cloned() else { return };
        self.count_protocols(&member, false);
        if let Some(earlier) = self.take_join(&mut member) {
            turn.reply(earlier, Reply::JoinGroup(Joined::refused(ErrorCode::RebalanceInProgress, &member.id)));
        }
        member.protocols = request.protocols.clone();
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
        member.session_timeout_ms = request.session_timeout_ms;
        member.join = to;
        self.awaiting_join += usize::from(to.is_some());
        self.count_protocols(&member, true);
        self.members.insert(member.id.clone(), member);
    }

    /// The present generation as `member` sees it.
    pub(super) fn joined(&self, member: &str) -> Joined {
        let protocol = self.protocol.as_deref();
        let members = self.members.values().filter(|_| self.is_leader(member));
        Joined {
            error: ErrorCode::None,
            member: member.to_owned(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.leader.as_deref().unwrap_or_default().to_owned(),
            skip_assignment: false,
            members: members.map(|it| it.joined(protocol)).collect(),
        }
    }
}
