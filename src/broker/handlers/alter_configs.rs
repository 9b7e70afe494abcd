//! AlterConfigs 0 to 2 and IncrementalAlterConfigs 0 to 1 (KIP-133, KIP-339), but for what this broker knows better than the
//! controller, which decides the rest (`ConfigAdminManager`). What is dynamic holds when the answer leaves.

use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as IncrementalResponse;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use metadata::ResourceType;
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use super::describe_configs::Refusal;
use crate::node::{FileSlice, Node};
use crate::text::text_or_null;

impl Handle<IncrementalAlterConfigsRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        mut request: IncrementalAlterConfigsRequest,
    ) -> Answer<IncrementalAlterConfigsResponse, FileSlice> {
        let asked = std::mem::take(&mut request.resources);
        let mut told = Vec::with_capacity(asked.len());
        for resource in asked {
            let refusal = self.refuse_alteration(ResourceType(resource.resource_type), &resource.resource_name);
            let answer = IncrementalResponse::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            if refusal.is_none() {
                request.resources.push(resource);
            }
            told.push((answer, refusal));
        }
        let decided = match request.resources.is_empty() {
            true => Vec::new(),
            false => self.controllers.forward_typed(context, request).await.map_or(Vec::new(), |it| it.responses),
        };
        let mut decided = decided.into_iter();
        let tell = |(answer, refusal): (IncrementalResponse, Option<Refusal>)| match refusal {
            Some(Refusal(code, message)) => {
                answer.with_error_code(code.code()).with_error_message(text_or_null(message))
            }
            None => decided
                .next()
                .unwrap_or_else(|| answer.with_error_code(ErrorCode::NotController.code()).with_error_message(None)),
        };
        let responses = told.into_iter().map(tell).collect();
        IncrementalAlterConfigsResponse::default().with_responses(responses).into()
    }
}

impl Handle<AlterConfigsRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        mut request: AlterConfigsRequest,
    ) -> Answer<AlterConfigsResponse, FileSlice> {
        let asked = std::mem::take(&mut request.resources);
        let mut told = Vec::with_capacity(asked.len());
        for resource in asked {
            let refusal = self.refuse_alteration(ResourceType(resource.resource_type), &resource.resource_name);
            let answer = AlterConfigsResourceResponse::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            if refusal.is_none() {
                request.resources.push(resource);
            }
            told.push((answer, refusal));
        }
        let decided = match request.resources.is_empty() {
            true => Vec::new(),
            false => self.controllers.forward_typed(context, request).await.map_or(Vec::new(), |it| it.responses),
        };
        let mut decided = decided.into_iter();
        let tell = |(answer, refusal): (AlterConfigsResourceResponse, Option<Refusal>)| match refusal {
            Some(Refusal(code, message)) => {
                answer.with_error_code(code.code()).with_error_message(text_or_null(message))
            }
            None => decided
                .next()
                .unwrap_or_else(|| answer.with_error_code(ErrorCode::NotController.code()).with_error_message(None)),
        };
        let responses = told.into_iter().map(tell).collect();
        AlterConfigsResponse::default().with_responses(responses).into()
    }
}

impl Node {
    fn refuse_alteration(&self, kind: ResourceType, name: &str) -> Option<Refusal> {
        match kind {
            ResourceType::BROKER if !name.is_empty() => match name.parse::<i32>() {
                Err(_) => Some(Refusal::invalid(format!("Node id must be an integer, but it is: {name}"))),
                Ok(id) if id != self.id().0 => Some(Refusal::invalid(format!(
                    "Unexpected broker id, expected {}, but received {name}",
                    self.id(),
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
