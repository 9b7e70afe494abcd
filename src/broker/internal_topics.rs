//! Topics that the broker makes for itself when they are needed first (`AutoTopicCreationManager`).

use config::NodeConfig;
use controller::NewTopic;
use model::TopicName;

/// How `name` is made when somebody asks for it: with this broker's defaults, or as a topic of the broker's own.
pub fn recipe(config: &NodeConfig, name: &TopicName) -> NewTopic {
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
    NewTopic {
        name: name.to_string(),
        id: host::dice::uuid(),
        partitions,
        replication_factor,
        assignments: Vec::new(),
        configs: configs.into_iter().map(|(key, value)| (key.to_owned(), Some(value))).collect(),
        describable: false,
    }
}
