//! What the coordinator remembers of topics and consumer groups besides the records.

use std::collections::BTreeMap;

use model::TopicName;

use crate::{Group, GroupId, State, Surroundings};

/// Soft state: all of it can be found again.
#[derive(Debug)]
pub(crate) struct Soft {
    /// For which state of the topics the hash of each group was computed last.
    checked: BTreeMap<GroupId, (i64, u64)>,
    /// The hash of each topic that some group subscribes to.
    pub(crate) topic_hashes: BTreeMap<TopicName, i64>,
    /// The version of the cluster's metadata in which topics came last; -1 if nothing is known of topics.
    pub(crate) newest_topic: i64,
}

impl Default for Soft {
    fn default() -> Self {
        Self { checked: BTreeMap::new(), topic_hashes: BTreeMap::new(), newest_topic: -1 }
    }
}

impl Soft {
    /// The cluster has changed.
    pub(crate) fn look_around(&mut self, before: &Surroundings, after: &Surroundings) {
        if self.newest_topic == -1 || before.creations() != after.creations() {
            self.newest_topic = after.version;
        }
        if before.changes() != after.changes() {
            self.topic_hashes.clear();
        }
    }

    /// Whether topics have changed since the group's were looked at last, or they never were here.
    pub(crate) fn must_check(&self, group: &str, surroundings: &Surroundings) -> bool {
        self.checked.get(group) != Some(&surroundings.changes())
    }

    /// Remembers that they were.
    pub(crate) fn checked(&mut self, group: &GroupId, surroundings: &Surroundings) {
        self.checked.insert(group.clone(), surroundings.changes());
    }

    /// The group is gone.
    pub(crate) fn forget(&mut self, group: &str) {
        self.checked.remove(group);
    }

    /// Only what is a consumer group still is remembered.
    pub(crate) fn keep(&mut self, state: &State) {
        self.checked.retain(|id, _| matches!(state.group(id), Some(Group::Consumer(_))));
    }
}
