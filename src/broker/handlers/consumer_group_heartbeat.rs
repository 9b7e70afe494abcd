//! ConsumerGroupHeartbeat 0 to 1: a member of a consumer group joins, lives, changes what it wants, or leaves (KIP-848).

use groups::consumer::partitions::Partitions;
use groups::consumer::{ConsumerBeat, Refusal};
use groups::{Reply, Request};
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions as Owned;
use kafka_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use model::{ErrorCode, PartitionIndex, TopicId};
use wire::{Answer, Context, Handle};

use crate::groups::answer;
use crate::node::{FileSlice, Node};
use crate::text::{owned_or_none, text, text_or_null};

impl Handle<ConsumerGroupHeartbeatRequest> for Node {
    async fn handle(
        &self,
        context: &Context,
        request: ConsumerGroupHeartbeatRequest,
    ) -> Answer<ConsumerGroupHeartbeatResponse, FileSlice> {
        if !self.has_consumer_groups() {
            return refuse(Refusal::code(ErrorCode::UnsupportedVersion)).into();
        }
        let heartbeat = translate(context, request);
        // Before anybody looks whose group it is, as Apache Kafka has it.
        if let Err(refusal) = heartbeat.check(self.groups.assignors()) {
            return refuse(refusal).into();
        }
        let asked = self.ask_group(&heartbeat.group.clone(), Request::ConsumerGroupHeartbeat(Box::new(heartbeat)));
        answer(asked, move |told| match told {
            Ok(Reply::ConsumerGroupHeartbeat(Ok(beat))) => tell(beat),
            Ok(Reply::ConsumerGroupHeartbeat(Err(refusal))) => refuse(refusal),
            Ok(_) => refuse(Refusal::code(ErrorCode::UnknownServerError)),
            Err(error) => refuse(Refusal::code(error)),
        })
    }
}

fn translate(context: &Context, request: ConsumerGroupHeartbeatRequest) -> groups::ConsumerGroupHeartbeat {
    groups::ConsumerGroupHeartbeat {
        group: request.group_id.to_string(),
        member: request.member_id.to_string(),
        member_epoch: request.member_epoch,
        instance: owned_or_none(request.instance_id),
        rack: owned_or_none(request.rack_id),
        rebalance_timeout_ms: request.rebalance_timeout_ms,
        topics: request
            .subscribed_topic_names
            .map(|names| names.iter().map(|name| name.to_string().as_str().into()).collect()),
        regex: owned_or_none(request.subscribed_topic_regex),
        assignor: owned_or_none(request.server_assignor),
        owned: request.topic_partitions.map(owned),
        client_id: context.client_id().to_owned(),
        client_host: format!("/{}", context.origin().peer),
        client_names_member: context.names_member(),
        dice: host::dice::uuid(),
    }
}

/// A topic without partitions is none that the member owns.
fn owned(topics: Vec<Owned>) -> Partitions {
    let mut partitions = Partitions::new();
    for topic in topics.into_iter().filter(|topic| !topic.partitions.is_empty()) {
        let held = topic.partitions.into_iter().map(PartitionIndex);
        partitions.entry(TopicId::from(topic.topic_id)).or_default().extend(held);
    }
    partitions
}

fn tell(beat: ConsumerBeat) -> ConsumerGroupHeartbeatResponse {
    let assignment = beat.assignment.map(|partitions| {
        let topics = partitions.into_iter().map(|(topic, partitions)| {
            let partitions = partitions.into_iter().map(|partition| partition.0).collect();
            TopicPartitions::default().with_topic_id(topic.0).with_partitions(partitions)
        });
        Assignment::default().with_topic_partitions(topics.collect())
    });
    ConsumerGroupHeartbeatResponse::default()
        .with_member_id(Some(text(beat.member)))
        .with_member_epoch(beat.epoch)
        .with_heartbeat_interval_ms(beat.heartbeat_interval_ms)
        .with_assignment(assignment)
}

fn refuse(refusal: Refusal) -> ConsumerGroupHeartbeatResponse {
    ConsumerGroupHeartbeatResponse::default()
        .with_error_code(refusal.code.code())
        .with_error_message(text_or_null(refusal.message))
        .with_member_id(None)
        .with_assignment(None)
}
