//! The in-sync sets of the partitions that are led here, kept with the controller (`AlterPartitionManager`): proposals are
//! collected while one request is under way, and sent together.

use std::sync::Arc;
use std::time::Duration;

use controller::{AlterPartition, AlteredPartition, Event, NewIsr, Reply};
use host::task::JoinHandle;
use model::{ErrorCode, PartitionIndex, TopicId};
use parking_lot::Mutex;
use replication::leader::{Answer, FollowerFetch, Proposal};
use tokio::sync::{Notify, oneshot};

use crate::node::Node;
use crate::partition::Partition;

/// How long to wait before what could not be asked is asked again.
const RETRY: Duration = Duration::from_millis(50);

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
        let partitions = waiting.iter().map(|(topic_id, partition, proposal)| NewIsr {
            topic_id: *topic_id,
            partition: *partition,
            leader_epoch: proposal.leader_epoch,
            partition_epoch: proposal.partition_epoch,
            isr: proposal.isr.clone(),
            recovering: false,
        });
        let event = AlterPartition { broker: self.id(), epoch: self.epoch(), partitions: partitions.collect() };
        let answers = match self.quorum.submit(Event::AlterPartition(event)).await {
            Ok(Reply::AlterPartition(Ok(answers))) => answers,
            other => {
                tracing::warn!(answer = ?other, "the controller does not take in-sync sets; they are asked for again");
                host::task::sleep_until(host::clock::monotonic().plus(RETRY)).await;
                Vec::new()
            }
        };
        for (topic, index, proposal) in waiting {
            let told = answers.iter().find(|it| (it.topic_id, it.partition) == (topic, index));
            let Some(partition) = self.partitions.get(topic, index) else { continue };
            if let Some(next) = partition.on_answer(&proposal, answer(told)) {
                self.proposals.add(&partition, next);
            }
        }
    }
}

fn answer(told: Option<&AlteredPartition>) -> Answer {
    match told.map(|told| &told.result) {
        Some(Ok(partition)) => Answer::Altered {
            leader_epoch: partition.leader_epoch,
            partition_epoch: partition.partition_epoch,
            isr: partition.isr.clone(),
        },
        Some(Err(refusal)) => Answer::Failed(refusal.code),
        None => Answer::Failed(ErrorCode::RequestTimedOut),
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
