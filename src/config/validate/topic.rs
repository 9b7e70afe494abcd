//! Topics' overrides: `LogConfig.validate`.

use super::{known, local_below_whole};
use crate::layers::Settings;
use crate::topic::{TopicConfig, resolve_topic};
use crate::{ConfigError, NodeConfig, Refusal, Scope, key};

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
