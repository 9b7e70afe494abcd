//! Topics and their partitions (`TopicsDelta`, `PartitionRegistration`).

use model::{LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId, TopicName, Uuid};

use super::Image;
use crate::Map;
use crate::records::*;

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its name.
    pub name: TopicName,
    /// Its id.
    pub id: TopicId,
    /// Its partitions.
    pub partitions: Map<PartitionIndex, Partition>,
}

/// One partition: where its replicas are, and who leads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The brokers that have it, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// The directory of each replica, in the order of `replicas` (KIP-858).
    pub directories: Vec<Uuid>,
    /// The replicas that are in sync.
    pub isr: Vec<NodeId>,
    /// Replicas that a reassignment removes.
    pub removing_replicas: Vec<NodeId>,
    /// Replicas that a reassignment adds.
    pub adding_replicas: Vec<NodeId>,
    /// The eligible leader replicas: not in sync, but with all committed records (KIP-966).
    pub elr: Vec<NodeId>,
    /// The last replicas that were eligible, once there is none.
    pub last_known_elr: Vec<NodeId>,
    /// The leader; [`NodeId::NONE`] if there is none.
    pub leader: NodeId,
    /// Whether the leader recovers from an unclean election (KIP-704).
    pub recovering: bool,
    /// Grows with each election.
    pub leader_epoch: LeaderEpoch,
    /// Grows with each change.
    pub partition_epoch: PartitionEpoch,
}

impl Image {
    /// A topic by name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(self.topic_ids.get(name)?)
    }

    /// A topic by id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Topic> {
        self.topics.get(&id)
    }

    /// All topics, in the order of their names.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topic_ids.values().filter_map(|id| self.topics.get(id))
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topics.size()
    }

    /// One partition by its topic's name.
    pub fn partition(&self, topic: &str, index: PartitionIndex) -> Option<&Partition> {
        self.topic(topic)?.partitions.get(&index)
    }

    pub(super) fn replay_topic(&mut self, record: &TopicRecord) {
        let topic = Topic { name: record.name.clone(), id: record.topic_id, partitions: Map::default() };
        self.topics.insert_mut(record.topic_id, topic);
        self.topic_ids.insert_mut(record.name.clone(), record.topic_id);
    }

    /// The topic's configurations go with it, as Kafka has it without a record of their own.
    pub(super) fn replay_remove_topic(&mut self, record: &RemoveTopicRecord) {
        let Some(name) = self.topics.get(&record.topic_id).map(|topic| topic.name.clone()) else { return };
        self.topics.remove_mut(&record.topic_id);
        if self.topic_ids.get(&name) == Some(&record.topic_id) {
            self.topic_ids.remove_mut(&name);
            self.configs.remove_mut(&super::ConfigResource::topic(&name));
        }
    }

    pub(super) fn replay_partition(&mut self, record: &PartitionRecord) {
        if let Some(topic) = self.topics.get_mut(&record.topic_id) {
            topic.partitions.insert_mut(record.partition_id, Partition::new(record));
        }
    }

    pub(super) fn replay_partition_change(&mut self, record: &PartitionChangeRecord) {
        if let Some(topic) = self.topics.get_mut(&record.topic_id)
            && let Some(partition) = topic.partitions.get_mut(&record.partition_id)
        {
            partition.apply(record);
        }
    }

    pub(super) fn replay_clear_elr(&mut self, record: &ClearElrRecord) {
        let ids: Vec<_> = match record.topic_name.is_empty() {
            true => self.topics.keys().copied().collect(),
            false => self.topic_ids.get(&record.topic_name).copied().into_iter().collect(),
        };
        for id in ids {
            let Some(topic) = self.topics.get_mut(&id) else { continue };
            let with_elr: Vec<_> = topic.partitions.iter().filter(|(_, p)| p.has_elr()).map(|(i, _)| *i).collect();
            for index in with_elr {
                if let Some(partition) = topic.partitions.get_mut(&index) {
                    partition.elr.clear();
                    partition.last_known_elr.clear();
                    partition.partition_epoch.0 += 1;
                }
            }
        }
    }
}

impl Partition {
    /// The partition that a record created.
    pub fn new(record: &PartitionRecord) -> Self {
        Self {
            replicas: record.replicas.clone(),
            directories: directories(&record.directories, record.replicas.len()),
            isr: record.isr.clone(),
            removing_replicas: record.removing_replicas.clone(),
            adding_replicas: record.adding_replicas.clone(),
            elr: record.eligible_leader_replicas.clone().unwrap_or_default(),
            last_known_elr: record.last_known_elr.clone().unwrap_or_default(),
            leader: record.leader,
            recovering: record.leader_recovery_state == 1,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
        }
    }

    /// Changes what the record tells; naming a leader, even the same, begins a new leader epoch.
    pub fn apply(&mut self, record: &PartitionChangeRecord) {
        let set = |field: &mut Vec<NodeId>, change: &Option<Vec<NodeId>>| {
            if let Some(change) = change {
                field.clone_from(change);
            }
        };
        set(&mut self.replicas, &record.replicas);
        set(&mut self.isr, &record.isr);
        set(&mut self.removing_replicas, &record.removing_replicas);
        set(&mut self.adding_replicas, &record.adding_replicas);
        set(&mut self.elr, &record.eligible_leader_replicas);
        set(&mut self.last_known_elr, &record.last_known_elr);
        self.directories = directories(record.directories.as_ref().unwrap_or(&self.directories), self.replicas.len());
        if record.leader != NodeId(-2) {
            self.leader = record.leader;
            self.leader_epoch.0 += 1;
        }
        if record.leader_recovery_state >= 0 {
            self.recovering = record.leader_recovery_state == 1;
        }
        self.partition_epoch.0 += 1;
    }

    /// The directory that the replica on `broker` lies in, if it has a replica there.
    pub fn directory(&self, broker: NodeId) -> Option<Uuid> {
        let at = self.replicas.iter().position(|replica| *replica == broker)?;
        self.directories.get(at).copied()
    }

    /// Whether a reassignment goes on.
    pub fn is_reassigning(&self) -> bool {
        !self.adding_replicas.is_empty() || !self.removing_replicas.is_empty()
    }

    /// Whether the first replica leads, which spreads leadership as it was meant.
    pub fn has_preferred_leader(&self) -> bool {
        self.leader == self.replicas.first().copied().unwrap_or(NodeId::NONE)
    }

    /// Whether there is something in either list of eligible leader replicas.
    pub fn has_elr(&self) -> bool {
        !self.elr.is_empty() || !self.last_known_elr.is_empty()
    }
}

/// Partitions of older clusters have no directories: all of them are "not told yet".
fn directories(told: &[Uuid], replicas: usize) -> Vec<Uuid> {
    if told.iter().all(|directory| *directory == Uuid::MIGRATING_DIR) {
        vec![Uuid::MIGRATING_DIR; replicas]
    } else {
        told.to_vec()
    }
}
