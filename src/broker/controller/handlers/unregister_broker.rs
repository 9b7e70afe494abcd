//! UnregisterBroker 0: a broker that is gone for good (KIP-746).

use controller::{Event, Reply};
use kafka_protocol::messages::{UnregisterBrokerRequest, UnregisterBrokerResponse};
use model::{ErrorCode, NodeId};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::text_or_null;

impl Handle<UnregisterBrokerRequest> for ControllerNode {
    async fn handle(
        &self,
        _: &Context,
        request: UnregisterBrokerRequest,
    ) -> Answer<UnregisterBrokerResponse, FileSlice> {
        let answer = UnregisterBrokerResponse::default().with_error_message(None);
        match self.submit(Event::UnregisterBroker(NodeId(request.broker_id.0))).await {
            Ok(Reply::UnregisterBroker(Ok(()))) => answer,
            Ok(Reply::UnregisterBroker(Err(refusal))) => {
                answer.with_error_code(refusal.code.code()).with_error_message(text_or_null(refusal.message))
            }
            _ => answer.with_error_code(ErrorCode::NotController.code()),
        }
        .into()
    }
}
