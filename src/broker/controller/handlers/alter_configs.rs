//! AlterConfigs 0 to 2 and IncrementalAlterConfigs 0 to 1 (KIP-133, KIP-339): the
//! controller decides.

use controller::{AlterConfigs, ConfigChange, Event, IncrementalAlterConfigs, Refusal, Reply};
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as IncrementalResponse;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use metadata::{ConfigResource, ResourceType};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::{text, text_or_null};

impl Handle<IncrementalAlterConfigsRequest> for ControllerNode {
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

impl Handle<AlterConfigsRequest> for ControllerNode {
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

impl ControllerNode {
    /// One answer a resource, in the asked order.
    async fn alter<C>(
        &self,
        resources: Vec<(ConfigResource, C)>,
        event: impl FnOnce(Vec<(ConfigResource, C)>) -> Event,
    ) -> Told {
        let asked: Vec<ConfigResource> = resources.iter().map(|(resource, _)| resource.clone()).collect();
        let decided = match self.submit(event(resources)).await {
            Ok(Reply::AlterConfigs(decided)) => decided,
            _ => {
                let refuse = |resource| (resource, Err(Refusal::code(ErrorCode::NotController)));
                asked.into_iter().map(refuse).collect()
            }
        };
        let tell = |(resource, result): (ConfigResource, Result<(), Refusal>)| match result {
            Ok(()) => (resource, 0, None),
            Err(refusal) => (resource, refusal.code.code(), refusal.message),
        };
        decided.into_iter().map(tell).collect()
    }
}
