//! What a topic may override (`LogConfig`), and the two lists that throttle replication.

use crate::check::{Check, any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "segment.bytes" Int "1073741824" at_least(1048576), Medium Resource,
        "-";
    "segment.ms" Long "604800000" at_least(1), Medium Resource,
        "-";
    "segment.jitter.ms" Long "0" at_least(0), Medium Resource,
        "-";
    "segment.index.bytes" Int "10485760" at_least(4), Medium Resource,
        "-";
    "flush.messages" Long "9223372036854775807" at_least(1), Medium Resource,
        "-";
    "flush.ms" Long "9223372036854775807" at_least(0), Medium Resource,
        "-";
    "retention.bytes" Long "-1" any(), Medium Resource,
        "-";
    "retention.ms" Long "604800000" at_least(-1), Medium Resource,
        "-";
    "max.message.bytes" Int "1048588" at_least(0), Medium Resource,
        "-";
    "index.interval.bytes" Int "4096" at_least(0), Medium Resource,
        "-";
    "delete.retention.ms" Long "86400000" at_least(0), Medium Resource,
        "-";
    "min.compaction.lag.ms" Long "0" at_least(0), Medium Resource,
        "-";
    "max.compaction.lag.ms" Long "9223372036854775807" at_least(1), Medium Resource,
        "-";
    "file.delete.delay.ms" Long "60000" at_least(0), Medium Resource,
        "-";
    "min.cleanable.dirty.ratio" Double "0.5" between(0.0, 1.0), Medium Resource,
        "-";
    "cleanup.policy" List "delete" Check::List { of: &["compact", "delete"], empty: true, null: false }, Medium Resource,
        "-";
    "unclean.leader.election.enable" Boolean "false" any(), Medium Resource,
        "-";
    "min.insync.replicas" Int "1" at_least(1), Medium Resource,
        "-";
    "compression.type" String "producer" Check::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), Medium Resource,
        "-";
    "compression.gzip.level" Int "-1" Check::GzipLevel, Medium Resource,
        "-";
    "compression.lz4.level" Int "9" between(1.0, 17.0), Medium Resource,
        "-";
    "compression.zstd.level" Int "3" between(-131072.0, 22.0), Medium Resource,
        "-";
    "preallocate" Boolean "false" any(), Medium Resource,
        "-";
    "message.timestamp.type" String "CreateTime" Check::OneOf(&["CreateTime", "LogAppendTime"]), Medium Resource,
        "-";
    "message.timestamp.before.max.ms" Long "9223372036854775807" at_least(0), Medium Resource,
        "-";
    "message.timestamp.after.max.ms" Long "3600000" at_least(0), Medium Resource,
        "-";
    "leader.replication.throttled.replicas" List "" Check::ThrottledReplicas, Medium Resource,
        "-";
    "follower.replication.throttled.replicas" List "" Check::ThrottledReplicas, Medium Resource,
        "-";
    "remote.storage.enable" Boolean "false" any(), Medium Resource,
        "-";
    "local.retention.ms" Long "-2" at_least(-2), Medium Resource,
        "-";
    "local.retention.bytes" Long "-2" at_least(-2), Medium Resource,
        "-";
    "remote.log.copy.disable" Boolean "false" any(), Medium Resource,
        "-";
    "remote.log.delete.on.disable" Boolean "false" any(), Medium Resource,
        "-";
    "internal.segment.bytes" Int null any(), Medium Resource internal,
        "-";
}
