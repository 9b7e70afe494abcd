//! Where a node's settings come from, and which of them wins: broker over cluster over file over default (KIP-226).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::synonyms::{broker_synonyms, listener_base};
use crate::value::FromValue;
use crate::{ConfigError, Default, Key, Scope, Update, Value, key, keys};

/// Settings by name, as somebody wrote them.
pub type Settings = BTreeMap<String, String>;

/// The three places that set a broker's keys. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, std::default::Default)]
pub struct Layers {
    /// `server.properties` and the command line.
    pub file: Arc<Settings>,
    /// Dynamic configs of the broker resource without a name: defaults for all brokers.
    pub cluster: Arc<Settings>,
    /// Dynamic configs of this broker.
    pub broker: Arc<Settings>,
}

impl Layers {
    /// The settings of a file; `node.id` and the older `broker.id` stand for each other.
    pub fn of_file(mut file: Settings) -> Self {
        for (one, other) in [("node.id", "broker.id"), ("broker.id", "node.id")] {
            if let (Some(id), false) = (file.get(one).cloned(), file.contains_key(other)) {
                file.insert(other.to_owned(), id);
            }
        }
        Self { file: Arc::new(file), ..Self::default() }
    }

    /// What is set after all three. Brokers keep dynamic intervals within their bounds (`clamped`) where a proposal is refused.
    pub(crate) fn effective(&self, clamped: bool) -> Settings {
        let mut all = (*self.file).clone();
        overlay(&mut all, &self.cluster);
        overlay(&mut all, &self.broker);
        if clamped && !(self.cluster.is_empty() && self.broker.is_empty()) {
            clamp(&mut all);
        }
        all
    }
}

/// Puts `over` on top: whoever sets `log.roll.hours` dynamically hides a `log.roll.ms` below.
fn overlay(settings: &mut Settings, over: &Settings) {
    for (name, value) in over {
        for synonym in broker_synonyms(name, false) {
            settings.remove(&synonym);
        }
        settings.insert(name.clone(), value.clone());
    }
}

/// `GroupCoordinatorConfig.clampDynamicConfigs`: a dynamic assignment interval gives way to the bounds in the file.
fn clamp(settings: &mut Settings) {
    for kind in ["consumer", "share", "streams"] {
        let bound = |which: &str, settings: &Settings| {
            let name = format!("group.{kind}.{which}assignment.interval.ms");
            let key = key(Scope::Broker, &name)?;
            settings.get(&name).and_then(|text| key.parse(text).ok()).or_else(|| key.default_value())?.as_i64()
        };
        let name = format!("group.{kind}.assignment.interval.ms");
        let (Some(min), Some(max)) = (bound("min.", settings), bound("max.", settings)) else { continue };
        let Some(value) = settings.get(&name).and_then(|text| text.trim().parse::<i64>().ok()) else { continue };
        if value < min || value > max {
            settings.insert(name, value.max(min).min(max).to_string());
        }
    }
}

/// The names in `settings` that a dynamic config may not have at this level, by reason
/// (`DynamicBrokerConfig.validateConfigs`); values are not looked at.
#[derive(Debug, std::default::Default)]
pub(crate) struct Misplaced {
    pub(crate) read_only: Vec<String>,
    pub(crate) without_listener: Vec<String>,
    pub(crate) per_broker: Vec<String>,
}

impl Misplaced {
    pub(crate) fn of<'a>(names: impl Iterator<Item = &'a str>, per_broker: bool) -> Self {
        let mut found = Self::default();
        for name in names {
            let known = key(Scope::Broker, name);
            if known.is_some_and(Key::is_read_only) {
                found.read_only.push(name.to_owned());
            }
            if DYNAMIC_SECURITY.contains(&name) {
                found.without_listener.push(name.to_owned());
            }
            let of_listener = listener_base(name).is_some_and(|base| !CLUSTER_LEVEL_LISTENER.contains(&base));
            if !per_broker && (of_listener || known.is_some_and(|key| key.update == Update::PerBroker)) {
                found.per_broker.push(name.to_owned());
            }
        }
        found
    }
}

/// Key stores and trust stores: dynamic only with a listener's prefix (`SslConfigs.RECONFIGURABLE_CONFIGS`).
static DYNAMIC_SECURITY: &[&str] = &[
    "ssl.keystore.type",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.key.password",
    "ssl.keystore.key",
    "ssl.keystore.certificate.chain",
    "ssl.truststore.type",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.certificates",
];

static CLUSTER_LEVEL_LISTENER: &[&str] = &["max.connections", "max.connection.creation.rate", "num.network.threads"];

/// Checks one dynamic value by the type and bounds of its key; names that are no dynamic key pass.
pub(crate) fn check_dynamic_value(name: &str, value: &str) -> Result<(), ConfigError> {
    let base = listener_base(name).unwrap_or(name);
    match key(Scope::Broker, base).filter(|key| !key.is_read_only()) {
        Some(key) => key.parse(value).map(drop),
        None => Ok(()),
    }
}

/// Dynamic settings without those that a broker must not use, and the names of the latter.
pub(crate) fn usable(settings: &Settings, per_broker: bool) -> (Settings, Vec<String>) {
    let misplaced = Misplaced::of(settings.keys().map(String::as_str), per_broker);
    let bad = |name: &String, value: &String| {
        check_dynamic_value(name, value).is_err()
            || misplaced.read_only.contains(name)
            || misplaced.without_listener.contains(name)
            || misplaced.per_broker.contains(name)
    };
    let (ignored, kept): (Vec<_>, Vec<_>) = settings.clone().into_iter().partition(|(name, value)| bad(name, value));
    (kept.into_iter().collect(), ignored.into_iter().map(|(name, _)| name).collect())
}

/// Every key of a scope with its typed value, and the settings it came from.
#[derive(Debug)]
pub(crate) struct Resolved {
    values: BTreeMap<&'static str, Value>,
    pub(crate) raw: Settings,
}

impl Resolved {
    /// Types and bounds of all keys of `scope`; names that are no keys are kept in `raw` only.
    pub(crate) fn new(scope: Scope, raw: Settings) -> Result<Self, ConfigError> {
        let mut values = BTreeMap::new();
        for key in keys(scope) {
            let value = match (raw.get(key.name), key.default) {
                (Some(text), _) => Some(key.parse(text)?),
                (None, Default::Required) => return Err(ConfigError::Missing { key: key.name }),
                (None, _) => {
                    let value = key.default_value();
                    key.check.ensure(key.name, value.as_ref())?;
                    value
                }
            };
            if let Some(value) = value {
                values.insert(key.name, value);
            }
        }
        Ok(Self { values, raw })
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The value as a Rust type; the table and the callers agree on types (a test reads every field).
    pub(crate) fn get<T: FromValue>(&self, name: &'static str) -> Result<T, ConfigError> {
        T::from_value(self.value(name)).ok_or(ConfigError::Missing { key: name })
    }

    pub(crate) fn long(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    pub(crate) fn list(&self, name: &str) -> &[String] {
        self.value(name).and_then(Value::as_list).unwrap_or_default()
    }
}
