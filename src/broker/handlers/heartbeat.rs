//! Heartbeat 0 to 4: a member of a classic group lives, and learns of a rebalance.

use groups::{Reply, Request};
use kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::groups::answer;
use crate::node::{FileSlice, Node};
use crate::text::owned_or_none;

impl Handle<HeartbeatRequest> for Node {
    async fn handle(&self, _: &Context, request: HeartbeatRequest) -> Answer<HeartbeatResponse, FileSlice> {
        let asked = if request.group_id.is_empty() {
            Err(ErrorCode::InvalidGroupId)
        } else {
            let heartbeat = groups::Heartbeat {
                group: request.group_id.to_string(),
                member: request.member_id.to_string(),
                instance: owned_or_none(request.group_instance_id),
                generation: request.generation_id,
            };
            self.ask_group(&request.group_id, Request::Heartbeat(heartbeat))
        };
        answer(asked, move |told| {
            let error = match told {
                Ok(Reply::Heartbeat(error)) => error,
                Ok(_) => ErrorCode::UnknownServerError,
                // Nobody knows yet who is a member; nobody is sent away for that.
                Err(ErrorCode::CoordinatorLoadInProgress) => ErrorCode::None,
                Err(error) => error,
            };
            HeartbeatResponse::default().with_error_code(error.code())
        })
    }
}
