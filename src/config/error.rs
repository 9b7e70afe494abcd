//! What can be wrong with a configuration, worded as Kafka words it.

use model::ErrorCode;

/// A configuration that cannot be used (`org.apache.kafka.common.config.ConfigException` and the checks of `KafkaConfig`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The value is not of the key's type, or outside of its bounds.
    #[error("Invalid value {value} for configuration {key}: {why}")]
    Invalid {
        /// The key as it was written.
        key: String,
        /// The value as it was written; what parses is shown trimmed.
        value: String,
        /// What is allowed instead.
        why: String,
    },
    /// A key without default is not set.
    #[error("Missing required configuration \"{key}\" which has no default value.")]
    Missing {
        /// The key that must be set.
        key: &'static str,
    },
    /// Two or more values contradict each other.
    #[error("{0}")]
    Rule(String),
    /// As [`Self::Rule`], where Kafka's own message has the prefix of Scala's `require`.
    #[error("requirement failed: {0}")]
    Requirement(String),
    /// A line of a properties file has a broken escape.
    #[error("Malformed \\uxxxx encoding.")]
    Escape,
    /// A command line override is not `key=value`.
    #[error("Invalid override {0:?}: expected key=value")]
    Override(String),
}

impl ConfigError {
    pub(crate) fn invalid(key: &str, value: impl ToString, why: impl Into<String>) -> Self {
        Self::Invalid { key: key.to_owned(), value: value.to_string(), why: why.into() }
    }

    /// The error in one line for whoever starts a node: the same without the prefix that only matters on the wire.
    pub fn plain(&self) -> String {
        match self {
            Self::Requirement(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// A refused change: the error code and message of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// `INVALID_CONFIG` or `INVALID_REQUEST`, as Kafka chooses.
    pub code: ErrorCode,
    /// The message that the tools print.
    pub message: String,
}

impl Refusal {
    pub(crate) fn config(message: impl ToString) -> Self {
        Self { code: ErrorCode::InvalidConfig, message: message.to_string() }
    }

    pub(crate) fn request(message: impl ToString) -> Self {
        Self { code: ErrorCode::InvalidRequest, message: message.to_string() }
    }
}
