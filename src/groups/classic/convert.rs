//! A classic group ends because it has become a consumer group, or begins because it was one (KIP-848).

use std::collections::BTreeSet;

use bytes::Bytes;
use model::{ErrorCode, Timestamp};

use super::{Live, Member, Phase, Turn};
use crate::timers::Alarm;
use crate::{Decision, GroupId, Groups, Joined, MemberId, Protocol, Reply, Synced, consumer};

impl Groups {
    /// The group is no classic group any more: those who wait are to join again. Gives the ids that were its members'.
    pub(crate) fn dissolve(&mut self, id: &GroupId, out: &mut Decision) -> BTreeSet<MemberId> {
        let Some(live) = self.live.remove(id) else { return BTreeSet::new() };
        let error = ErrorCode::RebalanceInProgress;
        for member in live.members.values() {
            if let Some(to) = member.join {
                out.reply(to, Reply::JoinGroup(Joined::refused(error, &member.id)));
            }
            if let Some(to) = member.sync {
                out.reply(to, Reply::SyncGroup(Synced::refused(error)));
            }
        }
        self.timers.cancel(id, Alarm::Join);
        self.timers.cancel(id, Alarm::Sync);
        for pending in live.pending_join {
            self.timers.cancel(id, Alarm::Session(pending));
        }
        live.members.into_keys().collect()
    }

    /// The classic group of these members, who all speak the classic protocol, each with an assignment that `assignment` makes
    /// from its id and what it told for the chosen protocol. None if one cannot be made, or the record is too large.
    pub(crate) fn as_classic<'a>(
        &self,
        now: Timestamp,
        id: &GroupId,
        generation: i32,
        members: impl Iterator<Item = &'a consumer::Member>,
        assignment: impl Fn(&MemberId, &Bytes) -> Option<Bytes>,
    ) -> Option<Box<Live>> {
        let mut live = Box::new(Live::new(id.clone(), now));
        live.protocol_type = Some("consumer".to_owned());
        live.generation = generation;
        live.go(Phase::Stable, now);
        members.for_each(|member| live.insert(classic_member(member)));
        live.protocol = live.select_protocol();
        live.subscribed = live.subscribed_topics();
        let protocol = live.protocol.clone();
        for member in live.members.values_mut() {
            member.assignment = assignment(&member.id, &member.metadata(protocol.as_deref()))?;
        }
        Some(live)
    }

    /// Lets such a group live on. Its members have their sessions, and join again if they have to.
    pub(crate) fn revive(&mut self, now: Timestamp, live: Box<Live>, rebalance: bool, out: &mut Decision) {
        let id = live.id.clone();
        self.timers.cancel_all(&id);
        self.consumer.forget(&id);
        out.records.push(live.record(|member| member.assignment.clone()));
        self.live.insert(id.clone(), live);
        self.turn(now, &id, out, |live, turn| {
            for member in live.members.keys() {
                live.renew_session(turn, member);
            }
            if rebalance {
                live.prepare(turn);
            }
        });
    }

    /// Whether the offsets topic takes the record of such a group.
    pub(crate) fn fits_classic(&mut self, now: Timestamp, live: &Live, out: &mut Decision) -> bool {
        let turn = Turn { settings: &self.settings, timers: &mut self.timers, now, out };
        turn.fits(&live.record(|member| member.assignment.clone()))
    }
}

fn classic_member(member: &consumer::Member) -> Member {
    let classic = member.classic.clone().unwrap_or_default();
    let protocols = classic.supported_protocols.into_iter();
    Member {
        id: member.id.clone(),
        instance: member.instance.as_deref().map(str::to_owned),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        rebalance_timeout_ms: member.rebalance_timeout_ms,
        session_timeout_ms: classic.session_timeout_ms,
        protocols: protocols.map(|it| Protocol { name: it.name, metadata: it.metadata }).collect(),
        assignment: Bytes::new(),
        join: None,
        sync: None,
        is_new: false,
    }
}
