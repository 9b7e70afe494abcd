//! A running node: starts, stops and joins all the other crates.

pub mod apis;
mod cleaner;
mod controller;
mod controllers;
mod coordinators;
mod directories;
mod enrolment;
mod feed;
mod fetchers;
mod groups;
mod handlers;
mod housekeeping;
mod internal_topics;
mod isr;
mod link;
mod listeners;
mod membership;
mod movers;
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
mod throttles;
mod topic_settings;
mod vigil;
mod waiters;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::controller::{Controller, Settings};
use anyhow::Context;
use cleaner::Cleaner;
use config::NodeConfig;
use model::{BrokerEpoch, ClusterId, TopicId, TopicPartition};
use net::{Bound, Server, SharedLimits};
use quorum::{Applied, Observer, Quorum, Status};
use storage::manager::Logs;
use tokio::sync::watch;
use tracing::info;

use crate::controller::{ControllerNode, ControllerService};
use controllers::{Addresses, Controllers};
pub use directories::format;
use enrolment::Enrolment;
use feed::Feed;
use housekeeping::Housekeeping;
use isr::Keeper;
use membership::{Heart, Registration};
use node::{Node, Published};
use service::Service;
use topic_settings::TopicSettings;
use vigil::Vigil;

/// How long clients have to take their last responses when the node stops.
const GRACE: Duration = Duration::from_secs(3);

/// A node that serves.
pub struct Running {
    cluster_id: String,
    directories: Vec<String>,
    logs: Arc<Logs>,
    addresses: Vec<SocketAddr>,
    metadata: Metadata,
    controller: Option<RunningController>,
    broker: Option<RunningBroker>,
}

/// New images of the metadata, and how the quorum is.
type Followed = (watch::Receiver<Applied>, watch::Receiver<Status>);

/// Where the node has its metadata from.
enum Metadata {
    /// It is one of the controllers.
    Voter(Arc<Quorum>),
    /// It reads what the controllers have agreed on.
    Observer(Observer),
}

impl Metadata {
    fn followed(&self) -> Followed {
        match self {
            Self::Voter(quorum) => (quorum.watch(), quorum.watch_status()),
            Self::Observer(observer) => (observer.watch(), observer.watch_status()),
        }
    }
}

/// What a node runs as a controller.
struct RunningController {
    server: Server,
    vigil: Vigil,
    enrolment: Enrolment,
}

/// What a node runs as a broker.
struct RunningBroker {
    node: Arc<Node>,
    server: Server,
    heart: Heart,
    housekeeping: Housekeeping,
    cleaner: Cleaner,
    keeper: Keeper,
}

impl Running {
    /// Starts a node: sockets, directories, metadata, logs, and then the clients are let in.
    ///
    /// # Errors
    /// What is wrong, in words for whoever runs it.
    pub async fn start(config: NodeConfig) -> anyhow::Result<Self> {
        nearest::check(&config)?;
        host::limits::raise_open_files();
        let limits: SharedLimits = listeners::limits(&config).await.shared();
        let bound = listeners::bind(&config, limits.clone()).await?;
        let bound_controller = listeners::bind_controller(&config, limits.clone()).await?;
        let addresses = if config.is_broker { bound.addresses() } else { bound_controller.addresses() }.to_vec();
        let config = Arc::new(config);
        let logs = Arc::new(directories::open(config.clone()).await?);
        let cluster_id = logs.cluster_id().clone();

        let feed = Arc::new(Feed::default());
        let told = feed.clone();
        let on_applied = move |applied: &Applied| told.tell(applied);
        let whereabouts = Arc::new(Addresses::new(&config));
        let side = |quorum: Option<Arc<Quorum>>, followed: Followed| {
            ControllerNode::new(quorum, followed, config.clone(), whereabouts.clone(), cluster_id.clone())
        };
        let (metadata, local, endpoints) = if config.is_controller {
            let endpoints = listeners::advertised_controller(&config, &bound_controller)?;
            let make = controller_of(&config, &cluster_id);
            let told = (endpoints.as_slice(), &*whereabouts);
            let quorum = directories::quorum(&config, &logs, told, make, on_applied);
            let quorum = Arc::new(quorum.await.context("the metadata cannot be read")?);
            let local = side(Some(quorum.clone()), (quorum.watch(), quorum.watch_status()));
            (Metadata::Voter(quorum), local, endpoints)
        } else {
            let observer = directories::observer(&config, &logs, whereabouts.clone(), on_applied);
            let observer = observer.await.context("the metadata cannot be read")?;
            let local = side(None, (observer.watch(), observer.watch_status()));
            (Metadata::Observer(observer), local, Vec::new())
        };
        let patience =
            Duration::from_millis(config.replication.controller_socket_timeout_ms.max(1).unsigned_abs().into());
        let controllers = || Controllers::new(config.node_id, local.clone(), metadata.followed(), patience);
        let controller = match &metadata {
            Metadata::Observer(_) => None,
            Metadata::Voter(quorum) => {
                // Before anything is waited for that only a majority can decide.
                let server = bound_controller.serve(Arc::new(ControllerService(local.clone())));
                let vigil = Vigil::start(quorum.clone(), config.node_id);
                let enrolment = Enrolment::start(controllers(), config.node_id, endpoints);
                Some(RunningController { server, vigil, enrolment })
            }
        };

        let directories = logs.dirs().map(|dir| dir.path().display().to_string()).collect();
        let mut running = Self {
            cluster_id: cluster_id.0.clone(),
            directories,
            logs: logs.clone(),
            addresses,
            controller,
            broker: None,
            metadata,
        };
        if config.is_broker {
            let applied = running.metadata.followed().0.borrow().clone();
            let published = Published { image: metadata::Image::clone(&applied.image), offset: applied.end.0 - 1 };
            let controllers = Controllers::new(config.node_id, local, running.metadata.followed(), patience);
            let node = Node::new(cluster_id.0, NodeConfig::clone(&config), published, logs, controllers);
            running.broker = Some(RunningBroker::start(node, bound, limits, &feed).await?);
        }
        Ok(running)
    }

