//! How brokers copy partitions from each other, and who leads them.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "controller.socket.timeout.ms" Int "30000" any(), Medium ReadOnly,
        "-";
    "default.replication.factor" Int "1" any(), Medium ReadOnly,
        "-";
    "replica.lag.time.max.ms" Long "30000" any(), High ReadOnly,
        "-";
    "replica.socket.timeout.ms" Int "30000" any(), High ReadOnly,
        "-";
    "replica.socket.receive.buffer.bytes" Int "65536" any(), High ReadOnly,
        "-";
    "replica.fetch.max.bytes" Int "1048576" at_least(0), Medium ReadOnly,
        "-";
    "replica.fetch.wait.max.ms" Int "500" any(), High ReadOnly,
        "-";
    "replica.fetch.backoff.ms" Int "1000" at_least(0), Medium ReadOnly,
        "-";
    "replica.fetch.min.bytes" Int "1" any(), High ReadOnly,
        "-";
    "replica.fetch.response.max.bytes" Int "10485760" at_least(0), Medium ReadOnly,
        "-";
    "num.replica.fetchers" Int "1" at_least(1), High ClusterWide,
        "-";
    "replica.high.watermark.checkpoint.interval.ms" Long "5000" any(), High ReadOnly,
        "-";
    "fetch.purgatory.purge.interval.requests" Int "1000" any(), Medium ReadOnly,
        "-";
    "producer.purgatory.purge.interval.requests" Int "1000" any(), Medium ReadOnly,
        "-";
    "delete.records.purgatory.purge.interval.requests" Int "1" any(), Medium ReadOnly,
        "-";
    "auto.leader.rebalance.enable" Boolean "true" any(), High ReadOnly,
        "-";
    "leader.imbalance.check.interval.seconds" Long "300" at_least(1), High ReadOnly,
        "-";
    "unclean.leader.election.interval.ms" Long "300000" at_least(1), Medium ReadOnly internal,
        "-";
    "unclean.leader.election.enable" Boolean "false" any(), High ClusterWide,
        "-";
    "security.inter.broker.protocol" String "PLAINTEXT" Check::OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), Medium ReadOnly,
        "-";
    "inter.broker.listener.name" String null any(), Medium ReadOnly,
        "-";
    "replica.selector.class" String null any(), Medium ReadOnly,
        "-";
    "follower.fetch.last.tiered.offset.enable" Boolean "false" any(), Medium ClusterWide,
        "-";
}
