//! Partitions that move to other brokers (KIP-455): begun, listed, cancelled, and completed when the new replicas are in sync.

use std::collections::BTreeSet;

use metadata::records::PartitionChangeRecord;
use metadata::{Image, Partition, Record, Topic};
use model::{ErrorCode, NodeId, PartitionIndex};

use crate::partition_change::{Change, Election};
use crate::topics::MAX_RECORDS;
use crate::topics::assignment::{check_manual, invalid};
use crate::{
    AlterReassignments, Controller, Decision, OngoingReassignment, ReassignedPartition, ReassignedTopic, Refusal, Reply,
};

impl Controller {
    pub(crate) fn alter_reassignments(&mut self, image: &Image, request: AlterReassignments) -> Decision {
        let mut records: Vec<Record> = Vec::new();
        let mut results = Vec::new();
        for (name, partitions) in request.topics {
            let mut one = |wanted: &ReassignedPartition| {
                let record = self.reassign(image, &name, wanted, request.allow_replication_factor_change)?;
                if record.is_some() && records.len() >= MAX_RECORDS {
                    return Err(Refusal::code(ErrorCode::UnknownServerError)); // Kafka's list is full.
                }
                records.extend(record.map(Record::from));
                Ok(())
            };
            let partitions = partitions.iter().map(|wanted| (wanted.partition, one(wanted))).collect();
            results.push(ReassignedTopic { topic: name, partitions });
        }
        Decision::atomic(records, Reply::AlterReassignments(results))
    }

    fn reassign(
        &mut self,
        image: &Image,
        name: &str,
        wanted: &ReassignedPartition,
        any_factor: bool,
    ) -> Result<Option<PartitionChangeRecord>, Refusal> {
        let unknown = |message| Refusal::new(ErrorCode::UnknownTopicOrPartition, message);
        let topic = image.topic(name).ok_or_else(|| unknown(format!("Unable to find a topic named {name}.")))?;
        let index = wanted.partition;
        let partition = topic.partitions.get(&index);
        let partition = partition.ok_or_else(|| unknown(format!("Unable to find partition {name}:{index}.")))?;
        match &wanted.replicas {
            None => self.cancel(image, topic, index, partition),
            Some(replicas) => self.begin(image, topic, index, (partition, replicas), any_factor),
        }
    }

    fn cancel(
        &mut self,
        image: &Image,
        topic: &Topic,
        index: PartitionIndex,
        partition: &Partition,
    ) -> Result<Option<PartitionChangeRecord>, Refusal> {
        if !partition.is_reassigning() {
            return Err(Refusal::code(ErrorCode::NoReassignmentInProgress));
        }
        let (min_isr, unclean) = self.node.topic_rules(image).of(image, topic);
        let remaining = |ids: &[NodeId]| without(ids, &partition.adding_replicas);
        let replicas = remaining(&partition.replicas);
        let mut isr = remaining(&partition.isr);
        if isr.is_empty() {
            // Only replicas that are being added are in sync: to go back is to lose what only they have.
            let Some(first) = replicas.first() else {
                return Err(invalid("Invalid replica assignment: addingReplicas contains all replicas."));
            };
            if !unclean {
                return Err(invalid(format!(
                    "Unable to revert partition assignment for {}:{index} because it would require an unclean leader election.",
                    topic.name
                )));
            }
            isr.push(*first);
        }
        let change = Change {
            election: Election::allowing(unclean),
            isr,
            replicas,
            removing: vec![],
            adding: vec![],
            ..Change::new(image, partition, min_isr)
        };
        Ok(change.record(topic.id, index))
    }

