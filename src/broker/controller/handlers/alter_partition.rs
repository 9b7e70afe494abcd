//! AlterPartition 2 and 3: leaders change their in-sync sets (KIP-497, KIP-903).

use controller::{AlterPartition, AlteredPartition, Event, NewIsr, Reply};
use kafka_protocol::messages::alter_partition_request::{BrokerState, PartitionData as Asked};
use kafka_protocol::messages::alter_partition_response::{PartitionData, TopicData};
use kafka_protocol::messages::{AlterPartitionRequest, AlterPartitionResponse, BrokerId};
use model::{BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicId};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::handlers::ids;
use crate::node::FileSlice;

impl Handle<AlterPartitionRequest> for ControllerNode {
    async fn handle(&self, _: &Context, request: AlterPartitionRequest) -> Answer<AlterPartitionResponse, FileSlice> {
        let (broker, epoch) = (NodeId(request.broker_id.0), BrokerEpoch(request.broker_epoch));
        let mut partitions = Vec::new();
        for topic in request.topics {
            let topic_id = TopicId::from(topic.topic_id);
            partitions.extend(topic.partitions.into_iter().map(|asked| wanted(topic_id, asked)));
        }
        let answer = AlterPartitionResponse::default();
        match self.submit(Event::AlterPartition(AlterPartition { broker, epoch, partitions })).await {
            Ok(Reply::AlterPartition(Ok(altered))) => answer.with_topics(by_topic(altered)),
            Ok(Reply::AlterPartition(Err(refusal))) => answer.with_error_code(refusal.code.code()),
            _ => answer.with_error_code(ErrorCode::NotController.code()),
        }
        .into()
    }
}

fn wanted(topic_id: TopicId, asked: Asked) -> NewIsr {
    // Only one of the two lists is there, by version; without epochs each counts as unknown.
    let unknown = asked.new_isr.into_iter().map(|id| (NodeId(id.0), BrokerEpoch(-1)));
    let known = |state: BrokerState| (NodeId(state.broker_id.0), BrokerEpoch(state.broker_epoch));
    NewIsr {
        topic_id,
        partition: PartitionIndex(asked.partition_index),
        leader_epoch: LeaderEpoch(asked.leader_epoch),
        partition_epoch: PartitionEpoch(asked.partition_epoch),
        isr: unknown.chain(asked.new_isr_with_epochs.into_iter().map(known)).collect(),
        recovering: asked.leader_recovery_state == 1,
    }
}

/// Answers come in the order of the request, in which a topic's partitions are together.
fn by_topic(altered: Vec<AlteredPartition>) -> Vec<TopicData> {
    let mut topics: Vec<TopicData> = Vec::new();
    for one in altered {
        let told = PartitionData::default().with_partition_index(one.partition.0);
        let told = match one.result {
            Ok(now) => told
                .with_leader_id(BrokerId(now.leader.0))
                .with_leader_epoch(now.leader_epoch.0)
                .with_isr(ids(&now.isr))
                .with_leader_recovery_state(i8::from(now.recovering))
                .with_partition_epoch(now.partition_epoch.0),
            Err(refusal) => told.with_error_code(refusal.code.code()),
        };
        match topics.last_mut().filter(|topic| topic.topic_id == one.topic_id.0) {
            Some(topic) => topic.partitions.push(told),
            None => topics.push(TopicData::default().with_topic_id(one.topic_id.0).with_partitions(vec![told])),
        }
    }
    topics
}
