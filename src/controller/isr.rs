//! In-sync replicas, as the leaders see them (AlterPartition, KIP-497).

use metadata::{Image, Partition, Record};
use model::{BrokerEpoch, ErrorCode, NodeId};

use crate::brokers::check_epoch;
use crate::partition_change::{Change, Election, SAME_LEADER};
use crate::{AlterPartition, AlteredPartition, Controller, Decision, NewIsr, Refusal, Reply};

impl Controller {
    pub(crate) fn alter_partition(&mut self, image: &Image, request: AlterPartition) -> Decision {
        if let Err(refusal) = check_epoch(image, request.broker, request.epoch) {
            return Decision::reply(Reply::AlterPartition(Err(refusal)));
        }
        let mut records = Vec::new();
        let mut results = Vec::new();
        for wanted in request.partitions {
            let (topic_id, partition) = (wanted.topic_id, wanted.partition);
            let result = self.alter_one(image, request.broker, wanted, &mut records);
            results.push(AlteredPartition { topic_id, partition, result });
        }
        Decision::of(records, Reply::AlterPartition(Ok(results)))
    }

    fn alter_one(
        &mut self,
        image: &Image,
        broker: NodeId,
        wanted: NewIsr,
        records: &mut Vec<Record>,
    ) -> Result<Partition, Refusal> {
        let refuse = |code| Err(Refusal::code(code));
        let Some(topic) = image.topic_by_id(wanted.topic_id) else { return refuse(ErrorCode::UnknownTopicId) };
        let Some(partition) = topic.partitions.get(&wanted.partition) else {
            return refuse(ErrorCode::UnknownTopicOrPartition);
        };
        check(image, broker, partition, &wanted).map_err(Refusal::code)?;
        let (min_isr, unclean) = self.node.topic_rules(image).of(image, topic);
        let change = Change {
            election: Election::allowing(unclean),
            isr: wanted.isr.iter().map(|(id, _)| *id).collect(),
            recovering: wanted.recovering,
            ..Change::new(image, partition, min_isr)
        };
        let change = change.record(topic.id, wanted.partition);
        let mut partition = partition.clone();
        let Some(change) = change else { return Ok(partition) };
        partition.apply(&change);
        // It was the last change of a reassignment, after which somebody else leads.
        let other_leader = change.leader != SAME_LEADER && change.leader != broker;
        records.push(change.into());
        if other_leader { refuse(ErrorCode::NewLeaderElected) } else { Ok(partition) }
    }
}

/// `ReplicationControlManager.validateAlterPartitionData`.
fn check(image: &Image, broker: NodeId, partition: &Partition, wanted: &NewIsr) -> Result<(), ErrorCode> {
    let isr: Vec<_> = wanted.isr.iter().map(|(id, _)| *id).collect();
    let twice = isr.iter().enumerate().any(|(at, id)| isr.iter().skip(at + 1).any(|other| other == id));
    if wanted.leader_epoch > partition.leader_epoch || wanted.partition_epoch > partition.partition_epoch {
        return Err(ErrorCode::NotController); // The broker has heard of a later controller.
    }
    if wanted.leader_epoch < partition.leader_epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if broker != partition.leader {
        return Err(ErrorCode::InvalidRequest);
    }
    if wanted.partition_epoch < partition.partition_epoch {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    if twice || isr.iter().any(|id| !partition.replicas.contains(id)) || !isr.contains(&partition.leader) {
        return Err(ErrorCode::InvalidRequest);
    }
    if wanted.recovering && (isr.len() > 1 || !partition.recovering) {
        return Err(ErrorCode::InvalidRequest);
    }
    let eligible = |(id, epoch): &(NodeId, BrokerEpoch)| {
        let registered = image.brokers.get(id).filter(|_| image.is_active(*id));
        registered.is_some_and(|it| epoch.0 == -1 || it.broker_epoch == *epoch)
    };
    if wanted.isr.iter().all(eligible) { Ok(()) } else { Err(ErrorCode::IneligibleReplica) }
}
