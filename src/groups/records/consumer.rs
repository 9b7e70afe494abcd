//! Records of consumer groups (KIP-848).

use bytes::Bytes;
use model::{PartitionIndex, Timestamp, TopicId, TopicName};
use wire::schema;

schema! {
    /// A consumer group.
    message ConsumerGroupMetadataKey key 3, versions 0-0 {
        group_id: String, 0-0;
    }

    /// A consumer group's epoch, and the hash of what it subscribes to (KIP-1101).
    message ConsumerGroupMetadataValue key 3, versions 0-0, flexible 0+ {
        epoch: i32, 0+;
        metadata_hash: i64, 0+, tag 0;
    }

    /// The topics of a consumer group. Kafka 4.1 and later only delete it.
    message ConsumerGroupPartitionMetadataKey key 4, versions 0-0 {
        group_id: String, 0-0;
    }

    /// The topics of a consumer group, before 4.1.
    message ConsumerGroupPartitionMetadataValue key 4, versions 0-0, flexible 0+ {
        topics: Vec<TopicMetadata>, 0+;
    }

    /// One topic.
    struct TopicMetadata {
        topic_id: TopicId, 0+;
        topic_name: TopicName, 0+, default "".into();
        num_partitions: i32, 0+;
        partition_metadata: Vec<PartitionMetadata>, 0+;
    }

    /// Where one partition is.
    struct PartitionMetadata {
        partition: PartitionIndex, 0+;
        racks: Vec<String>, 0+;
    }

    /// A member of a consumer group.
    message ConsumerGroupMemberMetadataKey key 5, versions 0-0 {
        group_id: String, 0-0;
        member_id: String, 0-0;
    }

    /// What a member told of itself.
    message ConsumerGroupMemberMetadataValue key 5, versions 0-0, flexible 0+ {
        instance_id: Option<String>, 0+;
        rack_id: Option<String>, 0+;
        client_id: String, 0+;
        client_host: String, 0+;
        subscribed_topic_names: Vec<TopicName>, 0+;
        subscribed_topic_regex: Option<String>, 0+;
        rebalance_timeout_ms: i32, 0+, default -1;
        server_assignor: Option<String>, 0+;
        classic_member_metadata: Option<ClassicMemberMetadata>, 0+, tag 0, default Some(ClassicMemberMetadata::default());
    }

    /// What a member that speaks the classic protocol told besides.
    struct ClassicMemberMetadata {
        session_timeout_ms: i32, 0+;
        supported_protocols: Vec<ClassicProtocol>, 0+;
    }

    /// A protocol of such a member.
    struct ClassicProtocol {
        name: String, 0+;
        metadata: Bytes, 0+;
    }

    /// A consumer group's target assignment.
    message ConsumerGroupTargetAssignmentMetadataKey key 6, versions 0-0 {
        group_id: String, 0-0;
    }

    /// The epoch for which the target was computed, and when (KIP-1263).
    message ConsumerGroupTargetAssignmentMetadataValue key 6, versions 0-0, flexible 0+ {
        assignment_epoch: i32, 0+;
        assignment_timestamp: Timestamp, 0+, tag 0, ignorable true;
    }

    /// A member's part of the target.
    message ConsumerGroupTargetAssignmentMemberKey key 7, versions 0-0 {
        group_id: String, 0-0;
        member_id: String, 0-0;
    }

    /// What a member shall have.
    message ConsumerGroupTargetAssignmentMemberValue key 7, versions 0-0, flexible 0+ {
        topic_partitions: Vec<TopicPartition>, 0+;
    }

    /// Partitions of one topic.
    struct TopicPartition {
        topic_id: TopicId, 0+;
        partitions: Vec<PartitionIndex>, 0+;
    }

    /// A member's own assignment.
    message ConsumerGroupCurrentMemberAssignmentKey key 8, versions 0-0 {
        group_id: String, 0-0;
        member_id: String, 0-0;
    }

    /// What a member has.
    message ConsumerGroupCurrentMemberAssignmentValue key 8, versions 0-0, flexible 0+ {
        member_epoch: i32, 0+;
        previous_member_epoch: i32, 0+;
        state: i8, 0+;
        assigned_partitions: Vec<TopicPartitions>, 0+;
        partitions_pending_revocation: Vec<TopicPartitions>, 0+;
    }

    /// Partitions of one topic, and since which epoch the member has each (KIP-1251).
    struct TopicPartitions {
        topic_id: TopicId, 0+;
        partitions: Vec<PartitionIndex>, 0+;
        assignment_epochs: Option<Vec<i32>>, 0+, tag 0;
    }

    /// A regular expression that members of a consumer group subscribe to.
    message ConsumerGroupRegularExpressionKey key 16, versions 0-0 {
        group_id: String, 0-0;
        regular_expression: String, 0-0;
    }

    /// What it matched.
    message ConsumerGroupRegularExpressionValue key 16, versions 0-0, flexible 0+ {
        topics: Vec<TopicName>, 0+;
        version: i64, 0+;
        timestamp: Timestamp, 0+;
    }
}
