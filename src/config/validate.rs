//! Whether a change of dynamic configs may be made, answered as Kafka's controller and brokers answer it.

mod broker;
mod client_metrics;
mod group;
mod topic;

use model::ErrorCode;

pub use broker::{validate_broker_configs, validate_broker_dynamic};
pub use client_metrics::{validate_client_metrics, validate_client_metrics_configs};
pub use group::{bounded_group_value, validate_group, validate_group_configs};
pub use topic::{validate_topic_config, validate_topic_configs};

use crate::layers::Settings;
use crate::{ConfigError, Refusal, Scope, key};

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

fn known(scope: Scope, new: &Settings, prefix: &str) -> Result<(), String> {
    match new.keys().find(|name| key(scope, name).is_none()) {
        Some(name) => Err(format!("{prefix}{name}")),
        None => Ok(()),
    }
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
