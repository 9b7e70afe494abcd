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
