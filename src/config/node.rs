//! One node's configuration, typed: what the broker and the controller read at run time. A snapshot; build another when it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::NodeId;

use crate::address::{HostPort, Voter};
use crate::layers::{Layers, Resolved, Settings, usable};
use crate::listeners::{Listeners, ip_overrides};
use crate::sections::{
    FetchConfig, GroupsConfig, KraftConfig, LogsConfig, QuorumConfig, QuotasConfig, ReplicationConfig, ServerConfig,
    ShareConfig, SocketConfig, TopicsConfig, TransactionsConfig,
};
use crate::{ConfigError, Scope, Value, address, nearest_key, parse_override, parse_properties, rules};

/// Everything a node is told (`KafkaConfig`). Values of keys without a field here are in [`Self::value`].
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// `node.id`.
    pub node_id: NodeId,
    /// Whether `process.roles` has `broker`.
    pub is_broker: bool,
    /// Whether `process.roles` has `controller`.
    pub is_controller: bool,
    /// Bound and advertised listeners.
    pub listeners: Listeners,
    /// `log.dirs`, else `log.dir`; never empty.
    pub log_dirs: Vec<String>,
    /// `metadata.log.dir`, else the first of the log directories.
    pub metadata_log_dir: String,
    /// `cordoned.log.dirs`: directories that get no new partitions, `*` written out.
    pub cordoned_log_dirs: Vec<String>,
    /// `controller.quorum.voters`; empty with a dynamic quorum.
    pub voters: Vec<Voter>,
    /// `controller.quorum.bootstrap.servers`.
    pub bootstrap_servers: Vec<HostPort>,
    /// `max.connections.per.ip.overrides`.
    pub max_connections_per_ip_overrides: BTreeMap<String, i32>,
    /// Sockets, connections, request queue.
    pub socket: SocketConfig,
    /// Threads, sizes and switches of the whole node.
    pub server: ServerConfig,
    /// New topics.
    pub topics: TopicsConfig,
    /// Log directories' housekeeping, and the cleaner. Topics' own values are in [`crate::TopicConfig`].
    pub logs: LogsConfig,
    /// Fetch requests and sessions.
    pub fetch: FetchConfig,
    /// Copying partitions.
    pub replication: ReplicationConfig,
    /// Group coordination.
    pub groups: GroupsConfig,
    /// Share groups' deliveries and state.
    pub share: ShareConfig,
    /// Producers and transactions.
    pub transactions: TransactionsConfig,
    /// Registration, heartbeats, the metadata log.
    pub kraft: KraftConfig,
    /// The controllers' quorum.
    pub quorum: QuorumConfig,
    /// Quota windows.
    pub quotas: QuotasConfig,
    pub(crate) layers: Layers,
    pub(crate) resolved: Arc<Resolved>,
}

impl NodeConfig {
    /// Reads `server.properties` and `key=value` overrides of a command line, which win; all is checked as Kafka checks it.
    ///
    /// # Errors
    /// [`ConfigError`] names the key, the value and what is allowed.
    pub fn from_text(text: &str, overrides: &[String]) -> Result<Self, ConfigError> {
        let mut settings: Settings = parse_properties(text)?.into_iter().collect();
        for text in overrides {
            settings.extend([parse_override(text)?]);
        }
        Self::from_settings(settings)
    }

    /// As [`Self::from_text`], of settings that are read already.
    ///
    /// # Errors
    /// As [`Self::from_text`].
    pub fn from_settings(settings: Settings) -> Result<Self, ConfigError> {
        Self::from_layers(Layers::of_file(settings), true)
    }

    /// The same node with other dynamic configs: `cluster` of the broker resource without a name, `broker` of this node.
    /// What cannot be used (read-only keys, bad values) is left out and named.
    ///
    /// # Errors
    /// [`ConfigError`] where the values contradict each other; the old configuration then stays in force.
    pub fn with_dynamic(&self, cluster: &Settings, broker: &Settings) -> Result<(Self, Vec<String>), ConfigError> {
        let (cluster, mut ignored) = usable(cluster, false);
        let (broker, also) = usable(broker, true);
        ignored.extend(also);
        let layers = Layers { file: self.layers.file.clone(), cluster: Arc::new(cluster), broker: Arc::new(broker) };
        Ok((Self::from_layers(layers, true)?, ignored))
    }

    pub(crate) fn from_layers(layers: Layers, clamped: bool) -> Result<Self, ConfigError> {
        let resolved = Arc::new(Resolved::new(Scope::Broker, layers.effective(clamped))?);
        let r = &*resolved;
        let roles = r.list("process.roles");
        let log_dirs = match r.value("log.dirs").and_then(Value::as_list) {
            Some(dirs) => dirs.to_vec(),
            None => r.list("log.dir").to_vec(),
        };
        let metadata_log_dir = match r.text("metadata.log.dir") {
            Some(dir) => dir.to_owned(),
            None => log_dirs.first().cloned().unwrap_or_default(),
        };
        let cordoned = r.list("cordoned.log.dirs");
        let node = Self {
            node_id: NodeId(r.get("node.id")?),
            is_broker: roles.iter().any(|role| role == "broker"),
            is_controller: roles.iter().any(|role| role == "controller"),
            listeners: Listeners::new(r)?,
            cordoned_log_dirs: if cordoned.iter().any(|d| d == "*") { log_dirs.clone() } else { cordoned.to_vec() },
            log_dirs,
            metadata_log_dir,
            voters: r.list("controller.quorum.voters").iter().map(|e| Voter::parse(e)).collect::<Result<_, _>>()?,
            bootstrap_servers: r
                .list("controller.quorum.bootstrap.servers")
                .iter()
                .map(|e| address::bootstrap_server(e))
                .collect::<Result<_, _>>()?,
            max_connections_per_ip_overrides: ip_overrides(r)?,
            socket: SocketConfig::read(r)?,
            server: ServerConfig::read(r)?,
            topics: TopicsConfig::read(r)?,
            logs: LogsConfig::read(r)?,
            fetch: FetchConfig::read(r)?,
            replication: ReplicationConfig::read(r)?,
            groups: GroupsConfig::read(r)?,
            share: ShareConfig::read(r)?,
            transactions: TransactionsConfig::read(r)?,
            kraft: KraftConfig::read(r)?,
            quorum: QuorumConfig::read(r)?,
            quotas: QuotasConfig::read(r)?,
            layers,
            resolved: resolved.clone(),
        };
        rules::check(&node)?;
        Ok(node)
    }

    /// The typed value of any broker key; `None` where it is null or there is no such key.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.resolved.value(name)
    }

    /// Everything that is set, defaults not: the file under the dynamic configs.
    pub fn settings(&self) -> &Settings {
        &self.resolved.raw
    }

    /// Where the settings come from.
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Names in the file that no key has, each with the key that may have been meant. What plug-ins and listeners own is let be.
    pub fn unknown_keys(&self) -> Vec<(String, Option<&'static str>)> {
        const FREE: &[&str] = &["listener.name.", "config.providers.", "rsm.config.", "rlmm.config."];
        let unknown = |name: &&String| {
            crate::key(Scope::Broker, name).is_none() && !FREE.iter().any(|prefix| name.starts_with(prefix))
        };
        let file = self.layers.file.keys().filter(unknown);
        file.map(|name| (name.clone(), nearest_key(Scope::Broker, name))).collect()
    }
}
