//! Partitions' logs on disk: directories, rolling, retention, flushing, timestamps. Topics override most of them.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "num.partitions" Int "1" at_least(1), Medium ReadOnly,
        "-";
    "log.dir" List "/tmp/kafka-logs" Check::List { of: &[], empty: false, null: false }, High ReadOnly,
        "-";
    "log.dirs" List null Check::List { of: &[], empty: false, null: true }, High ReadOnly,
        "-";
    "cordoned.log.dirs" List "" Check::List { of: &[], empty: true, null: true }, Medium PerBroker,
        "-";
    "log.segment.bytes" Int "1073741824" at_least(1048576), High ClusterWide,
        "-";
    "log.roll.ms" Long null any(), High ClusterWide,
        "-";
    "log.roll.hours" Int "168" at_least(1), High ReadOnly,
        "-";
    "log.roll.jitter.ms" Long null any(), High ClusterWide,
        "-";
    "log.roll.jitter.hours" Int "0" at_least(0), High ReadOnly,
        "-";
    "log.retention.ms" Long null any(), High ClusterWide,
        "-";
    "log.retention.minutes" Int null any(), High ReadOnly,
        "-";
    "log.retention.hours" Int "168" any(), High ReadOnly,
        "-";
    "log.retention.bytes" Long "-1" any(), High ClusterWide,
        "-";
    "log.retention.check.interval.ms" Long "300000" at_least(1), Medium ReadOnly,
        "-";
    "log.cleanup.policy" List "delete" Check::List { of: &["compact", "delete"], empty: true, null: false }, Medium ClusterWide,
        "-";
    "log.index.size.max.bytes" Int "10485760" at_least(4), Medium ClusterWide,
        "-";
    "log.index.interval.bytes" Int "4096" at_least(0), Medium ClusterWide,
        "-";
    "log.flush.interval.messages" Long "9223372036854775807" at_least(1), High ClusterWide,
        "-";
    "log.segment.delete.delay.ms" Long "60000" at_least(0), High ClusterWide,
        "-";
    "log.flush.scheduler.interval.ms" Long "9223372036854775807" any(), High ReadOnly,
        "-";
    "log.flush.interval.ms" Long null any(), High ClusterWide,
        "-";
    "log.flush.offset.checkpoint.interval.ms" Int "60000" at_least(0), High ReadOnly,
        "-";
    "log.flush.start.offset.checkpoint.interval.ms" Int "60000" at_least(0), High ReadOnly,
        "-";
    "log.preallocate" Boolean "false" any(), Medium ClusterWide,
        "-";
    "num.recovery.threads.per.data.dir" Int "2" at_least(1), High ClusterWide,
        "-";
    "auto.create.topics.enable" Boolean "true" any(), High ReadOnly,
        "-";
    "min.insync.replicas" Int "1" at_least(1), High ClusterWide,
        "-";
    "log.message.timestamp.type" String "CreateTime" Check::OneOf(&["CreateTime", "LogAppendTime"]), Medium ClusterWide,
        "-";
    "log.message.timestamp.before.max.ms" Long "9223372036854775807" at_least(0), Medium ClusterWide,
        "-";
    "log.message.timestamp.after.max.ms" Long "3600000" at_least(0), Medium ClusterWide,
        "-";
    "create.topic.policy.class.name" Class null any(), Low ReadOnly,
        "-";
    "alter.config.policy.class.name" Class null any(), Low ReadOnly,
        "-";
    "log.dir.failure.timeout.ms" Long "30000" at_least(1), Low ReadOnly,
        "-";
    "log.initial.task.delay.ms" Long "30000" at_least(0), Low ReadOnly internal,
        "-";
}
