//! DescribeProducers 0: who has written to a partition lately (KIP-664).

use kafka_protocol::messages::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use kafka_protocol::messages::{DescribeProducersRequest, DescribeProducersResponse};
use model::{ErrorCode, PartitionIndex, TopicName};
use wire::{Answer, Context, Handle};

use crate::node::{FileSlice, Node};
use crate::text::text;

impl Handle<DescribeProducersRequest> for Node {
    async fn handle(
        &self,
        _: &Context,
        request: DescribeProducersRequest,
    ) -> Answer<DescribeProducersResponse, FileSlice> {
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|index| {
                let answer = PartitionResponse::default().with_partition_index(*index);
                if let Err(error) = TopicName::check(&topic.name) {
                    let code = ErrorCode::InvalidTopicException.code();
                    return answer.with_error_code(code).with_error_message(Some(text(error.to_string())));
                }
                match self.partition_by_name(&topic.name, PartitionIndex(*index)) {
                    Ok(partition) => {
                        let producers = partition.log().active_producers().into_iter().map(|producer| {
                            ProducerState::default()
                                .with_producer_id(producer.producer_id.0.into())
                                .with_producer_epoch(i32::from(producer.producer_epoch.0))
                                .with_last_sequence(producer.last_sequence.0)
                                .with_last_timestamp(producer.last_timestamp.0)
                                .with_coordinator_epoch(producer.coordinator_epoch)
                                .with_current_txn_start_offset(producer.transaction_start.0)
                        });
                        answer.with_active_producers(producers.collect())
                    }
                    Err(error) => {
                        let message = self
                            .published()
                            .image
                            .topic(&topic.name)
                            .is_none()
                            .then(|| text("This server does not host this topic-partition."));
                        answer.with_error_code(error.code()).with_error_message(message)
                    }
                }
            });
            let partitions = partitions.collect();
            TopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions)
        });
        DescribeProducersResponse::default().with_topics(topics.collect()).into()
    }
}
