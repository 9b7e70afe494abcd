//! Committed offsets (`OffsetMetadataManager`): what they are, and how records change them.

mod commit;
mod delete;
mod expire;
mod fetch;

use std::sync::Arc;

use model::{LeaderEpoch, Offset, PartitionIndex, ProducerId, Timestamp, TopicId, TopicName};

use crate::records::{OffsetCommitKey, OffsetCommitValue};
use crate::{GroupId, Map};
pub(crate) use expire::topics_deleted;

/// A committed offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The offset.
    pub offset: Offset,
    /// The leader epoch of the last record that was consumed; -1 for none.
    pub leader_epoch: LeaderEpoch,
    /// A text of the client's.
    pub metadata: Arc<str>,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// When it expires, where an old client said so.
    pub expires_at: Option<Timestamp>,
    /// The topic's id; zero where it was not known.
    pub topic_id: TopicId,
    /// The place of its record among all others: of two commits, the later record counts.
    sequence: u64,
}

/// Offsets of one group.
pub type ByTopic<T> = Map<TopicName, Map<PartitionIndex, T>>;

/// All committed offsets of a partition of `__consumer_offsets`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offsets {
    /// What counts.
    committed: Map<GroupId, ByTopic<Committed>>,
    /// What will count when the producer's transaction is committed.
    pending: Map<ProducerId, Map<GroupId, ByTopic<Committed>>>,
    /// The producers whose open transactions have an offset for a partition.
    open: Map<GroupId, ByTopic<Map<ProducerId, ()>>>,
    /// How many records of offsets there were.
    sequence: u64,
}

impl Offsets {
    /// The committed offset of a partition.
    pub fn get(&self, group: &str, topic: &str, partition: PartitionIndex) -> Option<&Committed> {
        self.committed.get(group)?.get(topic)?.get(&partition)
    }

    /// All committed offsets of a group.
    pub fn of_group(&self, group: &str) -> Option<&ByTopic<Committed>> {
        self.committed.get(group)
    }

    /// Whether an open transaction has an offset for a partition.
    pub fn is_unstable(&self, group: &str, topic: &str, partition: PartitionIndex) -> bool {
        let topics = self.open.get(group);
        topics.and_then(|it| it.get(topic)).is_some_and(|partitions| partitions.contains_key(&partition))
    }

    /// Whether an open transaction has any offset of a group.
    fn has_open(&self, group: &str) -> bool {
        self.open.contains_key(group)
    }

    pub(crate) fn replay(&mut self, key: &OffsetCommitKey, value: Option<&OffsetCommitValue>) {
        match value {
            Some(value) => {
                let committed = self.read(value);
                put(&mut self.committed, &key.group, &key.topic, key.partition, committed);
            }
            None => {
                take(&mut self.committed, &key.group, &key.topic, key.partition);
                let producers = take(&mut self.open, &key.group, &key.topic, key.partition);
                for producer in producers.iter().flat_map(|producers| producers.keys()) {
                    self.take_pending(*producer, key);
                }
            }
        }
    }

    pub(crate) fn replay_pending(&mut self, producer: ProducerId, key: &OffsetCommitKey, value: &OffsetCommitValue) {
        let committed = self.read(value);
        if !self.pending.contains_key(&producer) {
            self.pending.insert_mut(producer, Map::default());
        }
        if let Some(groups) = self.pending.get_mut(&producer) {
            put(groups, &key.group, &key.topic, key.partition, committed);
        }
        let open =
            self.open.get(key.group.as_str()).and_then(|it| it.get(&*key.topic)).and_then(|it| it.get(&key.partition));
        let mut producers = open.cloned().unwrap_or_default();
        producers.insert_mut(producer, ());
        put(&mut self.open, &key.group, &key.topic, key.partition, producers);
    }

    /// Offsets of a committed transaction count now, unless a later record has told another.
    pub(crate) fn replay_end(&mut self, producer: ProducerId, commit: bool) {
        let Some(groups) = self.pending.get(&producer).cloned() else { return };
        self.pending.remove_mut(&producer);
        for (group, topics) in &groups {
            for (topic, partitions) in topics {
                for (partition, committed) in partitions {
                    self.close(producer, group, topic, *partition);
                    let before = self.get(group, topic, *partition);
                    if commit && before.is_none_or(|before| before.sequence < committed.sequence) {
                        put(&mut self.committed, group, topic, *partition, committed.clone());
                    }
                }
            }
        }
    }

    fn read(&mut self, value: &OffsetCommitValue) -> Committed {
        self.sequence += 1;
        Committed {
            offset: value.offset,
            leader_epoch: value.leader_epoch,
            // Mostly there is none, and then there is no memory for it either.
            metadata: if value.metadata.is_empty() { Arc::default() } else { value.metadata.as_str().into() },
            committed_at: value.commit_timestamp,
            expires_at: (value.expire_timestamp.0 != -1).then_some(value.expire_timestamp),
            topic_id: value.topic_id,
            sequence: self.sequence,
        }
    }

    fn take_pending(&mut self, producer: ProducerId, key: &OffsetCommitKey) {
        if let Some(groups) = self.pending.get_mut(&producer) {
            take(groups, &key.group, &key.topic, key.partition);
        }
    }

    /// The producer's transaction has no offset for the partition any more.
    fn close(&mut self, producer: ProducerId, group: &str, topic: &str, partition: PartitionIndex) {
        let Some(mut producers) = take(&mut self.open, group, topic, partition) else { return };
        producers.remove_mut(&producer);
        if !producers.is_empty() {
            put(&mut self.open, group, topic, partition, producers);
        }
    }
}

fn put<T: Clone>(all: &mut Map<GroupId, ByTopic<T>>, group: &str, topic: &str, partition: PartitionIndex, value: T) {
    if let Some(topics) = all.get_mut(group) {
        put_in(topics, topic, partition, value);
        return;
    }
    let mut topics = Map::default();
    put_in(&mut topics, topic, partition, value);
    all.insert_mut(group.into(), topics);
}

fn put_in<T: Clone>(topics: &mut ByTopic<T>, topic: &str, partition: PartitionIndex, value: T) {
    if let Some(partitions) = topics.get_mut(topic) {
        match partitions.get_mut(&partition) {
            Some(known) => *known = value,
            None => {
                partitions.insert_mut(partition, value);
            }
        }
        return;
    }
    let mut partitions = Map::default();
    partitions.insert_mut(partition, value);
    topics.insert_mut(topic.into(), partitions);
}

/// Takes a value out, and what has become empty with it.
fn take<T: Clone>(
    all: &mut Map<GroupId, ByTopic<T>>,
    group: &str,
    topic: &str,
    partition: PartitionIndex,
) -> Option<T> {
    let topics = all.get_mut(group)?;
    let partitions = topics.get_mut(topic)?;
    let value = partitions.get(&partition).cloned()?;
    partitions.remove_mut(&partition);
    if partitions.is_empty() {
        topics.remove_mut(topic);
    }
    if topics.is_empty() {
        all.remove_mut(group);
    }
    Some(value)
}
