//! Copies the partitions that follow others from their leaders: one task and one connection for each leader
//! (`ReplicaFetcherManager`, `ReplicaFetcherThread`).

mod link;
mod request;

use std::collections::BTreeMap;
use std::sync::Arc;

use host::task::JoinHandle;
use model::{LeaderEpoch, NodeId, PartitionIndex, TopicId};
use parking_lot::Mutex;
use replication::follower::{Fetcher, Follower, Key, Step};
use tokio::sync::Notify;

use crate::node::Node;
use crate::partition::{NotFollowing, Partition};

/// Who is followed, and by which partitions.
#[derive(Default)]
pub struct Fetchers {
    by_leader: Mutex<BTreeMap<NodeId, Running>>,
}

struct Running {
    leader: Arc<Leader>,
    task: JoinHandle<()>,
}

/// A leader that is followed.
struct Leader {
    node: NodeId,
    fetcher: Mutex<Fetcher>,
    /// Partitions came or went: what is under way is not waited for.
    changed: Notify,
}

impl Fetchers {
    /// The partition follows `leader` from now on, if somebody leads; else nobody.
    pub fn follow(&self, node: &Arc<Node>, partition: &Partition, leader: NodeId, epoch: LeaderEpoch) {
        let key = (partition.topic_id, partition.id.partition);
        let mut by_leader = self.by_leader.lock();
        for (other, running) in by_leader.iter().filter(|(other, _)| **other != leader) {
            running.leader.drop_partition(key, *other);
        }
        if leader == NodeId::NONE || leader == node.id() {
            return;
        }
        let running = by_leader.entry(leader).or_insert_with(|| {
            let leader = Arc::new(Leader { node: leader, fetcher: Mutex::default(), changed: Notify::new() });
            let task = host::task::spawn(link::keep(Arc::downgrade(node), leader.clone()));
            Running { leader, task }
        });
        let leader = &running.leader;
        let step = leader.fetcher.lock().add(key, epoch, &*partition.log());
        leader.perform(node, partition, step);
        leader.changed.notify_one();
    }

    /// The partition follows nobody any more.
    pub fn leave(&self, topic: TopicId, index: PartitionIndex) {
        for (node, running) in self.by_leader.lock().iter() {
            running.leader.drop_partition((topic, index), *node);
        }
    }

    /// Ends all; when it returns, nothing is fetched any more.
    pub async fn stop(&self) {
        let running = std::mem::take(&mut *self.by_leader.lock());
        for running in running.into_values() {
            running.task.abort();
            // It ends as one that was told to.
            let _ = running.task.await;
        }
    }
}

impl Leader {
    fn drop_partition(&self, key: Key, leader: NodeId) {
        let mut fetcher = self.fetcher.lock();
        if fetcher.remove(key) {
            tracing::debug!(topic = %key.0, partition = %key.1, %leader, "follows this broker no longer");
        }
    }

    /// Does to a partition's log what was decided, and tells the fetcher.
    fn perform(&self, node: &Node, partition: &Partition, step: Step) {
        let key = (partition.topic_id, partition.id.partition);
        let now = host::clock::now();
        let mut fetcher = self.fetcher.lock();
        let Some(epoch) = fetcher.follower(key).map(Follower::leader_epoch) else { return };
        let committed = partition.log().high_watermark();
        let (done, wanted) = match step {
            Step::Truncate(offset) => (partition.cut(epoch, offset, now), offset),
            Step::StartAt(offset) => (partition.begin_at(epoch, offset, now), offset),
            Step::Append | Step::AskRange | Step::Wait | Step::Stop => return,
        };
        let log = partition.log();
        match done {
            Ok(()) => {
                if wanted < committed {
                    tracing::warn!(partition = %partition.id, leader = %self.node, from = %wanted, upto = %committed, "cut off what was committed: the leader was elected without it");
                }
                tracing::info!(partition = %partition.id, leader = %self.node, to = %wanted, "log truncated");
                let (end, epoch) = (log.end_offset(), log.latest_epoch());
                fetcher.update(key, log.start_offset(), |follower| follower.truncated(end, epoch));
            }
            Err(error) => {
                drop(fetcher);
                self.failed(node, partition, &error);
            }
        }
    }

    /// What came cannot be used: the partition waits, or is given up.
    fn failed(&self, node: &Node, partition: &Partition, error: &NotFollowing) {
        let key = (partition.topic_id, partition.id.partition);
        match error {
            // The metadata will say, or has said, whom it follows now.
            NotFollowing::Over => {
                self.fetcher.lock().remove(key);
            }
            NotFollowing::Storage(error) => {
                node.storage_failed(&partition.id, error);
                self.fetcher.lock().remove(key);
            }
            NotFollowing::Append(storage::log::AppendError::Storage(error)) => {
                node.storage_failed(&partition.id, error);
                self.fetcher.lock().remove(key);
            }
            NotFollowing::Append(error) => {
                tracing::error!(partition = %partition.id, leader = %self.node, %error, "what the leader sent cannot be appended");
                let later = node.backoff();
                self.fetcher.lock().update(key, partition.log().start_offset(), |follower| follower.failed(later));
            }
        }
    }
}
