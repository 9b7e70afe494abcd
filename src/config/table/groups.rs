//! Group coordination: the offsets topic, classic, consumer (KIP-848), share (KIP-932) and streams groups (KIP-1071).

use crate::check::{Check, any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "group.coordinator.rebalance.protocols" List "classic,consumer,streams" Check::List { of: &["consumer", "classic", "share", "streams"], empty: false, null: false }, Medium ReadOnly,
        "-";
    "group.coordinator.threads" Int "4" at_least(1), High ReadOnly,
        "-";
    "group.coordinator.background.threads" Int "2" at_least(1), High ReadOnly,
        "-";
    "group.coordinator.append.linger.ms" Int "-1" at_least(-1), Medium ReadOnly,
        "-";
    "offsets.commit.timeout.ms" Int "5000" at_least(1), High ReadOnly,
        "-";
    "offsets.load.buffer.size" Int "5242880" at_least(1), High ReadOnly,
        "-";
    "offsets.topic.replication.factor" Short "3" at_least(1), High ReadOnly,
        "-";
    "offsets.topic.num.partitions" Int "50" at_least(1), High ReadOnly,
        "-";
    "offsets.topic.segment.bytes" Int "104857600" at_least(1), High ReadOnly,
        "-";
    "offsets.topic.compression.codec" Int "0" any(), High ReadOnly,
        "-";
    "group.coordinator.cached.buffer.max.bytes" Int "1048588" at_least(524288), Medium ClusterWide,
        "-";
    "offset.metadata.max.bytes" Int "4096" any(), High ReadOnly,
        "-";
    "offsets.retention.minutes" Int "10080" at_least(1), High ReadOnly,
        "-";
    "offsets.retention.check.interval.ms" Long "600000" at_least(1), High ReadOnly,
        "-";
    "group.min.session.timeout.ms" Int "6000" any(), Medium ReadOnly,
        "-";
    "group.max.session.timeout.ms" Int "1800000" any(), Medium ReadOnly,
        "-";
    "group.initial.rebalance.delay.ms" Int "3000" any(), Medium ReadOnly,
        "-";
    "group.max.size" Int "2147483647" at_least(1), Medium ReadOnly,
        "-";
    "group.consumer.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "-";
    "group.consumer.min.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "-";
    "group.consumer.max.session.timeout.ms" Int "60000" at_least(1), Medium ReadOnly,
        "-";
    "group.consumer.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "-";
    "group.consumer.min.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "-";
    "group.consumer.max.heartbeat.interval.ms" Int "15000" at_least(1), Medium ReadOnly,
        "-";
    "group.consumer.max.size" Int "2147483647" at_least(1), Medium ReadOnly,
        "-";
    "group.consumer.assignors" List "uniform,range" Check::List { of: &[], empty: false, null: false }, Medium ReadOnly,
        "-";
    "group.consumer.migration.policy" String "bidirectional" Check::OneOfAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]), Medium ReadOnly,
        "-";
    "group.consumer.assignment.interval.ms" Int "1000" at_least(0), Medium ClusterWide,
        "-";
    "group.consumer.min.assignment.interval.ms" Int "0" at_least(0), Medium ReadOnly,
        "-";
    "group.consumer.max.assignment.interval.ms" Int "15000" at_least(0), Medium ReadOnly,
        "-";
    "group.consumer.regex.refresh.interval.ms" Int "600000" at_least(10000), Medium ReadOnly internal,
        "-";
    "group.share.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "-";
    "group.share.min.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "-";
    "group.share.max.session.timeout.ms" Int "60000" at_least(1), Medium ReadOnly,
        "-";
    "group.share.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "-";
    "group.share.min.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "-";
    "group.share.max.heartbeat.interval.ms" Int "15000" at_least(1), Medium ReadOnly,
        "-";
    "group.share.max.size" Int "200" between(1.0, 1000.0), Medium ReadOnly,
        "-";
    "group.share.assignors" List "simple" Check::List { of: &[], empty: false, null: false }, Medium ReadOnly,
        "-";
    "group.share.assignment.interval.ms" Int "1000" at_least(0), Medium ClusterWide,
        "-";
    "group.share.min.assignment.interval.ms" Int "0" at_least(0), Medium ReadOnly,
        "-";
    "group.share.max.assignment.interval.ms" Int "15000" at_least(0), Medium ReadOnly,
        "-";
    "group.share.initialize.retry.interval.ms" Int "30000" at_least(1), Low ReadOnly internal,
        "-";
    "group.streams.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "-";
    "group.streams.min.session.timeout.ms" Int "45000" at_least(1), Medium ReadOnly,
        "-";
    "group.streams.max.session.timeout.ms" Int "60000" at_least(1), Medium ReadOnly,
        "-";
    "group.streams.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "-";
    "group.streams.min.heartbeat.interval.ms" Int "5000" at_least(1), Medium ReadOnly,
        "-";
    "group.streams.max.heartbeat.interval.ms" Int "15000" at_least(1), Medium ReadOnly,
        "-";
    "group.streams.max.size" Int "2147483647" at_least(1), Medium ReadOnly,
        "-";
    "group.streams.num.standby.replicas" Int "0" at_least(0), Medium ReadOnly,
        "-";
    "group.streams.max.standby.replicas" Int "2" at_least(0), Medium ReadOnly,
        "-";
    "group.streams.initial.rebalance.delay.ms" Int "3000" at_least(0), Medium ReadOnly,
        "-";
    "group.streams.assignment.interval.ms" Int "1000" at_least(0), Medium ClusterWide,
        "-";
    "group.streams.min.assignment.interval.ms" Int "0" at_least(0), Medium ReadOnly,
        "-";
    "group.streams.max.assignment.interval.ms" Int "15000" at_least(0), Medium ReadOnly,
        "-";
}
