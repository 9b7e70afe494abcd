//! Groups' overrides: `GroupConfig.validate`.

use super::known;
use crate::describe::resolve_group;
use crate::layers::Settings;
use crate::{NodeConfig, Refusal, Scope, key};

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

/// An override of a group as this node follows it: within the node's bounds, which may have changed since it was set
/// (`GroupConfig.evaluate`).
pub fn bounded_group_value(node: &NodeConfig, name: &str, value: i64) -> i64 {
    let Some((_, min, max)) = GROUP_BOUNDS.iter().find(|(key, ..)| *key == name) else { return value };
    let least = min.and_then(|key| node.resolved.long(key)).unwrap_or(i64::MIN);
    value.min(node.resolved.long(max).unwrap_or(i64::MAX)).max(least)
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
