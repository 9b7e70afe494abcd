//! The layout of the responses that this node reads as a client of others, as [`super::shapes`] has it of requests.

use super::guard::shapes;

shapes! {
    Fetch, flexible 12+ {
        throttle_time_ms 4+: int32;
        error_code 7+: int16;
        session_id 7+: int32;
        responses 4+: array {
            topic 4-12: string;
            topic_id 13+: uuid;
            partitions 4+: array {
                partition_index 4+: int32;
                error_code 4+: int16;
                high_watermark 4+: int64;
                last_stable_offset 4+: int64;
                log_start_offset 5+: int64;
                diverging_epoch 12+ tag 0: group {
                    epoch 12+: int32;
                    end_offset 12+: int64;
                }
                current_leader 12+ tag 1: group {
                    leader_id 12+: int32;
                    leader_epoch 12+: int32;
                }
                snapshot_id 12+ tag 2: group {
                    end_offset 4+: int64;
                    epoch 4+: int32;
                }
                aborted_transactions 4+: array {
                    producer_id 4+: int64;
                    first_offset 4+: int64;
                }
                preferred_read_replica 11+: int32;
                records 4+: records;
            }
        }
        node_endpoints 16+ tag 0: array {
            node_id 16+: int32;
            host 16+: string;
            port 16+: int32;
            rack 16+: string;
        }
    }
    ListOffsets, flexible 6+ {
        throttle_time_ms 2+: int32;
        topics 1+: array {
            name 1+: string;
            partitions 1+: array {
                partition_index 1+: int32;
                error_code 1+: int16;
                timestamp 1+: int64;
                offset 1+: int64;
                leader_epoch 4+: int32;
            }
        }
    }
    AlterPartition, flexible 0+ {
        throttle_time_ms 2+: int32;
        error_code 2+: int16;
        topics 2+: array {
            topic_id 2+: uuid;
            partitions 2+: array {
                partition_index 2+: int32;
                error_code 2+: int16;
                leader_id 2+: int32;
                leader_epoch 2+: int32;
                isr 2+: array int32;
                leader_recovery_state 2+: int8;
                partition_epoch 2+: int32;
            }
        }
    }
    BrokerRegistration, flexible 0+ {
        throttle_time_ms 0+: int32;
        error_code 0+: int16;
        broker_epoch 0+: int64;
    }
    BrokerHeartbeat, flexible 0+ {
        throttle_time_ms 0+: int32;
        error_code 0+: int16;
        is_caught_up 0+: int8;
        is_fenced 0+: int8;
        should_shut_down 0+: int8;
    }
    AllocateProducerIds, flexible 0+ {
        throttle_time_ms 0+: int32;
        error_code 0+: int16;
        producer_id_start 0+: int64;
        producer_id_len 0+: int32;
    }
    AssignReplicasToDirs, flexible 0+ {
        throttle_time_ms 0+: int32;
        error_code 0+: int16;
        directories 0+: array {
            id 0+: uuid;
            topics 0+: array {
                topic_id 0+: uuid;
                partitions 0+: array {
                    partition_index 0+: int32;
                    error_code 0+: int16;
                }
            }
        }
    }
    ControllerRegistration, flexible 0+ {
        throttle_time_ms 0+: int32;
        error_code 0+: int16;
        error_message 0+: string;
    }
    Envelope, flexible 0+ {
        response_data 0+: bytes;
        error_code 0+: int16;
    }
    CreateTopics, flexible 5+ {
        throttle_time_ms 2+: int32;
        topics 2+: array {
            name 2+: string;
            topic_id 7+: uuid;
            error_code 2+: int16;
            error_message 2+: string;
            topic_config_error_code 5+ tag 0: int16;
            num_partitions 5+: int32;
            replication_factor 5+: int16;
            configs 5+: array {
                name 5+: string;
                value 5+: string;
                read_only 5+: int8;
                config_source 5+: int8;
                is_sensitive 5+: int8;
            }
        }
    }
    AlterConfigs, flexible 2+ {
        throttle_time_ms 0+: int32;
        responses 0+: array {
            error_code 0+: int16;
            error_message 0+: string;
            resource_type 0+: int8;
            resource_name 0+: string;
        }
    }
    IncrementalAlterConfigs, flexible 1+ {
        throttle_time_ms 0+: int32;
        responses 0+: array {
            error_code 0+: int16;
            error_message 0+: string;
            resource_type 0+: int8;
            resource_name 0+: string;
        }
    }
}
