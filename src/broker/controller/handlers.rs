//! One file an API: what a controller is asked, and what it answers.

mod allocate_producer_ids;
mod alter_configs;
mod alter_partition;
mod alter_partition_reassignments;
mod api_versions;
mod assign_replicas_to_dirs;
mod broker_heartbeat;
mod broker_registration;
mod controller_registration;
mod create_partitions;
mod create_topics;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_quorum;
mod elect_leaders;
mod envelope;
mod fetch;
mod fetch_snapshot;
mod list_partition_reassignments;
mod unregister_broker;
mod update_features;

pub use describe_quorum::METADATA_TOPIC;
pub use envelope::APPLIED;
