//! What a topic may override (`LogConfig`), and the two lists that throttle replication.

use crate::check::{Check, any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "segment.bytes" Int "1073741824" at_least(1048576), Medium Resource,
        "Size at which a segment is full. Retention and compaction work on whole segments.";
    "segment.ms" Long "604800000" at_least(1), Medium Resource,
        "Age at which a segment is closed even if it is not full, so that retention and compaction can reach it.";
    "segment.jitter.ms" Long "0" at_least(0), Medium Resource,
        "Most that is taken at random off segment.ms, so that segments are not closed all at once.";
    "segment.index.bytes" Int "10485760" at_least(4), Medium Resource,
        "Size at which an offset index is full, and its segment with it.";
    "flush.messages" Long "9223372036854775807" at_least(1), Medium Resource,
        "After how many records the partition is flushed to disk. Replication is the better protection.";
    "flush.ms" Long "9223372036854775807" at_least(0), Medium Resource,
        "How long a record may wait for a flush to disk. Replication is the better protection.";
    "retention.bytes" Long "-1" any(), Medium Resource,
        "Size of a partition above which its oldest segments are deleted; -1 sets no bound.";
    "retention.ms" Long "604800000" at_least(-1), Medium Resource,
        "Age at which a segment is deleted; -1 is never.";
    "max.message.bytes" Int "1048588" at_least(0), Medium Resource,
        "Largest record batch that is accepted, in bytes, after compression.";
    "index.interval.bytes" Int "4096" at_least(0), Medium Resource,
        "Bytes of log between two entries of the offset index. Less finds records faster in larger indexes.";
    "delete.retention.ms" Long "86400000" at_least(0), Medium Resource,
        "How long tombstones and transaction markers stay after compaction, so that readers see them.";
    "min.compaction.lag.ms" Long "0" at_least(0), Medium Resource,
        "How long a record is safe from compaction.";
    "max.compaction.lag.ms" Long "9223372036854775807" at_least(1), Medium Resource,
        "How long a record may wait for compaction at most.";
    "file.delete.delay.ms" Long "60000" at_least(0), Medium Resource,
        "How long files of deleted segments stay on disk for those who still read them.";
    "min.cleanable.dirty.ratio" Double "0.5" between(0.0, 1.0), Medium Resource,
        "Share of the log that must be uncompacted before it is compacted.";
    "cleanup.policy" List "delete" Check::List { of: &["compact", "delete"], empty: true, null: false }, Medium Resource,
        "What becomes of old segments: delete, compact, both, or nothing if empty.";
    "unclean.leader.election.enable" Boolean "false" any(), Medium Resource,
        "Whether a replica of this topic that is not in sync may lead when no other is left. Acknowledged records can be lost then.";
    "min.insync.replicas" Int "1" at_least(1), Medium Resource,
        "How many replicas must be in sync for a write with acks=all to be accepted, the leader counted.";
    "compression.type" String "producer" Check::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), Medium Resource,
        "How batches of this topic are stored: producer keeps what producers chose; a codec's name compresses all alike; uncompressed unpacks them.";
    "compression.gzip.level" Int "-1" Check::GzipLevel, Medium Resource,
        "Level where gzip is the codec of the log; -1 is the codec's own default.";
    "compression.lz4.level" Int "9" between(1.0, 17.0), Medium Resource,
        "Level where lz4 is the codec of the log.";
    "compression.zstd.level" Int "3" between(-131072.0, 22.0), Medium Resource,
        "Level where zstd is the codec of the log; negative levels are faster.";
    "preallocate" Boolean "false" any(), Medium Resource,
        "Whether the file of a new segment is made at full size at once.";
    "message.timestamp.type" String "CreateTime" Check::OneOf(&["CreateTime", "LogAppendTime"]), Medium Resource,
        "Whether records carry the producer's time (CreateTime) or the broker's (LogAppendTime).";
    "message.timestamp.before.max.ms" Long "9223372036854775807" at_least(0), Medium Resource,
        "How far a record's time may lie before the broker's; it is refused beyond. Without meaning for LogAppendTime.";
    "message.timestamp.after.max.ms" Long "3600000" at_least(0), Medium Resource,
        "How far a record's time may lie after the broker's; it is refused beyond. Without meaning for LogAppendTime.";
    "leader.replication.throttled.replicas" List "" Check::ThrottledReplicas, Medium Resource,
        "Replicas that are throttled where they are led, as partition:broker, comma separated; * is all.";
    "follower.replication.throttled.replicas" List "" Check::ThrottledReplicas, Medium Resource,
        "Replicas that are throttled where they follow, as partition:broker, comma separated; * is all.";
    "remote.storage.enable" Boolean "false" any(), Medium Resource,
        "Whether full segments of this topic are copied to the remote store.";
    "local.retention.ms" Long "-2" at_least(-2), Medium Resource,
        "How long segments stay on the local disk after they are safe remotely; -2 takes retention.ms.";
    "local.retention.bytes" Long "-2" at_least(-2), Medium Resource,
        "How many bytes of a partition stay on the local disk after they are safe remotely; -2 takes retention.bytes.";
    "remote.log.copy.disable" Boolean "false" any(), Medium Resource,
        "Whether no more segments are copied to the remote store while those that are there are still read.";
    "remote.log.delete.on.disable" Boolean "false" any(), Medium Resource,
        "Whether remote segments are deleted when remote storage is switched off for this topic.";
    "internal.segment.bytes" Int null any(), Medium Resource internal,
        "Segment size below the usual bound. For tests.";
}
