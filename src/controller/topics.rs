//! Topics: their creation, deletion and growth (`ReplicationControlManager`).

pub(crate) mod assignment;
mod create;
mod delete;
mod grow;

use model::ErrorCode;

use crate::Refusal;

/// More partitions in one request are refused, as their records would not fit one batch.
const MAX_PARTITIONS: i64 = 10_000;
/// More records for one request are refused.
pub(crate) const MAX_RECORDS: usize = 10_000;

fn policy(message: &str) -> Refusal {
    Refusal::new(ErrorCode::PolicyViolation, message)
}

fn duplicate() -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, "Duplicate topic name.")
}
