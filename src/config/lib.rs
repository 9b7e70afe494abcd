//! Every configuration key once: name, type, default, bounds, documentation. Pure: it reads no file and no clock.
//!
//! [`NodeConfig`] is what a node is told, typed; [`TopicConfig`] what holds for one topic; [`describe`] answers
//! DescribeConfigs, and the `validate_*` functions decide AlterConfigs. The rows are in `table/`, one file a subject.

mod address;
mod check;
mod describe;
mod error;
mod key;
mod layers;
mod listeners;
mod nearest;
mod node;
mod number;
mod order;
pub mod preset;
mod properties;
mod rules;
mod sections;
mod synonyms;
mod table;
mod topic;
mod validate;
mod value;

pub use address::{HostPort, Listener, SecurityProtocol, Voter};
pub use check::Check;
pub use describe::{Described, Resource, Source, Synonym, describe, describe_new_topic, is_list};
pub use error::{ConfigError, Refusal};
pub use key::{Default, Importance, Key, Kind, Scope, Update};
pub use layers::{Layers, Settings};
pub use listeners::Listeners;
pub use nearest::nearest_key;
pub use node::NodeConfig;
pub use properties::{parse_override, parse_properties};
pub use sections::{
    FetchConfig, GroupsConfig, KraftConfig, LogsConfig, QuorumConfig, QuotasConfig, ReplicationConfig, ServerConfig,
    ShareConfig, SocketConfig, TopicValues, TopicsConfig, TransactionsConfig,
};
pub use synonyms::{group_synonym, topic_synonyms};
pub use table::{dynamic_only, key, keys};
pub use topic::TopicConfig;
pub use validate::{
    bounded_group_value, validate_broker_configs, validate_broker_dynamic, validate_client_metrics,
    validate_client_metrics_configs, validate_group, validate_group_configs, validate_resource_name,
    validate_topic_config, validate_topic_configs,
};
pub use value::Value;
