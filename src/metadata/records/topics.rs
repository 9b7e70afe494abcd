//! Records of topics and partitions.

use model::{LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId, TopicName, Uuid};
use wire::schema;

schema! {
    /// A topic was created.
    message TopicRecord key 2, versions 0-0, flexible 0+ {
        name: TopicName, 0+, default "".into();
        topic_id: TopicId, 0+;
    }

    /// A topic was deleted, with all its partitions.
    message RemoveTopicRecord key 9, versions 0-0, flexible 0+ {
        topic_id: TopicId, 0+;
    }

    /// A partition was created.
    message PartitionRecord key 3, versions 0-2, flexible 0+ {
        partition_id: PartitionIndex, 0+, default PartitionIndex(-1);
        topic_id: TopicId, 0+;
        replicas: Vec<NodeId>, 0+;
        isr: Vec<NodeId>, 0+;
        removing_replicas: Vec<NodeId>, 0+;
        adding_replicas: Vec<NodeId>, 0+;
        leader: NodeId, 0+, default NodeId::NONE;
        leader_recovery_state: i8, 0+, tag 0;
        leader_epoch: LeaderEpoch, 0+, default LeaderEpoch::NONE;
        partition_epoch: PartitionEpoch, 0+, default PartitionEpoch(-1);
        directories: Vec<Uuid>, 1+;
        eligible_leader_replicas: Option<Vec<NodeId>>, 2+, tag 1;
        last_known_elr: Option<Vec<NodeId>>, 2+, tag 2;
    }

    /// A partition has changed: what is null, or the default, has not.
    message PartitionChangeRecord key 5, versions 0-2, flexible 0+ {
        partition_id: PartitionIndex, 0+, default PartitionIndex(-1);
        topic_id: TopicId, 0+;
        isr: Option<Vec<NodeId>>, 0+, tag 0;
        leader: NodeId, 0+, tag 1, default NodeId(-2);
        replicas: Option<Vec<NodeId>>, 0+, tag 2;
        removing_replicas: Option<Vec<NodeId>>, 0+, tag 3;
        adding_replicas: Option<Vec<NodeId>>, 0+, tag 4;
        leader_recovery_state: i8, 0+, tag 5, default -1;
        directories: Option<Vec<Uuid>>, 1+, tag 8;
        eligible_leader_replicas: Option<Vec<NodeId>>, 2+, tag 6;
        last_known_elr: Option<Vec<NodeId>>, 2+, tag 7;
    }

    /// All eligible leader replicas of a topic, or of all topics if it is empty, were forgotten.
    message ClearElrRecord key 28, versions 0-0, flexible 0+ {
        topic_name: TopicName, 0+, default "".into();
    }
}
