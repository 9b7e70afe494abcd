//! Partitions from assignments: those that the asker made, and those that were placed.

use metadata::Image;
use metadata::records::PartitionRecord;
use model::{ErrorCode, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId};

use crate::Refusal;
use crate::placement::{default_directory, has_room};

/// Who of `replicas` can be in sync from the start.
pub(super) fn alive(image: &Image, replicas: &[NodeId]) -> Vec<NodeId> {
    replicas.iter().copied().filter(|id| image.is_active(*id)).collect()
}

/// The record of a new partition; `isr` is not empty, and its first leads.
pub(super) fn partition(
    image: &Image,
    topic_id: TopicId,
    index: usize,
    replicas: Vec<NodeId>,
    isr: Vec<NodeId>,
) -> PartitionRecord {
    let with_directories = image.metadata_version().is_some_and(metadata::MetadataVersion::has_directories);
    let directories = replicas.iter().map(|id| default_directory(image, *id));
    PartitionRecord {
        partition_id: PartitionIndex(index as i32),
        topic_id,
        directories: if with_directories { directories.collect() } else { vec![] },
        leader: isr.first().copied().unwrap_or(NodeId::NONE),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        replicas,
        isr,
        ..Default::default()
    }
}

/// Whether an asker's assignment can be carried out; `replication_factor` is that of the partitions before it.
pub(crate) fn check_manual(
    image: &Image,
    replicas: &[NodeId],
    replication_factor: Option<usize>,
) -> Result<(), Refusal> {
    let refuse = |message: String| Err(invalid(message));
    if replicas.is_empty() {
        return refuse("The manual partition assignment includes an empty replica list.".to_owned());
    }
    let mut sorted = replicas.to_vec();
    sorted.sort();
    let mut previous = None;
    for id in sorted {
        let Some(broker) = image.brokers.get(&id) else {
            return refuse(format!(
                "The manual partition assignment includes broker {id}, but no such broker is registered."
            ));
        };
        if !has_room(broker) {
            return refuse(format!(
                "The manual partition assignment includes broker {id}, but all its log directories are cordoned."
            ));
        }
        if previous == Some(id) {
            return refuse(format!("The manual partition assignment includes the broker {id} more than once."));
        }
        previous = Some(id);
    }
    match replication_factor {
        Some(factor) if factor != replicas.len() => refuse(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is not consistent with previous partitions, which have {factor} replica(s).",
            replicas.len()
        )),
        _ => Ok(()),
    }
}

/// None of the brokers that the asker chose can lead.
pub(super) fn all_fenced(partition: impl std::fmt::Display) -> Refusal {
    invalid(format!(
        "All brokers specified in the manual partition assignment for partition {partition} are fenced or in controlled shutdown."
    ))
}

/// None of the brokers that were placed can lead.
pub(super) fn none_alive(replication_factor: i16) -> Refusal {
    Refusal::new(
        ErrorCode::InvalidReplicationFactor,
        format!(
            "Unable to replicate the partition {replication_factor} time(s): All brokers are currently fenced or in controlled shutdown."
        ),
    )
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidReplicaAssignment, message)
}
