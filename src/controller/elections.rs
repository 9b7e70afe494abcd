//! Who leads a partition after its brokers came or went, and who stays in its ISR (`PartitionChangeBuilder`).

use std::collections::BTreeSet;

use metadata::records::PartitionChangeRecord;
use metadata::{Image, MetadataVersion, Partition, Record, Topic};
use model::{NodeId, PartitionIndex, Uuid};

use crate::Controller;

/// Which broker the partitions are looked at for; one of them at a time.
#[derive(Clone, Copy)]
pub(crate) enum Because {
    /// It is fenced, shuts down, or lost a directory: out of the ISR.
    Gone(NodeId),
    /// It is about to be unfenced: it counts as alive.
    Back(NodeId),
    /// It came back without its last writes: out of the ISR and of the eligible replicas.
    Unclean(NodeId),
    /// None of them: the leader asks for another ISR.
    Asked,
}

impl Because {
    fn removes(self, broker: NodeId) -> bool {
        matches!(self, Self::Gone(id) | Self::Unclean(id) if id == broker)
    }
}

impl Controller {
    /// Adds the changes of all partitions that `affected` picks (`generateLeaderAndIsrUpdates`).
    pub(crate) fn update_leaders(
        &mut self,
        image: &Image,
        because: Because,
        records: &mut Vec<Record>,
        affected: impl Fn(&Partition) -> bool,
    ) {
        for topic in image.topics() {
            let mut rules = None;
            for (index, partition) in topic.partitions.iter().filter(|(_, partition)| affected(partition)) {
                let (min_isr, unclean) = *rules.get_or_insert_with(|| self.election_rules(image, topic));
                let isr = partition.isr.iter().copied().filter(|id| !because.removes(*id)).collect();
                let recovering = partition.recovering;
                let change = Change { image, because, partition, isr, recovering, min_isr, unclean };
                records.extend(change.record(topic, *index).map(Record::from));
            }
        }
    }

    /// The change that gives one partition the ISR and the state of recovery that its leader asks for.
    pub(crate) fn change_isr(
        &mut self,
        image: &Image,
        topic: &Topic,
        index: PartitionIndex,
        isr: Vec<NodeId>,
        recovering: bool,
    ) -> Option<PartitionChangeRecord> {
        let partition = topic.partitions.get(&index)?;
        let (min_isr, unclean) = self.election_rules(image, topic);
        Change { image, because: Because::Asked, partition, isr, recovering, min_isr, unclean }.record(topic, index)
    }

    /// The least ISR, and whether a replica out of sync may lead, for one topic.
    fn election_rules(&mut self, image: &Image, topic: &Topic) -> (usize, bool) {
        let node = self.node.in_force(image);
        let overrides = crate::node::to_settings(image.config(&metadata::ConfigResource::topic(&topic.name)));
        let replicas = topic.partitions.values().next().map_or(1, |partition| partition.replicas.len());
        match config::TopicConfig::new(&node, &overrides) {
            Ok(it) => {
                let min = usize::try_from(it.min_insync_replicas).unwrap_or(1);
                (min.min(replicas), it.unclean_leader_election_enable)
            }
            Err(_) => (1, false), // Only a log of another version has such values; be strict.
        }
    }
}

struct Change<'a> {
    image: &'a Image,
    because: Because,
    partition: &'a Partition,
    /// Who shall be in sync.
    isr: Vec<NodeId>,
    /// Whether the leader shall still be recovering.
    recovering: bool,
    min_isr: usize,
    unclean: bool,
}

struct Elected {
    leader: NodeId,
    unclean: bool,
}

