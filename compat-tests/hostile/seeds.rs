//! A valid frame of every API and version that a broker of Kafka 4.3 speaks to clients: what is spoilt, and what is fuzzed from.

use std::path::Path;

use anyhow::{Result, bail};
use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Request, StrBytes};
use uuid::Uuid;

use super::TOPIC;
use crate::raw::admin::name;
use crate::raw::batch::batch;
use crate::raw::connection::frame;

/// Name (`Api-vN`) and frame.
///
/// # Errors
/// Where the codec cannot encode what it should.
pub fn frames() -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let text = |text: &str| StrBytes::from_string(text.to_owned());
    let records = Bytes::from(batch([&b"a"[..], b"b"], None, 1)?);
    let id = Uuid::from_u128(7);
    all(&mut found, 3..=13, |v| {
        let part = produce_request::PartitionProduceData::default().with_records(Some(records.clone()));
        let topic = produce_request::TopicProduceData::default().with_partition_data(vec![part]);
        let topic = if v < 13 { topic.with_name(name(TOPIC)) } else { topic.with_topic_id(id) };
        ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![topic])
    });
    all(&mut found, 4..=18, |v| {
        let part = fetch_request::FetchPartition::default().with_partition_max_bytes(1000);
        let topic = fetch_request::FetchTopic::default().with_partitions(vec![part]);
        let topic = if v < 13 { topic.with_topic(name(TOPIC)) } else { topic.with_topic_id(id) };
        FetchRequest::default().with_max_wait_ms(10).with_min_bytes(1).with_topics(vec![topic])
    });
    all(&mut found, 1..=10, |_| {
        let part = list_offsets_request::ListOffsetsPartition::default().with_timestamp(-1);
        let topic =
            list_offsets_request::ListOffsetsTopic::default().with_name(name(TOPIC)).with_partitions(vec![part]);
        ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic])
    });
    all(&mut found, 0..=13, |v| {
        let topic = metadata_request::MetadataRequestTopic::default().with_name(Some(name(TOPIC)));
        MetadataRequest::default().with_topics(Some(vec![topic])).with_allow_auto_topic_creation(v < 4)
    });
    all(&mut found, 0..=4, |v| {
        let request = ApiVersionsRequest::default();
        if v < 3 {
            return request;
        }
        request.with_client_software_name(text("judge")).with_client_software_version(text("1"))
    });
    // Only validated: what a spoilt one would make is no harm to measure.
    all(&mut found, 2..=7, |_| {
        let config = CreatableTopicConfig::default().with_name(text("retention.ms")).with_value(Some(text("1000")));
        let topic = CreatableTopic::default().with_name(name("seed")).with_num_partitions(1).with_replication_factor(1);
        let topics = vec![topic.with_configs(vec![config])];
        CreateTopicsRequest::default().with_topics(topics).with_timeout_ms(1000).with_validate_only(true)
    });
    all(&mut found, 1..=6, |v| {
        let request = DeleteTopicsRequest::default().with_timeout_ms(1000);
        if v < 6 {
            return request.with_topic_names(vec![name("no-such-topic")]);
        }
        let state = delete_topics_request::DeleteTopicState::default().with_name(Some(name("no-such-topic")));
        request.with_topics(vec![state])
    });
    all(&mut found, 0..=2, |_| {
        let part = delete_records_request::DeleteRecordsPartition::default().with_offset(0);
        let topic =
            delete_records_request::DeleteRecordsTopic::default().with_name(name(TOPIC)).with_partitions(vec![part]);
        DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(1000)
    });
    all(&mut found, 0..=5, |_| InitProducerIdRequest::default().with_transaction_timeout_ms(1000));
    all(&mut found, 2..=4, |_| {
        let part = offset_for_leader_epoch_request::OffsetForLeaderPartition::default().with_leader_epoch(0);
        let topic = offset_for_leader_epoch_request::OffsetForLeaderTopic::default();
        let topic = topic.with_topic(name(TOPIC)).with_partitions(vec![part]);
        OffsetForLeaderEpochRequest::default().with_topics(vec![topic])
    });
    all(&mut found, 1..=4, |_| {
        let resource = describe_configs_request::DescribeConfigsResource::default();
        let resource = resource.with_resource_type(2).with_resource_name(text(TOPIC)).with_configuration_keys(None);
        DescribeConfigsRequest::default().with_resources(vec![resource]).with_include_synonyms(true)
    });
    all(&mut found, 0..=2, |_| {
        let config = alter_configs_request::AlterableConfig::default().with_name(text("retention.ms"));
        let resource = alter_configs_request::AlterConfigsResource::default().with_resource_type(2);
        let resource = resource.with_resource_name(text(TOPIC)).with_configs(vec![config.with_value(Some(text("-1")))]);
        AlterConfigsRequest::default().with_resources(vec![resource]).with_validate_only(true)
    });
    all(&mut found, 0..=1, |_| {
        let config = incremental_alter_configs_request::AlterableConfig::default().with_name(text("retention.ms"));
        let resource = incremental_alter_configs_request::AlterConfigsResource::default().with_resource_type(2);
        let resource = resource.with_resource_name(text(TOPIC)).with_configs(vec![config.with_value(Some(text("-1")))]);
        IncrementalAlterConfigsRequest::default().with_resources(vec![resource]).with_validate_only(true)
    });
    all(&mut found, 1..=4, |_| DescribeLogDirsRequest::default().with_topics(None));
    all(&mut found, 0..=3, |_| {
        let topic = create_partitions_request::CreatePartitionsTopic::default().with_name(name(TOPIC)).with_count(5);
        CreatePartitionsRequest::default().with_topics(vec![topic]).with_timeout_ms(1000).with_validate_only(true)
    });
    all(&mut found, 0..=0, |_| ListPartitionReassignmentsRequest::default().with_topics(None));
    all(&mut found, 0..=2, |_| ElectLeadersRequest::default().with_topic_partitions(None));
    all(&mut found, 0..=1, |_| {
        let partition = alter_partition_reassignments_request::ReassignablePartition::default();
        let topic = alter_partition_reassignments_request::ReassignableTopic::default().with_name(name(TOPIC));
        let topic = topic.with_partitions(vec![partition.with_replicas(Some(vec![BrokerId(77)]))]);
        AlterPartitionReassignmentsRequest::default().with_topics(vec![topic])
    });
    all(&mut found, 0..=0, |_| UnregisterBrokerRequest::default().with_broker_id(BrokerId(77)));
    all(&mut found, 0..=2, |_| {
        let part = describe_quorum_request::PartitionData::default();
        let topic = describe_quorum_request::TopicData::default().with_topic_name(name("__cluster_metadata"));
        DescribeQuorumRequest::default().with_topics(vec![topic.with_partitions(vec![part])])
    });
    // Only validated, where that can be said; else of a feature that there is not.
    all(&mut found, 0..=2, |v| {
        let feature = if v == 0 { "no.such.version" } else { "share.version" };
        let key = update_features_request::FeatureUpdateKey::default().with_feature(text(feature));
        UpdateFeaturesRequest::default()
            .with_feature_updates(vec![key.with_max_version_level(1)])
            .with_timeout_ms(1000)
            .with_validate_only(v > 0)
    });
    all(&mut found, 0..=2, |_| DescribeClusterRequest::default());
    all(&mut found, 0..=0, |_| {
        let topic = describe_producers_request::TopicRequest::default().with_name(name(TOPIC));
        DescribeProducersRequest::default().with_topics(vec![topic.with_partition_indexes(vec![0])])
    });
    all(&mut found, 0..=1, |_| ListConfigResourcesRequest::default());
    all(&mut found, 0..=0, |_| {
        let topic = describe_topic_partitions_request::TopicRequest::default().with_name(name(TOPIC));
        DescribeTopicPartitionsRequest::default().with_topics(vec![topic])
    });
    Ok(found)
}

