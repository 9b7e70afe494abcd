//! DeleteRecords 0 to 2: everything in front of an offset goes (KIP-107), and the answer waits until it is gone from all
//! replicas that live (`DelayedDeleteRecords`).

use std::sync::Arc;

use indexmap::IndexMap;
use kafka_protocol::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};
use model::{ErrorCode, Offset, PartitionIndex, TopicName};
use tokio::sync::Notify;
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};
use crate::partition::Partition;

impl Handle<DeleteRecordsRequest> for Node {
    async fn handle(&self, _: &Context, request: DeleteRecordsRequest) -> Answer<DeleteRecordsResponse, FileSlice> {
        // Each partition once: of equal ones the last counts, and a topic without partitions is none.
        let mut topics: IndexMap<_, IndexMap<i32, i64>> = IndexMap::new();
        for topic in request.topics.into_iter().filter(|topic| !topic.partitions.is_empty()) {
            let asked = topic.partitions.iter().map(|asked| (asked.partition_index, asked.offset));
            topics.entry(topic.name).or_default().extend(asked);
        }
        let mut waiting = Vec::new();
        let mut results: Vec<DeleteRecordsTopicResult> = Vec::with_capacity(topics.len());
        for (name, asked) in topics {
            let mut partitions = Vec::with_capacity(asked.len());
            for (index, offset) in asked {
                let mut told = DeleteRecordsPartitionResult::default().with_partition_index(index);
                let deleted = self.delete_before(&name, index, offset);
                let low_watermark = deleted.as_ref().map_err(|error| *error).and_then(|(it, _)| it.low_watermark());
                tell(&mut told, low_watermark);
                if let (Ok((partition, upto)), Ok(low_watermark)) = (deleted, low_watermark)
                    && low_watermark < upto
                {
                    waiting.push(Waiting { at: (results.len(), partitions.len()), partition, upto });
                }
                partitions.push(told);
            }
            results.push(DeleteRecordsTopicResult::default().with_name(name).with_partitions(partitions));
        }
        if waiting.is_empty() {
            return DeleteRecordsResponse::default().with_topics(results).into();
        }
        let Some(node) = self.me() else { return Answer::Close };
        let timeout_ms = request.timeout_ms;
        Answer::Later(Box::pin(async move {
            node.wait_for_replicas(&mut results, waiting, timeout_ms).await;
            DeleteRecordsResponse::default().with_topics(results).into()
        }))
    }
}

/// What is deleted here and not on all living replicas yet.
struct Waiting {
    /// Where its answer is: the topic, and the partition in it.
    at: (usize, usize),
    partition: Arc<Partition>,
    upto: Offset,
}

impl Node {
    /// Waits until the low watermark of each partition is where it was wanted, and tells those whose is not, or not in
    /// time; these keep the low watermark that they had in the beginning.
    async fn wait_for_replicas(
        &self,
        results: &mut [DeleteRecordsTopicResult],
        mut waiting: Vec<Waiting>,
        timeout_ms: i32,
    ) {
        let deadline = host::clock::monotonic().plus_ms(u64::try_from(timeout_ms).unwrap_or(0));
        let waiter = Arc::new(Notify::new());
        waiting.iter().for_each(|waiting| waiting.partition.deleters.park(&waiter));
        let mut in_time = true;
        loop {
            // Parked first and looked at then, so that nothing that comes in between is missed.
            waiting.retain(|Waiting { at: (topic, index), partition, upto }| {
                let low_watermark = self
                    .partition(partition.topic_id, partition.id.partition)
                    .and_then(|partition| partition.low_watermark());
                let is_over = low_watermark.is_err() || low_watermark.is_ok_and(|mark| mark >= *upto);
                let told = results.get_mut(*topic).and_then(|topic| topic.partitions.get_mut(*index));
                match told {
                    Some(told) if is_over => tell(told, low_watermark),
                    Some(told) if !in_time => told.error_code = ErrorCode::RequestTimedOut.code(),
                    _ => {}
                }
                !is_over
            });
            if waiting.is_empty() || !in_time {
                return;
            }
            in_time = host::task::timeout_at(deadline, waiter.notified()).await.is_ok();
        }
    }

    /// Deletes on this broker. -1 means: up to the high watermark. The answer is up to where it is wanted.
    fn delete_before(&self, topic: &str, index: i32, offset: i64) -> Result<(Arc<Partition>, Offset), ErrorCode> {
        if TopicName::from(topic).is_internal() {
            return Err(ErrorCode::InvalidTopicException);
        }
        let partition = self.partition_by_name(topic, PartitionIndex(index))?;
        let config = partition.log().config();
        if config.compact && !config.delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let high_watermark = partition.log().high_watermark();
        let before = if offset == -1 { high_watermark } else { Offset(offset) };
        if before.0 < 0 || before > high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        partition.delete_records(before)?.map_err(|error| self.read_failed(&partition.id, &error))?;
        partition.readers.wake();
        Ok((partition, before))
    }
}

fn tell(told: &mut DeleteRecordsPartitionResult, low_watermark: Result<Offset, ErrorCode>) {
    match low_watermark {
        Ok(mark) => (told.low_watermark, told.error_code) = (mark.0, ErrorCode::None.code()),
        Err(error) => (told.low_watermark, told.error_code) = (-1, error.code()),
    }
}
