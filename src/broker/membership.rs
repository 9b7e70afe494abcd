//! The node as a member of its cluster: registers, says that it lives, takes producer ids (`BrokerLifecycleManager`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use host::task::JoinHandle;
use indexmap::IndexMap;
use kafka_protocol::messages::assign_replicas_to_dirs_request::{DirectoryData, PartitionData, TopicData};
use kafka_protocol::messages::broker_registration_request::{Feature, Listener};
use kafka_protocol::messages::{
    AllocateProducerIdsRequest, AssignReplicasToDirsRequest, BrokerHeartbeatRequest, BrokerId,
    BrokerRegistrationRequest,
};
use metadata::records::BrokerEndpoint;
use model::{BrokerEpoch, DirectoryId, ErrorCode, TopicId, Uuid};
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use crate::node::Node;
use crate::text::{text, text_or_null};

/// How soon a broker that waits for something of the controller asks again.
const SOON: Duration = Duration::from_millis(20);
/// How long a broker that stops waits for a controller that does not answer.
const UNHEARD: Duration = Duration::from_secs(3);
/// How long a broker that stops waits for others to take over what it leads.
const CONTROLLED_SHUTDOWN: Duration = Duration::from_secs(60);

/// What a broker says of itself when it registers.
pub struct Registration {
    /// Its addresses.
    pub endpoints: Vec<BrokerEndpoint>,
    /// Its log directories.
    pub log_dirs: Vec<Uuid>,
    /// Its epoch before a clean shutdown, or -1.
    pub previous_epoch: BrokerEpoch,
}

/// What the broker wants to be, and what the controller last said that it is.
pub struct Lifecycle {
    wakes: Notify,
    ready: AtomicBool,
    stopping: AtomicBool,
    heard: watch::Sender<Option<Heard>>,
}

/// An answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Whether the broker is fenced.
    pub fenced: bool,
    /// Whether nothing holds it back from stopping.
    pub should_shut_down: bool,
}

impl Default for Lifecycle {
    fn default() -> Self {
        let heard = watch::Sender::new(None);
        Self { wakes: Notify::new(), ready: AtomicBool::new(false), stopping: AtomicBool::new(false), heard }
    }
}

impl Lifecycle {
    /// The next heartbeat is due now: there is something to tell.
    pub fn wake(&self) {
        self.wakes.notify_one();
    }

    /// Everything is loaded; the broker may lead from now on. Returns when the controller agrees.
    pub async fn unfence(&self) {
        self.ready.store(true, Ordering::Release);
        self.wake();
        let mut heard = self.heard.subscribe();
        let _ = heard.wait_for(|heard| heard.is_some_and(|heard| !heard.fenced)).await;
    }

    /// Has others take over what this broker leads, as long as the controller answers.
    pub async fn shut_down(&self) {
        self.stopping.store(true, Ordering::Release);
        let mut heard = self.heard.subscribe();
        heard.mark_unchanged();
        self.wake();
        let deadline = host::clock::monotonic().plus(CONTROLLED_SHUTDOWN);
        loop {
            let next = host::task::timeout(UNHEARD, heard.changed()).await;
            match next {
                Ok(Ok(())) if heard.borrow_and_update().is_some_and(|heard| heard.should_shut_down) => return,
                Ok(Ok(())) if host::clock::monotonic() < deadline => {}
                _ => {
                    warn!("the controller did not agree to the shutdown in time");
                    return;
                }
            }
        }
    }
}

/// The task that sends heartbeats.
pub struct Heart {
    task: JoinHandle<()>,
}

