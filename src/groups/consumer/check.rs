//! Which heartbeats are refused before the group is looked at (`throwIfConsumerGroupHeartbeatRequestIsInvalid`).

use model::ErrorCode;

use super::Refusal;
use super::member::{LEAVE, STATIC_LEAVE};
use crate::{ConsumerGroupHeartbeat, Groups};

impl Groups {
    pub(crate) fn check_heartbeat(&self, request: &ConsumerGroupHeartbeat) -> Result<(), Refusal> {
        let is_blank = |text: &str| text.trim().is_empty();
        let invalid = |message: &str| Err(Refusal::new(ErrorCode::InvalidRequest, message));
        let epoch = request.member_epoch;
        if (request.client_names_member || epoch > 0 || epoch == LEAVE) && is_blank(&request.member) {
            return invalid("MemberId can't be empty.");
        }
        if is_blank(&request.group) {
            return invalid("GroupId can't be empty.");
        }
        if request.instance.as_deref().is_some_and(is_blank) {
            return invalid("InstanceId can't be empty.");
        }
        if request.rack.as_deref().is_some_and(is_blank) {
            return invalid("RackId can't be empty.");
        }
        if epoch == 0 {
            if request.rebalance_timeout_ms == -1 {
                return invalid("RebalanceTimeoutMs must be provided in first request.");
            }
            if request.owned.as_ref().is_none_or(|owned| !owned.is_empty()) {
                return invalid("TopicPartitions must be empty when (re-)joining.");
            }
            if request.topics.is_none() && request.regex.is_none() {
                return invalid(
                    "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
                );
            }
        } else if epoch == STATIC_LEAVE {
            if request.instance.is_none() {
                return invalid("InstanceId can't be null.");
            }
        } else if epoch < STATIC_LEAVE {
            return invalid("MemberEpoch is invalid.");
        }
        let known = &self.settings.consumer.assignors;
        match request.assignor.as_ref().filter(|assignor| !known.contains(assignor)) {
            Some(assignor) => {
                let known = known.join(", ");
                let message = format!("ServerAssignor {assignor} is not supported. Supported assignors: {known}.");
                Err(Refusal::new(ErrorCode::UnsupportedAssignor, message))
            }
            None => Ok(()),
        }
    }
}
