//! Tiered storage (KIP-405): where old segments go, and with how many threads and bytes.

use crate::check::{Check, any, at_least, between};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "remote.log.storage.system.enable" Boolean "false" any(), Medium ReadOnly,
        "Switches tiered storage on for this node: full segments may then be copied to a remote store.";
    "remote.log.storage.manager.impl.prefix" String "rsm.config." Check::NonEmpty, Medium ReadOnly,
        "Settings with this prefix are handed to the plug-in that stores segments remotely.";
    "remote.log.metadata.manager.impl.prefix" String "rlmm.config." Check::NonEmpty, Medium ReadOnly,
        "Settings with this prefix are handed to the plug-in that remembers which segments are remote.";
    "remote.log.storage.manager.class.name" String null Check::NonEmpty, Medium ReadOnly,
        "The plug-in that stores segments remotely, as a Java class name.";
    "remote.log.storage.manager.class.path" String null any(), Medium ReadOnly,
        "Where the plug-in that stores segments remotely and its libraries are found.";
    "remote.log.metadata.manager.class.name" String "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager" Check::NonEmpty, Medium ReadOnly,
        "The plug-in that remembers which segments are remote, as a Java class name.";
    "remote.log.metadata.manager.class.path" String null any(), Medium ReadOnly,
        "Where the plug-in that remembers remote segments and its libraries are found.";
    "remote.log.metadata.manager.listener.name" String null Check::NonEmpty, Medium ReadOnly,
        "The listener of this broker that the plug-in for remote metadata connects to, if it needs one.";
    "remote.log.metadata.custom.metadata.max.bytes" Int "128" at_least(0), Low ReadOnly,
        "Most bytes of its own that a storage plug-in may attach to a segment; a segment with more is deleted remotely again.";
    "remote.log.index.file.cache.total.size.bytes" Long "1073741824" at_least(1), Low ClusterWide,
        "Disk space for indexes of remote segments that are kept locally for readers.";
    "remote.log.index.file.cache.ttl.ms" Long "900000" at_least(-1), Low ReadOnly internal,
        "How long an unused index of a remote segment stays in the local cache; -1 is for ever.";
    "remote.log.manager.thread.pool.size" Int "2" at_least(1), Medium ReadOnly,
        "Threads that follow what leaders have uploaded. The pools for copier, expiration and follower have their own keys now.";
    "remote.log.manager.copier.thread.pool.size" Int "10" at_least(1), Medium ClusterWide,
        "Threads that copy segments to the remote store.";
    "remote.log.manager.expiration.thread.pool.size" Int "10" at_least(1), Medium ClusterWide,
        "Threads that delete expired segments from the remote store.";
    "remote.log.manager.follower.thread.pool.size" Int "2" at_least(1), Medium ClusterWide,
        "Threads that learn, for followers, up to which offset the leader has uploaded.";
    "remote.log.manager.task.interval.ms" Long "30000" at_least(1), Low ReadOnly,
        "How often it is looked for segments to copy or to delete remotely.";
    "remote.log.manager.task.retry.backoff.ms" Long "500" at_least(1), Low ReadOnly internal,
        "First wait before a failed remote task is tried again.";
    "remote.log.manager.task.retry.backoff.max.ms" Long "30000" at_least(1), Low ReadOnly internal,
        "Longest wait before a failed remote task is tried again.";
    "remote.log.manager.task.retry.jitter" Double "0.2" between(0.0, 0.5), Low ReadOnly internal,
        "Share by which waits between remote tries are varied at random.";
    "remote.log.reader.threads" Int "10" at_least(1), Medium ClusterWide,
        "Threads that read remote segments for consumers.";
    "remote.log.reader.max.pending.tasks" Int "100" at_least(1), Medium ReadOnly,
        "How many remote reads may wait for a thread; a fetch beyond that is answered with an error.";
    "log.local.retention.ms" Long "-2" at_least(-2), Medium ClusterWide,
        "How long segments stay on the local disk after they are safe remotely; -2 takes log.retention.ms.";
    "log.local.retention.bytes" Long "-2" at_least(-2), Medium ClusterWide,
        "How many bytes of a partition stay on the local disk after they are safe remotely; -2 takes log.retention.bytes.";
    "remote.log.manager.copy.max.bytes.per.second" Long "9223372036854775807" at_least(1), Medium ClusterWide,
        "Upper bound of all uploads of this broker to the remote store, in bytes a second.";
    "remote.log.manager.copy.quota.window.num" Int "11" at_least(1), Medium ReadOnly,
        "How many samples the upload rate is averaged over.";
    "remote.log.manager.copy.quota.window.size.seconds" Int "1" at_least(1), Medium ReadOnly,
        "How long one sample of the upload rate is.";
    "remote.log.manager.fetch.max.bytes.per.second" Long "9223372036854775807" at_least(1), Medium ClusterWide,
        "Upper bound of all downloads of this broker from the remote store, in bytes a second.";
    "remote.log.manager.fetch.quota.window.num" Int "11" at_least(1), Medium ReadOnly,
        "How many samples the download rate is averaged over.";
    "remote.log.manager.fetch.quota.window.size.seconds" Int "1" at_least(1), Medium ReadOnly,
        "How long one sample of the download rate is.";
    "remote.fetch.max.wait.ms" Int "500" at_least(1), Medium ClusterWide,
        "How long a fetch that needs remote data may take before it is answered with what is there.";
    "remote.list.offsets.request.timeout.ms" Long "30000" at_least(1), Medium ClusterWide,
        "How long a search for an offset in remote segments may take.";
}