impl Heart {
    /// Begins; the broker has registered.
    pub fn start(node: &Arc<Node>) -> Self {
        let weak = Arc::downgrade(node);
        let task = host::task::spawn(async move {
            let mut complained = false;
            while let Some(node) = weak.upgrade() {
                let interval = Duration::from_millis(node.config().kraft.broker_heartbeat_interval_ms.max(1) as u64);
                let beat = host::task::timeout(interval.max(Duration::from_secs(1)), node.heartbeat()).await;
                let beat = beat.unwrap_or_else(|_| Err(anyhow::anyhow!("the controller does not answer in time")));
                let lifecycle = &node.lifecycle;
                let next = match beat {
                    Ok(heard) => {
                        if complained {
                            info!("the controller hears this broker again");
                        }
                        complained = false;
                        let _ = lifecycle.heard.send_replace(Some(heard));
                        let stopping = lifecycle.stopping.load(Ordering::Acquire) && !heard.should_shut_down;
                        let fenced = lifecycle.ready.load(Ordering::Acquire) && heard.fenced;
                        if stopping || fenced { SOON } else { interval }
                    }
                    Err(error) => {
                        if !complained {
                            warn!(%error, "the controller does not take this broker's heartbeat; it is sent again");
                        }
                        complained = true;
                        node.controllers.pause().await;
                        SOON
                    }
                };
                // A controller that is new knows of nobody how far he is, and who stops waits for all.
                let woken = async {
                    tokio::select! {
                        () = node.lifecycle.wakes.notified() => {}
                        () = node.controllers.another() => {}
                    }
                };
                let _ = host::task::timeout(next, woken).await;
            }
        });
        Self { task }
    }

    /// Ends: the controller hears nothing more.
    pub async fn stop(self) {
        self.task.abort();
        // It ends as one that was told to.
        let _ = self.task.await;
    }
}

impl Node {
    /// What this start of the broker says of itself, for the cluster of that name.
    pub fn introduce(&self, cluster_id: &str, registration: Registration) -> BrokerRegistrationRequest {
        let features = quorum::SUPPORTED.iter().map(|feature| {
            Feature::default()
                .with_name(text(feature.name))
                .with_min_supported_version(feature.min)
                .with_max_supported_version(feature.max)
        });
        let listeners = registration.endpoints.into_iter().map(|endpoint| {
            Listener::default()
                .with_name(text(endpoint.name))
                .with_host(text(endpoint.host))
                .with_port(endpoint.port)
                .with_security_protocol(endpoint.security_protocol)
        });
        let incarnation: Uuid = host::dice::uuid();
        BrokerRegistrationRequest::default()
            .with_broker_id(BrokerId(self.id().0))
            .with_cluster_id(text(cluster_id))
            .with_incarnation_id(incarnation.0)
            .with_listeners(listeners.collect())
            .with_features(features.collect())
            .with_rack(text_or_null(self.config().server.rack.clone()))
            .with_log_dirs(registration.log_dirs.into_iter().map(|dir| dir.0).collect())
            .with_previous_broker_epoch(registration.previous_epoch.0)
    }

    /// Registers this start of the broker. When it returns, the metadata here has the registration, and so everything that
    /// was decided before it.
    ///
    /// # Errors
    /// The controller refuses the broker, or there is none for as long as `initial.broker.registration.timeout.ms`.
    pub async fn register(&self, registration: Registration) -> anyhow::Result<()> {
        let request = self.introduce(self.cluster_id(), registration);
        let patience = self.config().kraft.initial_broker_registration_timeout_ms.max(1);
        let deadline = host::clock::monotonic().plus_ms(patience.unsigned_abs().into());
        let (begun, mut complained) = (host::clock::monotonic(), false);
        let epoch = loop {
            let why = match self.controllers.call(request.clone()).await {
                Ok(answer) => match ErrorCode::from_code(answer.error_code).unwrap_or(ErrorCode::UnknownServerError) {
                    ErrorCode::None => break BrokerEpoch(answer.broker_epoch),
                    // It will know soon that the earlier incarnation is dead, or who is active.
                    error @ (ErrorCode::DuplicateBrokerRegistration | ErrorCode::NotController) => {
                        error.name().to_owned()
                    }
                    error => bail!("the controller refuses this broker: {}", error.name()),
                },
                Err(error) => error.to_string(),
            };
            if !complained && begun.elapsed_ms() >= UNHEARD.as_millis() as u64 {
                complained = true;
                warn!(why, "this broker is not registered yet; it asks again");
            }
            if host::clock::monotonic() >= deadline {
                bail!("no controller has registered this broker in {patience} ms: {why}");
            }
            self.controllers.pause().await;
        };
        self.set_epoch(epoch);
        let own = self.id();
        let known =
            self.controllers.applied(|image| image.brokers.get(&own).is_some_and(|it| it.broker_epoch >= epoch));
        let applied = host::task::timeout_at(deadline, known).await.context("the metadata does not come")?;
        let image = metadata::Image::clone(&applied.image);
        self.publish(crate::node::Published { image, offset: applied.end.0 - 1 });
        info!(epoch = epoch.0, "registered");
        Ok(())
    }

