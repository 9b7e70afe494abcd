//! ElectLeaders 0 to 2: back to the preferred leaders, or to any that lives (KIP-183, KIP-460).

use controller::{ElectLeaders, ElectionKind, Event, Reply};
use kafka_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use kafka_protocol::messages::{ElectLeadersRequest, ElectLeadersResponse};
use model::{ErrorCode, PartitionIndex};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::{text, text_or_null};

impl Handle<ElectLeadersRequest> for ControllerNode {
    async fn handle(&self, _: &Context, request: ElectLeadersRequest) -> Answer<ElectLeadersResponse, FileSlice> {
        let kind = match request.election_type {
            0 => ElectionKind::Preferred,
            1 => ElectionKind::Unclean,
            _ => return unknown_kind(request).into(),
        };
        let partitions = request.topic_partitions.map(|topics| {
            let indexes = |indexes: Vec<i32>| indexes.into_iter().map(PartitionIndex).collect();
            topics.into_iter().map(|topic| (topic.topic.to_string(), indexes(topic.partitions))).collect()
        });
        let results = match self.submit(Event::ElectLeaders(ElectLeaders { kind, partitions })).await {
            Ok(Reply::ElectLeaders(results)) => results,
            _ => return ElectLeadersResponse::default().with_error_code(ErrorCode::NotController.code()).into(),
        };
        let results = results.into_iter().map(|topic| {
            let partitions = topic.partitions.into_iter().map(|(index, result)| {
                let told = PartitionResult::default().with_partition_id(index.0);
                match result {
                    Ok(()) => told,
                    Err(refusal) => {
                        told.with_error_code(refusal.code.code()).with_error_message(text_or_null(refusal.message))
                    }
                }
            });
            ReplicaElectionResult::default()
                .with_topic(text(topic.topic).into())
                .with_partition_result(partitions.collect())
        });
        ElectLeadersResponse::default().with_replica_election_results(results.collect()).into()
    }
}

/// Every partition is told that there is no such kind of election.
fn unknown_kind(request: ElectLeadersRequest) -> ElectLeadersResponse {
    let error = ErrorCode::InvalidRequest.code();
    let message = format!("Unknown election type {}", request.election_type);
    let asked_of_none = request.topic_partitions.as_ref().is_some_and(Vec::is_empty);
    let results = request.topic_partitions.unwrap_or_default().into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|index| {
            PartitionResult::default()
                .with_partition_id(index)
                .with_error_code(error)
                .with_error_message(text_or_null(Some(message.clone())))
        });
        ReplicaElectionResult::default().with_topic(topic.topic).with_partition_result(partitions.collect())
    });
    ElectLeadersResponse::default()
        .with_error_code(if asked_of_none { 0 } else { error })
        .with_replica_election_results(results.collect())
}
