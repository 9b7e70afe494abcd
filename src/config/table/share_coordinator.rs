//! The coordinator that keeps share groups' state in its own topic.

use crate::check::{any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "share.coordinator.state.topic.num.partitions" Int "50" at_least(1), High ReadOnly,
        "-";
    "share.coordinator.state.topic.replication.factor" Short "3" at_least(1), High ReadOnly,
        "-";
    "share.coordinator.state.topic.min.isr" Short "2" at_least(1), High ReadOnly,
        "-";
    "share.coordinator.state.topic.segment.bytes" Int "104857600" at_least(1), High ReadOnly,
        "-";
    "share.coordinator.threads" Int "1" at_least(1), Medium ReadOnly,
        "-";
    "share.coordinator.snapshot.update.records.per.snapshot" Int "500" between(0.0, 500.0), Medium ReadOnly,
        "-";
    "share.coordinator.load.buffer.size" Int "5242880" at_least(1), High ReadOnly,
        "-";
    "share.coordinator.state.topic.compression.codec" Int "0" any(), High ReadOnly,
        "-";
    "share.coordinator.append.linger.ms" Int "-1" at_least(-1), Medium ReadOnly,
        "-";
    "share.coordinator.write.timeout.ms" Int "5000" at_least(1), High ReadOnly,
        "-";
    "share.coordinator.state.topic.prune.interval.ms" Int "300000" at_least(1), Low ReadOnly internal,
        "-";
    "share.coordinator.cold.partition.snapshot.interval.ms" Int "300000" at_least(1), Low ReadOnly internal,
        "-";
    "share.coordinator.cached.buffer.max.bytes" Int "1048588" at_least(524288), Medium ClusterWide,
        "-";
}
