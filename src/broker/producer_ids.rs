//! Producer ids for idempotent producers, taken from the controller in blocks (KIP-730).

use model::{ErrorCode, ProducerId};
use tokio::sync::Mutex;

use crate::node::Node;

/// What is left of this broker's block.
#[derive(Default)]
pub struct ProducerIds {
    left: Mutex<std::ops::Range<i64>>,
}

impl Node {
    /// An id that no producer ever had.
    ///
    /// # Errors
    /// As the controller says, when a new block is needed.
    pub async fn next_producer_id(&self) -> Result<ProducerId, ErrorCode> {
        let mut left = self.producer_ids.left.lock().await;
        if left.is_empty() {
            *left = self.take_producer_ids().await?;
        }
        left.next().map(ProducerId).ok_or(ErrorCode::CoordinatorLoadInProgress)
    }
}
