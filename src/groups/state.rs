//! What the records of one partition add up to: all its groups and all their committed offsets.

use std::sync::Arc;

use crate::consumer::ConsumerGroup;
use crate::offsets::Offsets;
use crate::records::GroupMetadataValue;
use crate::{GroupId, Map, Record};

/// The durable state. A clone is a snapshot and costs next to nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The groups.
    pub groups: Map<GroupId, Group>,
    /// The committed offsets, and those that wait for the end of a transaction.
    pub offsets: Offsets,
}

/// A group, in the protocol of its members.
#[derive(Clone, Debug, PartialEq)]
pub enum Group {
    /// The members divide the partitions among themselves. Also a group that has offsets and never had a member
    /// (a "simple" group); it has no protocol type.
    Classic(Arc<GroupMetadataValue>),
    /// The coordinator divides the partitions (KIP-848).
    Consumer(ConsumerGroup),
}

impl State {
    /// The group of this id.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.get(id)
    }

    /// Folds in one record. Infallible: what contradicts the state changes nothing.
    pub fn replay(&mut self, record: &Record) {
        match record {
            Record::OffsetCommit(key, value) => {
                if value.is_some() {
                    self.ensure_group(&key.group);
                }
                self.offsets.replay(key, value.as_ref());
            }
            Record::TxnOffsetCommit(producer, key, value) => {
                self.ensure_group(&key.group);
                self.offsets.replay_pending(producer.id, key, value);
            }
            Record::EndTransaction(producer, commit, _) => self.offsets.replay_end(producer.id, *commit),
            Record::GroupMetadata(key, Some(value)) => {
                self.groups.insert_mut(key.group.as_str().into(), Group::Classic(Arc::new(value.clone())));
            }
            Record::GroupMetadata(key, None) => {
                self.groups.remove_mut(key.group.as_str());
            }
            record => self.replay_consumer(record),
        }
    }

    /// Offsets make a simple group where there is none.
    fn ensure_group(&mut self, id: &str) {
        if !self.groups.contains_key(id) {
            self.groups.insert_mut(id.into(), Group::Classic(Arc::default()));
        }
    }

    /// A record of a consumer group makes one where there was none or only offsets (whose records may come first, as
    /// compaction keeps their order and not the group's); a tombstone makes none.
    fn replay_consumer(&mut self, record: &Record) {
        let Some((id, tombstone)) = ConsumerGroup::of(record) else { return };
        if matches!(self.groups.get(id), Some(Group::Consumer(_))) {
            if tombstone && matches!(record, Record::ConsumerGroupMetadata(..)) {
                self.groups.remove_mut(id);
                return;
            }
        } else if tombstone {
            return;
        } else {
            self.groups.insert_mut(id.into(), Group::Consumer(ConsumerGroup::default()));
        }
        if let Some(Group::Consumer(group)) = self.groups.get_mut(id) {
            group.replay(record);
        }
    }
}
