//! ApiVersions 0 to 4, as controllers answer it.

use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::controller::apis::APIS;
use crate::handlers::{Spoken, tell_versions};
use crate::node::FileSlice;

impl Handle<ApiVersionsRequest> for ControllerNode {
    async fn handle(&self, context: &Context, request: ApiVersionsRequest) -> Answer<ApiVersionsResponse, FileSlice> {
        let applied = self.images.borrow().clone();
        let spoken = Spoken {
            apis: APIS,
            image: &applied.image,
            offset: applied.end.0 - 1,
            has_dynamic_voters: self.config.voters.is_empty(),
        };
        tell_versions(context, &request, &spoken).into()
    }
}
