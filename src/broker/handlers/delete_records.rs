//! DeleteRecords 0 to 2: everything in front of an offset goes (KIP-107).

use indexmap::IndexMap;
use kafka_protocol::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};
use model::{ErrorCode, Offset, PartitionIndex, TopicName};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};

impl Handle<DeleteRecordsRequest> for Node {
    async fn handle(&self, _: &Context, request: DeleteRecordsRequest) -> Answer<DeleteRecordsResponse, FileSlice> {
        // Each partition once: of equal ones the last counts, and a topic without partitions is none.
        let mut topics: IndexMap<_, IndexMap<i32, i64>> = IndexMap::new();
        for topic in request.topics.into_iter().filter(|topic| !topic.partitions.is_empty()) {
            let asked = topic.partitions.iter().map(|asked| (asked.partition_index, asked.offset));
            topics.entry(topic.name).or_default().extend(asked);
        }
        let topics = topics.into_iter().map(|(name, partitions)| {
            let partitions = partitions.into_iter().map(|(index, offset)| {
                let answer = DeleteRecordsPartitionResult::default().with_partition_index(index);
                match self.delete_before(&name, index, offset) {
                    Ok(low_watermark) => answer.with_low_watermark(low_watermark.0),
                    Err(error) => answer.with_low_watermark(-1).with_error_code(error.code()),
                }
            });
            let partitions = partitions.collect();
            DeleteRecordsTopicResult::default().with_name(name.clone()).with_partitions(partitions)
        });
        DeleteRecordsResponse::default().with_topics(topics.collect()).into()
    }
}

impl Node {
    /// -1 means: up to the high watermark. The answer is the new first offset.
    fn delete_before(&self, topic: &str, index: i32, offset: i64) -> Result<Offset, ErrorCode> {
        if TopicName::from(topic).is_internal() {
            return Err(ErrorCode::InvalidTopicException);
        }
        let partition = self.partition_by_name(topic, PartitionIndex(index))?;
        if !partition.log.config().delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let high_watermark = partition.log.high_watermark();
        let before = if offset == -1 { high_watermark } else { Offset(offset) };
        if before.0 < 0 || before > high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        partition.log.delete_records_before(before).map_err(|error| self.read_failed(&partition.id, &error))?;
        partition.readers.wake();
        Ok(partition.log.start_offset())
    }
}
