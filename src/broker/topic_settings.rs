//! A topic's configuration as its logs and its leaders need it.

use config::{NodeConfig, Settings, TopicConfig};
use metadata::{ConfigResource, Image};
use model::batch::{Compression, TimestampType};
use replication::throttle::Throttled;
use replication::validate::{Origin, Rules, Target};
use storage::log::LogConfig;

use crate::handlers::settings;
use crate::throttles::ThrottledReplicas;

/// What holds for one topic.
pub struct TopicSettings {
    /// How its logs are kept.
    pub log: LogConfig,
    /// What is asked of batches.
    pub rules: Rules,
    /// `min.insync.replicas`.
    pub min_insync_replicas: i32,
    /// Which of its replicas are throttled here.
    pub throttled: ThrottledReplicas,
}

impl TopicSettings {
    /// The settings of `topic` by the image, over the node's own.
    pub fn of(node: &NodeConfig, image: &Image, topic: &str) -> Self {
        let own = settings(image, &ConfigResource::topic(topic));
        let config = TopicConfig::new(node, &own).or_else(|error| {
            // The controller accepts no such value; a newer Kafka's may have.
            tracing::warn!(topic, %error, "the topic's configuration cannot be used; the defaults hold for it");
            TopicConfig::new(node, &Settings::new())
        });
        match config {
            Ok(config) => Self::from_config(node, &config),
            Err(_) => Self {
                log: LogConfig::default(),
                rules: Rules::default(),
                min_insync_replicas: 1,
                throttled: ThrottledReplicas::default(),
            },
        }
    }

    fn from_config(node: &NodeConfig, topic: &TopicConfig) -> Self {
        let log = LogConfig {
            segment_bytes: topic.segment_size().max(0) as u64,
            segment_ms: topic.segment_ms,
            segment_jitter_ms: topic.segment_jitter_ms,
            segment_index_bytes: topic.segment_index_bytes.max(0) as u64,
            index_interval_bytes: topic.index_interval_bytes.max(0) as u64,
            flush_messages: topic.flush_messages,
            flush_ms: topic.flush_ms,
            retention_bytes: topic.retention_bytes,
            retention_ms: topic.retention_ms,
            file_delete_delay_ms: topic.file_delete_delay_ms,
            delete: topic.delete,
            compact: topic.compact,
            min_cleanable_ratio: topic.min_cleanable_dirty_ratio,
            min_compaction_lag_ms: topic.min_compaction_lag_ms,
            max_compaction_lag_ms: topic.max_compaction_lag_ms,
            delete_retention_ms: topic.delete_retention_ms,
            preallocate: topic.preallocate,
            producer_expiration_ms: i64::from(node.transactions.producer_id_expiration_ms),
        };
        let timestamp_type =
            if topic.log_append_time { TimestampType::LogAppendTime } else { TimestampType::CreateTime };
        let rules = Rules {
            compression: target(topic),
            compacted: topic.compact,
            timestamp_type,
            before_max_ms: topic.message_timestamp_before_max_ms,
            after_max_ms: topic.message_timestamp_after_max_ms,
            max_message_bytes: topic.max_message_bytes.max(0) as usize,
            max_decompressed_bytes: node.socket.request_max_bytes.max(0) as usize,
            zstd_allowed: true,
            origin: Origin::Client,
        };
        let throttled = ThrottledReplicas {
            led: Throttled::of(&topic.leader_replication_throttled_replicas, node.node_id),
            followed: Throttled::of(&topic.follower_replication_throttled_replicas, node.node_id),
        };
        Self { log, rules, min_insync_replicas: topic.min_insync_replicas, throttled }
    }
}

fn target(topic: &TopicConfig) -> Target {
    let (codec, level) = match topic.compression_type.as_str() {
        "uncompressed" => (Compression::None, None),
        "gzip" => (Compression::Gzip, Some(topic.compression_gzip_level)),
        "snappy" => (Compression::Snappy, None),
        "lz4" => (Compression::Lz4, Some(topic.compression_lz4_level)),
        "zstd" => (Compression::Zstd, Some(topic.compression_zstd_level)),
        _ => return Target::Producer,
    };
    Target::Codec { codec, level }
}
