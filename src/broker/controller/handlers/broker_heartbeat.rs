//! BrokerHeartbeat 0 and 1: a broker lives, and says what it wants (KIP-631, KIP-858).

use controller::{BrokerHeartbeat, Event, Reply};
use kafka_protocol::messages::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use model::{BrokerEpoch, ErrorCode, NodeId, Offset, Uuid};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;

impl Handle<BrokerHeartbeatRequest> for ControllerNode {
    async fn handle(&self, _: &Context, request: BrokerHeartbeatRequest) -> Answer<BrokerHeartbeatResponse, FileSlice> {
        let beat = BrokerHeartbeat {
            broker: NodeId(request.broker_id.0),
            epoch: BrokerEpoch(request.broker_epoch),
            metadata_offset: Offset(request.current_metadata_offset),
            want_fence: request.want_fence,
            want_shut_down: request.want_shut_down,
            offline_log_dirs: request.offline_log_dirs.into_iter().map(Uuid::from).collect(),
            cordoned_log_dirs: None,
        };
        let answer = BrokerHeartbeatResponse::default();
        match self.submit(Event::BrokerHeartbeat(beat)).await {
            Ok(Reply::BrokerHeartbeat(Ok(status))) => answer
                .with_is_caught_up(status.caught_up)
                .with_is_fenced(status.fenced)
                .with_should_shut_down(status.should_shut_down),
            Ok(Reply::BrokerHeartbeat(Err(refusal))) => answer.with_error_code(refusal.code.code()),
            _ => answer.with_error_code(ErrorCode::NotController.code()),
        }
        .into()
    }
}
