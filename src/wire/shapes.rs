//! The layout of every request that is served: where its strings, arrays and tags are.
//!
//! Facts of Kafka 4.3's message schemas, from which [`super::guard`] knows each announced length before the
//! codec believes it. A row is a field: name, versions, tag, kind.

use super::guard::shapes;

shapes! {
    Produce, flexible 9+ {
        transactional_id 3+: string;
        acks 3+: int16;
        timeout_ms 3+: int32;
        topic_data 3+: array {
            name 3-12: string;
            topic_id 13+: uuid;
            partition_data 3+: array {
                index 3+: int32;
                records 3+: records;
            }
        }
    }
    Fetch, flexible 12+ {
        cluster_id 12+ tag 0: string;
        replica_id 4-14: int32;
        replica_state 15+ tag 1: group {
            replica_id 15+: int32;
            replica_epoch 15+: int64;
        }
        max_wait_ms 4+: int32;
        min_bytes 4+: int32;
        max_bytes 4+: int32;
        isolation_level 4+: int8;
        session_id 7+: int32;
        session_epoch 7+: int32;
        topics 4+: array {
            topic 4-12: string;
            topic_id 13+: uuid;
            partitions 4+: array {
                partition 4+: int32;
                current_leader_epoch 9+: int32;
                fetch_offset 4+: int64;
                last_fetched_epoch 12+: int32;
                log_start_offset 5+: int64;
                partition_max_bytes 4+: int32;
                replica_directory_id 17+ tag 0: uuid;
                high_watermark 18+ tag 1: int64;
            }
        }
        forgotten_topics_data 7+: array {
            topic 7-12: string;
            topic_id 13+: uuid;
            partitions 7+: array int32;
        }
        rack_id 11+: string;
    }
    ListOffsets, flexible 6+ {
        replica_id 1+: int32;
        isolation_level 2+: int8;
        topics 1+: array {
            name 1+: string;
            partitions 1+: array {
                partition_index 1+: int32;
                current_leader_epoch 4+: int32;
                timestamp 1+: int64;
            }
        }
        timeout_ms 10+: int32;
    }
    Metadata, flexible 9+ {
        topics 0+: array {
            topic_id 10+: uuid;
            name 0+: string;
        }
        allow_auto_topic_creation 4+: int8;
        include_cluster_authorized_operations 8-10: int8;
        include_topic_authorized_operations 8+: int8;
    }
    ApiVersions, flexible 3+ {
        client_software_name 3+: string;
        client_software_version 3+: string;
    }
    CreateTopics, flexible 5+ {
        topics 2+: array {
            name 2+: string;
            num_partitions 2+: int32;
            replication_factor 2+: int16;
            assignments 2+: array {
                partition_index 2+: int32;
                broker_ids 2+: array int32;
            }
            configs 2+: array {
                name 2+: string;
                value 2+: string;
            }
        }
        timeout_ms 2+: int32;
        validate_only 2+: int8;
    }
    DeleteTopics, flexible 4+ {
        topics 6+: array {
            name 6+: string;
            topic_id 6+: uuid;
        }
        topic_names 1-5: array string;
        timeout_ms 1+: int32;
    }
    DeleteRecords, flexible 2+ {
        topics 0+: array {
            name 0+: string;
            partitions 0+: array {
                partition_index 0+: int32;
                offset 0+: int64;
            }
        }
        timeout_ms 0+: int32;
    }
    InitProducerId, flexible 2+ {
        transactional_id 0+: string;
        transaction_timeout_ms 0+: int32;
        producer_id 3+: int64;
        producer_epoch 3+: int16;
        enable2_pc 6+: int8;
        keep_prepared_txn 6+: int8;
    }
    OffsetForLeaderEpoch, flexible 4+ {
        replica_id 3+: int32;
        topics 2+: array {
            topic 2+: string;
            partitions 2+: array {
                partition 2+: int32;
                current_leader_epoch 2+: int32;
                leader_epoch 2+: int32;
            }
        }
    }
    DescribeConfigs, flexible 4+ {
        resources 1+: array {
            resource_type 1+: int8;
            resource_name 1+: string;
            configuration_keys 1+: array string;
        }
        include_synonyms 1+: int8;
        include_documentation 3+: int8;
    }
    AlterConfigs, flexible 2+ {
        resources 0+: array {
            resource_type 0+: int8;
            resource_name 0+: string;
            configs 0+: array {
                name 0+: string;
                value 0+: string;
            }
        }
        validate_only 0+: int8;
    }
    AlterReplicaLogDirs, flexible 2+ {
        dirs 0+: array {
            path 0+: string;
            topics 0+: array {
                name 0+: string;
                partitions 0+: array int32;
            }
        }
    }
    DescribeLogDirs, flexible 2+ {
        topics 1+: array {
            topic 1+: string;
            partitions 1+: array int32;
        }
    }
    CreatePartitions, flexible 2+ {
        topics 0+: array {
            name 0+: string;
            count 0+: int32;
            assignments 0+: array {
                broker_ids 0+: array int32;
            }
        }
        timeout_ms 0+: int32;
        validate_only 0+: int8;
    }
    IncrementalAlterConfigs, flexible 1+ {
        resources 0+: array {
            resource_type 0+: int8;
            resource_name 0+: string;
            configs 0+: array {
                name 0+: string;
                config_operation 0+: int8;
                value 0+: string;
            }
        }
        validate_only 0+: int8;
    }
    ListPartitionReassignments, flexible 0+ {
        timeout_ms 0+: int32;
        topics 0+: array {
            name 0+: string;
            partition_indexes 0+: array int32;
        }
    }
    DescribeCluster, flexible 0+ {
        include_cluster_authorized_operations 0+: int8;
        endpoint_type 1+: int8;
        include_fenced_brokers 2+: int8;
    }
    DescribeProducers, flexible 0+ {
        topics 0+: array {
            name 0+: string;
            partition_indexes 0+: array int32;
        }
    }
    ListConfigResources, flexible 0+ {
        resource_types 1+: array int8;
    }
    DescribeTopicPartitions, flexible 0+ {
        topics 0+: array {
            name 0+: string;
        }
        response_partition_limit 0+: int32;
        cursor 0+: nullable {
            topic_name 0+: string;
            partition_index 0+: int32;
        }
    }
    FindCoordinator, flexible 3+ {
        key 0-3: string;
        key_type 1+: int8;
        coordinator_keys 4+: array string;
    }
    JoinGroup, flexible 6+ {
        group_id 0+: string;
        session_timeout_ms 0+: int32;
        rebalance_timeout_ms 1+: int32;
        member_id 0+: string;
        group_instance_id 5+: string;
        protocol_type 0+: string;
        protocols 0+: array {
            name 0+: string;
            metadata 0+: bytes;
        }
        reason 8+: string;
    }
    SyncGroup, flexible 4+ {
        group_id 0+: string;
        generation_id 0+: int32;
        member_id 0+: string;
        group_instance_id 3+: string;
        protocol_type 5+: string;
        protocol_name 5+: string;
        assignments 0+: array {
            member_id 0+: string;
            assignment 0+: bytes;
        }
    }
    Heartbeat, flexible 4+ {
        group_id 0+: string;
        generation_id 0+: int32;
        member_id 0+: string;
        group_instance_id 3+: string;
    }
    LeaveGroup, flexible 4+ {
        group_id 0+: string;
        member_id 0-2: string;
        members 3+: array {
            member_id 3+: string;
            group_instance_id 3+: string;
            reason 5+: string;
        }
    }
    OffsetCommit, flexible 8+ {
        group_id 2+: string;
        generation_id_or_member_epoch 2+: int32;
        member_id 2+: string;
        group_instance_id 7+: string;
        retention_time_ms 2-4: int64;
        topics 2+: array {
            name 2-9: string;
            topic_id 10+: uuid;
            partitions 2+: array {
                partition_index 2+: int32;
                committed_offset 2+: int64;
                committed_leader_epoch 6+: int32;
                committed_metadata 2+: string;
            }
        }
    }
    OffsetFetch, flexible 6+ {
        group_id 1-7: string;
        topics 1-7: array {
            name 1-7: string;
            partition_indexes 1-7: array int32;
        }
        groups 8+: array {
            group_id 8+: string;
            member_id 9+: string;
            member_epoch 9+: int32;
            topics 8+: array {
                name 8-9: string;
                topic_id 10+: uuid;
                partition_indexes 8+: array int32;
            }
        }
        require_stable 7+: int8;
    }
    OffsetDelete, flexible 32767+ {
        group_id 0+: string;
        topics 0+: array {
            name 0+: string;
            partitions 0+: array {
                partition_index 0+: int32;
            }
        }
    }
    DescribeGroups, flexible 5+ {
        groups 0+: array string;
        include_authorized_operations 3+: int8;
    }
    ListGroups, flexible 3+ {
        states_filter 4+: array string;
        types_filter 5+: array string;
    }
    DeleteGroups, flexible 2+ {
        groups_names 0+: array string;
    }
    ConsumerGroupHeartbeat, flexible 0+ {
        group_id 0+: string;
        member_id 0+: string;
        member_epoch 0+: int32;
        instance_id 0+: string;
        rack_id 0+: string;
        rebalance_timeout_ms 0+: int32;
        subscribed_topic_names 0+: array string;
        subscribed_topic_regex 1+: string;
        server_assignor 0+: string;
        topic_partitions 0+: array {
            topic_id 0+: uuid;
            partitions 0+: array int32;
        }
    }
    ConsumerGroupDescribe, flexible 0+ {
        group_ids 0+: array string;
        include_authorized_operations 0+: int8;
    }
    ElectLeaders, flexible 2+ {
        election_type 1+: int8;
        topic_partitions 0+: array {
            topic 0+: string;
            partitions 0+: array int32;
        }
        timeout_ms 0+: int32;
    }
    AlterPartitionReassignments, flexible 0+ {
        timeout_ms 0+: int32;
        allow_replication_factor_change 1+: int8;
        topics 0+: array {
            name 0+: string;
            partitions 0+: array {
                partition_index 0+: int32;
                replicas 0+: array int32;
            }
        }
    }
    UnregisterBroker, flexible 0+ {
        broker_id 0+: int32;
    }
    AlterPartition, flexible 0+ {
        broker_id 2+: int32;
        broker_epoch 2+: int64;
        topics 2+: array {
            topic_id 2+: uuid;
            partitions 2+: array {
                partition_index 2+: int32;
                leader_epoch 2+: int32;
                new_isr 2-2: array int32;
                new_isr_with_epochs 3+: array {
                    broker_id 3+: int32;
                    broker_epoch 3+: int64;
                }
                leader_recovery_state 2+: int8;
                partition_epoch 2+: int32;
            }
        }
    }
    BrokerRegistration, flexible 0+ {
        broker_id 0+: int32;
        cluster_id 0+: string;
        incarnation_id 0+: uuid;
        listeners 0+: array {
            name 0+: string;
            host 0+: string;
            port 0+: int16;
            security_protocol 0+: int16;
        }
        features 0+: array {
            name 0+: string;
            min_supported_version 0+: int16;
            max_supported_version 0+: int16;
        }
        rack 0+: string;
        is_migrating_zk_broker 1+: int8;
        log_dirs 2+: array uuid;
        previous_broker_epoch 3+: int64;
    }
    BrokerHeartbeat, flexible 0+ {
        broker_id 0+: int32;
        broker_epoch 0+: int64;
        current_metadata_offset 0+: int64;
        want_fence 0+: int8;
        want_shut_down 0+: int8;
        offline_log_dirs 1+ tag 0: array uuid;
        cordoned_log_dirs 2+ tag 1: array uuid;
    }
    AllocateProducerIds, flexible 0+ {
        broker_id 0+: int32;
        broker_epoch 0+: int64;
    }
    AssignReplicasToDirs, flexible 0+ {
        broker_id 0+: int32;
        broker_epoch 0+: int64;
        directories 0+: array {
            id 0+: uuid;
            topics 0+: array {
                topic_id 0+: uuid;
                partitions 0+: array {
                    partition_index 0+: int32;
                }
            }
        }
    }
    ControllerRegistration, flexible 0+ {
        controller_id 0+: int32;
        incarnation_id 0+: uuid;
        zk_migration_ready 0+: int8;
        listeners 0+: array {
            name 0+: string;
            host 0+: string;
            port 0+: int16;
            security_protocol 0+: int16;
        }
        features 0+: array {
            name 0+: string;
            min_supported_version 0+: int16;
            max_supported_version 0+: int16;
        }
    }
    Envelope, flexible 0+ {
        request_data 0+: bytes;
        request_principal 0+: bytes;
        client_host_address 0+: bytes;
    }
    DescribeQuorum, flexible 0+ {
        topics 0+: array {
            topic_name 0+: string;
            partitions 0+: array {
                partition_index 0+: int32;
            }
        }
    }
    FetchSnapshot, flexible 0+ {
        cluster_id 0+ tag 0: string;
        replica_id 0+: int32;
        max_bytes 0+: int32;
        topics 0+: array {
            name 0+: string;
            partitions 0+: array {
                partition 0+: int32;
                current_leader_epoch 0+: int32;
                snapshot_id 0+: group {
                    end_offset 0+: int64;
                    epoch 0+: int32;
                }
                position 0+: int64;
                replica_directory_id 1+ tag 0: uuid;
            }
        }
    }
    UpdateFeatures, flexible 0+ {
        timeout_ms 0+: int32;
        feature_updates 0+: array {
            feature 0+: string;
            max_version_level 0+: int16;
            allow_downgrade 0-0: int8;
            upgrade_type 1+: int8;
        }
        validate_only 1+: int8;
    }
}
