//! The task that follows one leader, and its connection.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{FetchRequest, FetchResponse, ListOffsetsRequest};
use model::{ErrorCode, NodeId, Offset, Timestamp};
use replication::follower::{Key, Reply, Step, Told};

use super::{Leader, request};
use crate::link::Link;
use crate::node::Node;
use crate::partition::{Copied, Partition};

/// Follows until the node is gone.
pub async fn keep(node: Weak<Node>, leader: Arc<Leader>) {
    let mut link = None;
    let (mut complained, mut errors) = (false, 0u32);
    while let Some(node) = node.upgrade() {
        let now = host::clock::uptime();
        let (request, wake) = {
            let mut fetcher = leader.fetcher.lock();
            if let Some(free) = node.throttles.followed.free_at() {
                // Looked at again after a while, for somebody may have raised the rate.
                let until = free.min(node.backoff().at_most());
                let is_throttled = |(topic, index): Key| {
                    node.partitions.get(topic, index).is_some_and(|it| it.is_throttled_followed())
                };
                fetcher.hold_back(now, until, is_throttled);
            }
            (fetcher.request(now), fetcher.next_ready())
        };
        let Some(request) = request else {
            drop(node);
            idle(&leader, wake).await;
            continue;
        };
        let step = async {
            if link.is_none() {
                link = Some(connect(&node, leader.node).await?);
            }
            let Some(link) = &mut link else { return Err(io::ErrorKind::NotConnected.into()) };
            let patience = Duration::from_millis(node.config().replication.socket_timeout_ms.unsigned_abs().into());
            let fetch = request::fetch(&node, &request, wake.map(|wake| wake.ms_since(now)));
            let response = host::task::timeout(patience, link.call::<FetchRequest>(&fetch));
            response.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
        };
        let answered = tokio::select! {
            answered = step => Some(answered),
            // A partition that has come need not wait for the end of a long poll.
            () = leader.changed.notified() => None,
        };
        match answered {
            Some(Ok(response)) => {
                (complained, errors) = (false, 0);
                let ranges = leader.take(&node, response);
                if let Some(link) = &mut link {
                    for key in ranges {
                        leader.learn_range(&node, link, key).await;
                    }
                }
            }
            Some(Err(error)) => {
                if !complained {
                    tracing::warn!(leader = %leader.node, %error, "the leader cannot be fetched from; it is tried again");
                }
                complained = true;
                link = None;
                leader.fetcher.lock().on_lost();
                errors = errors.saturating_add(1);
                let again = node.backoff().until(errors);
                drop(node);
                idle(&leader, Some(again)).await;
            }
            None => {
                link = None;
                leader.fetcher.lock().on_lost();
            }
        }
    }
}

/// Until something changes, or until `wake`.
async fn idle(leader: &Leader, wake: Option<Timestamp>) {
    match wake.map(|wake| wake.ms_since(host::clock::uptime()).max(1).unsigned_abs()) {
        Some(ms) => {
            let _ = host::task::timeout(Duration::from_millis(ms), leader.changed.notified()).await;
        }
        None => leader.changed.notified().await,
    }
}

async fn connect(node: &Node, leader: NodeId) -> io::Result<Link> {
    let config = node.config();
    let address = node.address_of(leader, &config.listeners.inter_broker);
    let (host, port) = address.ok_or_else(|| io::Error::other("the metadata has no address of it"))?;
    let replication = &config.replication;
    let patience = Duration::from_millis(replication.socket_timeout_ms.unsigned_abs().into());
    let client_id = format!("broker-{}-fetcher-0", node.id());
    Link::connect(&host, port, replication.socket_receive_buffer_bytes, patience, client_id).await
}

impl Leader {
    /// Takes a response in; the partitions that are returned must learn where the leader's log begins and ends.
    fn take(&self, node: &Node, response: FetchResponse) -> Vec<Key> {
        let reply = Reply { error: request::error(response.error_code), session_id: response.session_id };
        if let Err(error) = self.fetcher.lock().on_reply(reply) {
            tracing::debug!(leader = %self.node, error = error.name(), "the leader refuses the fetch; a new session begins");
            return Vec::new();
        }
        request::partitions(response).filter_map(|(key, data)| self.take_one(node, key, &data)).collect()
    }

