//! Whether a change of dynamic configs may be made, answered as Kafka's controller and brokers answer it.

use model::ErrorCode;

use crate::describe::resolve_group;
use crate::layers::{Misplaced, Resolved, Settings, check_dynamic_value};
use crate::topic::{TopicConfig, resolve_topic};
use crate::{ConfigError, NodeConfig, Refusal, Scope, key, order};

/// One topic override by itself: its name, type and bounds.
///
/// # Errors
/// `INVALID_CONFIG`.
pub fn validate_topic_config(name: &str, value: &str) -> Result<(), Refusal> {
    let key = key(Scope::Topic, name).ok_or_else(|| Refusal::config(format!("Unknown topic config name: {name}")))?;
    key.parse(value).map(drop).map_err(Refusal::config)
}

/// All overrides that a topic is to have, together with the node's values below them (`LogConfig.validate`).
/// `existing` are those it has now.
///
/// # Errors
/// `INVALID_CONFIG`.
pub fn validate_topic_configs(node: &NodeConfig, existing: &Settings, new: &Settings) -> Result<(), Refusal> {
    known(Scope::Topic, new, "Unknown topic config name: ").map_err(Refusal::config)?;
    let topic = resolve_topic(node, new).and_then(|r| TopicConfig::of(&r)).map_err(Refusal::config)?;
    let (min, max) = (topic.min_compaction_lag_ms, topic.max_compaction_lag_ms);
    if min > max {
        return Err(Refusal::config(format!(
            "conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})"
        )));
    }
    if topic.remote_storage_enable {
        return remote_topic(node, &topic).map_err(Refusal::config);
    }
    let was_remote = existing.get("remote.storage.enable").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if was_remote && !topic.remote_log_delete_on_disable {
        return Err(Refusal::config(
            "It is invalid to disable remote storage without deleting remote data. If you want to keep the remote data and turn to read only, please set `remote.storage.enable=true,remote.log.copy.disable=true`. If you want to disable remote storage and delete all remote data, please set `remote.storage.enable=false,remote.log.delete.on.disable=true`.",
        ));
    }
    Ok(())
}

fn remote_topic(node: &NodeConfig, topic: &TopicConfig) -> Result<(), ConfigError> {
    let rule = |text: &str| Err(ConfigError::Rule(text.to_owned()));
    if !node.logs.remote_storage_enable {
        return rule(
            "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.",
        );
    }
    if topic.compact {
        return rule(
            "Remote log storage only supports topics with cleanup.policy=delete or cleanup.policy being an empty list.",
        );
    }
    for unit in ["bytes", "ms"] {
        let (whole, local) = match unit {
            "bytes" => (topic.retention_bytes, topic.local_retention_bytes),
            _ => (topic.retention_ms, topic.local_retention_ms),
        };
        let (key, below) = (format!("local.retention.{unit}"), format!("retention.{unit}"));
        local_below_whole(&key, local, &below, whole)?;
    }
    for (unit, whole, local) in [
        ("bytes", topic.retention_bytes, topic.local_retention_bytes),
        ("ms", topic.retention_ms, topic.local_retention_ms),
    ] {
        if topic.remote_log_copy_disable && local != -2 && local != whole {
            return rule(&format!(
                "When `remote.log.copy.disable` is set to true, the `local.retention.{unit}` and `retention.{unit}` must be set to the identical value because there will be no more logs copied to the remote storage."
            ));
        }
    }
    Ok(())
}

