//! Dynamic configurations of topics, brokers, groups and client metrics (`ConfigurationControlManager`).

mod request;

use std::collections::BTreeMap;

use config::Scope;
use metadata::records::{ClearElrRecord, ConfigRecord};
use metadata::{ConfigResource, Image, MetadataVersion, Record, ResourceType};
use model::{ErrorCode, NodeId, TopicName};

use request::{once, parse, repeated, scope, unknown_type};

pub(crate) use request::Change;

use crate::node::to_settings;
use crate::{AlterConfigs, ConfigChange, Controller, Decision, IncrementalAlterConfigs, Refusal, Reply};

pub(crate) const MIN_ISR: &str = "min.insync.replicas";
const CORDONED: &str = "cordoned.log.dirs";
const LONGEST_VALUE: usize = i16::MAX as usize;

impl Controller {
    pub(crate) fn incremental_alter_configs(&mut self, image: &Image, request: IncrementalAlterConfigs) -> Decision {
        let twice = repeated(request.resources.iter().map(|(resource, _)| resource));
        let mut records = Vec::new();
        let mut results = Vec::new();
        for (resource, changes) in &request.resources {
            let result = once(&twice, resource)
                .and_then(|()| parse(resource, changes))
                .and_then(|changes| check_broker_name(resource).map(|()| changes))
                .and_then(|changes| self.alter_resource(image, resource, &changes, false))
                .map(|more| records.extend(more));
            results.push((resource.clone(), result));
        }
        finish(image, request.validate_only, records, results)
    }

    pub(crate) fn alter_configs(&mut self, image: &Image, request: AlterConfigs) -> Decision {
        let twice = repeated(request.resources.iter().map(|(resource, _)| resource));
        let mut records = Vec::new();
        let mut results = Vec::new();
        for (resource, configs) in &request.resources {
            let as_changes = |(name, value): &(String, Option<String>)| ConfigChange {
                name: name.clone(),
                operation: 0,
                value: value.clone(),
            };
            let sets: Vec<_> = configs.iter().map(as_changes).collect();
            let result = once(&twice, resource)
                .and_then(|()| parse(resource, &sets))
                .and_then(|changes| check_broker_name(resource).map(|()| changes))
                .and_then(|mut changes| {
                    for (key, _) in image.config(resource).into_iter().flatten() {
                        changes.entry(key).or_insert(Change::Delete);
                    }
                    self.alter_resource(image, resource, &changes, false)
                })
                .map(|more| records.extend(more));
            results.push((resource.clone(), result));
        }
        finish(image, request.validate_only, records, results)
    }

    /// The records that carry the changes out; `is_new` if the resource is created by the same decision.
    pub(crate) fn alter_resource(
        &mut self,
        image: &Image,
        resource: &ConfigResource,
        changes: &BTreeMap<&str, Change<'_>>,
        is_new: bool,
    ) -> Result<Vec<ConfigRecord>, Refusal> {
        let current = to_settings(image.config(resource));
        let mut wanted = current.clone();
        let mut records = Vec::new();
        for (key, change) in changes {
            let old = current.get(*key);
            let new = self.changed(resource, key, old, *change)?;
            // A broker's configs are written even if they are the same, which makes it read its files again (KAFKA-14136).
            if new.as_ref() == old && resource.kind != ResourceType::BROKER {
                continue;
            }
            let record = ConfigRecord {
                resource_type: resource.kind.0,
                resource_name: resource.name.clone(),
                name: (*key).to_owned(),
                value: new,
                ..Default::default()
            };
            match &record.value {
                Some(value) => drop(wanted.insert(record.name.clone(), value.clone())),
                None => drop(wanted.remove(*key)),
            }
            records.push(record);
        }
        // A broker looks at its own configuration before it forwards the request; the controller checks its rules after.
        let broker_first = resource.kind == ResourceType::BROKER;
        if broker_first {
            self.validate(image, resource, &current, &wanted)?;
        }
        records.iter().try_for_each(|record| check_record(image, record))?;
        if !broker_first {
            self.validate(image, resource, &current, &wanted)?;
        }
        if !is_new && resource.kind == ResourceType::TOPIC && image.topic(&resource.name).is_none() {
            return Err(Refusal::new(
                ErrorCode::UnknownTopicOrPartition,
                format!("The topic '{}' does not exist.", resource.name),
            ));
        }
        if !is_new && resource.kind == ResourceType::BROKER {
            check_broker_exists(image, &resource.name)?;
        }
        Ok(records)
    }

