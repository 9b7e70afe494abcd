//! ListGroups 0 to 5: the groups whose coordinator is here, by state and type (KIP-518, KIP-848).

use groups::{ListedGroup as Listed, Reply, Request};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{ListGroupsRequest, ListGroupsResponse};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::groups::answered;
use crate::node::{FileSlice, Node};
use crate::text::text;

impl Handle<ListGroupsRequest> for Node {
    async fn handle(&self, _: &Context, request: ListGroupsRequest) -> Answer<ListGroupsResponse, FileSlice> {
        let question = Request::ListGroups(groups::ListGroups {
            states: request.states_filter.iter().map(ToString::to_string).collect(),
            types: request.types_filter.iter().map(ToString::to_string).collect(),
        });
        let asked = self.ask_all_groups(&question);
        Answer::when(async move {
            let mut response = ListGroupsResponse::default();
            for asked in asked {
                match answered(asked).await {
                    Ok(Reply::ListGroups(groups)) => response.groups.extend(groups.into_iter().map(tell)),
                    // It has moved, and its new home tells of its groups.
                    Err(ErrorCode::NotCoordinator) => {}
                    Ok(_) => {
                        return ListGroupsResponse::default()
                            .with_error_code(ErrorCode::UnknownServerError.code())
                            .into();
                    }
                    Err(error) => return ListGroupsResponse::default().with_error_code(error.code()).into(),
                }
            }
            response.into()
        })
        .await
    }
}

fn tell(group: Listed) -> ListedGroup {
    ListedGroup::default()
        .with_group_id(text(group.group).into())
        .with_protocol_type(text(group.protocol_type))
        .with_group_state(text(group.state))
        .with_group_type(text(group.group_type))
}
