//! What a node says of its cluster: who leads what, who is in sync, who is the active controller.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::{CreateTopicsRequest, DescribeQuorumRequest, MetadataRequest};

use crate::raw::{Connection, admin};

/// Where a partition is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub leader: i32,
    pub replicas: Vec<i32>,
    pub in_sync: Vec<i32>,
}

/// The partitions of all topics, by topic and index.
pub type Partitions = BTreeMap<(String, i32), Placed>;

/// # Errors
/// Where the node does not answer.
pub fn partitions(connection: &mut Connection) -> Result<Partitions> {
    let answer = connection.call(9, &MetadataRequest::default().with_topics(None))?;
    let ids = |ids: &[kafka_protocol::messages::BrokerId]| ids.iter().map(|id| id.0).collect();
    let mut found = BTreeMap::new();
    for topic in &answer.topics {
        let name = topic.name.as_ref().context("a topic without a name")?.as_str().to_owned();
        for it in &topic.partitions {
            let (replicas, in_sync) = (ids(&it.replica_nodes), ids(&it.isr_nodes));
            found.insert((name.clone(), it.partition_index), Placed { leader: it.leader_id.0, replicas, in_sync });
        }
    }
    Ok(found)
}

/// The active controller; -1 where there is none.
///
/// # Errors
/// Where the node does not answer.
pub fn active_controller(connection: &mut Connection) -> Result<i32> {
    let topic = TopicData::default()
        .with_topic_name(admin::name("__cluster_metadata"))
        .with_partitions(vec![PartitionData::default()]);
    let answer = connection.call(1, &DescribeQuorumRequest::default().with_topics(vec![topic]))?;
    let partition = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
    Ok(partition.filter(|it| it.error_code == 0).map_or(-1, |it| it.leader_id.0))
}

/// Makes a topic; the cluster's defaults hold.
///
/// # Errors
/// Where it is refused.
pub fn create(connection: &mut Connection, topic: &str, partitions: i32) -> Result<()> {
    let wanted = CreatableTopic::default()
        .with_name(admin::name(topic))
        .with_num_partitions(partitions)
        .with_replication_factor(-1);
    let request = CreateTopicsRequest::default().with_topics(vec![wanted]).with_timeout_ms(30_000);
    let answer = connection.call(5, &request)?;
    let code = answer.topics.first().context("no topic in the answer")?.error_code;
    ensure!(code == 0 || code == 36, "CreateTopics answered error {code} for {topic}");
    Ok(())
}