impl Change<'_> {
    fn record(&self, topic: &Topic, partition_id: PartitionIndex) -> Option<PartitionChangeRecord> {
        let old = self.partition;
        let with_elr = self.image.has_elr();
        let mut isr = self.isr.clone();
        let mut elr = if with_elr { self.eligible(&isr) } else { old.elr.clone() };
        let mut record = PartitionChangeRecord { topic_id: topic.id, partition_id, ..Default::default() };

        let elected = self.elect(&isr, &elr);
        if elected.leader != old.leader {
            if elr.contains(&elected.leader) {
                isr = vec![elected.leader];
                elr.retain(|id| *id != elected.leader);
            }
            record.leader = elected.leader;
            if elected.unclean {
                record.isr = Some(vec![elected.leader]);
                if !old.recovering {
                    record.leader_recovery_state = 1;
                }
            }
        }
        if record.isr.is_some() || !with_elr {
            elr.clear();
        }
        if elr != old.elr {
            record.eligible_leader_replicas = Some(elr);
        }
        if record.isr.is_none() && (!isr.is_empty() || with_elr) && isr != old.isr {
            record.isr = Some(isr);
        }
        self.bump_epoch_on_shrink(&mut record);
        if with_elr {
            remember_last_leader(&mut record, old);
        }
        if self.recovering != old.recovering {
            record.leader_recovery_state = i8::from(self.recovering);
        }
        let nothing = PartitionChangeRecord { topic_id: topic.id, partition_id, ..Default::default() };
        (record != nothing).then_some(record)
    }

    /// Those that left the ISR while it was too small to commit anything without them (KIP-966).
    fn eligible(&self, isr: &[NodeId]) -> Vec<NodeId> {
        if isr.len() >= self.min_isr {
            return vec![];
        }
        let lost = |id: &NodeId| matches!(self.because, Because::Unclean(broker) if broker == *id);
        let all: BTreeSet<_> = self.partition.elr.iter().chain(&self.partition.isr).copied().collect();
        all.into_iter().filter(|id| !isr.contains(id) && !lost(id)).collect()
    }

    fn elect(&self, isr: &[NodeId], elr: &[NodeId]) -> Elected {
        let old = self.partition;
        let valid = |id: &NodeId| (isr.contains(id) || (isr.is_empty() && elr.contains(id))) && self.may_lead(*id);
        let clean = |leader| Elected { leader, unclean: false };
        if valid(&old.leader) {
            return clean(old.leader);
        }
        if let Some(leader) = old.replicas.iter().find(|id| valid(id)) {
            return clean(*leader);
        }
        let nobody = isr.is_empty() && elr.is_empty() && self.image.has_elr();
        if let ([last], true) = (old.last_known_elr.as_slice(), nobody)
            && self.may_lead(*last)
        {
            return Elected { leader: *last, unclean: true };
        }
        match old.replicas.iter().find(|id| self.may_lead(**id)) {
            Some(leader) if self.unclean => Elected { leader: *leader, unclean: true },
            _ => clean(NodeId::NONE),
        }
    }

    fn may_lead(&self, broker: NodeId) -> bool {
        let alive = match self.because {
            _ if self.because.removes(broker) => false,
            Because::Back(id) if id == broker => true,
            _ => self.image.is_active(broker),
        };
        alive && is_online(self.image, self.partition, broker)
    }

    /// Brokers before 3.6 need a new epoch when the ISR shrinks (KAFKA-15021).
    fn bump_epoch_on_shrink(&self, record: &mut PartitionChangeRecord) {
        let keeps = self.image.metadata_version().is_none_or(MetadataVersion::keeps_epoch_on_isr_shrink);
        if let (false, NodeId(-2), Some(isr)) = (keeps, record.leader, &record.isr)
            && !self.partition.isr.iter().all(|id| isr.contains(id))
        {
            record.leader = self.partition.leader;
        }
    }
}

/// The last leader stays known while there is none, so that it may lead again.
fn remember_last_leader(record: &mut PartitionChangeRecord, old: &Partition) {
    if record.leader == NodeId::NONE && old.last_known_elr.is_empty() {
        record.last_known_elr = Some(vec![old.leader]);
    } else if record.leader.0 >= 0 && !old.last_known_elr.is_empty() {
        record.last_known_elr = Some(vec![]);
    }
}

/// Whether the directory of the broker's replica works, as far as is known.
pub(crate) fn is_online(image: &Image, partition: &Partition, id: NodeId) -> bool {
    let (Some(broker), Some(directory)) = (image.brokers.get(&id), partition.directory(id)) else { return false };
    match directory {
        Uuid::UNASSIGNED_DIR | Uuid::MIGRATING_DIR => true,
        Uuid::LOST_DIR => false,
        directory => broker.log_dirs.is_empty() || broker.log_dirs.contains(&directory),
    }
}
