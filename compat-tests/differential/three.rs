//! Three nodes: where replicas are put and moved, who leads, and what the one says that does not.

use anyhow::{Context, Result};
use kafka_protocol::messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use kafka_protocol::messages::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::describe_topic_partitions_request::TopicRequest;
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, BrokerId, CreatePartitionsRequest, DeleteRecordsRequest,
    DescribeClusterRequest, DescribeGroupsRequest, DescribeTopicPartitionsRequest, ElectLeadersRequest,
    FindCoordinatorRequest, HeartbeatRequest, ListPartitionReassignmentsRequest, MetadataRequest, OffsetFetchRequest,
    OffsetForLeaderEpochRequest,
};

use super::batches::draft;
use super::make::{assigned, create, fetch, fetch_partition, list_offsets, name, produce, s, topic, topic_with};
use super::play::{Play, Step};
use super::quorums;
use crate::kit::Cluster;
use crate::kit::cluster::IDS;
use crate::raw::admin::group;

/// A broker that is in no cluster here.
const NOBODY: i32 = 4711;

pub fn play(mut cluster: Cluster) -> Result<Vec<Step>> {
    let [a, b, c] = IDS;
    let mut play = Play::among(&cluster, a)?;
    let play = &mut play;
    play.part("three");
    play.create(&[
        assigned("r3", &[(0, &[a, b, c]), (1, &[b, c, a]), (2, &[c, a, b])]),
        assigned("r1", &[(0, &[a]), (1, &[b]), (2, &[c])]),
        assigned("__consumer_offsets", &[(0, &[a, b, c]), (1, &[b, c, a]), (2, &[c, a, b]), (3, &[a, c, b])]),
    ])?;
    placed(play)?;
    for id in IDS {
        play.turn_to(cluster.broker(id)?)?;
        seen_from(play, &format!("at {id}"))?;
        quorums::quorum(play, &format!("at {id}"))?;
    }
    play.turn_to(cluster.broker(a)?)?;
    play.ask("to the leader", 9, &produce("r3", 0, draft(&[1, 2, 3]).bytes()?))?;
    for id in IDS {
        play.turn_to(cluster.broker(id)?)?;
        partitions_from(play, &format!("at {id}"))?;
        coordinators_from(play, &format!("at {id}"))?;
    }
    quorums::features(play)?;
    moved(play)?;
    elected(play)?;

    // One is gone without a word.
    play.turn_to(cluster.broker(a)?)?;
    cluster.kill(c)?;
    cluster.complete()?;
    for id in [a, b] {
        play.turn_to(cluster.broker(id)?)?;
        seen_from(play, &format!("at {id}, {c} is down"))?;
        play.create(&[topic_with(&format!("meanwhile-{id}"), 2, &[]).with_replication_factor(2)])?;
    }
    placed(play)?;
    moved(play)?;
    elected(play)?;
    cluster.start_again(c)?;
    play.turn_to(cluster.broker(c)?)?;
    play.ask("what goes on after all", 0, &ListPartitionReassignmentsRequest::default().with_topics(None))?;
    Ok(play.take_steps())
}

/// CreateTopics and CreatePartitions.
fn placed(play: &mut Play) -> Result<()> {
    let [a, b, c] = IDS;
    for (label, asked) in [
        ("all three", assigned("new", &[(0, &[a, b, c])])),
        ("to nobody", assigned("new", &[(0, &[a, NOBODY])])),
        ("to one below zero", assigned("new", &[(0, &[-1])])),
        ("twice to one", assigned("new", &[(0, &[a, a])])),
        ("to none", assigned("new", &[(0, &[])])),
        ("without the first", assigned("new", &[(1, &[a])])),
        ("of two sizes", assigned("new", &[(0, &[a, b]), (1, &[a])])),
        ("only to the third", assigned("new", &[(0, &[c])])),
        ("also to the third", assigned("new", &[(0, &[c, a])])),
        ("four of three", topic("new", 1).with_replication_factor(4)),
        ("three of three", topic("new", 2).with_replication_factor(3)),
        ("as many as is usual", topic("new", -1).with_replication_factor(-1)),
        ("none", topic("new", 1).with_replication_factor(0)),
        ("more in sync than there are", topic_with("new", 1, &[("min.insync.replicas", "4")])),
    ] {
        for v in [2, 5, 7] {
            play.ask(label, v, &create(std::slice::from_ref(&asked)).with_validate_only(true))?;
        }
    }
    let to = |replicas: &[i32]| {
        CreatePartitionsAssignment::default().with_broker_ids(replicas.iter().copied().map(BrokerId).collect())
    };
    for (label, topic, count, assignments) in [
        ("anywhere", "r3", 5, None),
        ("placed", "r3", 4, Some(vec![to(&[b, a, c])])),
        ("two placed", "r3", 5, Some(vec![to(&[b, a, c]), to(&[c, a, b])])),
        ("one of two placed", "r3", 5, Some(vec![to(&[b, a, c])])),
        ("too few", "r3", 4, Some(vec![to(&[b, a])])),
        ("to nobody", "r3", 4, Some(vec![to(&[b, a, NOBODY])])),
        ("twice to one", "r3", 4, Some(vec![to(&[b, a, a])])),
        ("to none", "r3", 4, Some(vec![to(&[])])),
        ("only to the third", "r1", 4, Some(vec![to(&[c])])),
        ("fewer", "r3", 2, None),
        ("as many", "r3", 3, Some(vec![])),
    ] {
        let topic = CreatePartitionsTopic::default().with_name(name(topic)).with_count(count);
        let request = CreatePartitionsRequest::default()
            .with_topics(vec![topic.with_assignments(assignments)])
            .with_timeout_ms(10_000)
            .with_validate_only(true);
        play.ask(label, 3, &request)?;
    }
    Ok(())
}

