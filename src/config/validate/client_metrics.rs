//! Client metrics subscriptions: `ClientMetricsConfigs.validate` (KIP-714).

use super::known;
use crate::layers::{Resolved, Settings};
use crate::{Refusal, Scope};

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
