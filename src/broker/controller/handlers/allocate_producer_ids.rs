//! AllocateProducerIds 0: a block of producer ids for one broker (KIP-730).

use controller::{AllocateProducerIds, Event, Reply};
use kafka_protocol::messages::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};
use model::{BrokerEpoch, ErrorCode, NodeId};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;

impl Handle<AllocateProducerIdsRequest> for ControllerNode {
    async fn handle(
        &self,
        _: &Context,
        request: AllocateProducerIdsRequest,
    ) -> Answer<AllocateProducerIdsResponse, FileSlice> {
        let asked =
            AllocateProducerIds { broker: NodeId(request.broker_id.0), epoch: BrokerEpoch(request.broker_epoch) };
        let answer = AllocateProducerIdsResponse::default();
        match self.submit(Event::AllocateProducerIds(asked)).await {
            Ok(Reply::AllocateProducerIds(Ok(block))) => {
                answer.with_producer_id_start(block.first.0.into()).with_producer_id_len(block.count)
            }
            Ok(Reply::AllocateProducerIds(Err(refusal))) => answer.with_error_code(refusal.code.code()),
            _ => answer.with_error_code(ErrorCode::NotController.code()),
        }
        .into()
    }
}
