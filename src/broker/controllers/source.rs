//! Where a broker that is no controller reads the metadata: Kafka's Fetch and FetchSnapshot to the active controller (KIP-595,
//! KIP-630), which it finds by asking any of those that are configured.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use kafka_protocol::messages::fetch_response::{LeaderIdAndEpoch, NodeEndpoint, PartitionData};
use kafka_protocol::messages::fetch_snapshot_request::{PartitionSnapshot, SnapshotId as AskedId, TopicSnapshot};
use kafka_protocol::messages::{BrokerId, FetchRequest, FetchResponse, FetchSnapshotRequest};
use model::{DirectoryId, ErrorCode, LeaderEpoch, NodeId, Offset, Uuid};
use parking_lot::Mutex;
use quorum::{Asked, Fetch, Fetched, SnapshotId, SnapshotPiece, Source, Told};

use super::Addresses;
use crate::link::Link;
use crate::text::text;

/// How long a controller that has nothing new may wait (`KafkaRaftClient.MAX_FETCH_WAIT_MS`).
const WAIT_MS: i32 = 500;
/// How often one goes where one is sent before one waits a moment.
const HOPS: usize = 3;

/// The controllers as an observer sees them.
pub struct Remote {
    me: NodeId,
    directory: DirectoryId,
    cluster_id: String,
    addresses: Arc<Addresses>,
    /// How long a controller may be silent.
    patience: Duration,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    leader: Option<NodeId>,
    epoch: LeaderEpoch,
    /// Which of the configured ones is asked next, where no leader is known.
    next: usize,
    link: Option<(Target, Link)>,
}

type Target = (String, u16);

impl Remote {
    /// The way to the controllers of a cluster.
    pub fn new(
        (me, directory): (NodeId, DirectoryId),
        cluster_id: String,
        addresses: Arc<Addresses>,
        patience: Duration,
    ) -> Self {
        Self { me, directory, cluster_id, addresses, patience, known: Mutex::default() }
    }

    /// Whom to ask: the leader, or one of those that may know it.
    fn target(&self) -> io::Result<Target> {
        let mut known = self.known.lock();
        if let Some(address) = known.leader.and_then(|leader| self.addresses.of(leader)) {
            return Ok(address);
        }
        let all = self.addresses.bootstrap();
        known.next = known.next.wrapping_add(1);
        let at = known.next.checked_rem(all.len()).unwrap_or(0);
        all.get(at).cloned().ok_or_else(|| io::Error::other("no controller is configured"))
    }

    async fn call<R: wire::call::Call>(&self, request: &R) -> io::Result<R::Response> {
        let target = self.target()?;
        let idle = self.known.lock().link.take().filter(|(to, _)| *to == target);
        let answered = async {
            let mut link = match idle {
                Some((_, link)) => link,
                None => {
                    let name = format!("raft-client-{}", self.me);
                    Link::connect(&target.0, target.1, -1, self.patience, name).await?
                }
            };
            let limit = self.patience + Duration::from_millis(WAIT_MS.unsigned_abs().into());
            let answer = host::task::timeout(limit, link.call(request)).await;
            let answer = answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            self.known.lock().link = Some((target.clone(), link));
            Ok(answer)
        };
        let answered: io::Result<R::Response> = answered.await;
        answered.map_err(|error| {
            // Whoever it was, another one is asked next.
            self.known.lock().leader = None;
            io::Error::new(error.kind(), format!("{}:{}: {error}", target.0, target.1))
        })
    }

    /// Somebody says who leads; true if that is news.
    fn learn(&self, leader: NodeId, epoch: LeaderEpoch, endpoint: Option<(String, u16)>) -> bool {
        if let (true, Some(address)) = (leader.0 >= 0, endpoint) {
            self.addresses.learn(leader, address);
        }
        let mut known = self.known.lock();
        if epoch < known.epoch {
            return false;
        }
        let leader = (leader.0 >= 0).then_some(leader);
        let news = (known.leader, known.epoch) != (leader, epoch);
        (known.leader, known.epoch) = (leader, epoch);
        news
    }

    fn request(&self, from: Offset, last_epoch: LeaderEpoch, max_bytes: usize) -> FetchRequest {
        let partition = FetchPartition::default()
            .with_partition(0)
            .with_current_leader_epoch(self.known.lock().epoch.0)
            .with_fetch_offset(from.0)
            .with_last_fetched_epoch(last_epoch.0)
            .with_partition_max_bytes(i32::try_from(max_bytes).unwrap_or(i32::MAX))
            .with_replica_directory_id(self.directory.0);
        FetchRequest::default()
            .with_cluster_id(Some(text(self.cluster_id.clone())))
            .with_replica_state(ReplicaState::default().with_replica_id(BrokerId(self.me.0)).with_replica_epoch(-1))
            .with_max_wait_ms(WAIT_MS)
            .with_max_bytes(i32::try_from(max_bytes).unwrap_or(i32::MAX))
            .with_topics(vec![
                FetchTopic::default().with_topic_id(Uuid::METADATA_TOPIC.0).with_partitions(vec![partition]),
            ])
    }

