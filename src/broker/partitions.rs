//! The partitions whose replica lives here, found by topic id.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{PartitionIndex, TopicId};
use parking_lot::RwLock;

use crate::partition::Partition;

/// All partitions of this broker.
#[derive(Default)]
pub struct Partitions {
    here: RwLock<BTreeMap<(TopicId, PartitionIndex), Arc<Partition>>>,
}

impl Partitions {
    /// The partition, if its log is here.
    pub fn get(&self, topic: TopicId, partition: PartitionIndex) -> Option<Arc<Partition>> {
        self.here.read().get(&(topic, partition)).cloned()
    }

    /// Takes a partition up.
    pub fn insert(&self, partition: Partition) -> Arc<Partition> {
        let partition = Arc::new(partition);
        self.here.write().insert((partition.topic_id, partition.id.partition), partition.clone());
        partition
    }

    /// Gives a partition up; whoever waits on it is woken, to learn that.
    pub fn remove(&self, topic: TopicId, partition: PartitionIndex) -> Option<Arc<Partition>> {
        let removed = self.here.write().remove(&(topic, partition));
        if let Some(partition) = &removed {
            partition.follow(partition.leader_epoch());
        }
        removed
    }

    /// All of them, in the order of their ids.
    pub fn all(&self) -> Vec<Arc<Partition>> {
        self.here.read().values().cloned().collect()
    }
}
