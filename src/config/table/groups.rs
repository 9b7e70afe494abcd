//! Group coordination: the offsets topic, classic, consumer (KIP-848), share (KIP-932) and streams groups (KIP-1071).

use crate::check::{Check, any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "group.coordinator.rebalance.protocols" List "classic,consumer,streams" Check::List { of: &["consumer", "classic", "share", "streams"], empty: false, null: false }, Medium ReadOnly,
        "Kinds of groups that are served. Classic ones always are; the others will follow feature levels alone.";
    "group.coordinator.threads" Int "4" at_least(1), High ReadOnly,
        "Threads that coordinate groups.";
    "group.coordinator.background.threads" Int "2" at_least(1), High ReadOnly,
        "Threads for groups' slow work, such as matching regular expressions.";
    "group.coordinator.append.linger.ms" Int "-1" at_least(-1), Medium ReadOnly,
        "How long the coordinator collects writes before it appends them; -1 as long as others are being written.";
    "offsets.commit.timeout.ms" Int "5000" at_least(1), High ReadOnly,
        "How long a coordinator's write may wait for all replicas of the offsets topic.";
    "offsets.load.buffer.size" Int "5242880" at_least(1), High ReadOnly,
        "Bytes that are read at once while a partition of the offsets topic is loaded.";
    "offsets.topic.replication.factor" Short "3" at_least(1), High ReadOnly,
        "Replicas of the offsets topic. It cannot be created before there are as many brokers.";
    "offsets.topic.num.partitions" Int "50" at_least(1), High ReadOnly,
        "Partitions of the offsets topic. Never change it once the topic exists.";
    "offsets.topic.segment.bytes" Int "104857600" at_least(1), High ReadOnly,
        "Segment size of the offsets topic; small segments are compacted and loaded sooner.";
    "offsets.topic.compression.codec" Int "0" any(), High ReadOnly,
        "Codec of the offsets topic by number: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.";
    "group.coordinator.cached.buffer.max.bytes" Int "1048588" at_least(524288), Medium ClusterWide,
        "Largest buffer that the group coordinator keeps for its next write.";
    "offset.metadata.max.bytes" Int "4096" any(), High ReadOnly,
        "Longest text that a committed offset may carry.";
    "offsets.retention.minutes" Int "10080" at_least(1), High ReadOnly,
        "How long committed offsets of a group are kept after nobody uses them any more.";
    "offsets.retention.check.interval.ms" Long "600000" at_least(1), High ReadOnly,
        "How often it is looked for committed offsets that are too old.";
    "group.min.session.timeout.ms" Int "6000" any(), Medium ReadOnly,
        "Shortest session timeout that a member of a classic group may ask for.";
    "group.max.session.timeout.ms" Int "1800000" any(), Medium ReadOnly,
        "Longest session timeout that a member of a classic group may ask for.";
    "group.initial.rebalance.delay.ms" Int "3000" any(), Medium ReadOnly,
        "How long an empty classic group waits for more members before its first rebalance.";
    "group.max.size" Int "2147483647" at_least(1), Medium ReadOnly,
        "Most members of a classic group.";
    "group.consumer.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "How long a member of a consumer group may be silent before it is removed.";
    "group.consumer.min.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "Least session timeout that a consumer group may set for itself.";
    "group.consumer.max.session.timeout.ms" Int "60000" at_least(1), Medium ReadOnly,
        "Largest session timeout that a consumer group may set for itself.";
    "group.consumer.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "How often members of a consumer group are told to send heartbeats.";
    "group.consumer.min.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "Least heartbeat interval that a consumer group may set for itself.";
    "group.consumer.max.heartbeat.interval.ms" Int "15000" at_least(1), Medium ReadOnly,
        "Largest heartbeat interval that a consumer group may set for itself.";
    "group.consumer.max.size" Int "2147483647" at_least(1), Medium ReadOnly,
        "Most members of a consumer group.";
    "group.consumer.assignors" List "uniform,range" Check::List { of: &[], empty: false, null: false }, Medium ReadOnly,
        "Assignors of consumer groups by name or Java class; the first serves members who ask for none.";
    "group.consumer.migration.policy" String "bidirectional" Check::OneOfAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]), Medium ReadOnly,
        "Which conversions between classic and consumer groups happen while members are there: upgrade, downgrade, bidirectional or disabled.";
    "group.consumer.assignment.interval.ms" Int "1000" at_least(0), Medium ClusterWide,
        "Least time between two assignments of a consumer group.";
    "group.consumer.min.assignment.interval.ms" Int "0" at_least(0), Medium ReadOnly,
        "Least assignment interval that a consumer group may set for itself.";
    "group.consumer.max.assignment.interval.ms" Int "15000" at_least(0), Medium ReadOnly,
        "Largest assignment interval that a consumer group may set for itself.";
    "group.consumer.regex.refresh.interval.ms" Int "600000" at_least(10000), Medium ReadOnly internal,
        "How often topics are matched anew against the regular expressions that members subscribe to.";
    "group.share.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "How long a member of a share group may be silent before it is removed.";
    "group.share.min.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "Least session timeout that a share group may set for itself.";
    "group.share.max.session.timeout.ms" Int "60000" at_least(1), Medium ReadOnly,
        "Largest session timeout that a share group may set for itself.";
    "group.share.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "How often members of a share group are told to send heartbeats.";
    "group.share.min.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "Least heartbeat interval that a share group may set for itself.";
    "group.share.max.heartbeat.interval.ms" Int "15000" at_least(1), Medium ReadOnly,
        "Largest heartbeat interval that a share group may set for itself.";
    "group.share.max.size" Int "200" between(1.0, 1000.0), Medium ReadOnly,
        "Most members of a share group.";
    "group.share.assignors" List "simple" Check::List { of: &[], empty: false, null: false }, Medium ReadOnly,
        "The one assignor of share groups, by name or Java class.";
    "group.share.assignment.interval.ms" Int "1000" at_least(0), Medium ClusterWide,
        "Least time between two assignments of a share group.";
    "group.share.min.assignment.interval.ms" Int "0" at_least(0), Medium ReadOnly,
        "Least assignment interval that a share group may set for itself.";
    "group.share.max.assignment.interval.ms" Int "15000" at_least(0), Medium ReadOnly,
        "Largest assignment interval that a share group may set for itself.";
    "group.share.initialize.retry.interval.ms" Int "30000" at_least(1), Low ReadOnly internal,
        "How long to wait before a share group's state is initialised again after a failure.";
    "group.streams.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "How long a member of a streams group may be silent before it is removed.";
    "group.streams.min.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "Least session timeout that a streams group may set for itself.";
    "group.streams.max.session.timeout.ms" Int "60000" at_least(1), Medium ReadOnly,
        "Largest session timeout that a streams group may set for itself.";
    "group.streams.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "How often members of a streams group are told to send heartbeats.";
    "group.streams.min.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "Least heartbeat interval that a streams group may set for itself.";
    "group.streams.max.heartbeat.interval.ms" Int "15000" at_least(1), Medium ReadOnly,
        "Largest heartbeat interval that a streams group may set for itself.";
    "group.streams.max.size" Int "2147483647" at_least(1), Medium ReadOnly,
        "Most members of a streams group.";
    "group.streams.num.standby.replicas" Int "0" at_least(0), Medium ReadOnly,
        "How many members keep a warm copy of each task's state.";
    "group.streams.max.standby.replicas" Int "2" at_least(0), Medium ReadOnly,
        "Most warm copies of a task's state that a streams group may set for itself.";
    "group.streams.initial.rebalance.delay.ms" Int "3000" at_least(0), Medium ReadOnly,
        "How long an empty streams group waits for more members before its first assignment.";
    "group.streams.assignment.interval.ms" Int "1000" at_least(0), Medium ClusterWide,
        "Least time between two assignments of a streams group.";
    "group.streams.min.assignment.interval.ms" Int "0" at_least(0), Medium ReadOnly,
        "Least assignment interval that a streams group may set for itself.";
    "group.streams.max.assignment.interval.ms" Int "15000" at_least(0), Medium ReadOnly,
        "Largest assignment interval that a streams group may set for itself.";
}
