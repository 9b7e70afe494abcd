//! The partitions whose replica lives here, found by topic id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use arc_swap::ArcSwap;
use model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicPartition};
use parking_lot::RwLock;
use replication::validate::Rules;
use storage::log::Log;

use crate::waiters::Waiters;

/// One partition that this broker leads.
pub struct Partition {
    /// Its topic's name and its number.
    pub id: TopicPartition,
    /// Its topic's id.
    pub topic_id: TopicId,
    /// Its log.
    pub log: Arc<Log>,
    /// Who waits for records.
    pub readers: Waiters,
    /// What the topic's configuration asks of batches.
    pub rules: ArcSwap<Rules>,
    leader_epoch: AtomicI32,
    min_insync_replicas: AtomicI32,
}

impl Partition {
    /// A partition with its log, as of `leader_epoch`.
    pub fn new(id: TopicPartition, topic_id: TopicId, log: Arc<Log>, leader_epoch: LeaderEpoch, rules: Rules) -> Self {
        Self {
            id,
            topic_id,
            log,
            readers: Waiters::default(),
            rules: ArcSwap::from_pointee(rules),
            leader_epoch: AtomicI32::new(leader_epoch.0),
            min_insync_replicas: AtomicI32::new(1),
        }
    }

    /// The epoch in which this broker leads.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(self.leader_epoch.load(Ordering::Acquire))
    }

    /// A new reign begins.
    pub fn set_leader_epoch(&self, epoch: LeaderEpoch) {
        self.leader_epoch.store(epoch.0, Ordering::Release);
    }

    /// Everything in front of `end` is committed: readers may have it.
    pub fn committed(&self, end: Offset) {
        self.log.set_high_watermark(end);
        self.readers.wake();
    }

    /// `min.insync.replicas`, as far as there are replicas at all (`Partition.effectiveMinIsr`).
    pub fn effective_min_isr(&self, replicas: usize) -> usize {
        (self.min_insync_replicas.load(Ordering::Relaxed).max(1) as usize).min(replicas)
    }

    /// `min.insync.replicas` as configured.
    pub fn set_min_insync_replicas(&self, count: i32) {
        self.min_insync_replicas.store(count, Ordering::Relaxed);
    }

    /// Whether a client that believes in `claimed` (-1: in nothing) is up to date (KIP-320).
    pub fn check_epoch(&self, claimed: i32) -> Result<(), ErrorCode> {
        let current = self.leader_epoch().0;
        match claimed {
            -1 => Ok(()),
            older if older < current => Err(ErrorCode::FencedLeaderEpoch),
            newer if newer > current => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }
}

/// All partitions of this broker.
#[derive(Default)]
pub struct Partitions {
    led: RwLock<BTreeMap<(TopicId, PartitionIndex), Arc<Partition>>>,
}

impl Partitions {
    /// The partition, if its log is here.
    pub fn get(&self, topic: TopicId, partition: PartitionIndex) -> Option<Arc<Partition>> {
        self.led.read().get(&(topic, partition)).cloned()
    }

    /// Takes a partition up.
    pub fn insert(&self, partition: Partition) -> Arc<Partition> {
        let partition = Arc::new(partition);
        self.led.write().insert((partition.topic_id, partition.id.partition), partition.clone());
        partition
    }

    /// Gives a partition up; whoever waits on it is woken, to learn that.
    pub fn remove(&self, topic: TopicId, partition: PartitionIndex) -> Option<Arc<Partition>> {
        let removed = self.led.write().remove(&(topic, partition));
        if let Some(partition) = &removed {
            partition.readers.wake();
        }
        removed
    }

    /// All of them, in the order of their ids.
    pub fn all(&self) -> Vec<Arc<Partition>> {
        self.led.read().values().cloned().collect()
    }
}
