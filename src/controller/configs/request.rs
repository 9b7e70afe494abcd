//! What a request to change configurations asks for, and whether it makes sense by itself.

use std::collections::{BTreeMap, BTreeSet};

use config::Scope;
use metadata::{ConfigResource, ResourceType};
use model::ErrorCode;

use crate::{ConfigChange, Refusal};

/// What to do with one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    Set(&'a str),
    Delete,
    Append(&'a str),
    Subtract(&'a str),
}

pub(super) fn scope(kind: ResourceType) -> Option<Scope> {
    match kind {
        ResourceType::TOPIC => Some(Scope::Topic),
        ResourceType::BROKER => Some(Scope::Broker),
        ResourceType::GROUP => Some(Scope::Group),
        ResourceType::CLIENT_METRICS => Some(Scope::ClientMetrics),
        _ => None,
    }
}

pub(super) fn unknown_type(kind: ResourceType) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, format!("Unknown resource type {}", kind.0))
}

pub(super) fn repeated<'a>(resources: impl Iterator<Item = &'a ConfigResource>) -> BTreeSet<&'a ConfigResource> {
    let mut once = BTreeSet::new();
    resources.filter(|resource| !once.insert(*resource)).collect()
}

pub(super) fn once(twice: &BTreeSet<&ConfigResource>, resource: &ConfigResource) -> Result<(), Refusal> {
    match twice.contains(resource) {
        true => Err(Refusal::new(ErrorCode::InvalidRequest, "Each resource must appear at most once.")),
        false => Ok(()),
    }
}

pub(super) fn parse<'a>(
    resource: &ConfigResource,
    changes: &'a [ConfigChange],
) -> Result<BTreeMap<&'a str, Change<'a>>, Refusal> {
    let refuse = |message: String| Err(Refusal::new(ErrorCode::InvalidRequest, message));
    let mut parsed = BTreeMap::new();
    let mut nulls = Vec::new();
    for ConfigChange { name, operation, value } in changes {
        let text = value.as_deref().unwrap_or_default();
        let change = match operation {
            0 => Change::Set(text),
            1 => Change::Delete,
            2 => Change::Append(text),
            3 => Change::Subtract(text),
            other if resource.kind == ResourceType::BROKER => {
                return refuse(format!("Unknown operations type {other}"));
            }
            _ => return Err(Refusal::code(ErrorCode::UnknownServerError)),
        };
        if change != Change::Delete && value.is_none() {
            nulls.push(name.as_str());
        }
        if parsed.insert(name.as_str(), change).is_some() {
            return refuse("Error due to duplicate config keys".to_owned());
        }
    }
    if !nulls.is_empty() {
        return refuse(format!("Null value not supported for : {}", nulls.join(", ")));
    }
    if scope(resource.kind).is_none() {
        return Err(unknown_type(resource.kind));
    }
    Ok(parsed)
}
