//! A running node: starts, stops and joins all the other crates.

pub mod apis;
mod cleaner;
mod coordinators;
mod directories;
mod fetchers;
mod groups;
mod handlers;
mod housekeeping;
mod internal_topics;
mod isr;
mod listeners;
mod membership;
mod nearest;
mod node;
mod partition;
mod partitions;
mod peers;
mod producer_ids;
mod publisher;
mod read;
#[cfg(test)]
mod replication_tests;
mod service;
mod text;
mod topic_settings;
mod waiters;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use anyhow::{Context, bail};
use cleaner::Cleaner;
use config::NodeConfig;
use controller::{Controller, Settings};
use model::{ClusterId, TopicId, TopicPartition};
use net::{Server, SharedLimits};
use quorum::Applied;
use storage::manager::Logs;
use tracing::info;

pub use directories::format;
use housekeeping::Housekeeping;
use isr::Keeper;
use membership::Registration;
use node::{Node, Published};
use service::Service;
use topic_settings::TopicSettings;

/// How long clients have to take their last responses when the node stops.
const GRACE: Duration = Duration::from_secs(3);

/// A node that serves.
pub struct Running {
    node: Arc<Node>,
    server: Server,
    housekeeping: Housekeeping,
    cleaner: Cleaner,
    keeper: Keeper,
    addresses: Vec<SocketAddr>,
}

impl Running {
    /// Starts a node: sockets, directories, metadata, logs, and then the clients are let in.
    ///
    /// # Errors
    /// What is wrong, in words for whoever runs it.
    pub async fn start(config: NodeConfig) -> anyhow::Result<Self> {
        check(&config)?;
        host::limits::raise_open_files();
        let limits: SharedLimits = listeners::limits(&config).await.shared();
        let bound = listeners::bind(&config, limits.clone()).await?;
        let addresses = bound.addresses().to_vec();
        let endpoints = listeners::advertised(&config, &bound)?;

        let config = Arc::new(config);
        let logs = Arc::new(directories::open(config.clone()).await?);
        let cluster_id = logs.cluster_id().clone();
        // Called for changes only, and those come when the node is there to ask for them.
        let follower: Arc<OnceLock<Weak<Node>>> = Arc::default();
        let on_applied = {
            let follower = follower.clone();
            move |applied: &Applied| {
                if let Some(node) = follower.get().and_then(Weak::upgrade) {
                    node.follow(applied.image.clone(), applied.end.0 - 1);
                }
            }
        };
        let (quorum, image) = directories::quorum(&config, &logs, controller_of(&config, &cluster_id), on_applied)
            .await
            .context("the metadata cannot be read")?;
        let offset = quorum.status().end.0 - 1;
        let published = Published { image: metadata::Image::clone(&image), offset };
        let node = Node::new(cluster_id.0, NodeConfig::clone(&config), published, logs.clone(), Arc::new(quorum));
        node.apply_dynamic(&image);
        let loading = node.clone();
        host::task::blocking(move || load(&loading)).await??;
        let _ = follower.set(Arc::downgrade(&node));
        node.join(Registration {
            endpoints,
            log_dirs: logs.online_ids(),
            previous_epoch: logs.previous_broker_epoch(),
        })
        .await?;
        let published = node.published();
        // A reign that the registration has not ended goes on.
        node.take_up(&published.image);
        node.groups.follow(&node, &published.image, &published.image, None);
        let housekeeping = Housekeeping::start(&node, limits);
        let cleaner = Cleaner::start(&node);
        let keeper = Keeper::start(&node);
        let server = bound.serve(Arc::new(Service(node.clone())));
        Ok(Self { node, server, housekeeping, cleaner, keeper, addresses })
    }

    /// Where clients reach it.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The name of its cluster.
    pub fn cluster_id(&self) -> &str {
        self.node.cluster_id()
    }

    /// Where its data is.
    pub fn directories(&self) -> Vec<String> {
        self.node.logs.dirs().map(|dir| dir.path().display().to_string()).collect()
    }

    /// Waits for what a node cannot go on after: the metadata can no longer be written.
    pub async fn failed(&self) -> Arc<str> {
        self.node.quorum.failed().await
    }

    /// Stops in order: no more clients, everything written, directories marked as shut down cleanly.
    ///
    /// # Errors
    /// Something could not be written; the next start recovers.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.server.stop(GRACE).await;
        self.cleaner.stop().await;
        self.keeper.stop().await;
        self.housekeeping.stop().await;
        self.node.fetchers.stop().await;
        self.node.groups.resign();
        if let Err(error) = self.node.heartbeat(true).await {
            tracing::warn!(%error, "the controller did not hear of the shutdown");
        }
        self.node.quorum.shutdown().await;
        let node = self.node.clone();
        host::task::blocking(move || node.logs.shutdown(node.epoch())).await?;
        info!("stopped");
        Ok(())
    }
}

/// Refuses what is not built yet, rather than doing something else than the configuration says.
fn check(config: &NodeConfig) -> anyhow::Result<()> {
    if !(config.is_broker && config.is_controller) {
        bail!("process.roles: a node is broker and controller at once for now; set process.roles=broker,controller");
    }
    if config.voters.iter().any(|voter| voter.id != config.node_id.0) {
        bail!("controller.quorum.voters: a node is its quorum's only voter for now, and these are others");
    }
    nearest::check(config)
}

/// Makes the controller's machine for each time that this node is the active one.
fn controller_of(config: &Arc<NodeConfig>, cluster_id: &ClusterId) -> impl Fn() -> Controller + Send + 'static {
    let settings = Settings { cluster_id: cluster_id.clone(), node: config.clone(), node_id: config.node_id };
    move || Controller::new(settings.clone())
}

/// Opens all logs that the image knows, and takes their partitions up.
fn load(node: &Node) -> anyhow::Result<()> {
    let published = node.published();
    let image = &published.image;
    let config = node.config();
    let config_of = |topic: &model::TopicName| TopicSettings::of(&config, image, topic).log;
    let is_stray = |at: &TopicPartition, id: Option<TopicId>| {
        let known = image.topic(&at.topic).is_some_and(|topic| {
            topic.partitions.get(&at.partition).is_some_and(|partition| partition.replicas.contains(&node.id()))
                && id.is_none_or(|id| id == topic.id)
        });
        !known
    };
    let logs: &Logs = &node.logs;
    logs.load(config_of, is_stray, host::clock::now())?;
    node.take_up(image);
    Ok(())
}
