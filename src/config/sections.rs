//! The typed parts of a node's configuration, one line a field: which key, and which Rust type it has.

use crate::ConfigError;
use crate::layers::Resolved;

macro_rules! sections {
    ($( $(#[$meta:meta])* $name:ident { $( $field:ident: $type:ty = $key:literal, )* } )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $(
            #[doc = concat!("`", $key, "`.")]
            pub $field: $type,
        )* }

        impl $name {
            pub(crate) fn read(resolved: &Resolved) -> Result<Self, ConfigError> {
                Ok(Self { $( $field: resolved.get($key)?, )* })
            }
        }
    )* };
}

sections! {
    /// Sockets, connections, and how many requests may wait.
    SocketConfig {
        send_buffer_bytes: i32 = "socket.send.buffer.bytes",
        receive_buffer_bytes: i32 = "socket.receive.buffer.bytes",
        request_max_bytes: i32 = "socket.request.max.bytes",
        listen_backlog_size: i32 = "socket.listen.backlog.size",
        max_connections: i32 = "max.connections",
        max_connections_per_ip: i32 = "max.connections.per.ip",
        max_connection_creation_rate: i32 = "max.connection.creation.rate",
        connections_max_idle_ms: i64 = "connections.max.idle.ms",
        connections_max_reauth_ms: i64 = "connections.max.reauth.ms",
        failed_authentication_delay_ms: i32 = "connection.failed.authentication.delay.ms",
        connection_setup_timeout_ms: i64 = "socket.connection.setup.timeout.ms",
        connection_setup_timeout_max_ms: i64 = "socket.connection.setup.timeout.max.ms",
        queued_max_requests: i32 = "queued.max.requests",
        queued_max_request_bytes: i64 = "queued.max.request.bytes",
        num_network_threads: i32 = "num.network.threads",
        sasl_max_receive_size: i32 = "sasl.server.max.receive.size",
    }

    /// The node as a whole.
    ServerConfig {
        num_io_threads: i32 = "num.io.threads",
        background_threads: i32 = "background.threads",
        request_timeout_ms: i32 = "request.timeout.ms",
        message_max_bytes: i32 = "message.max.bytes",
        rack: Option<String> = "broker.rack",
        controlled_shutdown_enable: bool = "controlled.shutdown.enable",
        authorizer_class_name: String = "authorizer.class.name",
        early_start_listeners: Option<Vec<String>> = "early.start.listeners",
        max_request_partition_size_limit: i32 = "max.request.partition.size.limit",
        telemetry_max_bytes: i32 = "telemetry.max.bytes",
        unstable_api_versions_enable: bool = "unstable.api.versions.enable",
        unstable_feature_versions_enable: bool = "unstable.feature.versions.enable",
        create_topic_policy_class: Option<String> = "create.topic.policy.class.name",
        alter_config_policy_class: Option<String> = "alter.config.policy.class.name",
    }

    /// New topics: by themselves, and by CreateTopics with defaults.
    TopicsConfig {
        auto_create: bool = "auto.create.topics.enable",
        delete_enable: bool = "delete.topic.enable",
        num_partitions: i32 = "num.partitions",
        default_replication_factor: i32 = "default.replication.factor",
        min_insync_replicas: i32 = "min.insync.replicas",
    }

    /// Log directories' housekeeping, and the cleaner.
    LogsConfig {
        retention_check_interval_ms: i64 = "log.retention.check.interval.ms",
        flush_scheduler_interval_ms: i64 = "log.flush.scheduler.interval.ms",
        flush_offset_checkpoint_interval_ms: i32 = "log.flush.offset.checkpoint.interval.ms",
        flush_start_offset_checkpoint_interval_ms: i32 = "log.flush.start.offset.checkpoint.interval.ms",
        recovery_threads_per_data_dir: i32 = "num.recovery.threads.per.data.dir",
        dir_failure_timeout_ms: i64 = "log.dir.failure.timeout.ms",
        initial_task_delay_ms: i64 = "log.initial.task.delay.ms",
        cleaner_enable: bool = "log.cleaner.enable",
        cleaner_threads: i32 = "log.cleaner.threads",
        cleaner_backoff_ms: i64 = "log.cleaner.backoff.ms",
        cleaner_io_max_bytes_per_second: f64 = "log.cleaner.io.max.bytes.per.second",
        cleaner_dedupe_buffer_size: i64 = "log.cleaner.dedupe.buffer.size",
        cleaner_io_buffer_size: i32 = "log.cleaner.io.buffer.size",
        cleaner_io_buffer_load_factor: f64 = "log.cleaner.io.buffer.load.factor",
        remote_storage_enable: bool = "remote.log.storage.system.enable",
    }

    /// Fetch requests and sessions.
    FetchConfig {
        max_bytes: i32 = "fetch.max.bytes",
        session_cache_slots: i32 = "max.incremental.fetch.session.cache.slots",
        purgatory_purge_interval_requests: i32 = "fetch.purgatory.purge.interval.requests",
    }

    /// Copying partitions from their leaders, and leadership.
    ReplicationConfig {
        alter_log_dirs_threads: Option<i32> = "num.replica.alter.log.dirs.threads",
        lag_time_max_ms: i64 = "replica.lag.time.max.ms",
        socket_timeout_ms: i32 = "replica.socket.timeout.ms",
        socket_receive_buffer_bytes: i32 = "replica.socket.receive.buffer.bytes",
        fetch_max_bytes: i32 = "replica.fetch.max.bytes",
        fetch_wait_max_ms: i32 = "replica.fetch.wait.max.ms",
        fetch_backoff_ms: i32 = "replica.fetch.backoff.ms",
        fetch_min_bytes: i32 = "replica.fetch.min.bytes",
        fetch_response_max_bytes: i32 = "replica.fetch.response.max.bytes",
        num_fetchers: i32 = "num.replica.fetchers",
        high_watermark_checkpoint_interval_ms: i64 = "replica.high.watermark.checkpoint.interval.ms",
        auto_leader_rebalance_enable: bool = "auto.leader.rebalance.enable",
        leader_imbalance_check_interval_seconds: i64 = "leader.imbalance.check.interval.seconds",
        unclean_leader_election_enable: bool = "unclean.leader.election.enable",
        unclean_leader_election_interval_ms: i64 = "unclean.leader.election.interval.ms",
        controller_socket_timeout_ms: i32 = "controller.socket.timeout.ms",
        selector_class: Option<String> = "replica.selector.class",
    }

    /// Group coordination: offsets, classic, consumer and streams groups.
    GroupsConfig {
        rebalance_protocols: Vec<String> = "group.coordinator.rebalance.protocols",
        append_linger_ms: i32 = "group.coordinator.append.linger.ms",
        offsets_commit_timeout_ms: i32 = "offsets.commit.timeout.ms",
        offsets_load_buffer_size: i32 = "offsets.load.buffer.size",
        offsets_topic_replication_factor: i16 = "offsets.topic.replication.factor",
        offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions",
        offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes",
        offsets_topic_compression_codec: i32 = "offsets.topic.compression.codec",
        offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes",
        offsets_retention_minutes: i32 = "offsets.retention.minutes",
        offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms",
        classic_min_session_timeout_ms: i32 = "group.min.session.timeout.ms",
        classic_max_session_timeout_ms: i32 = "group.max.session.timeout.ms",
        classic_initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms",
        classic_max_size: i32 = "group.max.size",
        consumer_session_timeout_ms: i32 = "group.consumer.session.timeout.ms",
        consumer_min_session_timeout_ms: i32 = "group.consumer.min.session.timeout.ms",
        consumer_max_session_timeout_ms: i32 = "group.consumer.max.session.timeout.ms",
        consumer_heartbeat_interval_ms: i32 = "group.consumer.heartbeat.interval.ms",
        consumer_min_heartbeat_interval_ms: i32 = "group.consumer.min.heartbeat.interval.ms",
        consumer_max_heartbeat_interval_ms: i32 = "group.consumer.max.heartbeat.interval.ms",
        consumer_assignment_interval_ms: i32 = "group.consumer.assignment.interval.ms",
        consumer_max_size: i32 = "group.consumer.max.size",
        consumer_assignors: Vec<String> = "group.consumer.assignors",
        consumer_migration_policy: String = "group.consumer.migration.policy",
        consumer_regex_refresh_interval_ms: i32 = "group.consumer.regex.refresh.interval.ms",
        streams_session_timeout_ms: i32 = "group.streams.session.timeout.ms",
        streams_heartbeat_interval_ms: i32 = "group.streams.heartbeat.interval.ms",
        streams_assignment_interval_ms: i32 = "group.streams.assignment.interval.ms",
        streams_max_size: i32 = "group.streams.max.size",
        streams_num_standby_replicas: i32 = "group.streams.num.standby.replicas",
        streams_initial_rebalance_delay_ms: i32 = "group.streams.initial.rebalance.delay.ms",
    }

    /// Share groups' deliveries, and the coordinator of their state.
    ShareConfig {
        session_timeout_ms: i32 = "group.share.session.timeout.ms",
        heartbeat_interval_ms: i32 = "group.share.heartbeat.interval.ms",
        assignment_interval_ms: i32 = "group.share.assignment.interval.ms",
        max_size: i32 = "group.share.max.size",
        assignors: Vec<String> = "group.share.assignors",
        delivery_count_limit: i32 = "group.share.delivery.count.limit",
        record_lock_duration_ms: i32 = "group.share.record.lock.duration.ms",
        partition_max_record_locks: i32 = "group.share.partition.max.record.locks",
        max_share_sessions: i32 = "group.share.max.share.sessions",
        state_topic_num_partitions: i32 = "share.coordinator.state.topic.num.partitions",
        state_topic_replication_factor: i16 = "share.coordinator.state.topic.replication.factor",
        state_topic_min_isr: i16 = "share.coordinator.state.topic.min.isr",
        state_topic_segment_bytes: i32 = "share.coordinator.state.topic.segment.bytes",
        snapshot_update_records_per_snapshot: i32 = "share.coordinator.snapshot.update.records.per.snapshot",
        coordinator_append_linger_ms: i32 = "share.coordinator.append.linger.ms",
        coordinator_write_timeout_ms: i32 = "share.coordinator.write.timeout.ms",
    }

    /// Idempotent producers and transactions.
    TransactionsConfig {
        state_log_min_isr: i32 = "transaction.state.log.min.isr",
        state_log_replication_factor: i16 = "transaction.state.log.replication.factor",
        state_log_num_partitions: i32 = "transaction.state.log.num.partitions",
        state_log_segment_bytes: i32 = "transaction.state.log.segment.bytes",
        state_log_load_buffer_size: i32 = "transaction.state.log.load.buffer.size",
        partition_verification_enable: bool = "transaction.partition.verification.enable",
        producer_id_expiration_ms: i32 = "producer.id.expiration.ms",
        producer_id_expiration_check_interval_ms: i32 = "producer.id.expiration.check.interval.ms",
        transactional_id_expiration_ms: i32 = "transactional.id.expiration.ms",
        max_timeout_ms: i32 = "transaction.max.timeout.ms",
        abort_timed_out_interval_ms: i32 = "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        remove_expired_interval_ms: i32 = "transaction.remove.expired.transaction.cleanup.interval.ms",
        two_phase_commit_enable: bool = "transaction.two.phase.commit.enable",
    }

    /// Registration of brokers, and the log of the metadata.
    KraftConfig {
        initial_broker_registration_timeout_ms: i32 = "initial.broker.registration.timeout.ms",
        broker_heartbeat_interval_ms: i32 = "broker.heartbeat.interval.ms",
        broker_session_timeout_ms: i32 = "broker.session.timeout.ms",
        sasl_mechanism_controller_protocol: String = "sasl.mechanism.controller.protocol",
        metadata_max_record_bytes_between_snapshots: i64 = "metadata.log.max.record.bytes.between.snapshots",
        metadata_max_snapshot_interval_ms: i64 = "metadata.log.max.snapshot.interval.ms",
        metadata_segment_bytes: i32 = "metadata.log.segment.bytes",
        metadata_segment_ms: i64 = "metadata.log.segment.ms",
        metadata_max_retention_bytes: i64 = "metadata.max.retention.bytes",
        metadata_max_retention_ms: i64 = "metadata.max.retention.ms",
        metadata_max_idle_interval_ms: i32 = "metadata.max.idle.interval.ms",
        metadata_max_batch_size_bytes: i32 = "internal.metadata.max.batch.size.in.bytes",
        server_max_startup_time_ms: i64 = "server.max.startup.time.ms",
    }

    /// The controllers' quorum.
    QuorumConfig {
        election_timeout_ms: i32 = "controller.quorum.election.timeout.ms",
        fetch_timeout_ms: i32 = "controller.quorum.fetch.timeout.ms",
        election_backoff_max_ms: i32 = "controller.quorum.election.backoff.max.ms",
        append_linger_ms: i32 = "controller.quorum.append.linger.ms",
        request_timeout_ms: i32 = "controller.quorum.request.timeout.ms",
        retry_backoff_ms: i32 = "controller.quorum.retry.backoff.ms",
        auto_join_enable: bool = "controller.quorum.auto.join.enable",
        fetch_max_bytes: i32 = "controller.quorum.fetch.max.bytes",
        fetch_snapshot_max_bytes: i32 = "controller.quorum.fetch.snapshot.max.bytes",
    }

    /// The windows over which quotas are measured.
    QuotasConfig {
        window_num: i32 = "quota.window.num",
        window_size_seconds: i32 = "quota.window.size.seconds",
        replication_window_num: i32 = "replication.quota.window.num",
        replication_window_size_seconds: i32 = "replication.quota.window.size.seconds",
        alter_log_dirs_window_num: i32 = "alter.log.dirs.replication.quota.window.num",
        alter_log_dirs_window_size_seconds: i32 = "alter.log.dirs.replication.quota.window.size.seconds",
        controller_window_num: i32 = "controller.quota.window.num",
        controller_window_size_seconds: i32 = "controller.quota.window.size.seconds",
    }
}

