//! Topics that the broker makes for itself when they are needed first (`AutoTopicCreationManager`).

use config::NodeConfig;
use kafka_protocol::messages::CreateTopicsRequest;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use model::{ErrorCode, TopicName};

use crate::node::Node;
use crate::text::{text, topic_name};

/// How `name` is made when somebody asks for it: with this broker's defaults, or as a topic of the broker's own.
fn recipe(config: &NodeConfig, name: &TopicName) -> CreatableTopic {
    let (partitions, replication_factor, configs): (i32, i16, Vec<(&str, String)>) = match name.as_str() {
        "__consumer_offsets" => (
            config.groups.offsets_topic_num_partitions,
            config.groups.offsets_topic_replication_factor,
            vec![
                ("cleanup.policy", "compact".to_owned()),
                ("compression.type", "producer".to_owned()),
                ("segment.bytes", config.groups.offsets_topic_segment_bytes.to_string()),
            ],
        ),
        "__transaction_state" => (
            config.transactions.state_log_num_partitions,
            config.transactions.state_log_replication_factor,
            vec![
                ("cleanup.policy", "compact".to_owned()),
                ("compression.type", "uncompressed".to_owned()),
                ("min.insync.replicas", config.transactions.state_log_min_isr.to_string()),
                ("segment.bytes", config.transactions.state_log_segment_bytes.to_string()),
                ("unclean.leader.election.enable", "false".to_owned()),
            ],
        ),
        _ => {
            (config.topics.num_partitions, i16::try_from(config.topics.default_replication_factor).unwrap_or(1), vec![])
        }
    };
    let configs = configs
        .into_iter()
        .map(|(key, value)| CreatableTopicConfig::default().with_name(text(key)).with_value(Some(text(value))));
    CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(replication_factor)
        .with_configs(configs.collect())
}

/// Has the controller create `name` because somebody asked for it; fine if it was there already.
///
/// # Errors
/// What the asker is told instead of the topic.
pub async fn auto_create(node: &Node, name: &TopicName) -> Result<(), ErrorCode> {
    let topic = recipe(&node.config(), name);
    let timeout_ms = node.config().server.request_timeout_ms;
    let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(timeout_ms);
    let created = node.controllers.call(request).await.map_err(|_| ErrorCode::UnknownTopicOrPartition)?;
    let error = created.topics.first().map_or(ErrorCode::UnknownServerError.code(), |topic| topic.error_code);
    match ErrorCode::from_code(error).unwrap_or(ErrorCode::UnknownServerError) {
        ErrorCode::None | ErrorCode::TopicAlreadyExists => {
            node.controllers.until(|image| image.topic(name).is_some()).await;
            Ok(())
        }
        // The quorum's own topic is none that one can have by asking.
        ErrorCode::InvalidRequest | ErrorCode::NotController => Err(ErrorCode::UnknownTopicOrPartition),
        error => Err(error),
    }
}
