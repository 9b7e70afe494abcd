//! Which heartbeats are refused before the group is looked at (`throwIfConsumerGroupHeartbeatRequestIsInvalid`).

use model::ErrorCode;

use super::Refusal;
use super::member::{LEAVE, STATIC_LEAVE};
use crate::ConsumerGroupHeartbeat;

impl ConsumerGroupHeartbeat {
    /// Whether it makes sense by itself, where `assignors` are known. Who asks the machine has checked that, before it was
    /// known which machine that is.
    ///
    /// # Errors
    /// INVALID_REQUEST, UNSUPPORTED_ASSIGNOR.
    pub fn check(&self, assignors: &[String]) -> Result<(), Refusal> {
        let is_blank = |text: &str| text.trim().is_empty();
        let invalid = |message: &str| Err(Refusal::new(ErrorCode::InvalidRequest, message));
        let epoch = self.member_epoch;
        if (self.client_names_member || epoch > 0 || epoch == LEAVE) && is_blank(&self.member) {
            return invalid("MemberId can't be empty.");
        }
        if is_blank(&self.group) {
            return invalid("GroupId can't be empty.");
        }
        if self.instance.as_deref().is_some_and(is_blank) {
            return invalid("InstanceId can't be empty.");
        }
        if self.rack.as_deref().is_some_and(is_blank) {
            return invalid("RackId can't be empty.");
        }
        if epoch == 0 {
            if self.rebalance_timeout_ms == -1 {
                return invalid("RebalanceTimeoutMs must be provided in first request.");
            }
            if self.owned.as_ref().is_none_or(|owned| !owned.is_empty()) {
                return invalid("TopicPartitions must be empty when (re-)joining.");
            }
            if self.topics.is_none() && self.regex.is_none() {
                return invalid(
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
                );
            }
        } else if epoch == STATIC_LEAVE {
            if self.instance.is_none() {
                return invalid("InstanceId can't be null.");
            }
        } else if epoch < STATIC_LEAVE {
            return invalid("MemberEpoch is invalid.");
        }
        match self.assignor.as_ref().filter(|assignor| !assignors.contains(assignor)) {
            Some(assignor) => {
                let known = assignors.join(", ");
                let message = format!("ServerAssignor {assignor} is not supported. Supported assignors: {known}.");
                Err(Refusal::new(ErrorCode::UnsupportedAssignor, message))
            }
            None => Ok(()),
        }
    }
}
