//! AlterConfigs 0 to 2 and IncrementalAlterConfigs 0 to 1 (KIP-133, KIP-339), but for what this broker knows better than the
//! controller, which decides the rest (`ConfigAdminManager`). What is dynamic holds when the answer leaves.

use kafka_protocol::messages::alter_configs_request::AlterConfigsResource as WholeConfigsResource;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as IncrementalResponse;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;
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
        let named = |resource: &AlterConfigsResource| (resource.resource_type, resource.resource_name.clone());
        let asked = self.keep_back(&mut request.resources, named);
        let decided = match request.resources.is_empty() {
            true => Vec::new(),
            false => self.controllers.forward_typed(context, request).await.map_or(Vec::new(), |it| it.responses),
        };
        let responses = merge(asked, decided, |(kind, name), error, message| {
            IncrementalResponse::default()
                .with_resource_type(kind)
                .with_resource_name(name)
                .with_error_code(error.code())
                .with_error_message(text_or_null(message))
        });
        IncrementalAlterConfigsResponse::default().with_responses(responses).into()
    }
}

impl Handle<AlterConfigsRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        mut request: AlterConfigsRequest,
    ) -> Answer<AlterConfigsResponse, FileSlice> {
        let named = |resource: &WholeConfigsResource| (resource.resource_type, resource.resource_name.clone());
        let asked = self.keep_back(&mut request.resources, named);
        let decided = match request.resources.is_empty() {
            true => Vec::new(),
            false => self.controllers.forward_typed(context, request).await.map_or(Vec::new(), |it| it.responses),
        };
        let responses = merge(asked, decided, |(kind, name), error, message| {
            AlterConfigsResourceResponse::default()
                .with_resource_type(kind)
                .with_resource_name(name)
                .with_error_code(error.code())
                .with_error_message(text_or_null(message))
        });
        AlterConfigsResponse::default().with_responses(responses).into()
    }
}

/// A resource as the request names it, and why it is refused, if it is.
type Asked = ((i8, StrBytes), Option<Refusal>);

/// One answer a resource, in the asked order; `decided` is about those that were not refused.
fn merge<T>(
    asked: Vec<Asked>,
    decided: Vec<T>,
    refuse: impl Fn((i8, StrBytes), ErrorCode, Option<String>) -> T,
) -> Vec<T> {
    let mut decided = decided.into_iter();
    let tell = |(named, refusal): Asked| match refusal {
        Some(Refusal(code, message)) => refuse(named, code, message),
        None => decided.next().unwrap_or_else(|| refuse(named, ErrorCode::NotController, None)),
    };
    asked.into_iter().map(tell).collect()
}

impl Node {
    /// Takes those out that are refused here; the rest is for the controller.
    fn keep_back<R>(&self, resources: &mut Vec<R>, named: impl Fn(&R) -> (i8, StrBytes)) -> Vec<Asked> {
        let mut asked = Vec::with_capacity(resources.len());
        resources.retain(|resource| {
            let (kind, name) = named(resource);
            let refusal = self.refuse_alteration(ResourceType(kind), &name);
            let passes = refusal.is_none();
            asked.push(((kind, name), refusal));
            passes
        });
        asked
    }

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