sections! {
    /// One topic's values as they hold, before units and names are made ours.
    TopicValues {
        segment_bytes: i32 = "segment.bytes",
        internal_segment_bytes: Option<i32> = "internal.segment.bytes",
        segment_ms: i64 = "segment.ms",
        segment_jitter_ms: i64 = "segment.jitter.ms",
        segment_index_bytes: i32 = "segment.index.bytes",
        flush_messages: i64 = "flush.messages",
        flush_ms: i64 = "flush.ms",
        retention_bytes: i64 = "retention.bytes",
        retention_ms: i64 = "retention.ms",
        max_message_bytes: i32 = "max.message.bytes",
        index_interval_bytes: i32 = "index.interval.bytes",
        delete_retention_ms: i64 = "delete.retention.ms",
        min_compaction_lag_ms: i64 = "min.compaction.lag.ms",
        max_compaction_lag_ms: i64 = "max.compaction.lag.ms",
        file_delete_delay_ms: i64 = "file.delete.delay.ms",
        min_cleanable_dirty_ratio: f64 = "min.cleanable.dirty.ratio",
        cleanup_policy: Vec<String> = "cleanup.policy",
        unclean_leader_election_enable: bool = "unclean.leader.election.enable",
        min_insync_replicas: i32 = "min.insync.replicas",
        compression_type: String = "compression.type",
        compression_gzip_level: i32 = "compression.gzip.level",
        compression_lz4_level: i32 = "compression.lz4.level",
        compression_zstd_level: i32 = "compression.zstd.level",
        preallocate: bool = "preallocate",
        message_timestamp_type: String = "message.timestamp.type",
        message_timestamp_before_max_ms: i64 = "message.timestamp.before.max.ms",
        message_timestamp_after_max_ms: i64 = "message.timestamp.after.max.ms",
        leader_replication_throttled_replicas: Vec<String> = "leader.replication.throttled.replicas",
        follower_replication_throttled_replicas: Vec<String> = "follower.replication.throttled.replicas",
        remote_storage_enable: bool = "remote.storage.enable",
        local_retention_ms: i64 = "local.retention.ms",
        local_retention_bytes: i64 = "local.retention.bytes",
        remote_log_copy_disable: bool = "remote.log.copy.disable",
        remote_log_delete_on_disable: bool = "remote.log.delete.on.disable",
    }
}
