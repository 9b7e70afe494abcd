//! CreatePartitions 0 to 3 (KIP-195).

use controller::{CreatePartitions, Event, MorePartitions, Refusal, Reply};
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};
use model::{ErrorCode, NodeId};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::{text, text_or_null};

impl Handle<CreatePartitionsRequest> for ControllerNode {
    async fn handle(
        &self,
        _: &Context,
        request: CreatePartitionsRequest,
    ) -> Answer<CreatePartitionsResponse, FileSlice> {
        let topics: Vec<MorePartitions> = request
            .topics
            .into_iter()
            .map(|topic| {
                let assignments = topic.assignments.map(|assignments| {
                    let replicas = |ids: Vec<kafka_protocol::messages::BrokerId>| {
                        ids.into_iter().map(|id| NodeId(id.0)).collect::<Vec<_>>()
                    };
                    assignments.into_iter().map(|assignment| replicas(assignment.broker_ids)).collect()
                });
                MorePartitions { topic: topic.name.to_string(), count: topic.count, assignments }
            })
            .collect();
        let names: Vec<String> = topics.iter().map(|topic| topic.topic.clone()).collect();
        let event =
            CreatePartitions { topics, validate_only: request.validate_only, seed: host::dice::below(u64::MAX) };
        let results = match self.submit(Event::CreatePartitions(event)).await {
            Ok(Reply::CreatePartitions(results)) => results,
            _ => names.into_iter().map(|name| (name, Err(Refusal::code(ErrorCode::NotController)))).collect(),
        };
        let results = results.into_iter().map(|(name, result)| {
            let (error, message) = match result {
                Ok(()) => (0, None),
                Err(refusal) => (refusal.code.code(), refusal.message),
            };
            CreatePartitionsTopicResult::default()
                .with_name(text(name).into())
                .with_error_code(error)
                .with_error_message(text_or_null(message))
        });
        CreatePartitionsResponse::default().with_results(results.collect()).into()
    }
}
