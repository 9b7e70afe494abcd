//! Retries of the leader that verifies transactions (KIP-890).

use crate::check::at_least;
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "add.partitions.to.txn.retry.backoff.max.ms" Int "100" at_least(0), High ReadOnly,
        "How long a leader tries to have a transaction verified before it answers the producer.";
    "add.partitions.to.txn.retry.backoff.ms" Int "20" at_least(1), High ReadOnly,
        "Wait between a leader's tries to have a transaction verified.";
}