    fn changed(
        &self,
        resource: &ConfigResource,
        key: &str,
        old: Option<&String>,
        change: Change<'_>,
    ) -> Result<Option<String>, Refusal> {
        let (value, append) = match change {
            Change::Set(value) => return Ok(Some(value.to_owned())),
            Change::Delete => return Ok(None),
            Change::Append(value) => (value, true),
            Change::Subtract(value) => (value, false),
        };
        // Kafka knows the lists of topics and brokers only; to it, a client metrics subscription has none.
        let with_lists = |scope: &Scope| matches!(scope, Scope::Topic | Scope::Broker);
        let scope = scope(resource.kind).filter(with_lists).filter(|scope| config::is_list(*scope, key));
        let Some(scope) = scope else {
            let operation = if append { "APPEND" } else { "SUBTRACT" };
            return Err(Refusal::new(
                ErrorCode::InvalidConfig,
                format!("Can't {operation} to key {key} because its type is not LIST."),
            ));
        };
        let default = || config::key(scope, key)?.default_value().map(|value| value.to_string());
        let old = old.cloned().or_else(default).unwrap_or_default();
        let mut parts: Vec<&str> = old.split(',').filter(|part| !part.is_empty()).collect();
        for part in value.split(',') {
            match parts.iter().position(|it| *it == part) {
                None if append => parts.push(part),
                Some(at) if !append => drop(parts.remove(at)),
                _ => {}
            }
        }
        Ok(Some(parts.join(",")))
    }

    /// `ControllerConfigurationValidator`, and for brokers what the broker that forwards the request checks before.
    fn validate(
        &mut self,
        image: &Image,
        resource: &ConfigResource,
        current: &config::Settings,
        wanted: &config::Settings,
    ) -> Result<(), Refusal> {
        let Some(scope) = scope(resource.kind) else { return Err(unknown_type(resource.kind)) };
        config::validate_resource_name(scope, &resource.name).map_err(refusal)?;
        let node = self.node.in_force(image);
        match scope {
            Scope::Topic => {
                TopicName::check(&resource.name)
                    .map_err(|why| Refusal::new(ErrorCode::InvalidTopicException, why.to_string()))?;
                config::validate_topic_configs(&node, current, wanted)
            }
            Scope::Broker => config::validate_broker_configs(&node, wanted, !resource.name.is_empty()),
            Scope::Group => config::validate_group_configs(&node, wanted),
            Scope::ClientMetrics => config::validate_client_metrics_configs(wanted),
        }
        .map_err(refusal)
    }
}

/// Adds what a change of the least ISR entails: nobody is eligible by the old one any more (KIP-966).
pub(crate) fn with_cleared_elr(image: &Image, records: Vec<ConfigRecord>) -> Vec<Record> {
    let clear = |record: &ConfigRecord| {
        let of_topic = record.resource_type == ResourceType::TOPIC.0;
        let topic_name = if of_topic { record.resource_name.as_str().into() } else { "".into() };
        Record::from(ClearElrRecord { topic_name, ..Default::default() })
    };
    let min_isrs = records.iter().filter(|record| record.name == MIN_ISR && image.has_elr());
    let cleared: Vec<_> = min_isrs.map(clear).collect();
    records.into_iter().map(Record::from).chain(cleared).collect()
}

fn finish(
    image: &Image,
    validate_only: bool,
    records: Vec<ConfigRecord>,
    results: Vec<(ConfigResource, Result<(), Refusal>)>,
) -> Decision {
    let records = if validate_only { vec![] } else { with_cleared_elr(image, records) };
    Decision::atomic(records, Reply::AlterConfigs(results))
}

fn refusal(from: config::Refusal) -> Refusal {
    Refusal::new(from.code, from.message)
}

fn check_record(image: &Image, record: &ConfigRecord) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal::new(ErrorCode::InvalidConfig, message));
    let of_broker = record.resource_type == ResourceType::BROKER.0;
    if of_broker && record.name == MIN_ISR && image.has_elr() {
        if !record.resource_name.is_empty() {
            return refuse(format!("Broker-level {MIN_ISR} cannot be altered while ELR is enabled."));
        }
        if record.value.is_none() {
            return refuse(format!("Cluster-level {MIN_ISR} cannot be removed while ELR is enabled."));
        }
    }
    let can_cordon = image.metadata_version().is_some_and(MetadataVersion::has_cordoned_directories);
    if of_broker && record.name == CORDONED && !can_cordon {
        return refuse(format!(
            "The {CORDONED} configuration value cannot be set because it requires metadata.version >= 4.3-IV0"
        ));
    }
    if record.value.as_ref().is_some_and(|value| value.len() > LONGEST_VALUE) {
        return refuse(format!(
            "The configuration value cannot be added because it exceeds the maximum value size of {LONGEST_VALUE} bytes."
        ));
    }
    Ok(())
}

/// A broker is named by its number. That it is the one that was asked is checked there, before it forwards the request
/// (`ControllerConfigurationValidator.validateBrokerName`).
fn check_broker_name(resource: &ConfigResource) -> Result<(), Refusal> {
    if resource.kind != ResourceType::BROKER || resource.name.is_empty() {
        return Ok(());
    }
    let refuse = |message: &str| Err(Refusal::new(ErrorCode::InvalidRequest, message));
    match resource.name.parse::<i32>() {
        Ok(0..) => Ok(()),
        Ok(_) => refuse("Invalid negative broker ID."),
        Err(_) => refuse("Unable to parse broker name as a base 10 number."),
    }
}

fn check_broker_exists(image: &Image, name: &str) -> Result<(), Refusal> {
    let Ok(id) = name.parse().map(NodeId) else { return Ok(()) };
    match image.brokers.contains_key(&id) || image.controllers.contains_key(&id) {
        true => Ok(()),
        false => Err(Refusal::new(ErrorCode::BrokerIdNotRegistered, format!("No node with id {id} found."))),
    }
}
