//! The log directories of replicas, as brokers choose them (AssignReplicasToDirs, KIP-858).

use std::collections::BTreeMap;

use metadata::records::PartitionChangeRecord;
use metadata::{Image, Partition};
use model::{DirectoryId, ErrorCode, NodeId, PartitionIndex, TopicId};

use crate::brokers::check_epoch;
use crate::elections::Because;
use crate::{AssignReplicas, Controller, Decision, Refusal, Reply};

impl Controller {
    pub(crate) fn assign_replicas(&mut self, image: &Image, request: AssignReplicas) -> Decision {
        if let Err(refusal) = check_epoch(image, request.broker, request.epoch) {
            return Decision::reply(Reply::AssignReplicas(Err(refusal)));
        }
        let mut changes = BTreeMap::new();
        let mut results = Vec::new();
        for (directory, topic_id, index) in request.replicas {
            let found = find(image, request.broker, topic_id, index);
            results.push(found.map(|partition| {
                changes.insert((topic_id, index), moved(partition, request.broker, directory));
            }));
        }
        let mut next = image.clone();
        let mut records = Vec::new();
        for ((topic_id, partition_id), directories) in changes {
            let Some(directories) = directories else { continue };
            let record =
                PartitionChangeRecord { topic_id, partition_id, directories: Some(directories), ..Default::default() };
            records.push(record.into());
        }
        records.iter().for_each(|record| next.replay(record));
        self.leave_offline_directories(&next, request.broker, &mut records);
        Decision::of(records, Reply::AssignReplicas(Ok(results)))
    }

    /// A replica that turns out to lie in a directory that has failed leaves the ISR.
    fn leave_offline_directories(&mut self, image: &Image, id: NodeId, records: &mut Vec<metadata::Record>) {
        self.update_leaders(image, Because::Gone(id), records, |partition| {
            partition.isr.contains(&id) && !crate::elections::is_online(image, partition, id)
        });
    }
}

fn find(image: &Image, broker: NodeId, topic: TopicId, index: PartitionIndex) -> Result<&Partition, Refusal> {
    let refuse = |code| Err(Refusal::code(code));
    let Some(topic) = image.topic_by_id(topic) else { return refuse(ErrorCode::UnknownTopicId) };
    match topic.partitions.get(&index) {
        None => refuse(ErrorCode::UnknownTopicOrPartition),
        Some(partition) if !partition.replicas.contains(&broker) => refuse(ErrorCode::NotLeaderOrFollower),
        Some(partition) => Ok(partition),
    }
}

/// The directories of all replicas with that of `broker` changed; none if it lies there already.
fn moved(partition: &Partition, broker: NodeId, directory: DirectoryId) -> Option<Vec<DirectoryId>> {
    let at = partition.replicas.iter().position(|id| *id == broker)?;
    let mut directories = partition.directories.clone();
    let slot = directories.get_mut(at).filter(|slot| **slot != directory)?;
    *slot = directory;
    Some(directories)
}
