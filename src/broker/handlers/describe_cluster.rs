//! DescribeCluster 0 to 2: who is there (KIP-700, KIP-919, KIP-1073).

use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use super::metadata::CLUSTER_OPERATIONS;
use crate::node::{FileSlice, Node};
use crate::text::{text, text_or_null};

/// Brokers are asked for.
pub const BROKERS: i8 = 1;
/// Controllers are asked for.
pub const CONTROLLERS: i8 = 2;

impl Handle<DescribeClusterRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        request: DescribeClusterRequest,
    ) -> Answer<DescribeClusterResponse, FileSlice> {
        let refusal = match request.endpoint_type {
            BROKERS => None,
            CONTROLLERS => Some((
                ErrorCode::MismatchedEndpointType,
                "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER",
            )),
            _ => Some((ErrorCode::UnsupportedEndpointType, "Unsupported endpoint type")),
        };
        if let Some((error, message)) = refusal {
            let message = match error {
                ErrorCode::UnsupportedEndpointType => format!("{message} {}", request.endpoint_type),
                _ => message.to_owned(),
            };
            return DescribeClusterResponse::default()
                .with_error_code(error.code())
                .with_error_message(Some(text(message)))
                .into();
        }
        let brokers = self.registered_brokers(context).into_iter();
        let brokers = brokers.filter(|(_, is_fenced)| request.include_fenced_brokers || !is_fenced);
        let brokers = brokers.map(|(broker, is_fenced)| {
            DescribeClusterBroker::default()
                .with_broker_id(BrokerId(broker.node.0))
                .with_host(text(broker.host))
                .with_port(broker.port)
                .with_rack(text_or_null(broker.rack))
                .with_is_fenced(is_fenced)
        });
        let mut response = DescribeClusterResponse::default()
            .with_endpoint_type(BROKERS)
            .with_cluster_id(text(self.cluster_id()))
            .with_controller_id(BrokerId(self.any_alive_broker().0))
            .with_brokers(brokers.collect());
        if request.include_cluster_authorized_operations {
            response.cluster_authorized_operations = CLUSTER_OPERATIONS;
        }
        response.into()
    }
}
