//! No, with Kafka's code and words.

use crate::ErrorCode;

/// Why something was refused: Kafka's code, and the words that clients and tools show.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", message.as_deref().unwrap_or_default())]
pub struct Refusal {
    /// The code.
    pub code: ErrorCode,
    /// The words; none where Kafka sends none, and clients fill in their own for the code.
    pub message: Option<String>,
}

impl Refusal {
    /// A refusal with words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }

    /// A refusal by its code alone.
    pub fn code(code: ErrorCode) -> Self {
        Self { code, message: None }
    }
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{} {message:?}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}
