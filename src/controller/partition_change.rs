//! The change of one partition: who leads, who is in sync, who is eligible, where it lies (`PartitionChangeBuilder`).

use std::collections::BTreeSet;

use metadata::records::PartitionChangeRecord;
use metadata::{Image, MetadataVersion, Partition};
use model::{DirectoryId, NodeId, PartitionIndex, TopicId, Uuid};

use crate::placement::default_directory;
use crate::reassignment::completed;

/// The record's way to say that the leader stays, and with it the leader epoch.
pub(crate) const SAME_LEADER: NodeId = NodeId(-2);

/// Which broker the partitions are looked at for; one of them at a time.
#[derive(Clone, Copy)]
pub(crate) enum Because {
    /// It is fenced, shuts down, or lost a directory: out of the ISR.
    Gone(NodeId),
    /// It is about to be unfenced: it counts as alive.
    Back(NodeId),
    /// It came back without its last writes: out of the ISR and of the eligible replicas.
    Unclean(NodeId),
    /// None of them: somebody asks for a change.
    Asked,
}

impl Because {
    pub(crate) fn removes(self, broker: NodeId) -> bool {
        matches!(self, Self::Gone(id) | Self::Unclean(id) if id == broker)
    }
}

/// How far an election may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Election {
    /// The leader stays while it can; else the first replica in sync, or eligible if none is in sync.
    Online,
    /// As [`Election::Online`], but the first replica leads if it can.
    Preferred,
    /// As [`Election::Online`], and as the last resort any replica that lives.
    Unclean,
}

impl Election {
    /// The kind for a change that nobody asked for, on a topic that allows an unclean leader or not.
    pub(crate) fn allowing(unclean: bool) -> Self {
        if unclean { Self::Unclean } else { Self::Online }
    }
}

/// What a partition shall be. All that is not set otherwise stays as it is.
pub(crate) struct Change<'a> {
    pub(crate) image: &'a Image,
    pub(crate) partition: &'a Partition,
    /// The least ISR with which the topic takes writes, at most its replication factor.
    pub(crate) min_isr: usize,
    pub(crate) because: Because,
    pub(crate) election: Election,
    pub(crate) isr: Vec<NodeId>,
    pub(crate) replicas: Vec<NodeId>,
    pub(crate) removing: Vec<NodeId>,
    pub(crate) adding: Vec<NodeId>,
    /// Whether the leader shall still be recovering from an unclean election.
    pub(crate) recovering: bool,
    /// A replica and the directory that it lies in now.
    pub(crate) moved: Option<(NodeId, DirectoryId)>,
}

struct Elected {
    leader: NodeId,
    unclean: bool,
}

impl<'a> Change<'a> {
    /// No change but for an election, should one be needed.
    pub(crate) fn new(image: &'a Image, partition: &'a Partition, min_isr: usize) -> Self {
        Self {
            image,
            partition,
            min_isr,
            because: Because::Asked,
            election: Election::Online,
            isr: partition.isr.clone(),
            replicas: partition.replicas.clone(),
            removing: partition.removing_replicas.clone(),
            adding: partition.adding_replicas.clone(),
            recovering: partition.recovering,
            moved: None,
        }
    }

