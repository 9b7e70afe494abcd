//! ControllerRegistration 0: a controller tells the others where it listens (KIP-919).

use controller::{Event, RegisterController, Reply};
use kafka_protocol::messages::{ControllerRegistrationRequest, ControllerRegistrationResponse};
use metadata::records::{ControllerEndpoint, ControllerFeature};
use model::{ErrorCode, NodeId, Uuid};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::text_or_null;

impl Handle<ControllerRegistrationRequest> for ControllerNode {
    async fn handle(
        &self,
        _: &Context,
        request: ControllerRegistrationRequest,
    ) -> Answer<ControllerRegistrationResponse, FileSlice> {
        let endpoints = request.listeners.iter().map(|listener| ControllerEndpoint {
            name: listener.name.to_string(),
            host: listener.host.to_string(),
            port: listener.port,
            security_protocol: listener.security_protocol,
            ..ControllerEndpoint::default()
        });
        let features = request.features.iter().map(|feature| ControllerFeature {
            name: feature.name.to_string(),
            min_supported_version: feature.min_supported_version,
            max_supported_version: feature.max_supported_version,
            ..ControllerFeature::default()
        });
        let registration = RegisterController {
            controller: NodeId(request.controller_id),
            incarnation: Uuid::from(request.incarnation_id),
            endpoints: endpoints.collect(),
            features: features.collect(),
        };
        let answer = ControllerRegistrationResponse::default().with_error_message(None);
        match self.submit(Event::RegisterController(registration)).await {
            Ok(Reply::RegisterController(Ok(()))) => answer,
            Ok(Reply::RegisterController(Err(refusal))) => {
                answer.with_error_code(refusal.code.code()).with_error_message(text_or_null(refusal.message))
            }
            _ => answer.with_error_code(ErrorCode::NotController.code()),
        }
        .into()
    }
}
