//! The few requests around a load: make a topic, drop it, ask for offsets, ask for a producer id.

use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, DescribeGroupsRequest, FindCoordinatorRequest, GroupId,
    IncrementalAlterConfigsRequest, InitProducerIdRequest, ListOffsetsRequest, MetadataRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::Connection;
use crate::kit::Stopwatch;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

pub fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}

pub fn group(id: &str) -> GroupId {
    GroupId(StrBytes::from_string(id.to_owned()))
}

/// Waits until the coordinator of a group answers for it; the topic of offsets is made where there is none.
///
/// # Errors
/// Where that does not happen in time.
pub fn coordinator(connection: &mut Connection, id: &str) -> Result<()> {
    let since = Stopwatch::start();
    let find = FindCoordinatorRequest::default().with_key(group(id).0);
    let wanted = DescribeGroupsRequest::default().with_groups(vec![group(id)]);
    while connection.call(3, &find)?.error_code != 0
        || connection.call(5, &wanted)?.groups.iter().any(|it| it.error_code != 0)
    {
        ensure!(since.left_of(PATIENCE).is_some(), "there is no coordinator of {id}");
        crate::pause::short();
    }
    Ok(())
}

/// Makes a topic and waits until each partition answers.
///
/// # Errors
/// Where it is refused, or not there in time.
pub fn create(connection: &mut Connection, topic: &str, partitions: i32) -> Result<()> {
    create_with(connection, topic, partitions, &[])
}

/// As [`create`], with these configs.
///
/// # Errors
/// As [`create`].
pub fn create_with(connection: &mut Connection, topic: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<()> {
    let configs = configs.iter().map(|(key, value)| {
        let (key, value) = (StrBytes::from_string((*key).to_owned()), StrBytes::from_string((*value).to_owned()));
        CreatableTopicConfig::default().with_name(key).with_value(Some(value))
    });
    let wanted = CreatableTopic::default()
        .with_name(name(topic))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
        .with_configs(configs.collect());
    let request = CreateTopicsRequest::default().with_topics(vec![wanted]).with_timeout_ms(60_000);
    let answer = connection.call(5, &request)?;
    let code = answer.topics.first().context("no topic in the answer")?.error_code;
    ensure!(code == 0, "CreateTopics answered error {code} for {topic}");
    wait_served(connection, topic, partitions)
}

/// Sets configs of a topic.
///
/// # Errors
/// Where it is refused.
pub fn alter(connection: &mut Connection, topic: &str, configs: &[(&str, &str)]) -> Result<()> {
    let configs = configs.iter().map(|(key, value)| {
        let (key, value) = (StrBytes::from_string((*key).to_owned()), StrBytes::from_string((*value).to_owned()));
        AlterableConfig::default().with_name(key).with_config_operation(0).with_value(Some(value))
    });
    let resource = AlterConfigsResource::default()
        .with_resource_type(2)
        .with_resource_name(StrBytes::from_string(topic.to_owned()))
        .with_configs(configs.collect());
    let answer = connection.call(1, &IncrementalAlterConfigsRequest::default().with_resources(vec![resource]))?;
    let refused = answer.responses.iter().find(|it| it.error_code != 0);
    ensure!(refused.is_none(), "IncrementalAlterConfigs answered {refused:?}");
    Ok(())
}

/// Waits until every partition has a leader that answers ListOffsets.
///
/// # Errors
/// Where that does not happen in time.
pub fn wait_served(connection: &mut Connection, topic: &str, partitions: i32) -> Result<()> {
    let since = Stopwatch::start();
    loop {
        let ends = end_offsets(connection, topic, partitions);
        match ends {
            Ok(ends) if ends.iter().all(Option::is_some) => return Ok(()),
            ends if since.left_of(PATIENCE).is_none() => anyhow::bail!("{topic} is not served: {ends:?}"),
            _ => crate::pause::short(),
        }
    }
}

/// The end offset of each partition; `None` where it is not served.
///
/// # Errors
/// Where the connection ends.
pub fn end_offsets(connection: &mut Connection, topic: &str, partitions: i32) -> Result<Vec<Option<i64>>> {
    offsets_at(connection, topic, partitions, -1)
}

/// The offset of each partition at a timestamp, where -1 is the end and -2 the start; `None` where it is not served.
///
/// # Errors
/// Where the connection ends.
pub fn offsets_at(
    connection: &mut Connection,
    topic: &str,
    partitions: i32,
    timestamp: i64,
) -> Result<Vec<Option<i64>>> {
    let wanted =
        (0..partitions).map(|n| ListOffsetsPartition::default().with_partition_index(n).with_timestamp(timestamp));
    let topic = ListOffsetsTopic::default().with_name(name(topic)).with_partitions(wanted.collect());
    let request = ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]);
    let answer = connection.call(6, &request)?;
    // Apache Kafka answers in an order of its own.
    let mut parts: Vec<_> = answer.topics.into_iter().flat_map(|topic| topic.partitions).collect();
    parts.sort_by_key(|part| part.partition_index);
    Ok(parts.into_iter().map(|part| (part.error_code == 0).then_some(part.offset)).collect())
}

/// Drops a topic.
///
/// # Errors
/// Where it is refused.
pub fn delete(connection: &mut Connection, topic: &str) -> Result<()> {
    let state = DeleteTopicState::default().with_name(Some(name(topic)));
    let request = DeleteTopicsRequest::default().with_topics(vec![state]).with_timeout_ms(30_000);
    let answer = connection.call(6, &request)?;
    let code = answer.responses.first().map_or(0, |topic| topic.error_code);
    ensure!(code == 0, "DeleteTopics answered error {code} for {topic}");
    Ok(())
}

/// A fresh producer id and epoch.
///
/// # Errors
/// Where it is refused.
pub fn producer_id(connection: &mut Connection) -> Result<(i64, i16)> {
    let since = Stopwatch::start();
    loop {
        let request = InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(60_000);
        let answer = connection.call(4, &request)?;
        // A broker that has just started may not have its block of ids yet.
        if answer.error_code == 0 {
            return Ok((answer.producer_id.0, answer.producer_epoch));
        }
        ensure!(since.left_of(PATIENCE).is_some(), "InitProducerId answered error {}", answer.error_code);
        crate::pause::short();
    }
}

/// How many topics there are of these names without an error.
///
/// # Errors
/// Where the connection ends.
pub fn known(connection: &mut Connection, topics: &[&str]) -> Result<usize> {
    let wanted = topics.iter().map(|topic| MetadataRequestTopic::default().with_name(Some(name(topic))));
    let request = MetadataRequest::default().with_topics(Some(wanted.collect())).with_allow_auto_topic_creation(false);
    let answer = connection.call(9, &request)?;
    Ok(answer.topics.iter().filter(|topic| topic.error_code == 0).count())
}
