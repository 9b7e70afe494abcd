//! DescribeCluster 1 and 2, as controllers answer it: the controllers that have registered (KIP-919).

use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{BrokerId, DescribeClusterRequest, DescribeClusterResponse};
use model::{ErrorCode, NodeId};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::handlers::{BROKERS, CONTROLLERS};
use crate::node::FileSlice;
use crate::text::text;

impl Handle<DescribeClusterRequest> for ControllerNode {
    async fn handle(
        &self,
        context: &Context,
        request: DescribeClusterRequest,
    ) -> Answer<DescribeClusterResponse, FileSlice> {
        let refuse = |error: ErrorCode, message: String| {
            DescribeClusterResponse::default().with_error_code(error.code()).with_error_message(Some(text(message)))
        };
        match request.endpoint_type {
            CONTROLLERS => {}
            BROKERS => {
                let message =
                    "The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER";
                return refuse(ErrorCode::MismatchedEndpointType, message.to_owned()).into();
            }
            other => {
                let message = format!("Unsupported endpoint type {other}");
                return refuse(ErrorCode::UnsupportedEndpointType, message).into();
            }
        }
        let image = self.image();
        let listener = &*context.origin().listener;
        let controllers = image.controllers.values().filter_map(|controller| {
            let endpoint = controller.end_points.iter().find(|endpoint| endpoint.name == listener)?;
            let told = DescribeClusterBroker::default()
                .with_broker_id(BrokerId(controller.controller_id.0))
                .with_host(text(endpoint.host.clone()))
                .with_port(i32::from(endpoint.port))
                .with_rack(None);
            Some(told)
        });
        let leader = self.status.borrow().leader.unwrap_or(NodeId::NONE);
        DescribeClusterResponse::default()
            .with_endpoint_type(CONTROLLERS)
            .with_cluster_id(text(self.cluster_id.0.clone()))
            .with_controller_id(BrokerId(leader.0))
            .with_brokers(controllers.collect())
            .into()
    }
}
