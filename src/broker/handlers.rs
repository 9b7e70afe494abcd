//! One file an API: what is asked, and what is answered.

mod alter_configs;
mod alter_replica_log_dirs;
mod api_versions;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod delete_groups;
mod delete_records;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_topic_partitions;
pub mod fetch;
mod find_coordinator;
mod forwarded;
mod heartbeat;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sync_group;

pub use api_versions::{Spoken, tell_versions};
pub use describe_cluster::{BROKERS, CONTROLLERS};
pub use describe_configs::{dynamic_configs, settings, tell_configs};
pub use metadata::ids;
