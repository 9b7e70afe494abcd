//! FindCoordinator 0 to 6: which broker answers for a group (KIP-699); its topic is made when it is asked for first.

use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use model::{ErrorCode, TopicName};
use wire::{Answer, Context, Handle};

use crate::coordinators::{Resident, leader_for};
use crate::node::{BrokerAddress, FileSlice, Node};
use crate::text::text;

/// `FindCoordinatorRequest.CoordinatorType`.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;

impl Handle<FindCoordinatorRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        request: FindCoordinatorRequest,
    ) -> Answer<FindCoordinatorResponse, FileSlice> {
        if !(GROUP..=SHARE).contains(&request.key_type) {
            return refuse_kind(context, &request).into();
        }
        if !context.finds_many_coordinators() {
            let response = FindCoordinatorResponse::default();
            return match self.coordinator(context, request.key_type, &request.key).await {
                Ok(at) => response
                    .with_node_id(BrokerId(at.node.0))
                    .with_host(text(at.host))
                    .with_port(at.port)
                    .with_error_message(Some(text("NONE"))),
                Err(error) => response
                    .with_error_code(error.code())
                    .with_error_message(Some(text(error.to_string())))
                    .with_node_id(BrokerId(-1))
                    .with_port(-1),
            }
            .into();
        }
        let mut coordinators = Vec::with_capacity(request.coordinator_keys.len());
        for key in request.coordinator_keys {
            let answer = match self.coordinator(context, request.key_type, &key).await {
                Ok(at) => Coordinator::default()
                    .with_node_id(BrokerId(at.node.0))
                    .with_host(text(at.host))
                    .with_port(at.port)
                    .with_error_message(Some(text(""))),
                Err(error) => Coordinator::default()
                    .with_error_code(error.code())
                    .with_node_id(BrokerId(-1))
                    .with_port(-1)
                    .with_error_message(Some(text(""))),
            };
            coordinators.push(answer.with_key(key));
        }
        FindCoordinatorResponse::default().with_coordinators(coordinators).into()
    }
}

/// There is no such kind of coordinator.
fn refuse_kind(context: &Context, request: &FindCoordinatorRequest) -> FindCoordinatorResponse {
    let error = ErrorCode::InvalidRequest.code();
    if !context.finds_many_coordinators() {
        return FindCoordinatorResponse::default().with_error_code(error).with_node_id(BrokerId(-1)).with_port(-1);
    }
    let refused = request.coordinator_keys.iter().map(|key| {
        let refused = Coordinator::default().with_key(key.clone()).with_error_code(error);
        refused.with_node_id(BrokerId(-1)).with_port(-1)
    });
    FindCoordinatorResponse::default().with_coordinators(refused.collect())
}

impl Node {
    async fn coordinator(&self, context: &Context, kind: i8, key: &str) -> Result<BrokerAddress, ErrorCode> {
        match kind {
            GROUP => {}
            SHARE if !context.knows_share_coordinators() => return Err(ErrorCode::InvalidRequest),
            TRANSACTION | SHARE => {
                tracing::debug!(kind, "nobody coordinates transactions and share groups yet");
                return Err(ErrorCode::CoordinatorNotAvailable);
            }
            _ => return Err(ErrorCode::InvalidRequest),
        }
        let topic = groups::Groups::TOPIC;
        if self.published().image.topic(topic).is_none()
            && let Err(error) = self.auto_create(&TopicName::from(topic)).await
        {
            tracing::warn!(%error, "{topic} cannot be created, and without it there are no groups");
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        let leader = leader_for(&self.published().image, topic, key);
        let alive = self.alive_brokers(context).into_iter();
        let mut at = alive.filter(|broker| Some(broker.node) == leader);
        at.next().ok_or(ErrorCode::CoordinatorNotAvailable)
    }
}