    fn take_one(&self, node: &Node, key: Key, data: &PartitionData) -> Option<Key> {
        let partition = node.partitions.get(key.0, key.1)?;
        let told = request::told(data);
        let later = node.backoff();
        let log = partition.log();
        let (epoch, step) = {
            let mut fetcher = self.fetcher.lock();
            let epoch = fetcher.answered(key)?.leader_epoch();
            let start = log.start_offset();
            (epoch, fetcher.update(key, start, |follower| follower.on_answer(told, &*log, later))?)
        };
        if let Told::Failed(error) = told {
            tracing::debug!(partition = %partition.id, leader = %self.node, error = error.name(), "not fetched");
        }
        match step {
            Step::Append => {
                let copied = Copied {
                    bytes: data.records.as_deref().unwrap_or_default(),
                    high_watermark: Offset(data.high_watermark),
                    log_start: Offset(data.log_start_offset),
                };
                match partition.copy(epoch, &copied, host::clock::now()) {
                    Ok(()) => {
                        if partition.is_throttled_followed() {
                            node.throttles.followed.record(copied.bytes.len());
                        }
                        self.appended(key, &partition, copied.high_watermark);
                    }
                    Err(error) => self.failed(node, &partition, &error),
                }
                None
            }
            Step::AskRange => Some(key),
            step => {
                self.perform(node, &partition, step);
                None
            }
        }
    }

    fn appended(&self, key: Key, partition: &Partition, high_watermark: Offset) {
        let log = partition.log();
        let (end, epoch, start) = (log.end_offset(), log.latest_epoch(), log.start_offset());
        self.fetcher.lock().update(key, start, |follower| follower.appended(end, epoch, high_watermark));
    }

    /// The follower is outside of the leader's log: learns where that begins and ends, and does what follows from it.
    async fn learn_range(&self, node: &Node, link: &mut Link, key: Key) {
        let Some(partition) = node.partitions.get(key.0, key.1) else { return };
        let later = node.backoff();
        let range = match self.range(node, link, &partition).await {
            Ok(range) => range,
            Err(error) => {
                tracing::warn!(partition = %partition.id, leader = %self.node, %error, "the leader does not tell its offsets");
                self.fetcher.lock().update(key, partition.log().start_offset(), |follower| follower.failed(later));
                return;
            }
        };
        let (start, end) = range;
        tracing::warn!(
            partition = %partition.id, leader = %self.node, leader_start = %start, leader_end = %end,
            own_end = %partition.log().end_offset(), "outside of the leader's log"
        );
        let log = partition.log();
        let step = self.fetcher.lock().update(key, partition.log().start_offset(), |it| it.on_range(start, end, &*log));
        if let Some(step) = step {
            self.perform(node, &partition, step);
        }
    }

    async fn range(&self, node: &Node, link: &mut Link, partition: &Partition) -> io::Result<(Offset, Offset)> {
        let epoch = partition.leader_epoch();
        let mut found = [Offset(0); 2];
        for (found, time) in found.iter_mut().zip([-2, -1]) {
            let wanted = request::offsets(node.id(), &partition.id.topic, partition.id.partition, epoch, time);
            let patience = Duration::from_millis(node.config().replication.socket_timeout_ms.unsigned_abs().into());
            let response = host::task::timeout(patience, link.call::<ListOffsetsRequest>(&wanted));
            let response = response.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            let told = response.topics.first().and_then(|topic| topic.partitions.first());
            *found = match told.map(|told| (request::error(told.error_code), told.offset)) {
                Some((ErrorCode::None, offset)) => Offset(offset),
                Some((error, _)) => return Err(io::Error::other(error.name())),
                None => return Err(io::ErrorKind::InvalidData.into()),
            };
        }
        Ok((found[0], found[1]))
    }
}
