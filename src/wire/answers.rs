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
}
