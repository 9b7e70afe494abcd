//! The windows over which quotas are measured.

use crate::check::{any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "quota.window.num" Int "11" at_least(1), Low ReadOnly,
        "How many samples clients' quotas are measured over.";
    "replication.quota.window.num" Int "11" at_least(1), Low ReadOnly,
        "How many samples replication throttles are measured over.";
    "alter.log.dirs.replication.quota.window.num" Int "11" at_least(1), Low ReadOnly,
        "How many samples the throttle of moves between log directories is measured over.";
    "controller.quota.window.num" Int "11" at_least(1), Low ReadOnly,
        "How many samples quotas of topic changes are measured over.";
    "quota.window.size.seconds" Int "1" at_least(1), Low ReadOnly,
        "How long one sample of clients' quotas is.";
    "replication.quota.window.size.seconds" Int "1" at_least(1), Low ReadOnly,
        "How long one sample of replication throttles is.";
    "alter.log.dirs.replication.quota.window.size.seconds" Int "1" at_least(1), Low ReadOnly,
        "How long one sample of the throttle of moves between log directories is.";
    "controller.quota.window.size.seconds" Int "1" at_least(1), Low ReadOnly,
        "How long one sample of quotas of topic changes is.";
    "client.quota.callback.class" Class null any(), Low ReadOnly,
        "Who decides clients' quotas instead of the configured ones, as a Java class name.";
}

keys! {
    /// Rates that a file cannot set: only AlterConfigs on brokers does (`QuotaConfig.brokerQuotaConfigs`).
    pub(crate) BROKER_DYNAMIC;
    "leader.replication.throttled.rate" Long "9223372036854775807" at_least(0), Medium ClusterWide,
        "Upper bound, in bytes a second, of what this broker sends to followers of throttled replicas.";
    "follower.replication.throttled.rate" Long "9223372036854775807" at_least(0), Medium ClusterWide,
        "Upper bound, in bytes a second, of what this broker copies into throttled replicas.";
    "replica.alter.log.dirs.io.max.bytes.per.second" Long "9223372036854775807" at_least(0), Medium ClusterWide,
        "Upper bound, in bytes a second, of moves between log directories of this broker.";
}