/// A frame for each version that can say it; a version that cannot, says its defaults.
fn all<R: Request + Default>(
    found: &mut Vec<(String, Vec<u8>)>,
    versions: std::ops::RangeInclusive<i16>,
    make: impl Fn(i16) -> R,
) {
    for version in versions {
        let frame = frame(1, version, &make(version)).or_else(|_| frame(1, version, &R::default()));
        let api = ApiKey::try_from(R::KEY).map_or("Unknown".to_owned(), |key| format!("{key:?}"));
        found.extend(frame.ok().map(|frame| (format!("{api}-v{version:02}"), frame)));
    }
}

/// `judge seeds DIR`: writes what fuzzing starts from, frames without their lengths and batches of every codec.
///
/// # Errors
/// Where the directory cannot be written.
pub fn write(words: &[String]) -> Result<bool> {
    let [dir] = words else { bail!("seeds DIR") };
    let dir = Path::new(dir);
    for kind in ["frame", "batch"] {
        std::fs::create_dir_all(dir.join(kind))?;
    }
    for (name, frame) in frames()? {
        std::fs::write(dir.join("frame").join(name), frame.get(4..).unwrap_or_default())?;
    }
    for (name, bytes) in super::batches::seeds()? {
        // In front stands the byte that chooses the rules of the log: 7 is none of the codecs.
        std::fs::write(dir.join("batch").join(name), [&[7], &bytes[..]].concat())?;
    }
    Ok(true)
}
