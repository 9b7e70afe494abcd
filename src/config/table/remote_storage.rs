//! Tiered storage (KIP-405): where old segments go, and with how many threads and bytes.

use crate::check::{Check, any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "remote.log.storage.system.enable" Boolean "false" any(), Medium ReadOnly,
        "-";
    "remote.log.storage.manager.impl.prefix" String "rsm.config." Check::NonEmpty, Medium ReadOnly,
        "-";
    "remote.log.metadata.manager.impl.prefix" String "rlmm.config." Check::NonEmpty, Medium ReadOnly,
        "-";
    "remote.log.storage.manager.class.name" String null Check::NonEmpty, Medium ReadOnly,
        "-";
    "remote.log.storage.manager.class.path" String null any(), Medium ReadOnly,
        "-";
    "remote.log.metadata.manager.class.name" String "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager" Check::NonEmpty, Medium ReadOnly,
        "-";
    "remote.log.metadata.manager.class.path" String null any(), Medium ReadOnly,
        "-";
    "remote.log.metadata.manager.listener.name" String null Check::NonEmpty, Medium ReadOnly,
        "-";
    "remote.log.metadata.custom.metadata.max.bytes" Int "128" at_least(0), Low ReadOnly,
        "-";
    "remote.log.index.file.cache.total.size.bytes" Long "1073741824" at_least(1), Low ClusterWide,
        "-";
    "remote.log.index.file.cache.ttl.ms" Long "900000" at_least(-1), Low ReadOnly internal,
        "-";
    "remote.log.manager.thread.pool.size" Int "2" at_least(1), Medium ReadOnly,
        "-";
    "remote.log.manager.copier.thread.pool.size" Int "10" at_least(1), Medium ClusterWide,
        "-";
    "remote.log.manager.expiration.thread.pool.size" Int "10" at_least(1), Medium ClusterWide,
        "-";
    "remote.log.manager.follower.thread.pool.size" Int "2" at_least(1), Medium ClusterWide,
        "-";
    "remote.log.manager.task.interval.ms" Long "30000" at_least(1), Low ReadOnly,
        "-";
    "remote.log.manager.task.retry.backoff.ms" Long "500" at_least(1), Low ReadOnly internal,
        "-";
    "remote.log.manager.task.retry.backoff.max.ms" Long "30000" at_least(1), Low ReadOnly internal,
        "-";
    "remote.log.manager.task.retry.jitter" Double "0.2" between(0.0, 0.5), Low ReadOnly internal,
        "-";
    "remote.log.reader.threads" Int "10" at_least(1), Medium ClusterWide,
        "-";
    "remote.log.reader.max.pending.tasks" Int "100" at_least(1), Medium ReadOnly,
        "-";
    "log.local.retention.ms" Long "-2" at_least(-2), Medium ClusterWide,
        "-";
    "log.local.retention.bytes" Long "-2" at_least(-2), Medium ClusterWide,
        "-";
    "remote.log.manager.copy.max.bytes.per.second" Long "9223372036854775807" at_least(1), Medium ClusterWide,
        "-";
    "remote.log.manager.copy.quota.window.num" Int "11" at_least(1), Medium ReadOnly,
        "-";
    "remote.log.manager.copy.quota.window.size.seconds" Int "1" at_least(1), Medium ReadOnly,
        "-";
    "remote.log.manager.fetch.max.bytes.per.second" Long "9223372036854775807" at_least(1), Medium ClusterWide,
        "-";
    "remote.log.manager.fetch.quota.window.num" Int "11" at_least(1), Medium ReadOnly,
        "-";
    "remote.log.manager.fetch.quota.window.size.seconds" Int "1" at_least(1), Medium ReadOnly,
        "-";
    "remote.fetch.max.wait.ms" Int "500" at_least(1), Medium ClusterWide,
        "-";
    "remote.list.offsets.request.timeout.ms" Long "30000" at_least(1), Medium ClusterWide,
        "-";
}
