//! The in-sync sets of the partitions that are led here, kept with the controller (`AlterPartitionManager`): proposals are
//! collected while one request is under way, and sent together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use host::task::JoinHandle;
use kafka_protocol::messages::alter_partition_request::{BrokerState, PartitionData, TopicData};
use kafka_protocol::messages::alter_partition_response::PartitionData as Altered;
use kafka_protocol::messages::{AlterPartitionRequest, AlterPartitionResponse, BrokerId};
use model::{ErrorCode, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId};
use parking_lot::Mutex;
use replication::leader::{Answer, FollowerFetch, Proposal};
use tokio::sync::{Notify, oneshot};

use crate::node::Node;
use crate::partition::Partition;

/// Proposals that wait for the controller.
#[derive(Default)]
pub struct Proposals {
    waiting: Mutex<Vec<Waiting>>,
    arrived: Notify,
}

type Waiting = (TopicId, PartitionIndex, Proposal);

impl Proposals {
    fn add(&self, partition: &Partition, proposal: Proposal) {
        self.waiting.lock().push((partition.topic_id, partition.id.partition, proposal));
        self.arrived.notify_one();
    }

    async fn next(&self) -> Vec<Waiting> {
        loop {
            let waiting = std::mem::take(&mut *self.waiting.lock());
            if !waiting.is_empty() {
                return waiting;
            }
            self.arrived.notified().await;
        }
    }
}

impl Node {
    /// Notes what a follower's fetch tells of it. `claimed` is the epoch that it believes in, or -1.
    ///
    /// # Errors
    /// UNKNOWN_LEADER_EPOCH and NOT_LEADER_OR_FOLLOWER: it is no replica, or an incarnation that was replaced.
    pub fn followed(&self, partition: &Partition, fetch: FollowerFetch, claimed: i32) -> Result<(), ErrorCode> {
        match partition.on_follower_fetch(fetch) {
            Ok(Some(proposal)) => self.proposals.add(partition, proposal),
            Ok(None) => {}
            // Who does not say in which epoch may know less than we do, or more.
            Err(ErrorCode::UnknownLeaderEpoch) if claimed == -1 => return Err(ErrorCode::NotLeaderOrFollower),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Has everyone leave the in-sync sets who has not caught up for too long.
    fn shrink(&self) {
        for partition in self.partitions.all() {
            if let Some(proposal) = partition.on_tick() {
                self.proposals.add(&partition, proposal);
            }
        }
    }

    async fn ask(&self, waiting: Vec<Waiting>) {
        let mut topics: BTreeMap<TopicId, Vec<PartitionData>> = BTreeMap::new();
        for (topic, index, proposal) in &waiting {
            let isr = proposal
                .isr
                .iter()
                .map(|(id, epoch)| BrokerState::default().with_broker_id(BrokerId(id.0)).with_broker_epoch(epoch.0));
            let wanted = PartitionData::default()
                .with_partition_index(index.0)
                .with_leader_epoch(proposal.leader_epoch.0)
                .with_partition_epoch(proposal.partition_epoch.0)
                .with_new_isr_with_epochs(isr.collect());
            topics.entry(*topic).or_default().push(wanted);
        }
        let topics = topics
            .into_iter()
            .map(|(id, partitions)| TopicData::default().with_topic_id(id.0).with_partitions(partitions));
        let request = AlterPartitionRequest::default()
            .with_broker_id(BrokerId(self.id().0))
            .with_broker_epoch(self.epoch().0)
            .with_topics(topics.collect());
        let answered = match self.controllers.call(request).await {
            Ok(answered) if answered.error_code == 0 => answered,
            other => {
                let error = match other {
                    Ok(answered) => ErrorCode::from_code(answered.error_code).map_or("?", ErrorCode::name).to_owned(),
                    Err(error) => error.to_string(),
                };
                tracing::debug!(error, "the controller does not take in-sync sets; they are asked for again");
                self.controllers.pause().await;
                AlterPartitionResponse::default()
            }
        };
        for (topic, index, proposal) in waiting {
            let told = answered.topics.iter().filter(|told| told.topic_id == topic.0);
            let told = told.flat_map(|told| &told.partitions).find(|told| told.partition_index == index.0);
            let Some(partition) = self.partitions.get(topic, index) else { continue };
            if let Some(next) = partition.on_answer(&proposal, answer(told)) {
                self.proposals.add(&partition, next);
            }
        }
    }
}

fn answer(told: Option<&Altered>) -> Answer {
    let Some(told) = told else { return Answer::Failed(ErrorCode::RequestTimedOut) };
    match ErrorCode::from_code(told.error_code).unwrap_or(ErrorCode::UnknownServerError) {
        ErrorCode::None => Answer::Altered {
            leader_epoch: LeaderEpoch(told.leader_epoch),
            partition_epoch: PartitionEpoch(told.partition_epoch),
            isr: told.isr.iter().map(|id| NodeId(id.0)).collect(),
        },
        error => Answer::Failed(error),
    }
}

/// The task that does it.
pub struct Keeper {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Begins.
    pub fn start(node: &Arc<Node>) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let node = node.clone();
        let task = host::task::spawn(async move {
            loop {
                // Twice in the lag that is allowed, as Kafka looks.
                let half = node.config().replication.lag_time_max_ms.unsigned_abs() / 2;
                let next = host::task::timeout(Duration::from_millis(half.max(1)), node.proposals.next());
                tokio::select! {
                    _ = &mut stopped => return,
                    next = next => match next {
                        Ok(waiting) => node.ask(waiting).await,
                        Err(_) => node.shrink(),
                    },
                }
            }
        });
        Self { stop, task }
    }

    /// Ends.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the keeper of in-sync sets did not end in order");
        }
    }
}
