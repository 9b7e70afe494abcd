//! ListOffsets 1 to 11: by time, and by the special times below zero (KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023).

use std::collections::BTreeSet;

use indexmap::IndexMap;
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, Timestamp};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const EARLIEST_PENDING_UPLOAD: i64 = -6;

/// How much of the log the asker may know of.
#[derive(Clone, Copy)]
enum Upto {
    Stable,
    Committed,
    End,
}

#[derive(Clone, Copy)]
struct Asker {
    upto: Upto,
    of_any_replica: bool,
}

type Found = Option<(Timestamp, Offset, LeaderEpoch)>;

impl Handle<ListOffsetsRequest> for Node {
    async fn handle(&self, context: &Context, request: ListOffsetsRequest) -> Answer<ListOffsetsResponse, FileSlice> {
        // A replica, and whoever says that it looks for faults (-2), asks for the log as it is; the latter of followers too.
        let upto = match (request.replica_id.0, request.isolation_level) {
            (-1, 1) => Upto::Stable,
            (-1, _) => Upto::Committed,
            _ => Upto::End,
        };
        let asker = Asker { upto, of_any_replica: request.replica_id.0 == -2 };
        let mut topics: IndexMap<_, IndexMap<i32, _>> = IndexMap::new();
        let mut twice = BTreeSet::new();
        for topic in request.topics.into_iter().filter(|topic| !topic.partitions.is_empty()) {
            let known = topics.entry(topic.name.clone()).or_default();
            for asked in topic.partitions {
                if known.insert(asked.partition_index, asked.clone()).is_some() {
                    twice.insert((topic.name.clone(), asked.partition_index));
                }
            }
        }
        let topics = topics.into_iter().map(|(name, asked)| {
            let partitions = asked.into_iter().map(|(index, asked)| {
                let outcome = if twice.contains(&(name.clone(), index)) {
                    Err(ErrorCode::InvalidRequest)
                } else if !context.knows_special_time(asked.timestamp) {
                    Err(ErrorCode::UnsupportedVersion)
                } else {
                    self.offset_at(&name, index, asked.current_leader_epoch, asked.timestamp, asker)
                };
                let told = ListOffsetsPartitionResponse::default().with_partition_index(index);
                match outcome {
                    Ok(Some((timestamp, offset, epoch))) => {
                        let epoch = if context.knows_leader_epoch_of_offsets() { epoch.0 } else { -1 };
                        told.with_timestamp(timestamp.0).with_offset(offset.0).with_leader_epoch(epoch)
                    }
                    Ok(None) => told,
                    Err(ErrorCode::OffsetNotAvailable) if !context.knows_offset_not_available() => {
                        told.with_error_code(ErrorCode::LeaderNotAvailable.code())
                    }
                    Err(error) => told.with_error_code(error.code()),
                }
            });
            let partitions = partitions.collect();
            ListOffsetsTopicResponse::default().with_name(name.clone()).with_partitions(partitions)
        });
        ListOffsetsResponse::default().with_topics(topics.collect()).into()
    }
}

impl Node {
    fn offset_at(
        &self,
        topic: &str,
        index: i32,
        claimed_epoch: i32,
        timestamp: i64,
        Asker { upto, of_any_replica }: Asker,
    ) -> Result<Found, ErrorCode> {
        let partition = self.replica_by_name(topic, PartitionIndex(index))?;
        match of_any_replica {
            true => partition.check_epoch(claimed_epoch)?,
            false => partition.check_leads(claimed_epoch)?,
        }
        let log = partition.log();
        let end = match upto {
            Upto::Stable => log.last_stable_offset(),
            Upto::Committed => log.high_watermark(),
            Upto::End => log.end_offset(),
        };
        let storage = |error| self.read_failed(&partition.id, &error);
        // What is behind the known end may be committed all the same: to say there is nothing would be wrong (KIP-207).
        let behind = !matches!(upto, Upto::End) && partition.is_high_watermark_behind();
        let unknown = || if behind { Err(ErrorCode::OffsetNotAvailable) } else { Ok(None) };
        let within = |found: Found| match found.filter(|(_, offset, _)| *offset < end) {
            None => unknown(),
            found => Ok(found),
        };
        let epoch_of = |offset| log.epoch_at(offset).unwrap_or(LeaderEpoch::NONE);
        Ok(match timestamp {
            LATEST if behind => return unknown(),
            LATEST => Some((Timestamp::NONE, end, partition.leader_epoch())),
            EARLIEST | EARLIEST_LOCAL => {
                let start = log.start_offset();
                Some((Timestamp::NONE, start, epoch_of(start)))
            }
            // Nothing is tiered, and nothing waits for it.
            LATEST_TIERED | EARLIEST_PENDING_UPLOAD => Some((Timestamp::NONE, Offset::NONE, LeaderEpoch::NONE)),
            MAX_TIMESTAMP => within(log.max_timestamp_offset().map_err(storage)?)?,
            time if time >= 0 => within(log.offset_for_timestamp(Timestamp(time)).map_err(storage)?)?,
            _ => return Err(ErrorCode::UnsupportedVersion),
        })
    }
}
