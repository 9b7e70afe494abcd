//! BrokerRegistration 0 to 4: a broker starts (KIP-631, KIP-858, KIP-966).

use controller::{Event, RegisterBroker, Reply};
use kafka_protocol::messages::{BrokerRegistrationRequest, BrokerRegistrationResponse};
use metadata::records::{BrokerEndpoint, BrokerFeature};
use model::{BrokerEpoch, ClusterId, ErrorCode, NodeId, Uuid};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::owned_or_none;

impl Handle<BrokerRegistrationRequest> for ControllerNode {
    async fn handle(
        &self,
        _: &Context,
        request: BrokerRegistrationRequest,
    ) -> Answer<BrokerRegistrationResponse, FileSlice> {
        let endpoints = request.listeners.iter().map(|listener| BrokerEndpoint {
            name: listener.name.to_string(),
            host: listener.host.to_string(),
            port: listener.port,
            security_protocol: listener.security_protocol,
            ..BrokerEndpoint::default()
        });
        let features = request.features.iter().map(|feature| BrokerFeature {
            name: feature.name.to_string(),
            min_supported_version: feature.min_supported_version,
            max_supported_version: feature.max_supported_version,
            ..BrokerFeature::default()
        });
        let registration = RegisterBroker {
            broker: NodeId(request.broker_id.0),
            cluster_id: ClusterId(request.cluster_id.to_string()),
            incarnation: Uuid::from(request.incarnation_id),
            endpoints: endpoints.collect(),
            features: features.collect(),
            rack: owned_or_none(request.rack),
            log_dirs: request.log_dirs.into_iter().map(Uuid::from).collect(),
            previous_epoch: BrokerEpoch(request.previous_broker_epoch),
        };
        let (code, epoch) = match self.submit(Event::RegisterBroker(registration)).await {
            Ok(Reply::RegisterBroker(Ok(epoch))) => (ErrorCode::None, epoch),
            Ok(Reply::RegisterBroker(Err(refusal))) => {
                tracing::warn!(broker = request.broker_id.0, %refusal, "a broker's registration is refused");
                (refusal.code, BrokerEpoch(-1))
            }
            _ => (ErrorCode::NotController, BrokerEpoch(-1)),
        };
        BrokerRegistrationResponse::default().with_error_code(code.code()).with_broker_epoch(epoch.0).into()
    }
}
