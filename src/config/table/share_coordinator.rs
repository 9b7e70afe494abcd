//! The coordinator that keeps share groups' state in its own topic.

use crate::check::{any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "share.coordinator.state.topic.num.partitions" Int "50" at_least(1), High ReadOnly,
        "Partitions of the topic of share groups' state. Never change it once the topic exists.";
    "share.coordinator.state.topic.replication.factor" Short "3" at_least(1), High ReadOnly,
        "Replicas of the topic of share groups' state. It cannot be created before there are as many brokers.";
    "share.coordinator.state.topic.min.isr" Short "2" at_least(1), High ReadOnly,
        "How many replicas of the topic of share groups' state must be in sync for a write.";
    "share.coordinator.state.topic.segment.bytes" Int "104857600" at_least(1), High ReadOnly,
        "Segment size of the topic of share groups' state.";
    "share.coordinator.threads" Int "1" at_least(1), Medium ReadOnly,
        "Threads that coordinate share groups' state.";
    "share.coordinator.snapshot.update.records.per.snapshot" Int "500" between(0.0, 500.0), Medium ReadOnly,
        "How many changes of a share partition's state are written before the whole state is written again.";
    "share.coordinator.load.buffer.size" Int "5242880" at_least(1), High ReadOnly,
        "Bytes that are read at once while a partition of share groups' state is loaded.";
    "share.coordinator.state.topic.compression.codec" Int "0" any(), High ReadOnly,
        "Codec of the topic of share groups' state by number: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.";
    "share.coordinator.append.linger.ms" Int "-1" at_least(-1), Medium ReadOnly,
        "How long the share coordinator collects writes before it appends them; -1 as long as others are being written.";
    "share.coordinator.write.timeout.ms" Int "5000" at_least(1), High ReadOnly,
        "How long a write of share groups' state may wait for all replicas.";
    "share.coordinator.state.topic.prune.interval.ms" Int "300000" at_least(1), Low ReadOnly internal,
        "How often records of share groups' state that nobody needs any more are deleted.";
    "share.coordinator.cold.partition.snapshot.interval.ms" Int "300000" at_least(1), Low ReadOnly internal,
        "How often the state of quiet share partitions is written again, so that older records can go.";
    "share.coordinator.cached.buffer.max.bytes" Int "1048588" at_least(524288), Medium ClusterWide,
        "Largest buffer that the share coordinator keeps for its next write.";
}
