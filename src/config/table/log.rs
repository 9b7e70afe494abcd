//! Partitions' logs on disk: directories, rolling, retention, flushing, timestamps. Topics override most of them.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "num.partitions" Int "1" at_least(1), Medium ReadOnly,
        "How many partitions new topics get whose creator says nothing, created automatically or not.";
    "log.dir" List "/tmp/kafka-logs" Check::List { of: &[], empty: false, null: false }, High ReadOnly,
        "Directories of partitions' logs where log.dirs is not set.";
    "log.dirs" List null Check::List { of: &[], empty: false, null: true }, High ReadOnly,
        "Directories of partitions' logs, comma separated, best one for each disk. If it is not set, those of log.dir.";
    "cordoned.log.dirs" List "" Check::List { of: &[], empty: true, null: true }, Medium PerBroker,
        "Log directories that get no new partitions, comma separated; * is all of them.";
    "log.segment.bytes" Int "1073741824" at_least(1048576), High ClusterWide,
        "Size at which a segment is full. Topics override it with segment.bytes.";
    "log.roll.ms" Long null any(), High ClusterWide,
        "Age at which a segment is closed even if it is not full; log.roll.hours if it is not set. Topics override it with segment.ms.";
    "log.roll.hours" Int "168" at_least(1), High ReadOnly,
        "As log.roll.ms, in hours; log.roll.ms wins.";
    "log.roll.jitter.ms" Long null any(), High ClusterWide,
        "Most that is taken at random off the age at which a segment is closed; log.roll.jitter.hours if it is not set.";
    "log.roll.jitter.hours" Int "0" at_least(0), High ReadOnly,
        "As log.roll.jitter.ms, in hours; log.roll.jitter.ms wins.";
    "log.retention.ms" Long null any(), High ClusterWide,
        "Age at which a segment is deleted, -1 for never; log.retention.minutes or .hours if it is not set. Topics override it with retention.ms.";
    "log.retention.minutes" Int null any(), High ReadOnly,
        "As log.retention.ms, in minutes; log.retention.ms wins.";
    "log.retention.hours" Int "168" any(), High ReadOnly,
        "As log.retention.ms, in hours; log.retention.ms and log.retention.minutes win.";
    "log.retention.bytes" Long "-1" any(), High ClusterWide,
        "Size of a partition above which its oldest segments are deleted, -1 for none. Topics override it with retention.bytes.";
    "log.retention.check.interval.ms" Long "300000" at_least(1), Medium ReadOnly,
        "How often it is looked for segments to delete.";
    "log.cleanup.policy" List "delete" Check::List { of: &["compact", "delete"], empty: true, null: false }, Medium ClusterWide,
        "What becomes of old segments: delete, compact, both, or nothing if empty. Topics override it with cleanup.policy.";
    "log.index.size.max.bytes" Int "10485760" at_least(4), Medium ClusterWide,
        "Size at which an offset index is full, and its segment with it. Topics override it with segment.index.bytes.";
    "log.index.interval.bytes" Int "4096" at_least(0), Medium ClusterWide,
        "Bytes of log between two entries of the offset index. Topics override it with index.interval.bytes.";
    "log.flush.interval.messages" Long "9223372036854775807" at_least(1), High ClusterWide,
        "After how many records a partition is flushed to disk. Topics override it with flush.messages.";
    "log.segment.delete.delay.ms" Long "60000" at_least(0), High ClusterWide,
        "How long files of deleted segments stay on disk for those who still read them. Topics override it with file.delete.delay.ms.";
    "log.flush.scheduler.interval.ms" Long "9223372036854775807" any(), High ReadOnly,
        "How often it is looked for partitions that must be flushed by time.";
    "log.flush.interval.ms" Long null any(), High ClusterWide,
        "How long a record may wait for a flush; log.flush.scheduler.interval.ms if it is not set. Topics override it with flush.ms.";
    "log.flush.offset.checkpoint.interval.ms" Int "60000" at_least(0), High ReadOnly,
        "How often it is written down up to where the logs are safely on disk, which is where recovery starts.";
    "log.flush.start.offset.checkpoint.interval.ms" Int "60000" at_least(0), High ReadOnly,
        "How often the first offset of each log is written down.";
    "log.preallocate" Boolean "false" any(), Medium ClusterWide,
        "Whether the file of a new segment is made at full size at once. Topics override it with preallocate.";
    "num.recovery.threads.per.data.dir" Int "2" at_least(1), High ClusterWide,
        "Threads of each log directory that load logs at the start and flush them at the stop.";
    "auto.create.topics.enable" Boolean "true" any(), High ReadOnly,
        "Whether a topic is created when a client asks for its metadata and allows it.";
    "min.insync.replicas" Int "1" at_least(1), High ClusterWide,
        "How many replicas must be in sync for a write with acks=all to be accepted, the leader counted. Topics override it.";
    "log.message.timestamp.type" String "CreateTime" Check::OneOf(&["CreateTime", "LogAppendTime"]), Medium ClusterWide,
        "Whether records carry the producer's time (CreateTime) or the broker's (LogAppendTime). Topics override it with message.timestamp.type.";
    "log.message.timestamp.before.max.ms" Long "9223372036854775807" at_least(0), Medium ClusterWide,
        "How far a record's time may lie before the broker's. Topics override it with message.timestamp.before.max.ms.";
    "log.message.timestamp.after.max.ms" Long "3600000" at_least(0), Medium ClusterWide,
        "How far a record's time may lie after the broker's. Topics override it with message.timestamp.after.max.ms.";
    "create.topic.policy.class.name" Class null any(), Low ReadOnly,
        "Who may refuse new topics, as a Java class name. It is the controller that asks.";
    "alter.config.policy.class.name" Class null any(), Low ReadOnly,
        "Who may refuse changed configs, as a Java class name. It is the controller that asks.";
    "log.dir.failure.timeout.ms" Long "30000" at_least(1), Low ReadOnly,
        "How long a broker tries to tell the controller of a failed log directory before it stops, if partitions it leads are in it.";
    "log.initial.task.delay.ms" Long "30000" at_least(0), Low ReadOnly internal,
        "How long housekeeping of logs waits after the start. For tests.";
}
