//! The answers of DescribeConfigs: every config of a resource with its source and synonyms, in Kafka's order (`ConfigHelper`).

use crate::layers::{Resolved, Settings};
use crate::synonyms::{broker_synonyms, group_synonym, topic_synonyms};
use crate::topic::resolve_topic;
use crate::{ConfigError, Key, Kind, NodeConfig, Scope, dynamic_only, key, keys, order};

/// Where a value comes from, with its number on the wire (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
pub enum Source {
    /// The topic's own override.
    Topic = 1,
    /// A dynamic config of this broker.
    DynamicBroker = 2,
    /// A dynamic config of all brokers.
    DynamicDefaultBroker = 3,
    /// The broker's file.
    StaticBroker = 4,
    /// Nobody set it.
    Default = 5,
    /// A logger's level.
    DynamicBrokerLogger = 6,
    /// A client metrics subscription's own value.
    ClientMetrics = 7,
    /// The group's own override.
    Group = 8,
}

impl Source {
    /// The number that goes over the wire.
    pub const fn code(self) -> i8 {
        self as i8
    }
}

/// One of the settings that could have decided a config, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The name under which it is set there.
    pub name: String,
    /// Its value there, as it was written; `None` where it is sensitive.
    pub value: Option<String>,
    /// Which place.
    pub source: Source,
}

/// One config of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// The value that holds; `None` where it is null or sensitive.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: Source,
    /// Whether the value is hidden: passwords, and names that nobody knows.
    pub is_sensitive: bool,
    /// Whether only a restart changes it.
    pub read_only: bool,
    /// All places that set it, the strongest first.
    pub synonyms: Vec<Synonym>,
    /// Its type; `None` is a name that nobody knows.
    pub kind: Option<Kind>,
    /// What it is good for.
    pub doc: Option<&'static str>,
}

impl Described {
    /// Whether nobody set it.
    pub fn is_default(&self) -> bool {
        self.source == Source::Default
    }

    /// The number of its type on the wire; 0 is unknown.
    pub fn kind_code(&self) -> i8 {
        self.kind.map_or(0, Kind::code)
    }
}

