//! Fetch 13 to 18 of the metadata log, as brokers and other observers read it (KIP-595, `KafkaRaftClient.handleFetchRequest`).

use std::time::Duration;

use host::clock::Moment;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{
    EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData, SnapshotId,
};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse};
use model::{DirectoryId, ErrorCode, LeaderEpoch, NodeId, Offset, Uuid};
use quorum::{Fetch, Fetched};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::text;

/// The most that is given at once, whatever is asked (`controller.quorum.fetch.max.bytes` is the reader's wish).
const MOST: usize = 8 * 1024 * 1024;
/// The longest that anyone may wait.
const LONGEST: Duration = Duration::from_secs(60);

impl Handle<FetchRequest> for ControllerNode {
    async fn handle(&self, _: &Context, request: FetchRequest) -> Answer<FetchResponse, FileSlice> {
        let answer = FetchResponse::default();
        if request.cluster_id.as_ref().is_some_and(|id| id.as_str() != self.cluster_id.0) {
            return answer.with_error_code(ErrorCode::InconsistentClusterId.code()).into();
        }
        let asked = match request.topics.as_slice() {
            [topic] if topic.topic_id == Uuid::METADATA_TOPIC.0 => match topic.partitions.as_slice() {
                [asked] if asked.partition == 0 => Some(asked.clone()),
                _ => None,
            },
            _ => None,
        };
        let (Some(asked), Some(this)) = (asked, self.me.upgrade()) else {
            return answer.with_error_code(ErrorCode::InvalidRequest.code()).into();
        };
        let reader = NodeId(request.replica_id.0.max(request.replica_state.replica_id.0));
        let max_bytes = request.max_bytes.min(asked.partition_max_bytes).max(0) as usize;
        let wait = Duration::from_millis(request.max_wait_ms.max(0).unsigned_abs().into()).min(LONGEST);
        let deadline = host::clock::monotonic().plus(wait);
        Answer::when(async move {
            let (partition, leader) = this.read(reader, &asked, max_bytes.min(MOST), deadline).await;
            let topic = FetchableTopicResponse::default()
                .with_topic_id(Uuid::METADATA_TOPIC.0)
                .with_partitions(vec![partition]);
            let endpoint = leader.and_then(|leader| Some((leader, this.address_of(leader)?)));
            let endpoints = endpoint.into_iter().map(|(leader, (host, port))| {
                NodeEndpoint::default().with_node_id(BrokerId(leader.0)).with_host(text(host)).with_port(port.into())
            });
            FetchResponse::default().with_responses(vec![topic]).with_node_endpoints(endpoints.collect()).into()
        })
        .await
    }
}

impl ControllerNode {
    async fn read(
        &self,
        reader: NodeId,
        asked: &FetchPartition,
        max_bytes: usize,
        deadline: Moment,
    ) -> (PartitionData, Option<NodeId>) {
        let (from, epoch) = (Offset(asked.fetch_offset), LeaderEpoch(asked.last_fetched_epoch.max(0)));
        let told = PartitionData::default().with_partition_index(0).with_aborted_transactions(None);
        let mut status = self.status.clone();
        let mut images = self.images.clone();
        loop {
            let now = status.borrow_and_update().clone();
            let end = images.borrow_and_update().end;
            let leader = LeaderIdAndEpoch::default()
                .with_leader_id(BrokerId(now.leader.unwrap_or(NodeId::NONE).0))
                .with_leader_epoch(now.epoch.0);
            let told = told.clone().with_current_leader(leader);
            let refuse = |error: ErrorCode| {
                let told = told.clone().with_error_code(error.code()).with_high_watermark(-1);
                (told.with_log_start_offset(-1).with_records(None), now.leader)
            };
            let quorum = match &self.quorum {
                Some(quorum) if now.leader == Some(self.id()) => quorum.clone(),
                _ => return refuse(ErrorCode::NotLeaderOrFollower),
            };
            if asked.current_leader_epoch > now.epoch.0 {
                return refuse(ErrorCode::UnknownLeaderEpoch);
            }
            if asked.current_leader_epoch >= 0 && asked.current_leader_epoch < now.epoch.0 {
                return refuse(ErrorCode::FencedLeaderEpoch);
            }
            let read = host::task::blocking(move || quorum.fetch(from, epoch, max_bytes)).await;
            let fetch = match read {
                Ok(Ok(fetch)) => fetch,
                failed => {
                    tracing::error!(?failed, "the metadata log cannot be read");
                    return refuse(ErrorCode::KafkaStorageError);
                }
            };
            if reader.0 >= 0 {
                let who = (reader, DirectoryId::from(asked.replica_directory_id));
                self.observers.lock().note(now.epoch, who, (from, fetch.high_watermark), host::clock::now());
            }
            let nothing = matches!(&fetch.fetched, Fetched::Batches(bytes) if bytes.is_empty());
            if !nothing || host::clock::monotonic() >= deadline {
                return (tell(told, fetch), now.leader);
            }
            tokio::select! {
                _ = images.wait_for(|applied| applied.end > end) => {}
                _ = status.wait_for(|status| status.leader != now.leader || status.epoch != now.epoch) => {}
                () = host::task::sleep_until(deadline) => {}
            }
        }
    }
}

fn tell(told: PartitionData, fetch: Fetch) -> PartitionData {
    let told = told.with_high_watermark(fetch.high_watermark.0).with_log_start_offset(fetch.log_start.0);
    match fetch.fetched {
        Fetched::Batches(bytes) => told.with_records(Some(bytes)),
        Fetched::Diverging { epoch, end } => {
            told.with_diverging_epoch(EpochEndOffset::default().with_epoch(epoch.0).with_end_offset(end.0))
        }
        Fetched::Snapshot(id) => {
            told.with_snapshot_id(SnapshotId::default().with_epoch(id.epoch.0).with_end_offset(id.end.0))
        }
    }
}
