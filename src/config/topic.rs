//! One topic's configuration, typed: its overrides over the broker's values over the defaults (`LogConfig`).

use std::ops::Deref;

use crate::layers::{Resolved, Settings};
pub use crate::sections::TopicValues;
use crate::synonyms::topic_synonyms;
use crate::{ConfigError, NodeConfig, Scope, keys};

/// What holds for one topic. All fields of [`TopicValues`] can be read off it.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicConfig {
    values: TopicValues,
    /// Whether `cleanup.policy` has `compact`.
    pub compact: bool,
    /// Whether `cleanup.policy` has `delete`.
    pub delete: bool,
    /// Whether `message.timestamp.type` is `LogAppendTime`.
    pub log_append_time: bool,
}

impl Deref for TopicConfig {
    type Target = TopicValues;

    fn deref(&self) -> &TopicValues {
        &self.values
    }
}

impl TopicConfig {
    /// The values of a topic with these overrides on this node.
    ///
    /// # Errors
    /// [`ConfigError`] where an override cannot be used; the controller accepts none such.
    pub fn new(node: &NodeConfig, overrides: &Settings) -> Result<Self, ConfigError> {
        Self::of(&resolve_topic(node, overrides)?)
    }

    pub(crate) fn of(resolved: &Resolved) -> Result<Self, ConfigError> {
        let values = TopicValues::read(resolved)?;
        let has = |policy: &str| values.cleanup_policy.iter().any(|p| p == policy);
        Ok(Self {
            compact: has("compact"),
            delete: has("delete"),
            log_append_time: values.message_timestamp_type == "LogAppendTime",
            values,
        })
    }

    /// Bytes at which a segment is full; the internal key wins.
    pub fn segment_size(&self) -> i32 {
        self.internal_segment_bytes.unwrap_or(self.segment_bytes)
    }

    /// Milliseconds after which a segment is rolled: compaction must not wait longer than its lag.
    pub fn max_segment_ms(&self) -> i64 {
        match self.compact && self.max_compaction_lag_ms > 0 {
            true => self.max_compaction_lag_ms.min(self.segment_ms),
            false => self.segment_ms,
        }
    }
}

/// A topic's typed values: overrides as they are written, the rest from the broker (`KafkaConfig.extractLogConfigMap`).
pub(crate) fn resolve_topic(node: &NodeConfig, overrides: &Settings) -> Result<Resolved, ConfigError> {
    let mut raw = overrides.clone();
    for key in keys(Scope::Topic) {
        if let (false, Some(value)) = (raw.contains_key(key.name), broker_default(node, key.name)) {
            raw.insert(key.name.to_owned(), value);
        }
    }
    let mut resolved = Resolved::new(Scope::Topic, raw)?;
    resolved.raw = overrides.clone();
    Ok(resolved)
}

/// What the broker says where the topic says nothing, in the topic's unit; `None` for keys that only topics have.
fn broker_default(node: &NodeConfig, topic_key: &str) -> Option<String> {
    let (factor, value) =
        topic_synonyms(topic_key).iter().find_map(|(name, factor)| Some((*factor, node.value(name)?)))?;
    let value = match value.as_i64() {
        Some(n) => n.saturating_mul(factor).to_string(),
        None => value.to_string(),
    };
    // Any negative retention time means for ever, which is written -1.
    Some(if topic_key == "retention.ms" && value.starts_with('-') { "-1".to_owned() } else { value })
}
