//! What is asked of a replica beside appending and following: who can serve a reader, how far deletions have come, and
//! whether it is throttled.

use std::sync::atomic::Ordering;

use model::{ErrorCode, NodeId, Offset};
use replication::leader::Candidate;
use storage::log::ReadError;

use super::{Partition, Role};

impl Partition {
    /// The followers that can serve a consumer from `from` on; `None` if this broker does not lead.
    pub fn candidates(&self, from: Offset) -> Option<Vec<Candidate>> {
        match &*self.role.read() {
            Role::Leader { leader, .. } => Some(leader.lock().candidates(from, host::clock::uptime()).collect()),
            Role::Follower { .. } => None,
        }
    }

    /// Whether the reign is so young that more may be committed than is known here.
    pub fn is_high_watermark_behind(&self) -> bool {
        match &*self.role.read() {
            Role::Leader { leader, .. } => leader.lock().epoch_start() > self.log().high_watermark(),
            Role::Follower { .. } => false,
        }
    }

    /// Lets everything in front of `before` go here, if this broker leads. `before` is at most the high watermark.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER, else what the log says.
    pub fn delete_records(&self, before: Offset) -> Result<Result<(), ReadError>, ErrorCode> {
        match &*self.role.read() {
            Role::Leader { .. } => Ok(self.log().delete_records_before(before)),
            Role::Follower { .. } => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Where the last of the living replicas begins, and a copy that is on its way here, as far as is known.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER.
    pub fn low_watermark(&self) -> Result<Offset, ErrorCode> {
        match &*self.role.read() {
            Role::Leader { leader, .. } => {
                let here = self.log().start_offset();
                let here = self.future.load().as_ref().map_or(here, |future| here.min(future.log.start_offset()));
                Ok(leader.lock().low_watermark(here, &*self.peers))
            }
            Role::Follower { .. } => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Whether the topic's configuration throttles this replica when it leads, and when it follows.
    pub fn set_throttled(&self, (led, followed): (bool, bool)) {
        self.throttled_led.store(led, Ordering::Relaxed);
        self.throttled_followed.store(followed, Ordering::Relaxed);
    }

    /// Whether what followers are sent counts for `leader.replication.throttled.rate`.
    pub fn is_throttled_led(&self) -> bool {
        self.throttled_led.load(Ordering::Relaxed)
    }

    /// Whether what is copied here counts for `follower.replication.throttled.rate`.
    pub fn is_throttled_followed(&self) -> bool {
        self.throttled_followed.load(Ordering::Relaxed)
    }

    /// Whether this broker leads and `broker` is in sync, as the controller has agreed.
    pub fn is_in_sync(&self, broker: NodeId) -> bool {
        match &*self.role.read() {
            Role::Leader { leader, .. } => leader.lock().isr().contains(&broker),
            Role::Follower { .. } => false,
        }
    }
}