/// What is kept locally cannot be more than what is kept at all; -2 means the same, -1 for ever.
fn local_below_whole(key: &str, local: i64, whole_key: &str, whole: i64) -> Result<(), ConfigError> {
    if whole < 0 || local == -2 {
        return Ok(());
    }
    match local {
        -1 => Err(ConfigError::invalid(
            key,
            local,
            format!("Value must not be -1 as {whole_key} value is set as {whole}."),
        )),
        _ if local > whole => Err(ConfigError::invalid(
            key,
            local,
            format!("Value must not be more than {whole_key} property value: {whole}"),
        )),
        _ => Ok(()),
    }
}

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
    let layers = node.layers();
    let (cluster, broker) = match per_broker {
        true => (&*layers.cluster, new),
        false => (new, &*layers.broker),
    };
    let (proposed, _) = node.with_dynamic(cluster, broker).map_err(Refusal::request)?;
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

/// One group override by itself: its name, type and bounds.
///
/// # Errors
/// `INVALID_CONFIG`.
pub fn validate_group(name: &str, value: &str) -> Result<(), Refusal> {
    let key = key(Scope::Group, name).ok_or_else(|| Refusal::config(format!("Unknown group config name: {name}")))?;
    key.parse(value).map(drop).map_err(Refusal::config)
}

/// All overrides that a group is to have, within the node's bounds (`GroupConfig.validate`).
///
/// # Errors
/// `INVALID_CONFIG`.
pub fn validate_group_configs(node: &NodeConfig, new: &Settings) -> Result<(), Refusal> {
    known(Scope::Group, new, "Unknown group config name: ").map_err(Refusal::config)?;
    let r = resolve_group(node, new).map_err(Refusal::config)?;
    for (name, min, max) in GROUP_BOUNDS {
        // An interval that the group does not set itself follows the brokers' dynamic value, whatever that is.
        if name.ends_with("assignment.interval.ms") && !new.contains_key(*name) {
            continue;
        }
        let Some(value) = r.long(name) else { continue };
        if min.and_then(|key| node.resolved.long(key)).is_some_and(|min| value < min) {
            return Err(Refusal::config(format!(
                "{name} must be greater than or equal to {}",
                min.unwrap_or_default()
            )));
        }
        if node.resolved.long(max).is_some_and(|max| value > max) {
            return Err(Refusal::config(format!("{name} must be less than or equal to {max}")));
        }
    }
    for kind in ["consumer", "share", "streams"] {
        let (session, heartbeat) = (format!("{kind}.session.timeout.ms"), format!("{kind}.heartbeat.interval.ms"));
        if r.long(&session) <= r.long(&heartbeat) {
            return Err(Refusal::config(format!("{session} must be greater than {heartbeat}")));
        }
    }
    Ok(())
}

/// Group key, the broker keys of its least and largest value; in the order in which Kafka looks.
static GROUP_BOUNDS: &[(&str, Option<&str>, &str)] = &[
    (
        "consumer.heartbeat.interval.ms",
        Some("group.consumer.min.heartbeat.interval.ms"),
        "group.consumer.max.heartbeat.interval.ms",
    ),
    (
        "consumer.session.timeout.ms",
        Some("group.consumer.min.session.timeout.ms"),
        "group.consumer.max.session.timeout.ms",
    ),
    (
        "consumer.assignment.interval.ms",
        Some("group.consumer.min.assignment.interval.ms"),
        "group.consumer.max.assignment.interval.ms",
    ),
    (
        "share.heartbeat.interval.ms",
        Some("group.share.min.heartbeat.interval.ms"),
        "group.share.max.heartbeat.interval.ms",
    ),
    ("share.session.timeout.ms", Some("group.share.min.session.timeout.ms"), "group.share.max.session.timeout.ms"),
    (
        "share.record.lock.duration.ms",
        Some("group.share.min.record.lock.duration.ms"),
        "group.share.max.record.lock.duration.ms",
    ),
    (
        "share.delivery.count.limit",
        Some("group.share.min.delivery.count.limit"),
        "group.share.max.delivery.count.limit",
    ),
    (
        "share.partition.max.record.locks",
        Some("group.share.min.partition.max.record.locks"),
        "group.share.max.partition.max.record.locks",
    ),
    (
        "share.assignment.interval.ms",
        Some("group.share.min.assignment.interval.ms"),
        "group.share.max.assignment.interval.ms",
    ),
    (
        "streams.heartbeat.interval.ms",
        Some("group.streams.min.heartbeat.interval.ms"),
        "group.streams.max.heartbeat.interval.ms",
    ),
    (
        "streams.session.timeout.ms",
        Some("group.streams.min.session.timeout.ms"),
        "group.streams.max.session.timeout.ms",
    ),
    ("streams.num.standby.replicas", None, "group.streams.max.standby.replicas"),
    (
        "streams.assignment.interval.ms",
        Some("group.streams.min.assignment.interval.ms"),
        "group.streams.max.assignment.interval.ms",
    ),
];

