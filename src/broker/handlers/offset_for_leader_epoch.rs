//! OffsetForLeaderEpoch 2 to 4: where an epoch ended, so that clients see truncation (KIP-101, KIP-279, KIP-320).

use kafka_protocol::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use kafka_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use model::{ErrorCode, LeaderEpoch, Offset, PartitionIndex};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};

impl Handle<OffsetForLeaderEpochRequest> for Node {
    async fn handle(
        &self,
        _: &Context,
        request: OffsetForLeaderEpochRequest,
    ) -> Answer<OffsetForLeaderEpochResponse, FileSlice> {
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let answer = EpochEndOffset::default().with_partition(asked.partition);
                match self.end_of_epoch(&topic.topic, asked.partition, asked.current_leader_epoch, asked.leader_epoch) {
                    Ok((epoch, end)) => answer.with_leader_epoch(epoch.0).with_end_offset(end.0),
                    Err(error) => answer.with_error_code(error.code()),
                }
            });
            let partitions = partitions.collect();
            OffsetForLeaderTopicResult::default().with_topic(topic.topic.clone()).with_partitions(partitions)
        });
        OffsetForLeaderEpochResponse::default().with_topics(topics.collect()).into()
    }
}

impl Node {
    fn end_of_epoch(
        &self,
        topic: &str,
        index: i32,
        claimed: i32,
        asked: i32,
    ) -> Result<(LeaderEpoch, Offset), ErrorCode> {
        let partition = self.replica_by_name(topic, PartitionIndex(index))?;
        partition.check_leads(claimed)?;
        Ok(partition.log().end_offset_for_epoch(LeaderEpoch(asked)))
    }
}
