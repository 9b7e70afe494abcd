//! DescribeConfigs 1 to 4: what holds, where it comes from, and what would hold otherwise (KIP-133, KIP-226).

use config::{Described, NodeConfig, Resource, Settings};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use metadata::{ConfigResource, Image, ResourceType};
use model::{ErrorCode, NodeId, TopicName};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};
use crate::text::{text, text_or_null};

/// No, with words where Kafka has some.
pub struct Refusal(pub ErrorCode, pub Option<String>);

impl Refusal {
    /// INVALID_REQUEST, with words.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self(ErrorCode::InvalidRequest, Some(message.into()))
    }
}

impl Handle<DescribeConfigsRequest> for Node {
    async fn handle(&self, _: &Context, request: DescribeConfigsRequest) -> Answer<DescribeConfigsResponse, FileSlice> {
        tell_configs(&self.published().image, &self.config(), &request).into()
    }
}

/// What the node with this configuration in force tells of the resources.
pub fn tell_configs(image: &Image, node: &NodeConfig, request: &DescribeConfigsRequest) -> DescribeConfigsResponse {
    let results = request.resources.iter().map(|resource| {
        let told = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match configs_of(image, node, resource) {
            Err(Refusal(code, message)) => {
                // Empty where there is nothing to say, and not null, as Apache Kafka has it.
                told.with_error_code(code.code()).with_error_message(Some(text(message.unwrap_or_default())))
            }
            Ok(configs) => {
                let wanted = |config: &Described| {
                    let keys = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
                    keys.is_none_or(|keys| keys.iter().any(|key| **key == *config.name))
                };
                let configs = configs.into_iter().filter(wanted);
                told.with_configs(configs.map(|config| tell(config, request)).collect())
            }
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn configs_of(image: &Image, node: &NodeConfig, resource: &DescribeConfigsResource) -> Result<Vec<Described>, Refusal> {
    let name = &*resource.resource_name;
    let kind = ResourceType(resource.resource_type);
    let own = settings(image, &ConfigResource::new(kind, name));
    let described = match kind {
        ResourceType::TOPIC => {
            TopicName::check(name)
                .map_err(|error| Refusal(ErrorCode::InvalidTopicException, Some(error.to_string())))?;
            if image.topic(name).is_none() {
                return Err(Refusal(ErrorCode::UnknownTopicOrPartition, None));
            }
            config::describe(node, Resource::Topic(&own))
        }
        ResourceType::BROKER if name.is_empty() => config::describe(node, Resource::BrokerDefault),
        ResourceType::BROKER => {
            let id = node.node_id;
            if broker_id(name)? != id.0 {
                return Err(Refusal::invalid(format!(
                    "Unexpected broker id, expected {id} or empty string, but received {name}"
                )));
            }
            config::describe(node, Resource::Broker)
        }
        ResourceType::BROKER_LOGGER => {
            return Err(Refusal::invalid("Loggers cannot be described: RUST_LOG sets them at the start"));
        }
        ResourceType::CLIENT_METRICS if name.is_empty() => {
            return Err(Refusal::invalid("Client metrics subscription name must not be empty"));
        }
        ResourceType::CLIENT_METRICS => config::describe(node, Resource::ClientMetrics(&own)),
        ResourceType::GROUP if name.is_empty() => {
            return Err(Refusal::invalid("Group name must not be empty"));
        }
        ResourceType::GROUP => config::describe(node, Resource::Group(&own)),
        ResourceType(other) => {
            return Err(Refusal::invalid(format!("Unexpected resource type {other} for resource {name}")));
        }
    };
    described.map_err(|error| Refusal(ErrorCode::InvalidConfig, Some(error.to_string())))
}

/// The id in the name of a broker resource.
pub fn broker_id(name: &str) -> Result<i32, Refusal> {
    name.parse().map_err(|_| Refusal::invalid(format!("Broker id must be an integer, but it is: {name}")))
}

/// The dynamic configurations of all brokers, and of this one.
pub fn dynamic_configs(image: &Image, node: NodeId) -> (Settings, Settings) {
    let of = |name: &str| settings(image, &ConfigResource::new(ResourceType::BROKER, name));
    (of(""), of(&node.to_string()))
}

/// What is set for a resource.
pub fn settings(image: &Image, resource: &ConfigResource) -> Settings {
    let set = image.config(resource);
    set.map(|set| set.iter().map(|(key, value)| (key.clone(), value.clone())).collect()).unwrap_or_default()
}

fn tell(config: Described, request: &DescribeConfigsRequest) -> DescribeConfigsResourceResult {
    let told = DescribeConfigsResourceResult::default()
        .with_config_source(config.source.code())
        .with_is_sensitive(config.is_sensitive)
        .with_read_only(config.read_only)
        .with_config_type(config.kind_code())
        .with_documentation(if request.include_documentation { text_or_null(config.doc) } else { None });
    let synonyms = config.synonyms.into_iter().filter(|_| request.include_synonyms).map(|synonym| {
        DescribeConfigsSynonym::default()
            .with_name(text(synonym.name))
            .with_value(text_or_null(synonym.value))
            .with_source(synonym.source.code())
    });
    told.with_synonyms(synonyms.collect()).with_name(text(config.name)).with_value(text_or_null(config.value))
}
