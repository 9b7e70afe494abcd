//! AlterConfigs 0 to 2 and IncrementalAlterConfigs 0 to 1 (KIP-133, KIP-339): the controller decides, and what is dynamic
//! holds when the answer leaves.

use controller::{AlterConfigs, ConfigChange, Event, IncrementalAlterConfigs, Reply};
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as IncrementalResponse;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use metadata::{ConfigResource, ResourceType};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use super::describe_configs::Refusal;
use crate::node::{FileSlice, Node};
use crate::text::{text, text_or_null};

impl Handle<IncrementalAlterConfigsRequest> for Node {
    async fn handle(
        &self,
        _: &Context,
        request: IncrementalAlterConfigsRequest,
    ) -> Answer<IncrementalAlterConfigsResponse, FileSlice> {
        let resources: Vec<_> = request
            .resources
            .into_iter()
            .map(|resource| {
                let changes = resource.configs.into_iter().map(|change| ConfigChange {
                    name: change.name.to_string(),
                    operation: change.config_operation,
                    value: change.value.map(|value| value.to_string()),
                });
                let named = ConfigResource::new(ResourceType(resource.resource_type), resource.resource_name.as_str());
                (named, changes.collect())
            })
            .collect();
        let validate_only = request.validate_only;
        let told = self
            .alter(resources, |resources| {
                Event::IncrementalAlterConfigs(IncrementalAlterConfigs { resources, validate_only })
            })
            .await;
        let responses = told.into_iter().map(|(resource, error, message)| {
            IncrementalResponse::default()
                .with_error_code(error)
                .with_error_message(text_or_null(message))
                .with_resource_type(resource.kind.0)
                .with_resource_name(text(resource.name))
        });
        IncrementalAlterConfigsResponse::default().with_responses(responses.collect()).into()
    }
}

impl Handle<AlterConfigsRequest> for Node {
    async fn handle(&self, _: &Context, request: AlterConfigsRequest) -> Answer<AlterConfigsResponse, FileSlice> {
        let resources: Vec<_> = request
            .resources
            .into_iter()
            .map(|resource| {
                let configs = resource.configs.into_iter();
                let configs = configs.map(|c| (c.name.to_string(), c.value.map(|value| value.to_string())));
                let named = ConfigResource::new(ResourceType(resource.resource_type), resource.resource_name.as_str());
                (named, configs.collect())
            })
            .collect();
        let validate_only = request.validate_only;
        let told =
            self.alter(resources, |resources| Event::AlterConfigs(AlterConfigs { resources, validate_only })).await;
        let responses = told.into_iter().map(|(resource, error, message)| {
            AlterConfigsResourceResponse::default()
                .with_error_code(error)
                .with_error_message(text_or_null(message))
                .with_resource_type(resource.kind.0)
                .with_resource_name(text(resource.name))
        });
        AlterConfigsResponse::default().with_responses(responses.collect()).into()
    }
}

type Told = Vec<(ConfigResource, i16, Option<String>)>;

impl Node {
    /// Has the controller decide, but for what this broker knows better; one answer a resource, in the asked order.
    async fn alter<C>(
        &self,
        resources: Vec<(ConfigResource, C)>,
        event: impl FnOnce(Vec<(ConfigResource, C)>) -> Event,
    ) -> Told {
        let mut told: Vec<(ConfigResource, Option<Refusal>)> = Vec::with_capacity(resources.len());
        let mut passed = Vec::new();
        for (resource, changes) in resources {
            let refusal = self.refuse_alteration(&resource);
            if refusal.is_none() {
                passed.push((resource.clone(), changes));
            }
            told.push((resource, refusal));
        }
        let decided = match passed.is_empty() {
            true => Vec::new(),
            false => match self.quorum.submit(event(passed)).await {
                Ok(Reply::AlterConfigs(decided)) => decided,
                _ => Vec::new(),
            },
        };
        let mut decided = decided.into_iter();
        let answer = |(resource, refusal): (ConfigResource, Option<Refusal>)| {
            if let Some(Refusal(code, message)) = refusal {
                return (resource, code.code(), message);
            }
            match decided.next() {
                Some((resource, Ok(()))) => (resource, 0, None),
                Some((resource, Err(refusal))) => (resource, refusal.code.code(), refusal.message),
                None => (resource, ErrorCode::NotController.code(), None),
            }
        };
        told.into_iter().map(answer).collect()
    }

    fn refuse_alteration(&self, resource: &ConfigResource) -> Option<Refusal> {
        match resource.kind {
            ResourceType::BROKER if !resource.name.is_empty() => match resource.name.parse::<i32>() {
                Err(_) => Some(Refusal::invalid(format!("Node id must be an integer, but it is: {}", resource.name))),
                Ok(id) if id != self.id().0 => Some(Refusal::invalid(format!(
                    "Unexpected broker id, expected {}, but received {}",
                    self.id(),
                    resource.name
                ))),
                Ok(_) => None,
            },
            ResourceType::BROKER_LOGGER => {
                Some(Refusal::invalid("Loggers cannot be altered: RUST_LOG sets them at the start"))
            }
            _ => None,
        }
    }
}
