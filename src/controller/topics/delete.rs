//! Deleting topics, by name or by id.

use std::collections::BTreeSet;

use metadata::Image;
use metadata::records::RemoveTopicRecord;
use model::{ErrorCode, TopicId};

use super::{MAX_RECORDS, create::repeated, duplicate, policy};
use crate::{Controller, Decision, DeleteTopics, DeletedTopic, Refusal, Reply, TopicRef};

impl Controller {
    /// Clients that are refused as a whole get the refusal for each topic.
    pub(crate) fn delete_topics(&self, image: &Image, request: DeleteTopics) -> Decision {
        if !self.settings.node.topics.delete_enable {
            let refusal = Refusal::code(ErrorCode::TopicDeletionDisabled);
            return Decision::reply(Reply::DeleteTopics(Err(refusal)));
        }
        let names = request.topics.iter().filter(|it| it.id.is_zero()).filter_map(|it| it.name.as_deref());
        let names_twice = repeated(names);
        let ids_twice = repeated_ids(&request.topics);
        let both_ways = named_and_by_id(image, &request.topics);
        let (mut told, mut gone) = (BTreeSet::new(), BTreeSet::new());
        let mut results = Vec::new();
        for topic in &request.topics {
            if topic.name.is_none() && both_ways.contains(&topic.id) {
                continue; // Its name gets the answer.
            }
            let duplicated = match &topic.name {
                Some(name) => topic.id.is_zero() && names_twice.contains(name.as_str()),
                None => ids_twice.contains(&topic.id),
            };
            if duplicated && !told.insert(topic) {
                continue; // One answer for all of them.
            }
            let answer = match duplicated {
                true => answer(topic, Err(if topic.name.is_some() { duplicate() } else { duplicate_id() })),
                false => find(image, topic),
            };
            let answer = match answer.result {
                Ok(()) if both_ways.contains(&answer.id) => DeletedTopic { result: Err(named_too()), ..answer },
                _ => answer,
            };
            if answer.result.is_ok() {
                gone.insert(answer.id);
            }
            results.push(answer);
        }
        if gone.len() > MAX_RECORDS {
            let refusal = policy("Unable to perform excessively large batch operation.");
            return Decision::reply(Reply::DeleteTopics(Err(refusal)));
        }
        let records = gone.into_iter().map(|topic_id| RemoveTopicRecord { topic_id, ..Default::default() }.into());
        Decision::atomic(records.collect(), Reply::DeleteTopics(Ok(results)))
    }
}

fn find(image: &Image, topic: &TopicRef) -> DeletedTopic {
    let request = |message: &str| Err(Refusal::new(ErrorCode::InvalidRequest, message));
    match (&topic.name, topic.id) {
        (None, id) if id.is_zero() => answer(topic, request("Neither topic name nor id were specified.")),
        (Some(name), id) if id.is_zero() => match image.topic(name) {
            Some(found) => DeletedTopic { name: Some(name.clone()), id: found.id, result: Ok(()) },
            None => answer(topic, Err(unknown_topic())),
        },
        (None, id) => match image.topic_by_id(id) {
            Some(found) => DeletedTopic { name: Some(found.name.to_string()), id, result: Ok(()) },
            None => answer(topic, Err(unknown_id())),
        },
        (Some(_), _) => answer(topic, request("You may not specify both topic name and topic id.")),
    }
}

fn answer(topic: &TopicRef, result: Result<(), Refusal>) -> DeletedTopic {
    DeletedTopic { name: topic.name.clone(), id: topic.id, result }
}

fn repeated_ids(topics: &[TopicRef]) -> BTreeSet<TopicId> {
    let mut once = BTreeSet::new();
    let ids = topics.iter().filter(|it| it.name.is_none() && !it.id.is_zero()).map(|it| it.id);
    ids.filter(|id| !once.insert(*id)).collect()
}

/// Topics that one request gives by name and by id (`ControllerApis.deleteTopics`).
fn named_and_by_id(image: &Image, topics: &[TopicRef]) -> BTreeSet<TopicId> {
    let ids: BTreeSet<TopicId> = topics.iter().filter(|it| it.name.is_none()).map(|it| it.id).collect();
    let names = topics.iter().filter(|it| it.id.is_zero()).filter_map(|it| it.name.as_deref());
    names.filter_map(|name| image.topic(name)).map(|topic| topic.id).filter(|id| ids.contains(id)).collect()
}

fn named_too() -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, "The provided topic name maps to an ID that was already supplied.")
}

fn duplicate_id() -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, "Duplicate topic id.")
}

fn unknown_topic() -> Refusal {
    Refusal::new(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.")
}

fn unknown_id() -> Refusal {
    Refusal::new(ErrorCode::UnknownTopicId, "This server does not host this topic ID.")
}