    /// The record of the change; none if nothing changes.
    pub(crate) fn record(mut self, topic_id: TopicId, partition_id: PartitionIndex) -> Option<PartitionChangeRecord> {
        if let Some((replicas, isr)) = completed(&self.replicas, &self.removing, &self.adding, &self.isr) {
            (self.replicas, self.isr) = (replicas, isr);
            self.removing.clear();
            self.adding.clear();
        }
        let old = self.partition;
        let with_elr = self.image.has_elr();
        let mut elr = if with_elr { self.eligible() } else { old.elr.clone() };
        let nothing = PartitionChangeRecord { topic_id, partition_id, ..Default::default() };
        let mut record = nothing.clone();

        let elected = self.elect(&elr);
        if elected.leader != old.leader {
            if elr.contains(&elected.leader) {
                self.isr = vec![elected.leader];
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
        // A replica that is gone must not go on in the old epoch.
        if record.leader == SAME_LEADER && !contains_all(&self.replicas, &old.replicas) {
            record.leader = old.leader;
        }
        if record.isr.is_some() || !with_elr {
            elr.clear();
        }
        if elr != old.elr {
            record.eligible_leader_replicas = Some(elr);
        }
        if record.isr.is_none() && (!self.isr.is_empty() || with_elr) && self.isr != old.isr {
            record.isr = Some(self.isr.clone());
        }
        self.bump_epoch_on_shrink(&mut record);
        if with_elr {
            remember_last_leader(&mut record, old);
        }
        self.assign(&mut record);
        if self.recovering != old.recovering {
            record.leader_recovery_state = i8::from(self.recovering);
        }
        (record != nothing).then_some(record)
    }

    /// Those that left the ISR while it was too small to commit anything without them (KIP-966).
    ///
    /// Kafka also keeps those here that are no replicas any more after a reassignment; they can never be elected.
    fn eligible(&self) -> Vec<NodeId> {
        if self.isr.len() >= self.min_isr {
            return vec![];
        }
        let lost = |id: &NodeId| matches!(self.because, Because::Unclean(broker) if broker == *id);
        let all: BTreeSet<_> = self.partition.elr.iter().chain(&self.partition.isr).copied().collect();
        all.into_iter().filter(|id| self.replicas.contains(id) && !self.isr.contains(id) && !lost(id)).collect()
    }

    fn elect(&self, elr: &[NodeId]) -> Elected {
        let old = self.partition;
        let valid =
            |id: &NodeId| (self.isr.contains(id) || (self.isr.is_empty() && elr.contains(id))) && self.may_lead(*id);
        let clean = |leader| Elected { leader, unclean: false };
        let preferred = self.replicas.first().filter(|id| self.election == Election::Preferred && valid(id));
        if let Some(leader) = preferred {
            return clean(*leader);
        }
        if valid(&old.leader) {
            return clean(old.leader);
        }
        if let Some(leader) = self.replicas.iter().find(|id| valid(id)) {
            return clean(*leader);
        }
        let nobody = self.isr.is_empty() && elr.is_empty() && self.image.has_elr();
        if let ([last], true) = (old.last_known_elr.as_slice(), nobody)
            && self.may_lead(*last)
        {
            return Elected { leader: *last, unclean: true };
        }
        match self.replicas.iter().find(|id| self.may_lead(**id)) {
            Some(leader) if self.election == Election::Unclean => Elected { leader: *leader, unclean: true },
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
        if let (false, SAME_LEADER, Some(isr)) = (keeps, record.leader, &record.isr)
            && !contains_all(isr, &self.partition.isr)
        {
            record.leader = self.partition.leader;
        }
    }

    fn assign(&self, record: &mut PartitionChangeRecord) {
        let old = self.partition;
        if !self.replicas.is_empty() {
            if self.image.metadata_version().is_some_and(MetadataVersion::has_directories) {
                let directories: Vec<_> = self.replicas.iter().map(|id| self.directory(*id)).collect();
                if directories != old.directories {
                    record.directories = Some(directories);
                }
            }
            if self.replicas != old.replicas {
                record.replicas = Some(self.replicas.clone());
            }
        }
        if self.removing != old.removing_replicas {
            record.removing_replicas = Some(self.removing.clone());
        }
        if self.adding != old.adding_replicas {
            record.adding_replicas = Some(self.adding.clone());
        }
    }

    fn directory(&self, replica: NodeId) -> DirectoryId {
        match self.moved {
            Some((id, directory)) if id == replica => directory,
            _ => self.partition.directory(replica).unwrap_or_else(|| default_directory(self.image, replica)),
        }
    }
}

/// The last leader stays known while there is none, so that it may lead again.
///
/// Kafka remembers even nobody as the last leader, where a leaderless partition loses a replica; that helps no one.
fn remember_last_leader(record: &mut PartitionChangeRecord, old: &Partition) {
    if record.leader == NodeId::NONE && old.last_known_elr.is_empty() && old.leader != NodeId::NONE {
        record.last_known_elr = Some(vec![old.leader]);
    } else if record.leader.0 >= 0 && !old.last_known_elr.is_empty() {
        record.last_known_elr = Some(vec![]);
    }
}

/// Whether the directory of the broker's replica works, as far as is known.
pub(crate) fn is_online(image: &Image, partition: &Partition, id: NodeId) -> bool {
    partition.directory(id).is_some_and(|directory| has_online(image, id, directory))
}

/// Whether a directory is one of those in which a broker can have replicas (`BrokerRegistration.hasOnlineDir`).
pub(crate) fn has_online(image: &Image, id: NodeId, directory: DirectoryId) -> bool {
    let Some(broker) = image.brokers.get(&id) else { return false };
    match directory {
        Uuid::UNASSIGNED_DIR | Uuid::MIGRATING_DIR => true,
        Uuid::LOST_DIR => false,
        directory => broker.log_dirs.is_empty() || broker.log_dirs.contains(&directory),
    }
}

fn contains_all(all: &[NodeId], some: &[NodeId]) -> bool {
    some.iter().all(|id| all.contains(id))
}
