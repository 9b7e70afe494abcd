//! ListPartitionReassignments 0: what is being moved, as the image knows it (KIP-455).

use kafka_protocol::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use kafka_protocol::messages::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse};
use metadata::{Partition, Topic};
use model::{ErrorCode, PartitionIndex};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::handlers::ids;
use crate::node::FileSlice;
use crate::text::topic_name;

impl Handle<ListPartitionReassignmentsRequest> for ControllerNode {
    async fn handle(
        &self,
        _: &Context,
        request: ListPartitionReassignmentsRequest,
    ) -> Answer<ListPartitionReassignmentsResponse, FileSlice> {
        if !self.is_active() {
            let error = ErrorCode::NotController.code();
            return ListPartitionReassignmentsResponse::default()
                .with_error_code(error)
                .with_error_message(None)
                .into();
        }
        let image = self.image();
        let topics = match &request.topics {
            None => image.topics().filter_map(|topic| moving(topic, topic.partitions.iter())).collect(),
            Some(asked) => {
                let found = asked.iter().filter_map(|asked| Some((image.topic(&asked.name)?, asked)));
                let told = found.filter_map(|(topic, asked)| {
                    let indexes = asked.partition_indexes.iter().map(|index| PartitionIndex(*index));
                    moving(topic, indexes.filter_map(|index| topic.partitions.get_key_value(&index)))
                });
                told.collect()
            }
        };
        ListPartitionReassignmentsResponse::default().with_error_message(None).with_topics(topics).into()
    }
}

fn moving<'a>(
    topic: &Topic,
    partitions: impl Iterator<Item = (&'a PartitionIndex, &'a Partition)>,
) -> Option<OngoingTopicReassignment> {
    let is_moving =
        |partition: &Partition| !partition.adding_replicas.is_empty() || !partition.removing_replicas.is_empty();
    let told: Vec<_> = partitions
        .filter(|(_, partition)| is_moving(partition))
        .map(|(index, partition)| {
            OngoingPartitionReassignment::default()
                .with_partition_index(index.0)
                .with_replicas(ids(&partition.replicas))
                .with_adding_replicas(ids(&partition.adding_replicas))
                .with_removing_replicas(ids(&partition.removing_replicas))
        })
        .collect();
    let topic = || OngoingTopicReassignment::default().with_name(topic_name(&topic.name));
    (!told.is_empty()).then(|| topic().with_partitions(told))
}
