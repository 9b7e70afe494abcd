//! From classic to consumer group and back while members are there (`group.consumer.migration.policy`).
//!
//! The first member of the new protocol makes a classic group a consumer group, and the members of the classic protocol stay in it; when
//! the last member of the new protocol goes, the group becomes a classic one again.

use std::sync::Arc;

use model::{ErrorCode, Timestamp};

use super::Refusal;
use super::embedded::{self, Unreadable};
use super::group::ConsumerGroup;
use super::member::{Member, MemberState};
use super::partitions::{Partitions, held_at};
use super::records::Draft;
use crate::classic::Live;
use crate::records::{ClassicMemberMetadata, ClassicProtocol, GroupMetadataKey};
use crate::{Decision, GroupId, Groups, MemberId, Record};

impl Groups {
    /// A draft of the consumer group that a classic group becomes. What is soft changes when the decision stands.
    pub(crate) fn upgrade(&mut self, id: &str) -> Result<Draft, Refusal> {
        let mut draft = Draft::of(id, None);
        let key = GroupMetadataKey { group: id.to_owned(), ..Default::default() };
        draft.records.push(Record::GroupMetadata(key, None));
        let Some(live) = self.live(id).filter(|live| !live.members.is_empty()) else { return Ok(draft) };
        self.may_upgrade(live)?;
        let members = live.members.values().map(|member| self.as_consumer(live, member));
        let members = members.collect::<Result<Vec<_>, _>>()?;
        let generation = live.generation;
        members.iter().for_each(|(member, _)| draft.write_metadata(member));
        let hash = self.metadata_hash(&draft.group);
        draft.write_epoch(generation, hash);
        members.iter().for_each(|(member, target)| draft.write_target(&member.id, target));
        draft.write_target_epoch(generation, Timestamp(0));
        members.iter().for_each(|(member, _)| draft.write_assignment(member));
        Ok(draft)
    }

    fn may_upgrade(&self, live: &Live) -> Result<(), Refusal> {
        let why = if !self.settings.consumer.migration.upgrade {
            "online upgrade is disabled"
        } else if !live.is_of_consumers() {
            "the group does not use the consumer embedded protocol"
        } else if live.members.len() as i64 > i64::from(self.settings.consumer.max_size) {
            "the group size exceeds the consumer group maximum size"
        } else {
            return Ok(());
        };
        Err(cannot_upgrade(&live.id, why))
    }

    /// A member of a classic group as one of the consumer group, and what it shall have: what it has.
    fn as_consumer(&self, live: &Live, member: &crate::classic::Member) -> Result<(Member, Partitions), Refusal> {
        // A group that has never had a generation has no protocol, for which Kafka has no code.
        let Some(protocol) = &live.protocol else { return Err(Refusal::code(ErrorCode::UnknownServerError)) };
        let cannot = |why| cannot_upgrade(&live.id, why);
        let malformed = || cannot("the embedded consumer protocol is malformed");
        let has = embedded::assignment(&member.assignment, &self.surroundings).map_err(|why| match why {
            Unreadable::Malformed => malformed(),
            Unreadable::HasUserData => cannot(
                "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default \
                 assignor before re-attempting the upgrade",
            ),
        })?;
        let told =
            embedded::subscription(&member.metadata(Some(protocol)), &self.surroundings).ok_or_else(malformed)?;
        let protocols = member.protocols.iter().map(|it| ClassicProtocol {
            name: it.name.clone(),
            metadata: it.metadata.clone(),
            ..Default::default()
        });
        let classic = ClassicMemberMetadata {
            session_timeout_ms: member.session_timeout_ms,
            supported_protocols: protocols.collect(),
            ..Default::default()
        };
        let upgraded = Member {
            epoch: live.generation,
            previous_epoch: live.generation,
            state: MemberState::Stable,
            instance: member.instance.as_deref().map(Arc::from),
            rack: told.rack,
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            topics: Arc::new(told.topics.into_iter().collect()),
            assigned: held_at(&has, live.generation),
            classic: Some(classic),
            ..Member::new(member.id.clone())
        };
        Ok((upgraded, has))
    }

    /// Whether only members of the classic protocol are left when these have gone, and may be a classic group.
    pub(crate) fn may_downgrade(&self, group: &ConsumerGroup, leaving: &[MemberId]) -> bool {
        let left = group.len() - leaving.len();
        let is_classic = |id: &&MemberId| group.member(id).is_some_and(|member| member.classic.is_some());
        let classic = group.classic_members() - leaving.iter().filter(is_classic).count();
        classic == left && left > 0 && self.allows_classic(left)
    }

    /// Whether the configuration lets a group of so many members become a classic group.
    pub(crate) fn allows_classic(&self, members: usize) -> bool {
        self.settings.consumer.migration.downgrade && members as i64 <= i64::from(self.settings.max_size)
    }

    /// The classic group that a consumer group becomes, with the assignments of its last target.
    pub(crate) fn downgraded(
        &mut self,
        now: Timestamp,
        id: &GroupId,
        generation: i32,
        group: &ConsumerGroup,
        leaving: &[MemberId],
        out: &mut Decision,
    ) -> Option<Box<Live>> {
        let members = group.members().filter(|member| !leaving.contains(&member.id)).map(|member| &**member);
        let assignment =
            |member: &MemberId, told: &_| embedded::write_assignment(&group.target(member), told, &self.surroundings);
        let live = self.as_classic(now, id, generation, members, assignment)?;
        self.fits_classic(now, &live, out).then_some(live)
    }

    /// Makes a consumer group a classic group: its own records go, and one of a classic group comes.
    pub(crate) fn downgrade(
        &mut self,
        now: Timestamp,
        draft: Draft,
        live: Box<Live>,
        rebalance: bool,
        out: &mut Decision,
    ) {
        out.records.extend(draft.records);
        draft.group.tombstones(&draft.id, &mut out.records);
        self.revive(now, live, rebalance, out);
    }
}

fn cannot_upgrade(group: &str, why: &str) -> Refusal {
    let message = format!("Cannot upgrade classic group {group} to consumer group because {why}.");
    Refusal::new(ErrorCode::GroupIdNotFound, message)
}
