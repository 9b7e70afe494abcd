//! Which protocol a classic group uses, and what its members subscribe to.

use std::collections::{BTreeMap, BTreeSet};

use model::TopicName;

use super::{Live, Member, Phase};
use crate::Protocol;
use crate::protocol::ConsumerProtocolSubscription;

impl Live {
    pub(super) fn count_protocols(&mut self, member: &Member, comes: bool) {
        for protocol in &member.protocols {
            if comes {
                *self.supported.entry(protocol.name.clone()).or_default() += 1;
            } else if let Some(count) = self.supported.get_mut(&protocol.name) {
                *count -= 1;
                if *count == 0 {
                    self.supported.remove(&protocol.name);
                }
            }
        }
    }

    /// Whether a member of this kind could be in the group: at least one protocol must be supported by all
    /// (`ClassicGroup.supportsProtocols`).
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.phase == Phase::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let by_all = |protocol: &Protocol| self.is_supported_by_all(&protocol.name);
        self.protocol_type.as_deref() == Some(protocol_type) && protocols.iter().any(by_all)
    }

    fn is_supported_by_all(&self, protocol: &str) -> bool {
        self.supported.get(protocol).copied().unwrap_or_default() == self.members.len()
    }

    /// Each member votes for the first of its protocols that all support; the one with most votes wins. Of several, it
    /// is the one that was voted for first.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let mut votes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (turn, member) in self.members.values().enumerate() {
            if let Some(vote) = member.protocols.iter().find(|it| self.is_supported_by_all(&it.name)) {
                votes.entry(&vote.name).or_insert((0, usize::MAX - turn)).0 += 1;
            }
        }
        votes.into_iter().max_by_key(|(_, votes)| *votes).map(|(protocol, _)| protocol.to_owned())
    }

    /// What the members of a `consumer` group subscribe to, if all of them can be read
    /// (`ClassicGroup.computeSubscribedTopics`).
    pub(super) fn subscribed_topics(&self) -> Option<BTreeSet<TopicName>> {
        if !self.is_of_consumers() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = Some(self.protocol.as_deref()?);
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(ConsumerProtocolSubscription::topics_of(&member.metadata(protocol))?);
        }
        Some(topics)
    }

    /// Whether offsets of this topic are in use. Where the members cannot be read, all are.
    pub(crate) fn is_subscribed_to(&self, topic: &str) -> bool {
        match &self.subscribed {
            Some(topics) => topics.contains(topic),
            None => self.is_of_consumers(),
        }
    }
}
