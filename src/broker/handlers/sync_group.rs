//! SyncGroup 0 to 5: a member of a classic group gets what the leader has assigned to it.

use bytes::Bytes;
use groups::{Reply, Request, Synced};
use kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::groups::answer;
use crate::node::{FileSlice, Node};
use crate::text::{owned_or_none, text_or_null};

impl Handle<SyncGroupRequest> for Node {
    async fn handle(&self, context: &Context, request: SyncGroupRequest) -> Answer<SyncGroupResponse, FileSlice> {
        let is_named = request.protocol_type.is_some() && request.protocol_name.is_some();
        let asked = if context.must_name_protocol() && !is_named {
            Err(ErrorCode::InconsistentGroupProtocol)
        } else if request.group_id.is_empty() {
            Err(ErrorCode::InvalidGroupId)
        } else {
            let group = request.group_id.to_string();
            let assignments = request.assignments.into_iter();
            let assignments = assignments.map(|it| (it.member_id.to_string(), Bytes::copy_from_slice(&it.assignment)));
            let request = groups::SyncGroup {
                group: group.clone(),
                member: request.member_id.to_string(),
                instance: owned_or_none(request.group_instance_id),
                generation: request.generation_id,
                protocol_type: owned_or_none(request.protocol_type),
                protocol_name: owned_or_none(request.protocol_name),
                assignments: assignments.collect(),
            };
            self.ask_group(&group, Request::SyncGroup(request))
        };
        answer(asked, move |told| {
            let synced = match told {
                Ok(Reply::SyncGroup(synced)) => synced,
                Ok(_) => Synced::refused(ErrorCode::UnknownServerError),
                // Who must find its coordinator again is told to join again by those who follow the protocol.
                Err(error) => Synced::refused(error),
            };
            SyncGroupResponse::default()
                .with_error_code(synced.error.code())
                .with_protocol_type(text_or_null(synced.protocol_type))
                .with_protocol_name(text_or_null(synced.protocol_name))
                .with_assignment(synced.assignment)
        })
    }
}