    /// What needs nobody new, such as another order of the same replicas, is completed at once.
    fn begin(
        &mut self,
        image: &Image,
        topic: &Topic,
        index: PartitionIndex,
        (partition, target): (&Partition, &[NodeId]),
        any_factor: bool,
    ) -> Result<Option<PartitionChangeRecord>, Refusal> {
        check_manual(image, target, None)?;
        let current = replication_factor(partition);
        if !any_factor && current != target.len() {
            let message = format!("The replication factor is changed from {current} to {}", target.len());
            return Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message));
        }
        let (min_isr, _) = self.node.topic_rules(image).of(image, topic);
        let mut change = Change::new(image, partition, min_isr);
        let removing = difference(&partition.replicas, target);
        let adding = difference(target, &partition.replicas);
        change.replicas = target.iter().chain(&removing).copied().collect();
        // Kafka goes on to remove what an earlier reassignment would have removed, though this one wants to keep it.
        change.removing = removing;
        // What an earlier one was adding is still new, so that this one can be cancelled.
        if !adding.is_empty() {
            change.adding = adding;
        }
        Ok(change.record(topic.id, index))
    }
}

/// The reassignments that go on: of all topics, or of those partitions that are asked for (ListPartitionReassignments).
pub fn list_reassignments(
    image: &Image,
    asked: Option<&[(String, Vec<PartitionIndex>)]>,
) -> Vec<(String, Vec<OngoingReassignment>)> {
    let ongoing = |topic: &Topic, index: PartitionIndex| {
        let partition = topic.partitions.get(&index).filter(|partition| partition.is_reassigning())?;
        Some(OngoingReassignment {
            partition: index,
            replicas: partition.replicas.clone(),
            adding: partition.adding_replicas.clone(),
            removing: partition.removing_replicas.clone(),
        })
    };
    let all = |topic: &Topic| topic.partitions.keys().filter_map(|index| ongoing(topic, *index)).collect();
    let named: Vec<(String, Vec<_>)> = match asked {
        None => image.topics().map(|topic| (topic.name.to_string(), all(topic))).collect(),
        Some(asked) => asked
            .iter()
            .filter_map(|(name, indexes)| {
                let topic = image.topic(name)?;
                Some((name.clone(), indexes.iter().filter_map(|index| ongoing(topic, *index)).collect()))
            })
            .collect(),
    };
    named.into_iter().filter(|(_, partitions)| !partitions.is_empty()).collect()
}

/// The replicas and the ISR after a reassignment that `isr` completes (`PartitionReassignmentReplicas`).
pub(crate) fn completed(
    replicas: &[NodeId],
    removing: &[NodeId],
    adding: &[NodeId],
    isr: &[NodeId],
) -> Option<(Vec<NodeId>, Vec<NodeId>)> {
    if removing.is_empty() && adding.is_empty() {
        return None;
    }
    let (replicas, isr) = (without(replicas, removing), without(isr, removing));
    let left_empty = !removing.is_empty() && (replicas.is_empty() || isr.is_empty());
    // What an earlier reassignment added and this one removes is in both lists. Kafka waits for it for ever.
    let adding = without(adding, removing);
    let all_new_in_sync = adding.iter().all(|id| isr.contains(id));
    // With fewer replicas than before, all that stay must be in sync, or the ISR would shrink for nothing.
    let keeps_isr = adding.len() >= removing.len() || replicas.iter().all(|id| isr.contains(id));
    (!left_empty && all_new_in_sync && keeps_isr).then_some((replicas, isr))
}

/// How many replicas a partition has, or will have when its reassignment is done.
fn replication_factor(partition: &Partition) -> usize {
    if !partition.is_reassigning() {
        return partition.replicas.len();
    }
    let all: BTreeSet<_> = partition.replicas.iter().chain(&partition.adding_replicas).collect();
    all.iter().filter(|id| !partition.removing_replicas.contains(id)).count()
}

fn without(ids: &[NodeId], gone: &[NodeId]) -> Vec<NodeId> {
    ids.iter().copied().filter(|id| !gone.contains(id)).collect()
}

/// In ascending order.
fn difference(a: &[NodeId], b: &[NodeId]) -> Vec<NodeId> {
    let all: BTreeSet<_> = a.iter().copied().filter(|id| !b.contains(id)).collect();
    all.into_iter().collect()
}
