//! Sets of partitions by topic, as assignors, records and answers speak of them.

use std::collections::{BTreeMap, BTreeSet};

use model::{PartitionIndex, TopicId};

/// Partitions by topic. A topic without partitions is left out.
pub type Partitions = BTreeMap<TopicId, BTreeSet<PartitionIndex>>;

/// Partitions of a member, each with the epoch in which the member got it (KIP-1251).
pub type Held = BTreeMap<TopicId, BTreeMap<PartitionIndex, i32>>;

/// `partitions` as they are when all of them were given at `epoch`.
pub fn held_at(partitions: &Partitions, epoch: i32) -> Held {
    let with_epoch = |held: &BTreeSet<_>| held.iter().map(|partition| (*partition, epoch)).collect();
    partitions.iter().map(|(topic, held)| (*topic, with_epoch(held))).collect()
}

/// `held` without its epochs.
pub fn without_epochs(held: &Held) -> Partitions {
    held.iter().map(|(topic, held)| (*topic, held.keys().copied().collect())).collect()
}

/// The epoch in which `partition` was given, if it is held.
pub fn epoch_of(held: &Held, topic: TopicId, partition: PartitionIndex) -> Option<i32> {
    held.get(&topic)?.get(&partition).copied()
}

/// Every partition of `held`.
pub fn each(held: &Held) -> impl Iterator<Item = (TopicId, PartitionIndex)> + '_ {
    held.iter().flat_map(|(topic, held)| held.keys().map(|partition| (*topic, *partition)))
}
