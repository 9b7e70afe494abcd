//! ListConfigResources 0 to 1: what can be described by DescribeConfigs (KIP-1142).

use std::collections::BTreeSet;

use kafka_protocol::messages::list_config_resources_response::ConfigResource as Told;
use kafka_protocol::messages::{ListConfigResourcesRequest, ListConfigResourcesResponse};
use metadata::ResourceType;
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};
use crate::text::text;

/// In the order in which Kafka tells them.
const LISTED: [ResourceType; 5] = [
    ResourceType::TOPIC,
    ResourceType::BROKER,
    ResourceType::BROKER_LOGGER,
    ResourceType::CLIENT_METRICS,
    ResourceType::GROUP,
];

impl Handle<ListConfigResourcesRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        request: ListConfigResourcesRequest,
    ) -> Answer<ListConfigResourcesResponse, FileSlice> {
        let asked: BTreeSet<i8> = match context.lists_client_metrics_only() {
            true => [ResourceType::CLIENT_METRICS.0].into(),
            false if request.resource_types.is_empty() => LISTED.map(|kind| kind.0).into(),
            false => request.resource_types.iter().copied().collect(),
        };
        if asked.iter().any(|kind| !LISTED.contains(&ResourceType(*kind))) {
            return ListConfigResourcesResponse::default().with_error_code(ErrorCode::UnsupportedVersion.code()).into();
        }
        let published = self.published();
        let image = &published.image;
        let mut told = Vec::new();
        for kind in LISTED.into_iter().filter(|kind| asked.contains(&kind.0)) {
            let names: Vec<String> = match kind {
                ResourceType::TOPIC => image.topics().map(|topic| topic.name.to_string()).collect(),
                ResourceType::BROKER | ResourceType::BROKER_LOGGER => {
                    image.brokers.keys().map(ToString::to_string).collect()
                }
                _ => {
                    let set = image.configs.keys().filter(|resource| resource.kind == kind);
                    set.map(|resource| resource.name.clone()).collect()
                }
            };
            let resources = names.into_iter().map(text);
            told.extend(resources.map(|n| Told::default().with_resource_name(n).with_resource_type(kind.0)));
        }
        ListConfigResourcesResponse::default().with_config_resources(told).into()
    }
}
