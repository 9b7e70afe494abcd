//! CreateTopics 2 to 7 (KIP-4, KIP-464, KIP-525).

use controller::{CreateTopics, CreatedTopic, Event, NewTopic, Refusal, Reply};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};
use model::{ErrorCode, NodeId};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::{text, text_or_null};

impl Handle<CreateTopicsRequest> for ControllerNode {
    async fn handle(&self, _: &Context, request: CreateTopicsRequest) -> Answer<CreateTopicsResponse, FileSlice> {
        let asked: Vec<_> = request.topics.iter().map(|topic| topic.name.clone()).collect();
        let event = CreateTopics {
            topics: request.topics.into_iter().map(new_topic).collect(),
            validate_only: request.validate_only,
            seed: host::dice::below(u64::MAX),
        };
        let topics = match self.submit(Event::CreateTopics(event)).await {
            Ok(Reply::CreateTopics(Ok(results))) => {
                results.into_iter().map(|topic| tell(topic.name, topic.result)).collect()
            }
            Ok(Reply::CreateTopics(Err(refusal))) => {
                asked.into_iter().map(|name| tell(name.to_string(), Err(refusal.clone()))).collect()
            }
            _ => {
                let refusal = Refusal::code(ErrorCode::NotController);
                asked.into_iter().map(|name| tell(name.to_string(), Err(refusal.clone()))).collect()
            }
        };
        CreateTopicsResponse::default().with_topics(topics).into()
    }
}

fn new_topic(topic: CreatableTopic) -> NewTopic {
    let assignments = topic.assignments.into_iter().map(|assignment| {
        let replicas = assignment.broker_ids.into_iter().map(|id| NodeId(id.0)).collect();
        (assignment.partition_index, replicas)
    });
    let configs = topic.configs.into_iter().map(|c| (c.name.to_string(), c.value.map(|value| value.to_string())));
    NewTopic {
        name: topic.name.to_string(),
        id: host::dice::uuid(),
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: assignments.collect(),
        configs: configs.collect(),
        describable: true,
    }
}

fn tell(name: String, result: Result<CreatedTopic, Refusal>) -> CreatableTopicResult {
    let told = CreatableTopicResult::default().with_name(text(name).into());
    match result {
        Err(refusal) => told
            .with_error_code(refusal.code.code())
            .with_error_message(text_or_null(refusal.message))
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_configs(Some(Vec::new())),
        Ok(created) => {
            let configs = created.configs.map(|configs| {
                let configs = configs.into_iter().map(|config| {
                    CreatableTopicConfigs::default()
                        .with_name(text(config.name))
                        .with_value(text_or_null(config.value))
                        .with_config_source(config.source)
                        .with_is_sensitive(config.sensitive)
                });
                configs.collect()
            });
            told.with_error_message(None)
                .with_topic_id(created.id.0)
                .with_num_partitions(created.partitions)
                .with_replication_factor(created.replication_factor)
                .with_configs(configs)
        }
    }
}
