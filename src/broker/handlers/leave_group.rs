//! LeaveGroup 0 to 5: members leave, or are removed by an administrator (KIP-345).

use groups::{Leaving, Left, Reply, Request};
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::groups::answer;
use crate::node::{FileSlice, Node};
use crate::text::{owned_or_none, reason, text, text_or_null};

impl Handle<LeaveGroupRequest> for Node {
    async fn handle(&self, context: &Context, request: LeaveGroupRequest) -> Answer<LeaveGroupResponse, FileSlice> {
        let in_batch = context.leaves_in_batch();
        let group = request.group_id.to_string();
        let mut reasons = Vec::new();
        let asked = if request.group_id.is_empty() {
            Err(ErrorCode::InvalidGroupId)
        } else {
            let members = match in_batch {
                true => request
                    .members
                    .into_iter()
                    .map(|member| {
                        reasons.push(reason(member.reason.as_deref()));
                        Leaving {
                            member: member.member_id.to_string(),
                            instance: owned_or_none(member.group_instance_id),
                        }
                    })
                    .collect(),
                false => vec![Leaving { member: request.member_id.to_string(), instance: None }],
            };
            let leave = groups::LeaveGroup { group: request.group_id.to_string(), members };
            self.ask_group(&request.group_id, Request::LeaveGroup(leave))
        };
        answer(asked, move |told| {
            let left = match told {
                Ok(Reply::LeaveGroup(left)) => left,
                Ok(_) => Err(ErrorCode::UnknownServerError),
                Err(error) => Err(error),
            };
            let gone = left.iter().flatten().zip(reasons.iter().map(Some).chain(std::iter::repeat(None)));
            for (Left { member, instance, .. }, reason) in gone.filter(|(left, _)| left.error == ErrorCode::None) {
                let reason = reason.and_then(Option::as_deref);
                tracing::info!(group, member, ?instance, ?reason, "a member has left its group");
            }
            match left {
                Err(error) => LeaveGroupResponse::default().with_error_code(error.code()),
                Ok(left) if in_batch => {
                    LeaveGroupResponse::default().with_members(left.into_iter().map(tell).collect())
                }
                Ok(left) => {
                    let error = left.first().map_or(ErrorCode::UnknownServerError, |left| left.error);
                    LeaveGroupResponse::default().with_error_code(error.code())
                }
            }
        })
    }
}

fn tell(left: Left) -> MemberResponse {
    MemberResponse::default()
        .with_member_id(text(left.member))
        .with_group_instance_id(text_or_null(left.instance))
        .with_error_code(left.error.code())
}
