//! Brokers' dynamic configs: `DynamicBrokerConfig.validate`, and what the parts of a running broker refuse.

use std::sync::Arc;

use super::local_below_whole;
use crate::layers::{Misplaced, Settings, check_dynamic_value};
use crate::{ConfigError, NodeConfig, Refusal, TopicConfig, order};

/// One dynamic broker config by itself: whether it is dynamic, at this level, and its type and bounds.
/// Names that Kafka does not know pass, as plug-ins may.
///
/// # Errors
/// `INVALID_REQUEST`, which is what brokers answer here (KAFKA-13609).
pub fn validate_broker_dynamic(name: &str, value: &str, per_broker: bool) -> Result<(), Refusal> {
    let one = Settings::from([(name.to_owned(), value.to_owned())]);
    dynamic_level(&one, per_broker)
}

/// All dynamic configs that a level of brokers (`per_broker`: this node; else the default of all) is to have, tried out
/// on this node (`DynamicBrokerConfig.validate`).
///
/// # Errors
/// `INVALID_REQUEST`, which is what brokers answer here (KAFKA-13609).
pub fn validate_broker_configs(node: &NodeConfig, new: &Settings, per_broker: bool) -> Result<(), Refusal> {
    dynamic_level(new, per_broker)?;
    let mut layers = node.layers().clone();
    match per_broker {
        true => layers.broker = Arc::new(new.clone()),
        false => layers.cluster = Arc::new(new.clone()),
    }
    let proposed = NodeConfig::from_layers(layers, false).map_err(Refusal::request)?;
    reconfiguration(node, &proposed).map_err(|text| {
        // Kafka builds this error with the two-argument constructor, which makes the cause a "value".
        Refusal::request(format!(
            "Invalid value org.apache.kafka.common.config.ConfigException: {text} for configuration Invalid dynamic configuration"
        ))
    })
}

fn dynamic_level(new: &Settings, per_broker: bool) -> Result<(), Refusal> {
    let found = Misplaced::of(new.keys().map(String::as_str), per_broker);
    refuse_names(found.read_only, "Cannot update these configs dynamically")?;
    refuse_names(
        found.without_listener,
        "These security configs can be dynamically updated only per-listener using the listener prefix",
    )?;
    new.iter().try_for_each(|(name, value)| check_dynamic_value(name, value)).map_err(Refusal::request)?;
    refuse_names(found.per_broker, "Cannot update these configs at default cluster level, broker id must be specified")
}

fn refuse_names(mut names: Vec<String>, why: &str) -> Result<(), Refusal> {
    if names.is_empty() {
        return Ok(());
    }
    let total = names.len();
    order::filled(&mut names, total, |name| name);
    Err(Refusal::request(format!("{why}: [{}]", names.join(", "))))
}

/// What the parts of a running broker refuse to be changed to.
fn reconfiguration(old: &NodeConfig, new: &NodeConfig) -> Result<(), String> {
    const POOLS: &[&str] = &[
        "num.io.threads",
        "num.replica.fetchers",
        "num.recovery.threads.per.data.dir",
        "background.threads",
        "num.network.threads",
        "log.cleaner.threads",
        "remote.log.reader.threads",
        "remote.log.manager.copier.thread.pool.size",
        "remote.log.manager.expiration.thread.pool.size",
        "remote.log.manager.follower.thread.pool.size",
    ];
    for name in POOLS {
        pool(name, old.resolved.long(name).unwrap_or_default(), new.resolved.long(name).unwrap_or_default())?;
    }
    let text = |e: ConfigError| e.to_string();
    let topic = TopicConfig::new(new, &Settings::new()).map_err(text)?;
    local_below_whole("log.local.retention.ms", topic.local_retention_ms, "log.retention.ms", topic.retention_ms)
        .map_err(text)?;
    local_below_whole(
        "log.local.retention.bytes",
        topic.local_retention_bytes,
        "log.retention.bytes",
        topic.retention_bytes,
    )
    .map_err(text)?;
    listeners(old, new)
}

/// Pools of threads grow to twice and shrink to half their size at once; the cleaner has its own words for it.
fn pool(name: &str, old: i64, new: i64) -> Result<(), String> {
    let [none, few, many] = match name {
        "log.cleaner.threads" => [
            "Log cleaner threads should be at least 1".to_owned(),
            format!("Log cleaner threads cannot be reduced to less than half the current value {old}"),
            format!("Log cleaner threads cannot be increased to more than double the current value {old}"),
        ],
        _ => {
            let failed = format!("Dynamic thread count update validation failed for {name}={new}");
            [
                format!("{failed}, value should be at least 1"),
                format!("{failed}, value should be at least half the current value {old}"),
                format!("{failed}, value should not be greater than double the current value {old}"),
            ]
        }
    };
    match new {
        _ if new == old => Ok(()),
        ..1 => Err(none),
        _ if new < old / 2 => Err(few),
        _ if new > old * 2 => Err(many),
        _ => Ok(()),
    }
}

fn listeners(old: &NodeConfig, new: &NodeConfig) -> Result<(), String> {
    let names = |node: &NodeConfig| node.listeners.all.iter().map(|l| l.name.clone()).collect::<Vec<_>>();
    let (bound, advertised) = (names(new), old.listeners.advertised.iter().map(|l| l.name.clone()).collect::<Vec<_>>());
    if old.listeners.all == new.listeners.all && old.listeners.protocols == new.listeners.protocols {
        return Ok(());
    }
    if !advertised.iter().all(|name| bound.contains(name)) {
        return Err(format!(
            "Advertised listeners 'Set({})' must be a subset of listeners 'Set({})'",
            advertised.join(", "),
            bound.join(", ")
        ));
    }
    for name in bound.iter().filter(|name| names(old).contains(name)) {
        if old.listeners.protocols.get(name) != new.listeners.protocols.get(name) {
            return Err(format!("Security protocol cannot be updated for existing listener ListenerName({name})"));
        }
    }
    Ok(())
}