    async fn fetch_once(&self, request: &FetchRequest) -> io::Result<Result<Told, Redirected>> {
        let answer: FetchResponse = self.call(request).await?;
        if answer.error_code != 0 {
            return Err(self.refused(answer.error_code));
        }
        let FetchResponse { responses, node_endpoints, .. } = answer;
        let partition = responses.into_iter().flat_map(|topic| topic.partitions).next();
        let Some(partition) = partition else { return Err(io::ErrorKind::InvalidData.into()) };
        let LeaderIdAndEpoch { leader_id, leader_epoch, .. } = partition.current_leader;
        let leader = NodeId(leader_id.0);
        let endpoint = node_endpoints.iter().find(|endpoint| endpoint.node_id == leader_id).and_then(address);
        let code = ErrorCode::from_code(partition.error_code).unwrap_or(ErrorCode::UnknownServerError);
        let news = self.learn(leader, LeaderEpoch(leader_epoch), endpoint);
        match code {
            ErrorCode::None => Ok(Ok(self.told(partition))),
            ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch | ErrorCode::UnknownLeaderEpoch if news => {
                Ok(Err(Redirected))
            }
            _ => {
                self.known.lock().leader = None;
                Err(self.refused(partition.error_code))
            }
        }
    }

    fn told(&self, partition: PartitionData) -> Told {
        let (log_start, high_watermark) = (Offset(partition.log_start_offset), Offset(partition.high_watermark));
        let fetched = if partition.diverging_epoch.epoch >= 0 {
            let diverging = partition.diverging_epoch;
            Fetched::Diverging { epoch: LeaderEpoch(diverging.epoch), end: Offset(diverging.end_offset) }
        } else if partition.snapshot_id.epoch >= 0 {
            let id = partition.snapshot_id;
            Fetched::Snapshot(SnapshotId { epoch: LeaderEpoch(id.epoch), end: Offset(id.end_offset) })
        } else {
            Fetched::Batches(partition.records.unwrap_or_default())
        };
        let known = self.known.lock();
        Told { leader: known.leader, epoch: known.epoch, fetch: Fetch { fetched, log_start, high_watermark } }
    }

    fn refused(&self, code: i16) -> io::Error {
        let name = ErrorCode::from_code(code).map_or("an unknown error", ErrorCode::name);
        io::Error::other(format!("the controllers refuse to tell the metadata: {name}"))
    }
}

/// Somebody else is to be asked, or in another epoch.
struct Redirected;

fn address(endpoint: &NodeEndpoint) -> Option<(String, u16)> {
    let port = u16::try_from(endpoint.port).ok()?;
    Some((endpoint.host.to_string(), port))
}

impl Source for Remote {
    fn fetch(&self, from: Offset, last_epoch: LeaderEpoch, max_bytes: usize) -> Asked<'_, Told> {
        Box::pin(async move {
            for _ in 0..HOPS {
                let request = self.request(from, last_epoch, max_bytes);
                if let Ok(told) = self.fetch_once(&request).await? {
                    return Ok(told);
                }
            }
            Err(io::Error::other("the controllers send this broker from one to the other"))
        })
    }

    fn snapshot(&self, id: SnapshotId, position: u64, max_bytes: usize) -> Asked<'_, SnapshotPiece> {
        Box::pin(async move {
            let asked = AskedId::default().with_epoch(id.epoch.0).with_end_offset(id.end.0);
            let partition = PartitionSnapshot::default()
                .with_partition(0)
                .with_current_leader_epoch(self.known.lock().epoch.0)
                .with_snapshot_id(asked)
                .with_position(i64::try_from(position).map_err(io::Error::other)?)
                .with_replica_directory_id(self.directory.0);
            let topic = TopicSnapshot::default()
                .with_name(text(crate::controller::METADATA_TOPIC).into())
                .with_partitions(vec![partition]);
            let request = FetchSnapshotRequest::default()
                .with_cluster_id(Some(text(self.cluster_id.clone())))
                .with_replica_id(BrokerId(self.me.0))
                .with_max_bytes(i32::try_from(max_bytes).unwrap_or(i32::MAX))
                .with_topics(vec![topic]);
            let answer = self.call(&request).await?;
            let piece = answer.topics.into_iter().flat_map(|topic| topic.partitions).next();
            match piece {
                Some(piece) if answer.error_code == 0 && piece.error_code == 0 => Ok(SnapshotPiece {
                    size: u64::try_from(piece.size).map_err(io::Error::other)?,
                    bytes: piece.unaligned_records,
                }),
                other => {
                    // The fetch that comes next learns who leads.
                    self.known.lock().leader = None;
                    Err(self.refused(other.map_or(answer.error_code, |piece| piece.error_code.max(answer.error_code))))
                }
            }
        })
    }
}