    /// Says that the broker lives, and what it wants.
    async fn heartbeat(&self) -> anyhow::Result<Heard> {
        let lifecycle = &self.lifecycle;
        let offline = self.logs.offline_dirs().into_iter().map(|dir| dir.0).collect();
        let request = BrokerHeartbeatRequest::default()
            .with_broker_id(BrokerId(self.id().0))
            .with_broker_epoch(self.epoch().0)
            .with_current_metadata_offset(self.published().offset)
            .with_want_fence(!lifecycle.ready.load(Ordering::Acquire))
            .with_want_shut_down(lifecycle.stopping.load(Ordering::Acquire))
            .with_offline_log_dirs(offline);
        let answer = self.controllers.call(request).await?;
        match ErrorCode::from_code(answer.error_code).unwrap_or(ErrorCode::UnknownServerError) {
            ErrorCode::None => Ok(Heard { fenced: answer.is_fenced, should_shut_down: answer.should_shut_down }),
            error => bail!("the controller refuses this broker's heartbeat: {}", error.name()),
        }
    }

    /// Tells the controller in which directories replicas lie, where the metadata says otherwise, so that it knows which of them
    /// are lost when a directory fails (KIP-858, `AssignmentsManager`).
    pub async fn assign_directories(&self) {
        let replicas = std::mem::take(&mut *self.unassigned.lock());
        if replicas.is_empty() {
            return;
        }
        let mut directories: IndexMap<DirectoryId, IndexMap<TopicId, Vec<PartitionData>>> = IndexMap::new();
        for ((topic, index), directory) in &replicas {
            let partition = PartitionData::default().with_partition_index(index.0);
            directories.entry(*directory).or_default().entry(*topic).or_default().push(partition);
        }
        let directories = directories.into_iter().map(|(id, topics)| {
            let topics = topics
                .into_iter()
                .map(|(id, partitions)| TopicData::default().with_topic_id(id.0).with_partitions(partitions));
            DirectoryData::default().with_id(id.0).with_topics(topics.collect())
        });
        let request = AssignReplicasToDirsRequest::default()
            .with_broker_id(BrokerId(self.id().0))
            .with_broker_epoch(self.epoch().0)
            .with_directories(directories.collect());
        match self.controllers.call(request).await.map(|answer| ErrorCode::from_code(answer.error_code)) {
            // Partitions that went meanwhile are refused one by one.
            Ok(Some(ErrorCode::None)) => {}
            other => {
                tracing::debug!(answer = ?other, "the controller does not take the directories of replicas; they are told again");
                // What was said since counts more.
                let mut unassigned = self.unassigned.lock();
                for (key, directory) in replicas {
                    unassigned.entry(key).or_insert(directory);
                }
            }
        }
    }

    /// A block of producer ids that is this broker's alone.
    pub async fn take_producer_ids(&self) -> Result<std::ops::Range<i64>, ErrorCode> {
        let request = AllocateProducerIdsRequest::default()
            .with_broker_id(BrokerId(self.id().0))
            .with_broker_epoch(self.epoch().0);
        let Ok(block) = self.controllers.call(request).await else { return Err(ErrorCode::CoordinatorLoadInProgress) };
        match ErrorCode::from_code(block.error_code).unwrap_or(ErrorCode::UnknownServerError) {
            ErrorCode::None => {
                let first = block.producer_id_start.0;
                Ok(first..first.saturating_add(i64::from(block.producer_id_len)))
            }
            ErrorCode::NotController => Err(ErrorCode::CoordinatorLoadInProgress),
            error => Err(error),
        }
    }
}
