//! DeleteGroups 0 to 2: groups without members go, and all their offsets (KIP-229).

use std::collections::BTreeSet;

use groups::{Reply, Request};
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::{DeleteGroupsRequest, DeleteGroupsResponse};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::groups::answered;
use crate::node::{FileSlice, Node};

impl Handle<DeleteGroupsRequest> for Node {
    async fn handle(&self, _: &Context, request: DeleteGroupsRequest) -> Answer<DeleteGroupsResponse, FileSlice> {
        let mut seen = BTreeSet::new();
        let groups = request.groups_names.into_iter().filter(|group| seen.insert(group.to_string()));
        let asked = groups.map(|group| {
            let asked = self.ask_group(&group, Request::DeleteGroup(group.to_string()));
            (group, asked)
        });
        let asked: Vec<_> = asked.collect();
        Answer::when(async move {
            let mut results = Vec::with_capacity(asked.len());
            for (group, asked) in asked {
                let error = match answered(asked).await {
                    Ok(Reply::DeleteGroup(error)) => error,
                    Ok(_) => ErrorCode::UnknownServerError,
                    Err(error) => error,
                };
                results.push(DeletableGroupResult::default().with_group_id(group).with_error_code(error.code()));
            }
            DeleteGroupsResponse::default().with_results(results).into()
        })
        .await
    }
}
