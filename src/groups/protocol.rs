//! What consumers tell each other in the bytes of a classic group (`ConsumerProtocol`).

use bytes::{Buf, Bytes};
use model::{PartitionIndex, TopicName};
use wire::schema;
use wire::schema::Message;

schema! {
    /// What a member wants.
    message ConsumerProtocolSubscription versions 0-3 {
        topics: Vec<TopicName>, 0+;
        user_data: Option<Bytes>, 0+;
        owned_partitions: Vec<TopicPartition>, 1+, ignorable true;
        generation_id: i32, 2+, default -1, ignorable true;
        rack_id: Option<String>, 3+, ignorable true;
    }

    /// What a member gets.
    message ConsumerProtocolAssignment versions 0-3 {
        assigned_partitions: Vec<TopicPartition>, 0+;
        user_data: Option<Bytes>, 0+;
    }

    /// Partitions of one topic.
    struct TopicPartition {
        topic: TopicName, 0+, default "".into();
        partitions: Vec<PartitionIndex>, 0+;
    }
}

impl ConsumerProtocolSubscription {
    /// The topics of a subscription, which all versions have in the same place; none if it is no subscription.
    pub(crate) fn topics_of(bytes: &Bytes) -> Option<Vec<TopicName>> {
        let mut bytes = bytes.clone();
        bytes.try_get_i16().ok()?; // Its version, whatever it is.
        Some(Self::decode_body(&mut bytes, 0).ok()?.topics)
    }
}
