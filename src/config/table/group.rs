//! What a group may override (`GroupConfig`).

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "consumer.session.timeout.ms" Int "45000" at_least(1), Medium Resource,
        "How long a member of this consumer group may be silent before it is removed.";
    "consumer.heartbeat.interval.ms" Int "5000" at_least(1), Medium Resource,
        "How often members of this consumer group are told to send heartbeats.";
    "consumer.assignment.interval.ms" Int "1000" at_least(0), Medium Resource,
        "Least time between two assignments of this consumer group.";
    "share.session.timeout.ms" Int "45000" at_least(1), Medium Resource,
        "How long a member of this share group may be silent before it is removed.";
    "share.heartbeat.interval.ms" Int "5000" at_least(1), Medium Resource,
        "How often members of this share group are told to send heartbeats.";
    "share.record.lock.duration.ms" Int "30000" at_least(1000), Medium Resource,
        "How long a delivered record belongs to one member before another may get it.";
    "share.delivery.count.limit" Int "5" at_least(2), Medium Resource,
        "How often a record is delivered before it is given up.";
    "share.partition.max.record.locks" Int "2000" at_least(100), Medium Resource,
        "How many records of a partition may be in delivery at a time.";
    "share.auto.offset.reset" String "latest" Check::OffsetReset, Medium Resource,
        "Where the group starts in a partition that is new to it: latest, earliest, or by_duration: with how far back, such as PT1H.";
    "share.isolation.level" String "read_uncommitted" Check::OneOf(&["read_committed", "read_uncommitted"]), Medium Resource,
        "Whether records of transactions are delivered at once (read_uncommitted) or only when they are committed (read_committed).";
    "share.renew.acknowledge.enable" Boolean "true" any(), Medium Resource,
        "Whether a member may prolong its hold on a record.";
    "share.assignment.interval.ms" Int "1000" at_least(0), Medium Resource,
        "Least time between two assignments of this share group.";
    "streams.session.timeout.ms" Int "45000" at_least(1), Medium Resource,
        "How long a member of this streams group may be silent before it is removed.";
    "streams.heartbeat.interval.ms" Int "5000" at_least(1), Medium Resource,
        "How often members of this streams group are told to send heartbeats.";
    "streams.num.standby.replicas" Int "0" at_least(0), Medium Resource,
        "How many members keep a warm copy of each task's state.";
    "streams.initial.rebalance.delay.ms" Int "3000" at_least(0), Medium Resource,
        "How long this group, when empty, waits for more members before its first assignment.";
    "streams.assignment.interval.ms" Int "1000" at_least(0), Medium Resource,
        "Least time between two assignments of this streams group.";
}
