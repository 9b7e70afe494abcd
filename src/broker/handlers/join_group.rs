//! JoinGroup 0 to 9: a member of a classic group waits for the others and for a generation (KIP-62, KIP-345, KIP-394).

use bytes::Bytes;
use groups::{Joined, Protocol, Reply, Request};
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::groups::answer;
use crate::node::{FileSlice, Node};
use crate::text::{owned_or_none, reason, text, text_or_null};

impl Handle<JoinGroupRequest> for Node {
    async fn handle(&self, context: &Context, request: JoinGroupRequest) -> Answer<JoinGroupResponse, FileSlice> {
        let knows_null = context.knows_null_protocol();
        let (group, member) = (request.group_id.to_string(), request.member_id.to_string());
        let reason = reason(request.reason.as_deref());
        let asked = match request.group_id.is_empty() {
            true => Err(ErrorCode::InvalidGroupId),
            false => self.ask_group(&request.group_id.clone(), Request::JoinGroup(translate(context, request))),
        };
        answer(asked, move |told| {
            let joined = match told {
                Ok(Reply::JoinGroup(joined)) => joined,
                Ok(_) => Joined::refused(ErrorCode::UnknownServerError, &member),
                Err(error) => Joined::refused(error, &member),
            };
            if joined.error == ErrorCode::None {
                let Joined { member, generation, .. } = &joined;
                tracing::info!(group, member, generation, ?reason, "a member has joined its group");
            }
            tell(joined, knows_null)
        })
    }
}

fn translate(context: &Context, request: JoinGroupRequest) -> groups::JoinGroup {
    let protocols = request.protocols.into_iter().map(|protocol| Protocol {
        name: protocol.name.to_string(),
        // Kept as long as the member is: not as a slice of the whole frame.
        metadata: Bytes::copy_from_slice(&protocol.metadata),
    });
    groups::JoinGroup {
        group: request.group_id.to_string(),
        member: request.member_id.to_string(),
        instance: owned_or_none(request.group_instance_id),
        client_id: context.client_id().to_owned(),
        client_host: format!("/{}", context.origin().peer),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms: match context.tells_rebalance_timeout() {
            true => request.rebalance_timeout_ms,
            false => request.session_timeout_ms,
        },
        protocol_type: request.protocol_type.to_string(),
        protocols: protocols.collect(),
        requires_known_member: context.joins_with_known_id(),
        supports_skipping_assignment: context.can_skip_assignment(),
        dice: host::dice::uuid(),
    }
}

fn tell(joined: Joined, knows_null: bool) -> JoinGroupResponse {
    let members = joined.members.into_iter().map(|member| {
        JoinGroupResponseMember::default()
            .with_member_id(text(member.member))
            .with_group_instance_id(text_or_null(member.instance))
            .with_metadata(member.metadata)
    });
    let protocol = joined.protocol_name.filter(|_| joined.error == ErrorCode::None);
    let protocol = if knows_null { protocol } else { Some(protocol.unwrap_or_default()) };
    JoinGroupResponse::default()
        .with_error_code(joined.error.code())
        .with_generation_id(joined.generation)
        .with_protocol_type(text_or_null(joined.protocol_type))
        .with_protocol_name(text_or_null(protocol))
        .with_leader(text(joined.leader))
        .with_skip_assignment(joined.skip_assignment)
        .with_member_id(text(joined.member))
        .with_members(members.collect())
}
