//! FetchSnapshot 0 and 1: a snapshot of the metadata, piece by piece (KIP-630, `KafkaRaftClient.handleFetchSnapshotRequest`).

use kafka_protocol::messages::fetch_snapshot_request::PartitionSnapshot as Asked;
use kafka_protocol::messages::fetch_snapshot_response::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionSnapshot, SnapshotId as Told, TopicSnapshot,
};
use kafka_protocol::messages::{BrokerId, FetchSnapshotRequest, FetchSnapshotResponse};
use model::{ErrorCode, LeaderEpoch, NodeId, Offset};
use quorum::{FetchError, SnapshotId};
use wire::{Answer, Context, Handle};

use super::describe_quorum::METADATA_TOPIC;
use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::text;

/// The most that is given at once.
const MOST: usize = 8 * 1024 * 1024;

impl Handle<FetchSnapshotRequest> for ControllerNode {
    async fn handle(&self, _: &Context, request: FetchSnapshotRequest) -> Answer<FetchSnapshotResponse, FileSlice> {
        let answer = FetchSnapshotResponse::default();
        if request.cluster_id.as_ref().is_some_and(|id| id.as_str() != self.cluster_id.0) {
            return answer.with_error_code(ErrorCode::InconsistentClusterId.code()).into();
        }
        let max_bytes = usize::try_from(request.max_bytes).unwrap_or(0).min(MOST);
        let partition = match request.topics.as_slice() {
            [topic] if topic.name.as_str() == METADATA_TOPIC => match topic.partitions.as_slice() {
                [asked] if asked.partition == 0 => self.piece(asked, max_bytes).await,
                _ => refuse(ErrorCode::UnknownTopicOrPartition),
            },
            _ => refuse(ErrorCode::UnknownTopicOrPartition),
        };
        let status = self.status.borrow().clone();
        let leader = LeaderIdAndEpoch::default()
            .with_leader_id(BrokerId(status.leader.unwrap_or(NodeId::NONE).0))
            .with_leader_epoch(status.epoch.0);
        let endpoint = status.leader.and_then(|leader| Some((leader, self.address_of(leader)?)));
        let endpoints = endpoint.into_iter().map(|(leader, (host, port))| {
            NodeEndpoint::default().with_node_id(BrokerId(leader.0)).with_host(text(host)).with_port(port)
        });
        let partitions = vec![partition.with_current_leader(leader)];
        let topic = TopicSnapshot::default().with_name(text(METADATA_TOPIC).into()).with_partitions(partitions);
        answer.with_topics(vec![topic]).with_node_endpoints(endpoints.collect()).into()
    }
}

impl ControllerNode {
    async fn piece(&self, asked: &Asked, max_bytes: usize) -> PartitionSnapshot {
        let status = self.status.borrow().clone();
        let quorum = match &self.quorum {
            Some(quorum) if status.leader == Some(self.id()) => quorum.clone(),
            _ => return refuse(ErrorCode::NotLeaderOrFollower),
        };
        if asked.current_leader_epoch > status.epoch.0 {
            return refuse(ErrorCode::UnknownLeaderEpoch);
        }
        if asked.current_leader_epoch >= 0 && asked.current_leader_epoch < status.epoch.0 {
            return refuse(ErrorCode::FencedLeaderEpoch);
        }
        let Ok(position) = u64::try_from(asked.position) else { return refuse(ErrorCode::PositionOutOfRange) };
        let id = SnapshotId { epoch: LeaderEpoch(asked.snapshot_id.epoch), end: Offset(asked.snapshot_id.end_offset) };
        let read = host::task::blocking(move || quorum.fetch_snapshot(id, position, max_bytes)).await;
        match read {
            Ok(Ok(piece)) => PartitionSnapshot::default()
                .with_snapshot_id(Told::default().with_epoch(id.epoch.0).with_end_offset(id.end.0))
                .with_size(piece.size as i64)
                .with_position(asked.position)
                .with_unaligned_records(piece.bytes),
            Ok(Err(FetchError::NoSnapshot)) => refuse(ErrorCode::SnapshotNotFound),
            Ok(Err(FetchError::Position(_))) => refuse(ErrorCode::PositionOutOfRange),
            failed => {
                tracing::error!(?failed, "a snapshot of the metadata cannot be read");
                refuse(ErrorCode::KafkaStorageError)
            }
        }
    }
}

fn refuse(error: ErrorCode) -> PartitionSnapshot {
    PartitionSnapshot::default().with_error_code(error.code())
}
