//! Transactions and idempotent producers: the state topic, time limits, expiry.

use crate::check::{any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "transaction.state.log.min.isr" Int "2" at_least(1), High ReadOnly,
        "How many replicas of the transactions topic must be in sync for a write.";
    "transaction.state.log.load.buffer.size" Int "5242880" at_least(1), High ReadOnly,
        "Bytes that are read at once while a partition of the transactions topic is loaded.";
    "transaction.state.log.replication.factor" Short "3" at_least(1), High ReadOnly,
        "Replicas of the transactions topic. It cannot be created before there are as many brokers.";
    "transaction.state.log.num.partitions" Int "50" at_least(1), High ReadOnly,
        "Partitions of the transactions topic. Never change it once the topic exists.";
    "transaction.state.log.segment.bytes" Int "104857600" at_least(1), High ReadOnly,
        "Segment size of the transactions topic; small segments are compacted and loaded sooner.";
    "transaction.partition.verification.enable" Boolean "true" any(), Low ClusterWide,
        "Whether a leader asks the coordinator if a transaction includes its partition before it accepts the first record.";
    "producer.id.expiration.ms" Int "86400000" at_least(1), Low ClusterWide,
        "How long a partition remembers an idempotent producer that writes nothing. One with an open transaction is not forgotten.";
    "producer.id.expiration.check.interval.ms" Int "600000" at_least(1), Low ReadOnly internal,
        "How often partitions look for producers to forget.";
    "transactional.id.expiration.ms" Int "604800000" at_least(1), High ReadOnly,
        "How long the coordinator remembers a transactional id that does nothing.";
    "transaction.max.timeout.ms" Int "900000" at_least(1), High ReadOnly,
        "Longest transaction timeout that a producer may ask for.";
    "transaction.abort.timed.out.transaction.cleanup.interval.ms" Int "10000" at_least(1), Low ReadOnly,
        "How often it is looked for transactions that took too long, to abort them.";
    "transaction.remove.expired.transaction.cleanup.interval.ms" Int "3600000" at_least(1), Low ReadOnly,
        "How often it is looked for transactional ids to forget.";
    "transaction.two.phase.commit.enable" Boolean "false" any(), Low ReadOnly,
        "Whether transactions may take part in two-phase commits that another system decides, without timeout.";
}