    /// Where clients reach it; brokers and controllers, where it is a controller only.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The name of its cluster.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// Where its data is.
    pub fn directories(&self) -> Vec<String> {
        self.directories.clone()
    }

    /// Waits for what a node cannot go on after: the metadata can no longer be written.
    pub async fn failed(&self) -> Arc<str> {
        match &self.metadata {
            Metadata::Voter(quorum) => quorum.failed().await,
            Metadata::Observer(observer) => observer.failed().await,
        }
    }

    /// Stops in order: others take over what this node leads, no more clients, everything written, directories marked as
    /// shut down cleanly.
    ///
    /// # Errors
    /// Something could not be written; the next start recovers.
    pub async fn stop(self) -> anyhow::Result<()> {
        let mut epoch = BrokerEpoch(-1);
        if let Some(broker) = self.broker {
            epoch = broker.node.epoch();
            broker.stop().await;
        }
        if let Some(controller) = &self.controller {
            controller.enrolment.abort();
        }
        // The others must reach this one while another takes over.
        match &self.metadata {
            Metadata::Voter(quorum) => quorum.shutdown().await,
            Metadata::Observer(observer) => observer.shutdown().await,
        }
        if let Some(controller) = self.controller {
            controller.enrolment.stop().await;
            controller.vigil.stop().await;
            controller.server.stop(GRACE).await;
        }
        let logs = self.logs;
        host::task::blocking(move || logs.shutdown(epoch)).await?;
        info!("stopped");
        Ok(())
    }
}

impl RunningBroker {
    async fn start(node: Arc<Node>, bound: Bound, limits: SharedLimits, feed: &Arc<Feed>) -> anyhow::Result<Self> {
        let endpoints = listeners::advertised(&node.config(), &bound)?;
        node.apply_dynamic(&node.published().image);
        let (log_dirs, previous_epoch) = (node.logs.online_ids(), node.logs.previous_broker_epoch());
        node.register(Registration { endpoints, log_dirs, previous_epoch }).await?;
        let heart = Heart::start(&node);
        let (loading, feed) = (node.clone(), feed.clone());
        let loaded = host::task::blocking(move || {
            loading.apply_dynamic(&loading.published().image);
            load(&loading)?;
            let published = loading.published();
            loading.groups.follow(&loading, &published.image, &published.image, None);
            feed.follow(&loading);
            anyhow::Ok(())
        });
        loaded.await??;
        let housekeeping = Housekeeping::start(&node, limits);
        let cleaner = Cleaner::start(&node);
        let keeper = Keeper::start(&node);
        node.lifecycle.unfence().await;
        let server = bound.serve(Arc::new(Service(node.clone())));
        Ok(Self { node, server, heart, housekeeping, cleaner, keeper })
    }

    async fn stop(self) {
        if self.node.config().server.controlled_shutdown_enable {
            self.node.lifecycle.shut_down().await;
        }
        self.server.stop(GRACE).await;
        self.cleaner.stop().await;
        self.keeper.stop().await;
        self.housekeeping.stop().await;
        self.node.fetchers.stop().await;
        self.node.movers.stop().await;
        self.node.groups.resign();
        self.heart.stop().await;
    }
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
    let assigned = |at: &TopicPartition| image.topic(&at.topic)?.partitions.get(&at.partition)?.directory(node.id());
    logs.load(config_of, is_stray, assigned, host::clock::now())?;
    node.take_up(image);
    Ok(())
}
