//! Transactions and idempotent producers: the state topic, time limits, expiry.

use crate::check::{any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "transaction.state.log.min.isr" Int "2" at_least(1), High ReadOnly,
        "-";
    "transaction.state.log.load.buffer.size" Int "5242880" at_least(1), High ReadOnly,
        "-";
    "transaction.state.log.replication.factor" Short "3" at_least(1), High ReadOnly,
        "-";
    "transaction.state.log.num.partitions" Int "50" at_least(1), High ReadOnly,
        "-";
    "transaction.state.log.segment.bytes" Int "104857600" at_least(1), High ReadOnly,
        "-";
    "transaction.partition.verification.enable" Boolean "true" any(), Low ClusterWide,
        "-";
    "producer.id.expiration.ms" Int "86400000" at_least(1), Low ClusterWide,
        "-";
    "producer.id.expiration.check.interval.ms" Int "600000" at_least(1), Low ReadOnly internal,
        "-";
    "transactional.id.expiration.ms" Int "604800000" at_least(1), High ReadOnly,
        "-";
    "transaction.max.timeout.ms" Int "900000" at_least(1), High ReadOnly,
        "-";
    "transaction.abort.timed.out.transaction.cleanup.interval.ms" Int "10000" at_least(1), Low ReadOnly,
        "-";
    "transaction.remove.expired.transaction.cleanup.interval.ms" Int "3600000" at_least(1), Low ReadOnly,
        "-";
    "transaction.two.phase.commit.enable" Boolean "false" any(), Low ReadOnly,
        "-";
}
