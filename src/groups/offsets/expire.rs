//! Offsets that nobody needs any more, and groups of which nothing is left (KIP-211).

use model::{Timestamp, TopicId, TopicName};

use super::Committed;
use super::delete::tombstone;
use crate::classic::Phase;
use crate::{Decision, Group, GroupId, Groups, State};

/// Since when an offset's time runs.
#[derive(Clone, Copy)]
enum Since {
    /// Its commit.
    Commit,
    /// The moment at which the group became empty.
    Empty(Timestamp),
}

impl Groups {
    /// `GroupCoordinatorShard.cleanupGroupMetadata`.
    pub(crate) fn expire(&mut self, state: &State, now: Timestamp, out: &mut Decision) {
        for (id, group) in &state.groups {
            if self.expire_offsets(state, now, id, group, out) && self.is_empty(id, group) {
                self.bury(id, group, out);
            }
        }
    }

    /// Whether no offset of the group is left.
    fn expire_offsets(&self, state: &State, now: Timestamp, id: &GroupId, group: &Group, out: &mut Decision) -> bool {
        let Some(topics) = state.offsets.of_group(id) else { return !state.offsets.has_open(id) };
        let Some(since) = self.since(id, group) else { return false };
        let mut all = true;
        for (topic, partitions) in topics {
            if self.is_subscribed(id, group, topic) {
                all = false;
                continue;
            }
            for (partition, committed) in partitions {
                if self.is_expired(committed, since, now) && !state.offsets.is_unstable(id, topic, *partition) {
                    out.records.push(tombstone(id, topic, *partition));
                } else {
                    all = false;
                }
            }
        }
        all && !state.offsets.has_open(id)
    }

    /// `OffsetExpirationConditionImpl`.
    fn is_expired(&self, committed: &Committed, since: Since, now: Timestamp) -> bool {
        match (committed.expires_at, since) {
            (Some(at), _) => now >= at,
            (None, Since::Commit) => self.is_over(committed.committed_at, now),
            (None, Since::Empty(at)) => self.is_over(at, now),
        }
    }

    fn is_over(&self, since: Timestamp, now: Timestamp) -> bool {
        now.0.saturating_sub(since.0) >= self.settings.offsets_retention_ms
    }

    /// Since when offsets that nobody subscribes to expire; none if they do not now
    /// (`ClassicGroup.offsetExpirationCondition`).
    fn since(&self, id: &GroupId, group: &Group) -> Option<Since> {
        let Group::Classic(saved) = group else { return Some(Since::Commit) };
        let (phase, simple, since) = match self.live(id) {
            None => {
                let since = Some(saved.current_state_timestamp).filter(|it| it.0 != -1);
                (Phase::Empty, saved.protocol_type.is_empty(), since)
            }
            Some(live) => (live.phase, live.protocol_type.is_none(), live.since),
        };
        match phase {
            _ if simple => Some(Since::Commit),
            Phase::Empty => Some(since.map_or(Since::Commit, Since::Empty)),
            Phase::Stable => {
                self.live(id).filter(|it| it.is_of_consumers() && it.subscribed.is_some()).map(|_| Since::Commit)
            }
            Phase::Preparing | Phase::Completing => None,
        }
    }
}

/// Offsets of topics that are gone, also those of open transactions. One whose id is another topic's stays.
pub(crate) fn topics_deleted(state: &State, deleted: &[(TopicName, TopicId)], out: &mut Decision) {
    let pending = state.offsets.pending.values().flat_map(|groups| groups.iter());
    for (group, topics) in state.offsets.committed.iter().chain(pending) {
        for (name, id) in deleted {
            for (partition, committed) in topics.get(name).into_iter().flatten() {
                if committed.topic_id.is_zero() || committed.topic_id == *id {
                    out.records.push(tombstone(group, name, *partition));
                }
            }
        }
    }
}
