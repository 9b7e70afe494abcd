//! A controller tells the cluster where it listens, once for each of its starts (`ControllerRegistrationManager`, KIP-919).

use host::task::JoinHandle;
use kafka_protocol::messages::ControllerRegistrationRequest;
use kafka_protocol::messages::controller_registration_request::{Feature, Listener};
use metadata::records::ControllerEndpoint;
use metadata::{Image, MetadataVersion};
use model::{ErrorCode, NodeId, Uuid};

use crate::controllers::Controllers;
use crate::text::text;

/// The task that does it.
pub struct Enrolment {
    task: JoinHandle<()>,
}

impl Enrolment {
    /// Begins; ends by itself when the metadata has the registration.
    pub fn start(controllers: Controllers, me: NodeId, endpoints: Vec<ControllerEndpoint>) -> Self {
        let incarnation: Uuid = host::dice::uuid();
        let request = request(me, incarnation, endpoints);
        let task = host::task::spawn(async move {
            controllers.applied(may_register).await;
            let is_there = |image: &Image| {
                image.controllers.get(&me).is_some_and(|registered| registered.incarnation_id == incarnation)
            };
            loop {
                match controllers.call(request.clone()).await.map(|answer| ErrorCode::from_code(answer.error_code)) {
                    Ok(Some(ErrorCode::None)) => break,
                    other => tracing::debug!(answer = ?other, "this controller is not registered yet"),
                }
                controllers.pause().await;
            }
            controllers.applied(is_there).await;
        });
        Self { task }
    }

    /// Ends.
    pub async fn stop(self) {
        self.task.abort();
        // It ends as one that was told to.
        let _ = self.task.await;
    }
}

fn may_register(image: &Image) -> bool {
    image.metadata_version().is_some_and(MetadataVersion::has_controller_registration)
}

fn request(me: NodeId, incarnation: Uuid, endpoints: Vec<ControllerEndpoint>) -> ControllerRegistrationRequest {
    let listeners = endpoints.into_iter().map(|endpoint| {
        Listener::default()
            .with_name(text(endpoint.name))
            .with_host(text(endpoint.host))
            .with_port(endpoint.port)
            .with_security_protocol(endpoint.security_protocol)
    });
    let features = quorum::SUPPORTED.iter().map(|feature| {
        Feature::default()
            .with_name(text(feature.name))
            .with_min_supported_version(feature.min)
            .with_max_supported_version(feature.max)
    });
    ControllerRegistrationRequest::default()
        .with_controller_id(me.0)
        .with_incarnation_id(incarnation.0)
        .with_zk_migration_ready(false)
        .with_listeners(listeners.collect())
        .with_features(features.collect())
}
