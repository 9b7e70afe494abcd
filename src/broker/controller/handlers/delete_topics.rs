//! DeleteTopics 1 to 6, by name or by id (KIP-4, KIP-516).

use controller::{DeleteTopics, DeletedTopic, Event, Refusal, Reply, TopicRef};
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use model::{ErrorCode, TopicId};
use wire::{Answer, Context, Handle};

use crate::controller::ControllerNode;
use crate::node::FileSlice;
use crate::text::text_or_null;

impl Handle<DeleteTopicsRequest> for ControllerNode {
    async fn handle(&self, context: &Context, request: DeleteTopicsRequest) -> Answer<DeleteTopicsResponse, FileSlice> {
        let topics: Vec<TopicRef> = if context.topics_by_name_or_id() {
            let named = request.topics.into_iter();
            named
                .map(|topic| TopicRef {
                    name: topic.name.map(|name| name.to_string()),
                    id: TopicId::from(topic.topic_id),
                })
                .collect()
        } else {
            let named = request.topic_names.into_iter();
            named.map(|name| TopicRef { name: Some(name.to_string()), id: TopicId::ZERO }).collect()
        };
        let refuse_all = |refusal: Refusal| {
            let topics = topics.iter().cloned();
            topics.map(|TopicRef { name, id }| DeletedTopic { name, id, result: Err(refusal.clone()) }).collect()
        };
        let deleted: Vec<DeletedTopic> = if !self.config.topics.delete_enable {
            let known = context.knows_deletion_disabled();
            let error = if known { ErrorCode::TopicDeletionDisabled } else { ErrorCode::InvalidRequest };
            refuse_all(Refusal::code(error))
        } else {
            match self.submit(Event::DeleteTopics(DeleteTopics { topics: topics.clone() })).await {
                Ok(Reply::DeleteTopics(Ok(deleted))) => deleted,
                Ok(Reply::DeleteTopics(Err(refusal))) => refuse_all(refusal),
                _ => refuse_all(Refusal::code(ErrorCode::NotController)),
            }
        };
        let responses = deleted.into_iter().map(|topic| {
            let (error, message) = match topic.result {
                Ok(()) => (0, None),
                Err(refusal) => (refusal.code.code(), refusal.message),
            };
            DeletableTopicResult::default()
                .with_name(text_or_null(topic.name).map(Into::into))
                .with_topic_id(topic.id.0)
                .with_error_code(error)
                .with_error_message(text_or_null(message))
        });
        DeleteTopicsResponse::default().with_responses(responses.collect()).into()
    }
}
