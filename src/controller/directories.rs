//! The log directories of replicas, as brokers choose them (AssignReplicasToDirs, KIP-858).

use std::collections::BTreeSet;

use metadata::{Image, MetadataVersion, Partition, Topic};
use model::{ErrorCode, NodeId, PartitionIndex, TopicId};

use crate::brokers::check_epoch;
use crate::partition_change::{Because, Change, has_online};
use crate::{AssignReplicas, Controller, Decision, Refusal, Reply};

impl Controller {
    pub(crate) fn assign_replicas(&mut self, image: &Image, request: AssignReplicas) -> Decision {
        if !image.metadata_version().is_some_and(MetadataVersion::has_directories) {
            let refusal = Refusal::new(ErrorCode::UnsupportedVersion, "Directory assignment is not supported yet.");
            return Decision::reply(Reply::AssignReplicas(Err(refusal)));
        }
        if let Err(refusal) = check_epoch(image, request.broker, request.epoch) {
            return Decision::reply(Reply::AssignReplicas(Err(refusal)));
        }
        let rules = self.node.topic_rules(image);
        let mut lost = BTreeSet::new();
        let mut records = Vec::new();
        let mut results = Vec::new();
        for (directory, topic_id, index) in request.replicas {
            let found = find(image, request.broker, topic_id, index);
            results.push(found.map(|(topic, partition)| {
                let (min_isr, _) = rules.of(image, topic);
                let moved = Some((request.broker, directory));
                let change = Change { moved, ..Change::new(image, partition, min_isr) };
                records.extend(change.record(topic_id, index).map(metadata::Record::from));
                if !has_online(image, request.broker, directory) {
                    lost.insert((topic_id, index));
                }
            }));
        }
        self.leave_offline_directories(image, request.broker, &lost, &mut records);
        Decision::of(records, Reply::AssignReplicas(Ok(results)))
    }

    /// A replica that turns out to lie in a directory that has failed leaves the ISR.
    fn leave_offline_directories(
        &mut self,
        image: &Image,
        broker: NodeId,
        lost: &BTreeSet<(TopicId, PartitionIndex)>,
        records: &mut Vec<metadata::Record>,
    ) {
        for (topic_id, index) in lost {
            self.update_leader(image, Because::Gone(broker), (*topic_id, *index), records);
        }
    }
}

fn find(image: &Image, broker: NodeId, topic: TopicId, index: PartitionIndex) -> Result<(&Topic, &Partition), Refusal> {
    let refuse = |code| Err(Refusal::code(code));
    let Some(topic) = image.topic_by_id(topic) else { return refuse(ErrorCode::UnknownTopicId) };
    match topic.partitions.get(&index) {
        None => refuse(ErrorCode::UnknownTopicOrPartition),
        Some(partition) if !partition.replicas.contains(&broker) => refuse(ErrorCode::NotLeaderOrFollower),
        Some(partition) => Ok((topic, partition)),
    }
}
