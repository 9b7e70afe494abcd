//! The windows over which quotas are measured.

use crate::check::{any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "quota.window.num" Int "11" at_least(1), Low ReadOnly,
        "-";
    "replication.quota.window.num" Int "11" at_least(1), Low ReadOnly,
        "-";
    "alter.log.dirs.replication.quota.window.num" Int "11" at_least(1), Low ReadOnly,
        "-";
    "controller.quota.window.num" Int "11" at_least(1), Low ReadOnly,
        "-";
    "quota.window.size.seconds" Int "1" at_least(1), Low ReadOnly,
        "-";
    "replication.quota.window.size.seconds" Int "1" at_least(1), Low ReadOnly,
        "-";
    "alter.log.dirs.replication.quota.window.size.seconds" Int "1" at_least(1), Low ReadOnly,
        "-";
    "controller.quota.window.size.seconds" Int "1" at_least(1), Low ReadOnly,
        "-";
    "client.quota.callback.class" Class null any(), Low ReadOnly,
        "-";
}

keys! {
    /// Rates that a file cannot set: only AlterConfigs on brokers does (`QuotaConfig.brokerQuotaConfigs`).
    pub(crate) BROKER_DYNAMIC;
    "leader.replication.throttled.rate" Long "9223372036854775807" at_least(0), Medium ClusterWide,
        "-";
    "follower.replication.throttled.rate" Long "9223372036854775807" at_least(0), Medium ClusterWide,
        "-";
    "replica.alter.log.dirs.io.max.bytes.per.second" Long "9223372036854775807" at_least(0), Medium ClusterWide,
        "-";
}
