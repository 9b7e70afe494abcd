//! A controller alone: takes up the metadata log of a server.properties, creates topics, and waits to be killed.
//!
//! `quorum_of_one server.properties [topic ...]` formats the directories first if they are fresh. For trying by hand
//! that Apache Kafka goes on from what was written, and the reverse.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use config::NodeConfig;
use controller::{BrokerHeartbeat, Controller, CreateTopics, Event, NewTopic, RegisterBroker, Reply, Settings};
use metadata::records::{BrokerEndpoint, BrokerFeature};
use model::{BrokerEpoch, ClusterId, NodeId};
use quorum::{Endpoint, Format, MetadataLogConfig, Quorum, QuorumConfig, SUPPORTED, format};
use storage::meta_properties::MetaProperties;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("usage: quorum_of_one server.properties [topic ...]")?;
    let text = host::fs::read_to_string(&path)?;
    let node = Arc::new(NodeConfig::from_text(&text, &[])?);
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let node_id = NodeId(value("node.id").context("node.id")?.parse()?);
    let log_dirs: Vec<PathBuf> = value("log.dirs").context("log.dirs")?.split(',').map(PathBuf::from).collect();
    let dir = value("metadata.log.dir").map(PathBuf::from).or(log_dirs.first().cloned()).context("log.dirs")?;
    let is_static = value("controller.quorum.voters").is_some();
    let port = value("controller.port").unwrap_or("29093").parse()?;
    let endpoint = Endpoint { listener: "CONTROLLER".into(), host: "127.0.0.1".into(), port };
    if MetaProperties::read(&dir)?.is_none() {
        let what = Format {
            cluster_id: ClusterId("MkU3OEVBNTcwNTJENDM2Qg".into()),
            node_id,
            log_dirs: log_dirs.clone(),
            metadata_log_dir: Some(dir.clone()),
            standalone: (!is_static).then(|| endpoint.clone()),
            ignore_formatted: false,
            features: vec![],
        };
        format(&what, host::clock::now())?;
    }
    let meta = MetaProperties::read(&dir)?.context("meta.properties")?;
    let mut directories = vec![];
    for dir in &log_dirs {
        directories.extend(MetaProperties::read(dir)?.and_then(|meta| meta.directory_id));
    }
    let config = QuorumConfig {
        node_id,
        dir,
        endpoints: vec![endpoint],
        static_voters: if is_static { vec![node_id] } else { vec![] },
        min_insync_replicas: 1,
        log: MetadataLogConfig {
            snapshot_bytes: value("metadata.log.max.record.bytes.between.snapshots").unwrap_or("20971520").parse()?,
            segment_bytes: value("internal.metadata.log.segment.bytes").unwrap_or("1073741824").parse()?,
            retention_bytes: value("metadata.max.retention.bytes").unwrap_or("104857600").parse()?,
            ..MetadataLogConfig::default()
        },
    };
    let controller = Controller::new(Settings { cluster_id: meta.cluster_id.clone(), node, node_id });
    let (quorum, image) = Quorum::start(config, None, controller, |_| {}).await?;
    let topics: Vec<&str> = image.topics().map(|topic| topic.name.as_str()).collect();
    eprintln!("epoch {} end {} topics {topics:?}", quorum.status().epoch, quorum.status().end);

    let features = SUPPORTED.iter().map(|feature| BrokerFeature {
        name: feature.name.into(),
        min_supported_version: feature.min,
        max_supported_version: feature.max,
        ..Default::default()
    });
    let registration = RegisterBroker {
        broker: node_id,
        cluster_id: meta.cluster_id,
        incarnation: host::dice::uuid(),
        endpoints: vec![BrokerEndpoint {
            name: "PLAINTEXT".into(),
            host: "127.0.0.1".into(),
            port: 29092,
            ..Default::default()
        }],
        features: features.collect(),
        rack: None,
        log_dirs: directories,
        previous_epoch: BrokerEpoch(-1),
        previous_alive: false,
    };
    let Reply::RegisterBroker(Ok(epoch)) = quorum.submit(Event::RegisterBroker(registration)).await? else {
        bail!("not registered");
    };
    let heartbeat = BrokerHeartbeat {
        broker: node_id,
        epoch,
        metadata_offset: quorum.status().end,
        want_fence: false,
        want_shut_down: false,
        offline_log_dirs: vec![],
        cordoned_log_dirs: None,
    };
    quorum.submit(Event::BrokerHeartbeat(heartbeat)).await?;
    for name in arguments {
        let topic = NewTopic {
            name,
            id: host::dice::uuid(),
            partitions: 2,
            replication_factor: 1,
            assignments: vec![],
            configs: vec![("retention.ms".into(), Some("7654321".into()))],
            describable: true,
        };
        let request = CreateTopics { topics: vec![topic], validate_only: false, seed: host::dice::below(u64::MAX) };
        eprintln!("{:?}", quorum.submit(Event::CreateTopics(request)).await?);
    }
    eprintln!("ready");
    host::task::sleep(std::time::Duration::from_secs(600)).await;
    Ok(())
}
