//! ElectLeaders 0 to 2: back to the preferred leaders, or to any that lives (KIP-183, KIP-460).

use controller::{ElectLeaders, ElectionKind, Event, Reply};
use kafka_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use kafka_protocol::messages::{ElectLeadersRequest, ElectLeadersResponse};
use model::{ErrorCode, PartitionIndex};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};
use crate::text::{text, text_or_null};

impl Handle<ElectLeadersRequest> for Node {
    async fn handle(&self, _: &Context, request: ElectLeadersRequest) -> Answer<ElectLeadersResponse, FileSlice> {
        let kind = match request.election_type {
            0 => ElectionKind::Preferred,
            1 => ElectionKind::Unclean,
            // Kafka's enumeration throws what it has no error code for.
            _ => return ElectLeadersResponse::default().with_error_code(ErrorCode::UnknownServerError.code()).into(),
        };
        let partitions = request.topic_partitions.map(|topics| {
            let indexes = |indexes: Vec<i32>| indexes.into_iter().map(PartitionIndex).collect();
            topics.into_iter().map(|topic| (topic.topic.to_string(), indexes(topic.partitions))).collect()
        });
        let results = match self.quorum.submit(Event::ElectLeaders(ElectLeaders { kind, partitions })).await {
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
