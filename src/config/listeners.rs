//! The listeners of a node out of its settings: names, protocols, bound and advertised addresses (`AbstractKafkaConfig`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::address::{self, Listener, SecurityProtocol, valid_host};
use crate::layers::Resolved;
use crate::{ConfigError, HostPort};

const PROTOCOL_MAP: &str = "listener.security.protocol.map";

/// All that concerns listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// Every bound listener, in the order of `listeners`.
    pub all: Vec<Listener>,
    /// Names of the controllers' listeners in upper case; the first is the one that brokers use.
    pub controller_names: Vec<String>,
    /// What clients and brokers are told. A port of 0 must be replaced by the bound one.
    pub advertised: Vec<Listener>,
    /// What other controllers are told.
    pub advertised_controller: Vec<Listener>,
    /// The listener that brokers use between themselves.
    pub inter_broker: String,
    /// Its protocol.
    pub inter_broker_protocol: SecurityProtocol,
    /// Every listener name with its protocol.
    pub protocols: BTreeMap<String, SecurityProtocol>,
}

impl Listeners {
    /// The listeners that clients use.
    pub fn broker(&self) -> impl Iterator<Item = &Listener> {
        self.all.iter().filter(|l| !self.controller_names.contains(&l.name))
    }

    /// The listeners that only controllers serve.
    pub fn controller(&self) -> impl Iterator<Item = &Listener> {
        self.all.iter().filter(|l| self.controller_names.contains(&l.name))
    }

    pub(crate) fn new(r: &Resolved) -> Result<Self, ConfigError> {
        let protocols = protocols(r)?;
        let controller_names: Vec<String> = r.list("controller.listener.names").to_vec();
        let all = endpoints(r.list("listeners"), &protocols, true)?;
        let given = r.value("advertised.listeners").and_then(|v| v.as_list());
        let told = given.map(|entries| endpoints(entries, &protocols, false)).transpose()?;
        let is_controller = |l: &&Listener| controller_names.contains(&l.name);
        let advertised = told.as_ref().unwrap_or(&all).iter().filter(|l| !is_controller(l)).cloned().collect();
        let advertised_controller =
            advertised_controllers(r, &controller_names, told.as_deref().unwrap_or_default(), &all)?;
        let (inter_broker, inter_broker_protocol) = inter_broker(r, &protocols)?;
        Ok(Self {
            all,
            controller_names,
            advertised,
            advertised_controller,
            inter_broker,
            inter_broker_protocol,
            protocols,
        })
    }
}

/// `listener.security.protocol.map`, with PLAINTEXT for the controllers' listeners where nothing speaks against it.
fn protocols(r: &Resolved) -> Result<BTreeMap<String, SecurityProtocol>, ConfigError> {
    let mut map = BTreeMap::new();
    for (name, protocol) in csv_map(PROTOCOL_MAP, r.text(PROTOCOL_MAP).unwrap_or_default())? {
        map.insert(name.to_uppercase(), protocol_named(&protocol, PROTOCOL_MAP)?);
    }
    if r.raw.contains_key(PROTOCOL_MAP) {
        return Ok(map);
    }
    let secure = |name: &str| ["SSL", "SASL_SSL", "SASL_PLAINTEXT"].contains(&name);
    let controllers = r.list("controller.listener.names");
    let mut listeners = Vec::new();
    for entry in r.list("listeners") {
        let (name, _) = entry
            .split_once(':')
            .ok_or_else(|| ConfigError::Rule(format!("Unable to parse a listener name from {entry}")))?;
        listeners.push(name.to_uppercase());
    }
    if !controllers.iter().any(|name| secure(name)) && !listeners.iter().any(|name| secure(name)) {
        map.extend(controllers.iter().map(|name| (name.clone(), SecurityProtocol::Plaintext)));
    }
    Ok(map)
}

fn protocol_named(name: &str, key: &str) -> Result<SecurityProtocol, ConfigError> {
    SecurityProtocol::from_name(name)
        .ok_or_else(|| ConfigError::Rule(format!("Invalid security protocol `{name}` defined in {key}")))
}

