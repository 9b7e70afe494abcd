//! The node's sockets: which listeners, with which limits, and what others are told about them.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use config::{Listener, NodeConfig, SecurityProtocol};
use host::net::{SocketOptions, resolve};
use metadata::records::{BrokerEndpoint, ControllerEndpoint};
use net::{Bound, Limits, ListenerSpec, SharedLimits};

/// Binds the listeners that clients use. They may connect from now on, and are answered when the node serves.
pub async fn bind(config: &NodeConfig, limits: SharedLimits) -> anyhow::Result<Bound> {
    bind_all(config, config.listeners.broker().collect(), limits).await
}

/// Binds the listeners of this node as a controller.
pub async fn bind_controller(config: &NodeConfig, limits: SharedLimits) -> anyhow::Result<Bound> {
    bind_all(config, config.listeners.controller().collect(), limits).await
}

async fn bind_all(config: &NodeConfig, listeners: Vec<&Listener>, limits: SharedLimits) -> anyhow::Result<Bound> {
    let mut specs = Vec::new();
    let names: Vec<&str> = listeners.iter().map(|listener| listener.name.as_str()).collect();
    for listener in listeners {
        if listener.protocol != SecurityProtocol::Plaintext {
            bail!("listener {}: {} is not served yet, only PLAINTEXT is", listener.name, listener.protocol.name());
        }
        let host = listener.host.as_deref().unwrap_or("0.0.0.0");
        let addresses = resolve(host, listener.port).await.with_context(|| format!("listener {}", listener.name))?;
        let Some(address) = addresses.first() else { continue };
        specs.push(ListenerSpec {
            name: listener.name.clone(),
            address: *address,
            is_protected: names.len() > 1 && listener.name == config.listeners.inter_broker,
        });
    }
    let socket = &config.socket;
    let options = SocketOptions {
        listen_backlog: socket.listen_backlog_size,
        send_buffer_bytes: socket.send_buffer_bytes,
        receive_buffer_bytes: socket.receive_buffer_bytes,
    };
    Ok(Bound::bind(&specs, options, limits)?)
}

/// The limits on clients by a configuration.
pub async fn limits(config: &NodeConfig) -> Limits {
    let socket = &config.socket;
    let mut overrides = BTreeMap::new();
    for (host, count) in &config.max_connections_per_ip_overrides {
        match resolve(host, 0).await {
            Ok(addresses) => {
                overrides.extend(addresses.iter().map(|address| (address.ip(), (*count).max(0) as u32)));
            }
            Err(error) => tracing::warn!(host, %error, "an override of max.connections.per.ip is not used"),
        }
    }
    Limits {
        socket_request_max_bytes: socket.request_max_bytes,
        queued_max_request_bytes: socket.queued_max_request_bytes,
        max_connections: socket.max_connections.max(0) as u32,
        max_connections_per_ip: socket.max_connections_per_ip.max(0) as u32,
        max_connections_per_ip_overrides: overrides,
        connections_max_idle_ms: socket.connections_max_idle_ms,
        ..Limits::default()
    }
}

/// What clients are told of the listeners: as advertised, with the real port where any free one was asked for.
pub fn advertised(config: &NodeConfig, bound: &Bound) -> anyhow::Result<Vec<BrokerEndpoint>> {
    let ports: BTreeMap<&str, u16> = config
        .listeners
        .broker()
        .map(|listener| listener.name.as_str())
        .zip(bound.addresses().iter().map(|address| address.port()))
        .collect();
    let told = config.listeners.advertised.iter().map(|listener| {
        Ok(BrokerEndpoint {
            name: listener.name.clone(),
            host: host_of(listener)?,
            port: port_of(listener, &ports),
            security_protocol: listener.protocol.id(),
            ..BrokerEndpoint::default()
        })
    });
    told.collect()
}

/// What brokers and other controllers are told of this node's listeners as a controller.
pub fn advertised_controller(config: &NodeConfig, bound: &Bound) -> anyhow::Result<Vec<ControllerEndpoint>> {
    let ports: BTreeMap<&str, u16> = config
        .listeners
        .controller()
        .map(|listener| listener.name.as_str())
        .zip(bound.addresses().iter().map(|address| address.port()))
        .collect();
    let told = config.listeners.advertised_controller.iter().map(|listener| {
        Ok(ControllerEndpoint {
            name: listener.name.clone(),
            host: host_of(listener)?,
            port: port_of(listener, &ports),
            security_protocol: listener.protocol.id(),
            ..ControllerEndpoint::default()
        })
    });
    told.collect()
}

fn host_of(listener: &Listener) -> anyhow::Result<String> {
    match listener.host.as_deref() {
        None | Some("") => host::net::host_name().context("this machine has no name to advertise"),
        Some(host) => Ok(host.to_owned()),
    }
}

/// The real port where any free one was asked for.
fn port_of(listener: &Listener, ports: &BTreeMap<&str, u16>) -> u16 {
    match listener.port {
        0 => ports.get(listener.name.as_str()).copied().unwrap_or(0),
        port => port,
    }
}