/// What every node tells of the cluster and its topics.
fn seen_from(play: &mut Play, at: &str) -> Result<()> {
    for v in [1, 4, 7, 9, 12, 13] {
        let asked = ["r1", "r3"].map(|it| MetadataRequestTopic::default().with_name(Some(name(it))));
        let request =
            MetadataRequest::default().with_topics(Some(asked.to_vec())).with_allow_auto_topic_creation(v < 4);
        play.ask_sorted(at, v, &request, |answer| {
            answer.brokers.sort_by_key(|it| it.node_id);
            // Any of those that are alive.
            answer.controller_id = BrokerId(answer.controller_id.0.signum());
            for partition in answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
                partition.isr_nodes.sort();
            }
        })?;
    }
    for v in 0..=2 {
        for (kind, fenced) in [(1, false), (1, true), (2, false)] {
            let request =
                DescribeClusterRequest::default().with_endpoint_type(kind).with_include_fenced_brokers(fenced && v > 1);
            play.ask_sorted(&format!("{at} endpoints {kind}, fenced {fenced}"), v, &request, |answer| {
                answer.brokers.sort_by_key(|it| it.broker_id);
                answer.controller_id = BrokerId(answer.controller_id.0.signum());
            })?;
        }
    }
    let topics = ["r1", "r3"].map(|it| TopicRequest::default().with_name(name(it))).to_vec();
    let request = DescribeTopicPartitionsRequest::default()
        .with_topics(topics)
        .with_response_partition_limit(100)
        .with_cursor(None);
    play.ask_sorted(at, 0, &request, |answer| {
        for partition in answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
            partition.isr_nodes.sort();
        }
    })?;
    Ok(())
}

/// What a leader, a follower and one without a replica say of the same partitions.
fn partitions_from(play: &mut Play, at: &str) -> Result<()> {
    let (r1, r3) = (play.id("r1")?, play.id("r3")?);
    for v in 3..=13 {
        for partition in [0, 1] {
            let mut request = produce("r1", partition, draft(&[1]).bytes()?);
            for topic in request.topic_data.iter_mut().filter(|_| v > 12) {
                (topic.name, topic.topic_id) = (name(""), r1);
            }
            play.ask(&format!("{at} r1-{partition}"), v, &request)?;
        }
    }
    for (topic, id) in [("r1", r1), ("r3", r3)] {
        for partition in 0..3 {
            for epoch in [-1, 0, 5] {
                let part = fetch_partition(partition, 0).with_current_leader_epoch(epoch);
                let label = format!("{at} {topic}-{partition} epoch {epoch}");
                // A follower hears of what is committed a moment later; those of one replica have their records.
                let part = if topic == "r1" { part } else { part.with_fetch_offset(1 << 40) };
                for v in [9, 11, 12, 13, 16, 17, 18] {
                    let mut request = fetch(topic, vec![part.clone()]);
                    for topic in request.topics.iter_mut().filter(|_| v > 12) {
                        (topic.topic, topic.topic_id) = (name(""), id);
                    }
                    play.ask_sorted(&label, v, &request, |answer| {
                        for part in answer.responses.iter_mut().flat_map(|topic| &mut topic.partitions) {
                            part.records = None;
                            // How often all were asked before is no matter.
                            part.high_watermark = part.high_watermark.signum();
                            part.last_stable_offset = part.last_stable_offset.signum();
                        }
                    })?;
                }
                for v in [1, 4, 7, 10] {
                    let mut request = list_offsets(topic, &[(partition, -2)]);
                    request.topics.iter_mut().flat_map(|it| &mut it.partitions).for_each(|it| {
                        it.current_leader_epoch = if v < 4 { -1 } else { epoch };
                    });
                    play.ask(&label, v, &request)?;
                }
                for v in 2..=4 {
                    let part = OffsetForLeaderPartition::default()
                        .with_partition(partition)
                        .with_current_leader_epoch(epoch)
                        .with_leader_epoch(0);
                    let topic = OffsetForLeaderTopic::default().with_topic(name(topic)).with_partitions(vec![part]);
                    let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
                    play.ask_sorted(&label, v, &request, |answer| {
                        for part in answer.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
                            part.end_offset = part.end_offset.signum();
                        }
                    })?;
                }
            }
            let part = DeleteRecordsPartition::default().with_partition_index(partition).with_offset(0);
            let topic_of = DeleteRecordsTopic::default().with_name(name(topic)).with_partitions(vec![part]);
            let request = DeleteRecordsRequest::default().with_topics(vec![topic_of]).with_timeout_ms(10_000);
            play.ask(&format!("{at} {topic}-{partition}"), 2, &request)?;
        }
    }
    Ok(())
}