/// One value of a client metrics subscription.
///
/// # Errors
/// `INVALID_REQUEST` for unknown names and intervals, `INVALID_CONFIG` for the rest (`ClientMetricsConfigs.validate`).
pub fn validate_client_metrics(name: &str, value: &str) -> Result<(), Refusal> {
    validate_client_metrics_configs(&Settings::from([(name.to_owned(), value.to_owned())]))
}

/// All values of a client metrics subscription.
///
/// # Errors
/// As [`validate_client_metrics`].
pub fn validate_client_metrics_configs(new: &Settings) -> Result<(), Refusal> {
    known(Scope::ClientMetrics, new, "Unknown client metrics configuration: ").map_err(Refusal::request)?;
    let r = Resolved::new(Scope::ClientMetrics, new.clone()).map_err(Refusal::config)?;
    let interval = r.long("interval.ms").unwrap_or_default();
    if new.contains_key("interval.ms") && !(100..=3_600_000).contains(&interval) {
        return Err(Refusal::request(format!(
            "Invalid value {interval} for interval.ms, interval must be between 100 and 3600000 (1 hour)"
        )));
    }
    for pattern in r.list("match") {
        let mut parts = pattern.split('=');
        let valid = match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(value), None) => MATCHED.contains(&name.trim()) && balanced(value.trim()),
            _ => false,
        };
        if !valid {
            return Err(Refusal::config(format!("Illegal client matching pattern: {pattern}")));
        }
    }
    Ok(())
}

static MATCHED: &[&str] = &[
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

/// Whether a regular expression is at least well bracketed; the broker that uses it compiles it.
fn balanced(pattern: &str) -> bool {
    let mut open = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return false,
            '(' | '[' if open.last() != Some(&'[') => open.push(c),
            ')' if open.last() != Some(&'[') && open.pop().is_none() => return false,
            ']' if open.last() == Some(&'[') => drop(open.pop()),
            _ => {}
        }
    }
    !pattern.is_empty() && open.is_empty() && !pattern.starts_with(['*', '+', '?'])
}

fn known(scope: Scope, new: &Settings, prefix: &str) -> Result<(), String> {
    match new.keys().find(|name| key(scope, name).is_none()) {
        Some(name) => Err(format!("{prefix}{name}")),
        None => Ok(()),
    }
}

/// Names of resources that configs can be set on; an empty one is no topic, group or subscription.
///
/// # Errors
/// `INVALID_REQUEST` with the words of `ControllerConfigurationValidator`.
pub fn validate_resource_name(scope: Scope, name: &str) -> Result<(), Refusal> {
    let text = match (scope, name) {
        (Scope::Topic, "") => "Default topic resources are not allowed.",
        (Scope::Group, "") => "Default group resources are not allowed.",
        (Scope::ClientMetrics, "") => "Subscription name can't be empty",
        (Scope::Broker, id) if !id.is_empty() => match id.parse::<i32>() {
            Ok(0..) => return Ok(()),
            Ok(_) => "Invalid negative broker ID.",
            Err(_) => "Unable to parse broker name as a base 10 number.",
        },
        _ => return Ok(()),
    };
    Err(Refusal { code: ErrorCode::InvalidRequest, message: text.to_owned() })
}
