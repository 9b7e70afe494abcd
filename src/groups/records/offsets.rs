//! Records of committed offsets.

use model::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId, TopicName};
use wire::schema;

schema! {
    /// What an offset was committed for, as Kafka before 0.9 wrote it.
    message LegacyOffsetCommitKey key 0, versions 0-0 {
        group: String, 0-0;
        topic: TopicName, 0-0, default "".into();
        partition: PartitionIndex, 0-0;
    }

    /// A committed offset, as Kafka before 0.9 wrote it.
    message LegacyOffsetCommitValue key 0, versions 0-0 {
        offset: Offset, 0-0;
        metadata: String, 0-0;
        commit_timestamp: Timestamp, 0-0;
    }

    /// What an offset was committed for.
    message OffsetCommitKey key 1, versions 0-0 {
        group: String, 0-0;
        topic: TopicName, 0-0, default "".into();
        partition: PartitionIndex, 0-0;
    }

    /// A committed offset.
    message OffsetCommitValue key 1, versions 0-4, flexible 4+ {
        offset: Offset, 0+;
        leader_epoch: LeaderEpoch, 3+, default LeaderEpoch::NONE, ignorable true;
        metadata: String, 0+;
        commit_timestamp: Timestamp, 0+;
        expire_timestamp: Timestamp, 1-1, default Timestamp(-1), ignorable true;
        topic_id: TopicId, 4+, tag 0, ignorable true;
    }
}
