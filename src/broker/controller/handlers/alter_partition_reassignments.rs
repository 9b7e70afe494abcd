//! AlterPartitionReassignments 0 and 1: partitions move to other brokers, or no longer (KIP-455, KIP-860).

use controller::{AlterReassignments, Event, ReassignedPartition, Reply};
use kafka_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use kafka_protocol::messages::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse};
use model::{ErrorCode, NodeId, PartitionIndex};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::{text, text_or_null};

impl Handle<AlterPartitionReassignmentsRequest> for ControllerNode {
    async fn handle(
        &self,
        _: &Context,
        request: AlterPartitionReassignmentsRequest,
    ) -> Answer<AlterPartitionReassignmentsResponse, FileSlice> {
        if request.topics.is_empty() {
            // Kafka has nothing to say then, and says so with its schema's defaults.
            return AlterPartitionReassignmentsResponse::default().into();
        }
        let allow_replication_factor_change = request.allow_replication_factor_change;
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter().map(|wanted| ReassignedPartition {
                partition: PartitionIndex(wanted.partition_index),
                replicas: wanted.replicas.map(|ids| ids.into_iter().map(|id| NodeId(id.0)).collect()),
            });
            (topic.name.to_string(), partitions.collect())
        });
        let event = AlterReassignments { topics: topics.collect(), allow_replication_factor_change };
        let answer = AlterPartitionReassignmentsResponse::default()
            .with_error_message(None)
            .with_allow_replication_factor_change(allow_replication_factor_change);
        let results = match self.submit(Event::AlterReassignments(event)).await {
            Ok(Reply::AlterReassignments(results)) => results,
            _ => return answer.with_error_code(ErrorCode::NotController.code()).into(),
        };
        let results = results.into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter().map(|(index, result)| {
                let told =
                    ReassignablePartitionResponse::default().with_partition_index(index.0).with_error_message(None);
                match result {
                    Ok(()) => told,
                    Err(refusal) => {
                        told.with_error_code(refusal.code.code()).with_error_message(text_or_null(refusal.message))
                    }
                }
            });
            ReassignableTopicResponse::default()
                .with_name(text(topic.topic).into())
                .with_partitions(partitions.collect())
        });
        answer.with_responses(results.collect()).into()
    }
}
