//! The node's directories: formatted where nobody is robbed of a vote by it, opened, and the metadata log in one of them.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use config::NodeConfig;
use controller::Controller;
use metadata::Image;
use metadata::records::ControllerEndpoint;
use model::ClusterId;
use quorum::{Applied, ElectionConfig, Endpoint, Format, MetadataLogConfig, Quorum, QuorumConfig};
use storage::manager::{Logs, LogsConfig};
use storage::meta_properties::MetaProperties;

use crate::controllers::Voters;

/// Formats the directories of a node, as `kafka-storage format` does; tells what was done.
///
/// # Errors
/// A directory is formatted already, belongs to others, or cannot be written.
pub fn format(
    config: &NodeConfig,
    cluster_id: &str,
    standalone: bool,
    ignore_formatted: bool,
    features: Vec<(String, i16)>,
) -> anyhow::Result<Vec<String>> {
    if standalone && !config.voters.is_empty() {
        bail!("--standalone is for a dynamic quorum, but controller.quorum.voters names the voters");
    }
    let standalone = match standalone {
        true => Some(endpoints(config)?.into_iter().next().context("there is no controller listener")?),
        false => None,
    };
    let dirs = paths(config)?;
    let metadata = absolute(&config.metadata_log_dir)?;
    let what = Format {
        cluster_id: ClusterId(cluster_id.to_owned()),
        node_id: config.node_id,
        metadata_log_dir: (dirs.first() != Some(&metadata)).then_some(metadata),
        log_dirs: dirs,
        standalone,
        ignore_formatted,
        features,
    };
    Ok(quorum::format(&what, host::clock::now())?)
}

/// Opens the log directories; formats them first if none of them ever was and this node is its quorum's only voter.
pub async fn open(config: Arc<NodeConfig>) -> anyhow::Result<Logs> {
    host::task::blocking(move || {
        let dirs = paths(&config)?;
        let metadata = absolute(&config.metadata_log_dir)?;
        if dirs.iter().chain([&metadata]).all(|dir| is_fresh(dir)) {
            if config.voters.iter().any(|voter| voter.id != config.node_id.0) {
                bail!(
                    "{} is not formatted, and this node is one of several voters: run `ottla format` first. A voter that \
                     lost its directory must not format itself, for it could vote a second time",
                    metadata.display()
                );
            }
            let cluster_id = host::dice::uuid().to_string();
            format(&config, &cluster_id, config.voters.is_empty(), false, Vec::new())?;
        }
        let logs = &config.logs;
        let all = LogsConfig {
            recovery_threads_per_dir: NonZeroUsize::new(logs.recovery_threads_per_data_dir.max(1) as usize)
                .unwrap_or(NonZeroUsize::MIN),
            retention_check_ms: logs.retention_check_interval_ms,
            flush_check_ms: logs.flush_scheduler_interval_ms,
            recovery_point_ms: i64::from(logs.flush_offset_checkpoint_interval_ms),
            log_start_ms: i64::from(logs.flush_start_offset_checkpoint_interval_ms),
            high_watermark_ms: config.replication.high_watermark_checkpoint_interval_ms,
            producer_expiration_check_ms: i64::from(config.transactions.producer_id_expiration_check_interval_ms),
            ..LogsConfig::new(config.node_id, dirs)
        };
        Ok(Logs::open(all, host::clock::now())?)
    })
    .await?
}

/// Takes up the metadata log; `on_applied` hears of every change.
pub async fn quorum(
    config: &NodeConfig,
    logs: &Logs,
    endpoints: &[ControllerEndpoint],
    controller: impl FnMut() -> Controller + Send + 'static,
    on_applied: impl FnMut(&Applied) + Send + 'static,
) -> anyhow::Result<(Quorum, Arc<Image>)> {
    let dir = absolute(&config.metadata_log_dir)?;
    let kraft = &config.kraft;
    let settings = QuorumConfig {
        node_id: config.node_id,
        endpoints: endpoints
            .iter()
            .map(|it| Endpoint { listener: it.name.clone(), host: it.host.clone(), port: it.port })
            .collect(),
        static_voters: config.voters.iter().map(|voter| model::NodeId(voter.id)).collect(),
        min_insync_replicas: config.topics.min_insync_replicas,
        log: MetadataLogConfig {
            segment_bytes: kraft.metadata_segment_bytes.max(0) as u32,
            segment_ms: kraft.metadata_segment_ms,
            snapshot_bytes: kraft.metadata_max_record_bytes_between_snapshots.max(0) as u64,
            snapshot_interval_ms: kraft.metadata_max_snapshot_interval_ms.max(0) as u64,
            retention_bytes: kraft.metadata_max_retention_bytes,
            retention_ms: kraft.metadata_max_retention_ms,
        },
        election: ElectionConfig {
            fetch_timeout_ms: milliseconds(config.quorum.fetch_timeout_ms),
            election_timeout_ms: milliseconds(config.quorum.election_timeout_ms),
            backoff_max_ms: milliseconds(config.quorum.election_backoff_max_ms),
            request_timeout_ms: milliseconds(config.quorum.request_timeout_ms),
        },
        dir: dir.clone(),
    };
    let patience = Duration::from_millis(settings.election.request_timeout_ms.max(1));
    let voters = config.voters.iter();
    let addresses = voters.map(|it| (model::NodeId(it.id), (it.address.host.clone(), it.address.port)));
    let transport = Arc::new(Voters::new(config.node_id, addresses, patience));
    Ok(Quorum::start(settings, logs.lock_of(&dir), controller, transport, on_applied).await?)
}

/// Where this node listens as a controller, as others reach it.
fn endpoints(config: &NodeConfig) -> anyhow::Result<Vec<Endpoint>> {
    let told = &config.listeners.advertised_controller;
    told.iter()
        .map(|listener| {
            let host = match listener.host.as_deref() {
                None | Some("") => host::net::host_name().context("this machine has no name to advertise")?,
                Some(host) => host.to_owned(),
            };
            Ok(Endpoint { listener: listener.name.clone(), host, port: listener.port })
        })
        .collect()
}

fn milliseconds(value: i32) -> u64 {
    value.max(0).unsigned_abs().into()
}

fn is_fresh(dir: &Path) -> bool {
    matches!(MetaProperties::read(dir), Ok(None))
}

fn paths(config: &NodeConfig) -> anyhow::Result<Vec<PathBuf>> {
    config.log_dirs.iter().map(|dir| absolute(dir)).collect()
}

/// Tools show absolute paths, so these are what is used throughout.
fn absolute(dir: &str) -> anyhow::Result<PathBuf> {
    host::fs::absolute(Path::new(dir)).with_context(|| format!("log directory {dir:?}"))
}