/// Who coordinates a group is told by everyone, and asked of one.
fn coordinators_from(play: &mut Play, at: &str) -> Result<()> {
    let keys = ["g-a", "g-b", "g-c", "g-d", "g-e"];
    for v in [0, 1, 3] {
        for key in keys {
            play.ask(&format!("{at} {key}"), v, &FindCoordinatorRequest::default().with_key(s(key)))?;
        }
    }
    for v in [4, 6] {
        let request = FindCoordinatorRequest::default().with_coordinator_keys(keys.map(s).to_vec());
        play.ask(at, v, &request)?;
    }
    for key in keys {
        // One that has just become the coordinator looks for its groups first.
        let ask = DescribeGroupsRequest::default().with_groups(vec![group(key)]);
        while play.quietly(5, &ask)?.groups.first().context("no group in the answer")?.error_code == 14 {
            crate::pause::short();
        }
        play.ask(&format!("{at} {key}"), 5, &ask)?;
        play.ask(
            &format!("{at} {key}"),
            4,
            &HeartbeatRequest::default().with_group_id(group(key)).with_member_id(s("m")),
        )?;
        let wanted = OffsetFetchRequestGroup::default().with_group_id(group(key)).with_topics(None);
        play.ask(&format!("{at} {key}"), 9, &OffsetFetchRequest::default().with_groups(vec![wanted]))?;
    }
    Ok(())
}

/// AlterPartitionReassignments and ListPartitionReassignments.
fn moved(play: &mut Play) -> Result<()> {
    let [a, b, c] = IDS;
    let to = |index: i32, replicas: Option<&[i32]>| {
        let replicas = replicas.map(|ids| ids.iter().copied().map(BrokerId).collect());
        ReassignablePartition::default().with_partition_index(index).with_replicas(replicas)
    };
    for v in 0..=1 {
        for factor in if v == 0 { &[true][..] } else { &[true, false] } {
            for (label, partition) in [
                ("in another order", to(0, Some(&[b, a, c]))),
                ("back", to(0, Some(&[a, b, c]))),
                ("to nobody", to(1, Some(&[b, NOBODY]))),
                ("to one below zero", to(1, Some(&[b, -1]))),
                ("twice to one", to(1, Some(&[b, c, b]))),
                ("to none", to(1, Some(&[]))),
                ("nothing to cancel", to(2, None)),
                ("no such partition", to(9, Some(&[a]))),
            ] {
                let topic = ReassignableTopic::default().with_name(name("r3")).with_partitions(vec![partition]);
                let request = AlterPartitionReassignmentsRequest::default()
                    .with_topics(vec![topic])
                    .with_timeout_ms(10_000)
                    .with_allow_replication_factor_change(*factor);
                play.ask(&format!("{label}, any factor {factor}"), v, &request)?;
            }
        }
    }
    play.ask("what goes on", 0, &ListPartitionReassignmentsRequest::default().with_topics(None))?;
    play.settle()
}

fn elected(play: &mut Play) -> Result<()> {
    let of = |topic: &str, indexes: &[i32]| {
        TopicPartitions::default().with_topic(name(topic)).with_partitions(indexes.to_vec())
    };
    for kind in [0, 1] {
        for (label, asked) in [
            ("one", Some(vec![of("r3", &[0])])),
            ("all of one replica", Some(vec![of("r1", &[0, 1, 2])])),
            ("no such partition", Some(vec![of("r3", &[9])])),
        ] {
            let request = ElectLeadersRequest::default()
                .with_election_type(kind)
                .with_topic_partitions(asked)
                .with_timeout_ms(5_000);
            play.ask_sorted(&format!("kind {kind} {label}"), 2, &request, |answer| {
                answer.replica_election_results.sort_by(|a, b| a.topic.cmp(&b.topic));
                for topic in &mut answer.replica_election_results {
                    topic.partition_result.sort_by_key(|it| it.partition_id);
                }
            })?;
        }
    }
    play.settle()
}
