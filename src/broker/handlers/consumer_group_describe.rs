//! ConsumerGroupDescribe 0 to 1: consumer groups with their members, what these have and what they shall have (KIP-848).

use groups::consumer::{DescribedConsumer, DescribedConsumerGroup, NamedPartitions, Refusal};
use groups::{Reply, Request};
use kafka_protocol::messages::consumer_group_describe_response::{Assignment, DescribedGroup, Member, TopicPartitions};
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, GroupId};
use model::ErrorCode;
use wire::{Answer, Context, Handle};

use crate::groups::{GROUP_OPERATIONS, answered};
use crate::node::{FileSlice, Node};
use crate::text::{text, text_or_null, topic_name};

/// The type of a member that speaks the classic protocol, and of one that speaks the consumer protocol (KIP-1099).
const CLASSIC: i8 = 0;
const CONSUMER: i8 = 1;

impl Handle<ConsumerGroupDescribeRequest> for Node {
    async fn handle(
        &self,
        _: &Context,
        request: ConsumerGroupDescribeRequest,
    ) -> Answer<ConsumerGroupDescribeResponse, FileSlice> {
        if !self.has_consumer_groups() {
            let refuse = |group| failed(group, Refusal::code(ErrorCode::UnsupportedVersion));
            let groups = request.group_ids.into_iter().map(refuse).collect();
            return ConsumerGroupDescribeResponse::default().with_groups(groups).into();
        }
        let operations = request.include_authorized_operations;
        let asked = request.group_ids.into_iter().map(|group| {
            let asked = match group.is_empty() {
                true => Err(ErrorCode::InvalidGroupId),
                false => self.ask_group(&group, Request::ConsumerGroupDescribe(group.to_string())),
            };
            (group, asked)
        });
        let asked: Vec<_> = asked.collect();
        Answer::when(async move {
            let mut groups = Vec::with_capacity(asked.len());
            for (group, asked) in asked {
                let mut told = match answered(asked).await {
                    Ok(Reply::ConsumerGroupDescribe(Ok(described))) => tell(group, described),
                    Ok(Reply::ConsumerGroupDescribe(Err(refusal))) => failed(group, refusal),
                    Ok(_) => failed(group, Refusal::code(ErrorCode::UnknownServerError)),
                    Err(error) => failed(group, Refusal::code(error)),
                };
                if operations && told.error_code == 0 {
                    told.authorized_operations = GROUP_OPERATIONS;
                }
                groups.push(told);
            }
            ConsumerGroupDescribeResponse::default().with_groups(groups).into()
        })
        .await
    }
}

fn failed(group: GroupId, refusal: Refusal) -> DescribedGroup {
    DescribedGroup::default()
        .with_group_id(group)
        .with_error_code(refusal.code.code())
        .with_error_message(text_or_null(refusal.message))
}

fn tell(group: GroupId, described: DescribedConsumerGroup) -> DescribedGroup {
    DescribedGroup::default()
        .with_group_id(group)
        .with_group_state(text(described.state))
        .with_group_epoch(described.epoch)
        .with_assignment_epoch(described.assignment_epoch)
        .with_assignor_name(text(described.assignor))
        .with_members(described.members.into_iter().map(member).collect())
}

fn member(described: DescribedConsumer) -> Member {
    let member = &described.member;
    Member::default()
        .with_member_id(text(&*member.id))
        .with_instance_id(text_or_null(member.instance.as_deref()))
        .with_rack_id(text_or_null(member.rack.clone()))
        .with_member_epoch(member.epoch)
        .with_client_id(text(member.client_id.as_str()))
        .with_client_host(text(member.client_host.as_str()))
        .with_subscribed_topic_names(member.topics.iter().map(topic_name).collect())
        .with_subscribed_topic_regex(Some(text(member.regex.as_deref().unwrap_or_default())))
        .with_assignment(assignment(described.assignment))
        .with_target_assignment(assignment(described.target))
        .with_member_type(if member.classic.is_some() { CLASSIC } else { CONSUMER })
}

fn assignment(topics: Vec<NamedPartitions>) -> Assignment {
    let topics = topics.into_iter().map(|topic| {
        TopicPartitions::default()
            .with_topic_id(topic.id.0)
            .with_topic_name(topic_name(&topic.name))
            .with_partitions(topic.partitions.into_iter().map(|partition| partition.0).collect())
    });
    Assignment::default().with_topic_partitions(topics.collect())
}
