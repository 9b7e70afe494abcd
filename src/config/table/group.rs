//! What a group may override (`GroupConfig`).

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "consumer.session.timeout.ms" Int "45000" at_least(1), Medium Resource,
        "-";
    "consumer.heartbeat.interval.ms" Int "5000" at_least(1), Medium Resource,
        "-";
    "consumer.assignment.interval.ms" Int "1000" at_least(0), Medium Resource,
        "-";
    "share.session.timeout.ms" Int "45000" at_least(1), Medium Resource,
        "-";
    "share.heartbeat.interval.ms" Int "5000" at_least(1), Medium Resource,
        "-";
    "share.record.lock.duration.ms" Int "30000" at_least(1000), Medium Resource,
        "-";
    "share.delivery.count.limit" Int "5" at_least(2), Medium Resource,
        "-";
    "share.partition.max.record.locks" Int "2000" at_least(100), Medium Resource,
        "-";
    "share.auto.offset.reset" String "latest" Check::OffsetReset, Medium Resource,
        "-";
    "share.isolation.level" String "read_uncommitted" Check::OneOf(&["read_committed", "read_uncommitted"]), Medium Resource,
        "-";
    "share.renew.acknowledge.enable" Boolean "true" any(), Medium Resource,
        "-";
    "share.assignment.interval.ms" Int "1000" at_least(0), Medium Resource,
        "-";
    "streams.session.timeout.ms" Int "45000" at_least(1), Medium Resource,
        "-";
    "streams.heartbeat.interval.ms" Int "5000" at_least(1), Medium Resource,
        "-";
    "streams.num.standby.replicas" Int "0" at_least(0), Medium Resource,
        "-";
    "streams.initial.rebalance.delay.ms" Int "3000" at_least(0), Medium Resource,
        "-";
    "streams.assignment.interval.ms" Int "1000" at_least(0), Medium Resource,
        "-";
}
