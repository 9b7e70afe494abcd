//! InitProducerId 0 to 5, for idempotent producers (KIP-98); there are no transactions yet.

use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};

impl Handle<InitProducerIdRequest> for Node {
    async fn handle(&self, _: &Context, request: InitProducerIdRequest) -> Answer<InitProducerIdResponse, FileSlice> {
        let outcome = match &request.transactional_id {
            // Either both are told or none (KIP-360).
            _ if (request.producer_id.0 == -1) != (request.producer_epoch == -1) => Err(ErrorCode::InvalidRequest),
            Some(id) if id.is_empty() => Err(ErrorCode::InvalidRequest),
            // FindCoordinator is not told of, so no client of good faith comes here.
            Some(_) => Err(ErrorCode::NotCoordinator),
            None => self.next_producer_id().await,
        };
        let response = InitProducerIdResponse::default();
        match outcome {
            Ok(id) => response.with_producer_id(id.0.into()).with_producer_epoch(0),
            Err(error) => response.with_error_code(error.code()).with_producer_id((-1).into()).with_producer_epoch(-1),
        }
        .into()
    }
}