/// `Csv.parseCsvMap`: `key:value` pairs, split at the last colon so that keys may be IPv6 addresses. The error of an entry
/// without a colon is that of Java's `substring`.
pub(crate) fn csv_map(key: &str, text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let pair = |entry: &str| {
        let (name, value) = entry.rsplit_once(':').ok_or_else(|| {
            ConfigError::Rule(format!(
                "Error parsing configuration property '{key}': begin 0, end -1, length {}",
                entry.len()
            ))
        })?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    text.split(',').map(|entry| pair(entry.trim())).collect()
}

fn endpoints(
    entries: &[String],
    protocols: &BTreeMap<String, SecurityProtocol>,
    distinct_ports: bool,
) -> Result<Vec<Listener>, ConfigError> {
    let shown = format!("[{}]", entries.join(", "));
    let fail = |why: String| ConfigError::Rule(format!("Error creating broker listeners from '{shown}': {why}"));
    let mut found: Vec<Listener> = Vec::with_capacity(entries.len());
    for entry in entries {
        let (name, host, port) = address::listener(entry).map_err(fail)?;
        let protocol =
            *protocols.get(&name).ok_or_else(|| fail(format!("No security protocol defined for listener {name}")))?;
        found.push(Listener { name, protocol, host, port });
    }
    for (at, one) in found.iter().enumerate() {
        let earlier = found.get(..at).unwrap_or_default();
        if earlier.iter().any(|other| other.name == one.name) {
            return Err(fail(format!("Each listener must have a different name, listeners: {shown}")));
        }
    }
    if distinct_ports {
        check_ports(&found, &shown).map_err(fail)?;
    }
    Ok(found)
}

/// A port may be used twice only by one IPv4 and one IPv6 address (KIP-797); 0 is no port yet.
fn check_ports(listeners: &[Listener], shown: &str) -> Result<(), String> {
    let ip = |l: &Listener| l.host.as_deref().and_then(|host| host.parse::<IpAddr>().ok());
    for one in listeners.iter().filter(|l| l.port != 0) {
        let same: Vec<&Listener> = listeners.iter().filter(|l| l.port == one.port).collect();
        let addresses: Vec<IpAddr> = same.iter().filter_map(|l| ip(l)).collect();
        let port = one.port;
        match (same.len() - addresses.len(), addresses.as_slice()) {
            (2.., _) => return Err(format!("Each listener must have a different port, listeners: {shown}")),
            (0, [one, other]) if one.is_ipv4() != other.is_ipv4() => {}
            (_, [_, _]) => {
                return Err(format!(
                    "If you have two listeners on the same port then one needs to be IPv4 and the other IPv6, listeners: {shown}, port: {port}"
                ));
            }
            (1, []) | (0, [_]) => {}
            _ => {
                return Err(format!(
                    "Each listener must have a different port unless exactly one listener has an IPv4 address and the other IPv6 address, listeners: {shown}, port: {port}"
                ));
            }
        }
    }
    Ok(())
}

fn inter_broker(
    r: &Resolved,
    protocols: &BTreeMap<String, SecurityProtocol>,
) -> Result<(String, SecurityProtocol), ConfigError> {
    const NAME: &str = "inter.broker.listener.name";
    const PROTOCOL: &str = "security.inter.broker.protocol";
    let Some(name) = r.text(NAME) else {
        let protocol = protocol_named(r.text(PROTOCOL).unwrap_or_default(), PROTOCOL)?;
        return Ok((protocol.name().to_owned(), protocol));
    };
    if r.raw.contains_key(PROTOCOL) {
        return Err(ConfigError::Rule(format!("Only one of {NAME} and {PROTOCOL} should be set.")));
    }
    let name = name.to_uppercase();
    match protocols.get(&name) {
        Some(protocol) => Ok((name, *protocol)),
        None => {
            Err(ConfigError::Rule(format!("Listener with name {name} defined in {NAME} not found in {PROTOCOL_MAP}.")))
        }
    }
}

/// What a controller tells others: `advertised.listeners`, else what the bootstrap servers or voters say of itself, else `listeners`.
fn advertised_controllers(
    r: &Resolved,
    names: &[String],
    told: &[Listener],
    all: &[Listener],
) -> Result<Vec<Listener>, ConfigError> {
    let me = r.long("node.id");
    let mut voter: Option<HostPort> = None;
    for entry in r.list("controller.quorum.voters") {
        let found = address::Voter::parse(entry)?;
        if Some(i64::from(found.id)) == me {
            voter = Some(found.address);
        }
    }
    let mut found = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let upper = name.to_uppercase();
        if let Some(listener) = told.iter().find(|l| l.name == upper && names.contains(&l.name)) {
            found.push(listener.clone());
            continue;
        }
        let Some(listener) = all.iter().find(|l| l.name == upper && names.contains(&l.name)) else { continue };
        let mut listener = listener.clone();
        if listener.host.as_deref().is_none_or(|host| host == "0.0.0.0") {
            // The wildcard is nobody's address: the voters' list knows better, else the machine's own name is advertised.
            let known = voter.clone().filter(|_| at == 0);
            listener.port = known.as_ref().map_or(listener.port, |address| address.port);
            listener.host = known.map(|address| address.host);
        }
        found.push(listener);
    }
    Ok(found)
}

/// `max.connections.per.ip.overrides`: host to the number of connections it may have.
pub(crate) fn ip_overrides(r: &Resolved) -> Result<BTreeMap<String, i32>, ConfigError> {
    const KEY: &str = "max.connections.per.ip.overrides";
    let mut map = BTreeMap::new();
    for (host, limit) in csv_map(KEY, r.text(KEY).unwrap_or_default())? {
        let limit = limit.parse().map_err(|_| ConfigError::Rule(format!("For input string: \"{limit}\"")))?;
        map.insert(host, limit);
    }
    let invalid: Vec<&str> = map.keys().map(String::as_str).filter(|host| !valid_host(host)).collect();
    match invalid.is_empty() {
        true => Ok(map),
        false => Err(ConfigError::Rule(format!("{KEY} contains invalid addresses : {}", invalid.join(",")))),
    }
}
