//! Configurations and client quotas (`ConfigurationsDelta`, `ClientQuotasDelta`).

use std::collections::BTreeMap;

use super::Image;
use crate::Map;
use crate::records::*;

/// The kind of thing that is configured (`ConfigResource.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceType(pub i8);

impl ResourceType {
    /// A topic.
    pub const TOPIC: Self = Self(2);
    /// A broker, or all brokers if the name is empty.
    pub const BROKER: Self = Self(4);
    /// The log levels of a broker.
    pub const BROKER_LOGGER: Self = Self(8);
    /// A subscription to clients' metrics (KIP-714).
    pub const CLIENT_METRICS: Self = Self(16);
    /// A group.
    pub const GROUP: Self = Self(32);

    /// Kafka's name of it; `UNKNOWN` for the numbers it does not know.
    pub fn name(self) -> &'static str {
        match self {
            Self::TOPIC => "TOPIC",
            Self::BROKER => "BROKER",
            Self::BROKER_LOGGER => "BROKER_LOGGER",
            Self::CLIENT_METRICS => "CLIENT_METRICS",
            Self::GROUP => "GROUP",
            _ => "UNKNOWN",
        }
    }
}

/// Something that is configured.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    /// Its kind.
    pub kind: ResourceType,
    /// Its name; empty for all brokers together.
    pub name: String,
}

impl ConfigResource {
    /// The resource `name` of `kind`.
    pub fn new(kind: ResourceType, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// A topic's configuration.
    pub fn topic(name: &str) -> Self {
        Self::new(ResourceType::TOPIC, name)
    }
}

/// Whom a quota is for: names by type; a type without a name is its default.
pub type QuotaEntity = BTreeMap<String, Option<String>>;

impl Image {
    /// What was set for one resource, if anything.
    pub fn config(&self, resource: &ConfigResource) -> Option<&Map<String, String>> {
        self.configs.get(resource)
    }

    /// One value that was set for a topic.
    pub fn topic_config(&self, topic: &str, key: &str) -> Option<&str> {
        self.config(&ConfigResource::topic(topic))?.get(key).map(String::as_str)
    }

    pub(super) fn replay_config(&mut self, record: &ConfigRecord) {
        let resource = ConfigResource::new(ResourceType(record.resource_type), record.resource_name.clone());
        let mut keys = self.configs.get(&resource).cloned().unwrap_or_default();
        match &record.value {
            Some(value) => keys.insert_mut(record.name.clone(), value.clone()),
            None => {
                keys.remove_mut(&record.name);
            }
        }
        if keys.is_empty() {
            self.configs.remove_mut(&resource);
        } else {
            self.configs.insert_mut(resource, keys);
        }
    }

    pub(super) fn replay_client_quota(&mut self, record: &ClientQuotaRecord) {
        let entity: QuotaEntity =
            record.entity.iter().map(|part| (part.entity_type.clone(), part.entity_name.clone())).collect();
        let mut keys = self.client_quotas.get(&entity).cloned().unwrap_or_default();
        if record.remove {
            keys.remove_mut(&record.key);
        } else {
            keys.insert_mut(record.key.clone(), record.value);
        }
        if keys.is_empty() {
            self.client_quotas.remove_mut(&entity);
        } else {
            self.client_quotas.insert_mut(entity, keys);
        }
    }
}
