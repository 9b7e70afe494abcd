//! What a quorum is told at its start; the defaults are those of Kafka's keys (`MetadataLogConfig`).

use std::path::PathBuf;

use model::NodeId;

use crate::control::Endpoint;

/// The settings of a node's part in the quorum.
#[derive(Clone, Debug)]
pub struct QuorumConfig {
    /// `node.id`.
    pub node_id: NodeId,
    /// `metadata.log.dir`, or else the first of `log.dirs`. It must be formatted.
    pub dir: PathBuf,
    /// Where this node listens as a controller, as others reach it: one for each of `controller.listener.names`.
    pub endpoints: Vec<Endpoint>,
    /// The nodes of `controller.quorum.voters`; empty where the voters are dynamic.
    pub static_voters: Vec<NodeId>,
    /// `min.insync.replicas` of this node, which a new cluster with eligible leader replicas begins with (KIP-966).
    pub min_insync_replicas: i32,
    /// How the log is kept.
    pub log: MetadataLogConfig,
    /// How elections go.
    pub election: ElectionConfig,
}

/// Kafka's keys for elections. They are upper bounds: what is faster than they ask for stays faster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectionConfig {
    /// `controller.quorum.fetch.timeout.ms`: a voter that hears nothing for this long stands for election.
    pub fetch_timeout_ms: u64,
    /// `controller.quorum.election.timeout.ms`: how long a candidate waits for votes.
    pub election_timeout_ms: u64,
    /// `controller.quorum.election.backoff.max.ms`: the longest random wait in front of an election.
    pub backoff_max_ms: u64,
    /// `controller.quorum.request.timeout.ms`: how long a voter waits for another's answer.
    pub request_timeout_ms: u64,
}

impl Default for ElectionConfig {
    fn default() -> Self {
        Self { fetch_timeout_ms: 2_000, election_timeout_ms: 1_000, backoff_max_ms: 1_000, request_timeout_ms: 2_000 }
    }
}

impl ElectionConfig {
    /// How often a leader says that it lives. A message on the way is given up after as long, and sent again.
    pub(crate) fn heartbeat_ms(&self) -> u64 {
        (self.silence_ms() / 4).clamp(1, 100)
    }

    /// How long a voter hears nothing of a leader before it takes it for gone. Eight heartbeats: a busy machine, a slow disk or
    /// a lost packet makes no leader fall. A process that was killed is known sooner, by its connections.
    pub(crate) fn silence_ms(&self) -> u64 {
        self.fetch_timeout_ms.clamp(40, 800)
    }

    /// How much longer one voter waits than another, at most, so that they do not all stand at once.
    pub(crate) fn spread_ms(&self) -> u64 {
        self.backoff_max_ms.clamp(10, 300)
    }

    /// How long votes are waited for.
    pub(crate) fn vote_ms(&self) -> u64 {
        self.election_timeout_ms.clamp(20, 300)
    }

    /// How long a voter gives no vote to another after it heard a leader, whatever it is told.
    pub(crate) fn lease_ms(&self) -> u64 {
        (self.silence_ms() / 2).min(200)
    }

    /// How long a leader may go without a majority's answers before it says so.
    pub(crate) fn majority_ms(&self) -> u64 {
        (self.silence_ms() * 5 / 2).min(1_500)
    }
}

/// How the metadata log is kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataLogConfig {
    /// `metadata.log.segment.bytes`.
    pub segment_bytes: u32,
    /// `metadata.log.segment.ms`.
    pub segment_ms: i64,
    /// `metadata.log.max.record.bytes.between.snapshots`.
    pub snapshot_bytes: u64,
    /// `metadata.log.max.snapshot.interval.ms`; 0 is never.
    pub snapshot_interval_ms: u64,
    /// `metadata.max.retention.bytes` of log and snapshots together; negative is without end.
    pub retention_bytes: i64,
    /// `metadata.max.retention.ms` of snapshots; negative is without end.
    pub retention_ms: i64,
}

impl Default for MetadataLogConfig {
    fn default() -> Self {
        const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;
        Self {
            segment_bytes: 1024 * 1024 * 1024,
            segment_ms: WEEK_MS,
            snapshot_bytes: 20 * 1024 * 1024,
            snapshot_interval_ms: 60 * 60 * 1000,
            retention_bytes: 100 * 1024 * 1024,
            retention_ms: WEEK_MS,
        }
    }
}
