//! DescribeGroups 0 to 6: classic groups and their members.

use groups::{DescribeGroup, DescribedGroup as Described, Reply, Request};
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse, GroupId};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::groups::{GROUP_OPERATIONS, answered};
use crate::node::{FileSlice, Node};
use crate::text::{text, text_or_null};

impl Handle<DescribeGroupsRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        request: DescribeGroupsRequest,
    ) -> Answer<DescribeGroupsResponse, FileSlice> {
        let knows_missing_groups = context.knows_missing_groups();
        let operations = request.include_authorized_operations && context.knows_group_operations();
        let asked = request.groups.into_iter().map(|group| {
            let question = DescribeGroup { group: group.to_string(), knows_missing_groups };
            let asked = self.ask_group(&group, Request::DescribeGroup(question));
            (group, asked)
        });
        let asked: Vec<_> = asked.collect();
        Answer::when(async move {
            let mut groups = Vec::with_capacity(asked.len());
            for (group, asked) in asked {
                let mut told = match answered(asked).await {
                    Ok(Reply::DescribeGroup(described)) => tell(group, described),
                    Ok(_) => failed(group, ErrorCode::UnknownServerError),
                    Err(error) => failed(group, error),
                };
                if operations && told.error_code == 0 {
                    told.authorized_operations = GROUP_OPERATIONS;
                }
                groups.push(told);
            }
            DescribeGroupsResponse::default().with_groups(groups).into()
        })
        .await
    }
}

fn failed(group: GroupId, error: ErrorCode) -> DescribedGroup {
    DescribedGroup::default().with_group_id(group).with_error_code(error.code())
}

fn tell(group: GroupId, described: Described) -> DescribedGroup {
    let members = described.members.into_iter().map(|member| {
        DescribedGroupMember::default()
            .with_member_id(text(member.member))
            .with_group_instance_id(text_or_null(member.instance))
            .with_client_id(text(member.client_id))
            .with_client_host(text(member.client_host))
            .with_member_metadata(member.metadata)
            .with_member_assignment(member.assignment)
    });
    DescribedGroup::default()
        .with_group_id(group)
        .with_error_code(described.error.code())
        .with_error_message(text_or_null(described.message))
        .with_group_state(text(described.state))
        .with_protocol_type(text(described.protocol_type))
        .with_protocol_data(text(described.protocol))
        .with_members(members.collect())
}