/// Which resource is described, with the settings that are its own.
#[derive(Clone, Copy, Debug)]
pub enum Resource<'a> {
    /// The broker resource with this node's id: everything that holds for it.
    Broker,
    /// The broker resource without a name: dynamic defaults of all brokers only.
    BrokerDefault,
    /// A topic with its overrides.
    Topic(&'a Settings),
    /// A group with its overrides.
    Group(&'a Settings),
    /// A client metrics subscription with its values.
    ClientMetrics(&'a Settings),
}

/// All configs of a resource as this node sees it. The caller drops those that were not asked for, and synonyms or
/// documentation that were not.
///
/// # Errors
/// [`ConfigError`] where stored overrides cannot be used, which the controller never lets in.
pub fn describe(node: &NodeConfig, resource: Resource<'_>) -> Result<Vec<Described>, ConfigError> {
    match resource {
        Resource::Broker => Ok(broker(node)),
        Resource::BrokerDefault => Ok(broker_default(node)),
        Resource::Topic(own) => {
            let resolved = resolve_topic(node, own)?;
            Ok(listed(Scope::Topic, &resolved, |key, value| {
                let first = topic_synonyms(key.name).first().map(|(name, _)| *name);
                let below = first.map_or_else(Vec::new, |name| synonyms(node, name, key.is_sensitive()));
                own_over(own, key, value, Source::Topic, below)
            }))
        }
        Resource::Group(own) => {
            let resolved = resolve_group(node, own)?;
            Ok(listed(Scope::Group, &resolved, |key, value| {
                let below = match group_synonym(key.name) {
                    Some(name) => synonyms(node, name, key.is_sensitive()),
                    None => default_synonym(key).into_iter().collect(),
                };
                own_over(own, key, value, Source::Group, below)
            }))
        }
        Resource::ClientMetrics(own) => {
            let resolved = Resolved::new(Scope::ClientMetrics, own.clone())?;
            Ok(listed(Scope::ClientMetrics, &resolved, |key, value| {
                own_over(own, key, value, Source::ClientMetrics, Vec::new())
            }))
        }
    }
}

/// What CreateTopics answers of the new topic's configs, sorted by name (`KafkaConfigSchema.resolveEffectiveTopicConfigs`).
pub fn describe_new_topic(node: &NodeConfig, overrides: &Settings) -> Vec<Described> {
    let mut all: Vec<&Key> = keys(Scope::Topic).filter(|k| !k.internal || overrides.contains_key(k.name)).collect();
    all.sort_by_key(|key| key.name);
    let layers = &node.layers;
    let places = [
        (&*layers.broker, Source::DynamicBroker),
        (&*layers.cluster, Source::DynamicDefaultBroker),
        (&*layers.file, Source::StaticBroker),
    ];
    let from_broker = |key: &Key| {
        places.iter().find_map(|(settings, source)| {
            topic_synonyms(key.name).iter().find_map(|(name, factor)| {
                let text = settings.get(*name)?;
                let converted =
                    text.trim().parse::<i64>().ok().filter(|_| *factor != 1).map(|n| n.saturating_mul(*factor));
                Some((converted.map_or_else(|| text.clone(), |n| n.to_string()), *source))
            })
        })
    };
    let describe = |key: &'static Key| {
        let own = overrides.get(key.name).map(|text| (text.clone(), Source::Topic));
        let (value, source) = match own.or_else(|| from_broker(key)) {
            Some((value, source)) => (Some(value), source),
            None => (key.default_value().map(|v| v.to_string()), Source::Default),
        };
        entry(key, value, source, Vec::new())
    };
    all.into_iter().map(describe).collect()
}

fn entry(key: &'static Key, value: Option<String>, source: Source, synonyms: Vec<Synonym>) -> Described {
    Described {
        name: key.name.to_owned(),
        value: value.filter(|_| !key.is_sensitive()),
        source,
        is_sensitive: key.is_sensitive(),
        read_only: key.is_read_only(),
        synonyms,
        kind: Some(key.kind),
        doc: Some(key.doc),
    }
}

/// The keys of a scope in the order of Kafka's hash map; internal ones only where they are set, and then first.
fn listed(
    scope: Scope,
    resolved: &Resolved,
    synonyms: impl Fn(&'static Key, Option<&String>) -> Vec<Synonym>,
) -> Vec<Described> {
    let all: Vec<&'static Key> = keys(scope).collect();
    let (mut internal, mut shown): (Vec<_>, Vec<_>) = all.into_iter().partition(|key| key.internal);
    internal.retain(|key| resolved.raw.contains_key(key.name));
    order::copied(&mut internal, resolved.raw.len(), |key| key.name);
    let total = shown.len();
    order::filled(&mut shown, total, |key| key.name);
    let describe = |key: &'static Key| {
        let value = resolved.value(key.name).map(|v| v.to_string());
        let synonyms = synonyms(key, value.as_ref());
        let source = synonyms.first().map_or(Source::Default, |s| s.source);
        entry(key, value, source, synonyms)
    };
    internal.into_iter().chain(shown).map(describe).collect()
}

fn own_over(own: &Settings, key: &Key, value: Option<&String>, source: Source, below: Vec<Synonym>) -> Vec<Synonym> {
    let mine = own.contains_key(key.name).then(|| Synonym {
        name: key.name.to_owned(),
        value: value.filter(|_| !key.is_sensitive()).cloned(),
        source,
    });
    mine.into_iter().chain(below).collect()
}

fn default_synonym(key: &Key) -> Option<Synonym> {
    let value = key.default_value()?.to_string();
    let value = (!key.is_sensitive()).then_some(value);
    Some(Synonym { name: key.name.to_owned(), value, source: Source::Default })
}

/// All places that set the broker key `name`, by precedence; what stands before the first under its own name goes,
/// because it is an override of one listener only (`ConfigHelper.configSynonyms`).
fn synonyms(node: &NodeConfig, name: &str, sensitive: bool) -> Vec<Synonym> {
    let names = broker_synonyms(name, true);
    let layers = &node.layers;
    let mut found = Vec::new();
    for (settings, source) in [
        (&layers.broker, Source::DynamicBroker),
        (&layers.cluster, Source::DynamicDefaultBroker),
        (&layers.file, Source::StaticBroker),
    ] {
        for name in &names {
            if let Some(value) = settings.get(name) {
                let value = (!sensitive).then(|| value.clone());
                found.push(Synonym { name: name.clone(), value, source });
            }
        }
    }
    for name in &names {
        let declared = keys(Scope::Broker).find(|key| key.name == name);
        if let Some(default) = declared.and_then(default_synonym) {
            found.push(Synonym { value: default.value.filter(|_| !sensitive), ..default });
        }
    }
    let at = found.iter().position(|s| s.name == name).unwrap_or(found.len());
    found.split_off(at)
}

/// The type of a broker's config, also under a listener's prefix.
fn broker_kind(name: &str) -> Option<Kind> {
    let direct = key(Scope::Broker, name).map(|key| key.kind);
    direct.or_else(|| broker_synonyms(name, true).iter().find_map(|n| key(Scope::Broker, n)).map(|key| key.kind))
}

/// One config of a broker; `all` is the resource with its id, else only dynamic defaults count.
fn broker_entry(node: &NodeConfig, name: &str, value: Option<String>, all: bool) -> Described {
    let kind = broker_kind(name);
    let is_sensitive = kind.is_none_or(|kind| kind == Kind::Password);
    let mut synonyms = synonyms(node, name, is_sensitive);
    synonyms.retain(|s| all || s.source == Source::DynamicDefaultBroker);
    Described {
        name: name.to_owned(),
        value: value.filter(|_| !is_sensitive),
        source: synonyms.first().map_or(Source::Default, |s| s.source),
        is_sensitive,
        read_only: key(Scope::Broker, name).is_none_or(Key::is_read_only),
        synonyms,
        kind,
        doc: keys(Scope::Broker).find(|key| key.name == name).map(|key| key.doc),
    }
}

/// First what is set without being a documented key, as it was written, then every documented key with its typed value.
fn broker(node: &NodeConfig) -> Vec<Described> {
    let raw = node.settings();
    let documented = |name: &str| keys(Scope::Broker).any(|key| key.name == name && !key.internal);
    let mut extra: Vec<(&str, Option<String>)> =
        raw.iter().filter(|(name, _)| !documented(name)).map(|(n, v)| (n.as_str(), Some(v.clone()))).collect();
    // Names in one bucket keep the order of Scala's map, in which Kafka merges the layers before it copies them.
    order::scala(&mut extra, raw.len(), |(name, _)| name);
    order::copied(&mut extra, raw.len(), |(name, _)| name);
    let mut known: Vec<(&str, Option<String>)> = keys(Scope::Broker)
        .filter(|key| !key.internal)
        .map(|key| (key.name, node.value(key.name).map(|v| v.to_string())))
        .collect();
    let total = known.len();
    order::filled(&mut known, total, |(name, _)| name);
    extra.into_iter().chain(known).map(|(name, value)| broker_entry(node, name, value, true)).collect()
}

fn broker_default(node: &NodeConfig) -> Vec<Described> {
    let cluster = &node.layers.cluster;
    let mut set: Vec<(&str, &str)> = cluster.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    order::scala(&mut set, cluster.len(), |(name, _)| name);
    set.into_iter().map(|(name, value)| broker_entry(node, name, Some(value.to_owned()), false)).collect()
}

/// A group's typed values: its overrides over the broker's values over the defaults.
pub(crate) fn resolve_group(node: &NodeConfig, overrides: &Settings) -> Result<Resolved, ConfigError> {
    let mut raw = overrides.clone();
    for key in keys(Scope::Group) {
        let inherited = group_synonym(key.name).and_then(|name| node.value(name));
        if let (false, Some(value)) = (raw.contains_key(key.name), inherited) {
            raw.insert(key.name.to_owned(), value.to_string());
        }
    }
    let mut resolved = Resolved::new(Scope::Group, raw)?;
    resolved.raw = overrides.clone();
    Ok(resolved)
}

/// Whether AlterConfigs may APPEND to and SUBTRACT from this config: only lists (`KafkaConfigSchema.isSplittable`).
pub fn is_list(scope: Scope, name: &str) -> bool {
    let static_only = scope == Scope::Broker && dynamic_only().any(|key| key.name == name);
    !static_only && key(scope, name).is_some_and(|key| key.kind == Kind::List)
}
