//! DescribeConfigs 1 to 4: as the broker of the node tells them, and where there is none too (KIP-919).

use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use tracing::warn;
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::handlers::{dynamic_configs, tell_configs};
use crate::node::FileSlice;

impl Handle<DescribeConfigsRequest> for ControllerNode {
    async fn handle(&self, _: &Context, request: DescribeConfigsRequest) -> Answer<DescribeConfigsResponse, FileSlice> {
        let image = self.image();
        let (cluster, own) = dynamic_configs(&image, self.id());
        match self.config.with_dynamic(&cluster, &own) {
            Ok((in_force, _)) => tell_configs(&image, &in_force, &request),
            Err(error) => {
                warn!(%error, "the dynamic configuration contradicts itself and is not used");
                tell_configs(&image, &self.config, &request)
            }
        }
        .into()
    }
}
