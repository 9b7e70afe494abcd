//! Retries of the leader that verifies transactions (KIP-890).

use crate::check::at_least;
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "add.partitions.to.txn.retry.backoff.max.ms" Int "100" at_least(0), High ReadOnly,
        "-";
    "add.partitions.to.txn.retry.backoff.ms" Int "20" at_least(1), High ReadOnly,
        "-";
}
