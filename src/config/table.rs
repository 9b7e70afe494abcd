//! The table: every key of Apache Kafka 4.3, one row each, split by subject in the order in which Kafka declares them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::{Key, Scope};

mod cleaner;
mod client_metrics;
mod delegation_tokens;
mod group;
mod groups;
mod kraft;
mod listeners;
mod log;
mod metadata_log;
mod metrics;
mod oauth;
mod quorum;
mod quotas;
mod remote_storage;
mod replication;
mod sasl;
mod security;
mod server;
mod share;
mod share_coordinator;
mod topic;
mod transactions;
mod txn_verification;

/// Kafka's order of declaration decides the order of DescribeConfigs where two names hash alike.
static BROKER: &[&[Key]] = &[
    remote_storage::ROWS,
    server::ROWS,
    kraft::ROWS,
    metadata_log::ROWS,
    listeners::ROWS,
    replication::ROWS,
    groups::ROWS,
    cleaner::ROWS,
    log::ROWS,
    share::ROWS,
    share_coordinator::ROWS,
    transactions::ROWS,
    quorum::ROWS,
    metrics::ROWS,
    quotas::ROWS,
    security::ROWS,
    sasl::ROWS,
    oauth::ROWS,
    delegation_tokens::ROWS,
    txn_verification::ROWS,
];

static TOPIC: &[&[Key]] = &[topic::ROWS];
static GROUP: &[&[Key]] = &[group::ROWS];
static CLIENT_METRICS: &[&[Key]] = &[client_metrics::ROWS];

/// Every key of a scope, in Kafka's order of declaration. Those that only AlterConfigs can set are not among them.
pub fn keys(scope: Scope) -> impl Iterator<Item = &'static Key> {
    let tables: &'static [&'static [Key]] = match scope {
        Scope::Broker => BROKER,
        Scope::Topic => TOPIC,
        Scope::Group => GROUP,
        Scope::ClientMetrics => CLIENT_METRICS,
    };
    tables.iter().flat_map(|rows| rows.iter())
}

/// Broker keys that a file cannot set: replication throttles (KIP-73).
pub fn dynamic_only() -> impl Iterator<Item = &'static Key> {
    quotas::BROKER_DYNAMIC.iter()
}

/// The key with this name; a broker's include those of [`dynamic_only`].
pub fn key(scope: Scope, name: &str) -> Option<&'static Key> {
    static INDEX: LazyLock<BTreeMap<(Scope, &'static str), &'static Key>> = LazyLock::new(|| {
        [Scope::Broker, Scope::Topic, Scope::Group, Scope::ClientMetrics]
            .into_iter()
            .flat_map(|scope| keys(scope).map(move |key| ((scope, key.name), key)))
            .chain(dynamic_only().map(|key| ((Scope::Broker, key.name), key)))
            .collect()
    });
    INDEX.get(&(scope, name)).copied()
}
