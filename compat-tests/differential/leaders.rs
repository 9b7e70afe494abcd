//! Who leads, and where replicas are: ElectLeaders, AlterPartitionReassignments, UnregisterBroker.

use anyhow::Result;
use kafka_protocol::messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, BrokerId, ElectLeadersRequest, ListPartitionReassignmentsRequest,
    UnregisterBrokerRequest,
};

use super::make::{name, topic};
use super::play::Play;

/// The node that is asked.
const ME: i32 = 7;
/// A broker that is in no cluster here.
const NOBODY: i32 = 4711;

pub fn play(play: &mut Play) -> Result<()> {
    play.create(&[topic("el-a", 2), topic("el-b", 1)])?;
    elections(play)?;
    reassignments(play)?;
    for broker in [NOBODY, -1, i32::MAX] {
        play.ask(&format!("broker {broker}"), 0, &UnregisterBrokerRequest::default().with_broker_id(BrokerId(broker)))?;
    }
    Ok(())
}

fn elections(play: &mut Play) -> Result<()> {
    let of = |topic: &str, indexes: &[i32]| {
        TopicPartitions::default().with_topic(name(topic)).with_partitions(indexes.to_vec())
    };
    for v in 0..=2 {
        for kind in if v == 0 { &[0][..] } else { &[0, 1, 2, -1] } {
            for (label, asked) in [
                ("all", None),
                ("none", Some(vec![])),
                ("one", Some(vec![of("el-a", &[0])])),
                ("several", Some(vec![of("el-a", &[1, 0]), of("el-b", &[0])])),
                ("no partitions", Some(vec![of("el-a", &[])])),
                ("wrong partitions", Some(vec![of("el-a", &[2, -1, 0])])),
                ("unknown", Some(vec![of("nobody", &[0])])),
                ("bad name", Some(vec![of("bad name", &[0])])),
                ("empty name", Some(vec![of("", &[0])])),
            ] {
                let request = ElectLeadersRequest::default()
                    .with_election_type(*kind)
                    .with_topic_partitions(asked)
                    .with_timeout_ms(5_000);
                play.ask_sorted(&format!("kind {kind} {label}"), v, &request, |answer| {
                    answer.replica_election_results.sort_by(|a, b| a.topic.cmp(&b.topic));
                    for topic in &mut answer.replica_election_results {
                        topic.partition_result.sort_by_key(|it| it.partition_id);
                    }
                })?;
            }
        }
    }
    Ok(())
}

fn reassignments(play: &mut Play) -> Result<()> {
    let me = ME;
    let to = |index: i32, replicas: Option<&[i32]>| {
        let replicas = replicas.map(|ids| ids.iter().copied().map(BrokerId).collect());
        ReassignablePartition::default().with_partition_index(index).with_replicas(replicas)
    };
    let of = |topic: &str, partitions: Vec<ReassignablePartition>| {
        ReassignableTopic::default().with_name(name(topic)).with_partitions(partitions)
    };
    for v in 0..=1 {
        for factor in if v == 0 { &[true][..] } else { &[true, false] } {
            for (label, topics) in [
                ("nothing", vec![]),
                ("no partitions", vec![of("el-a", vec![])]),
                ("cancelled, though nothing goes on", vec![of("el-a", vec![to(0, None)])]),
                ("where it is", vec![of("el-a", vec![to(0, Some(&[me]))])]),
                ("nowhere", vec![of("el-a", vec![to(0, Some(&[]))])]),
                ("to nobody", vec![of("el-a", vec![to(0, Some(&[NOBODY]))])]),
                ("to nobody as well", vec![of("el-a", vec![to(0, Some(&[me, NOBODY]))])]),
                ("twice to one", vec![of("el-a", vec![to(0, Some(&[me, me]))])]),
                ("to a negative one", vec![of("el-a", vec![to(0, Some(&[-1]))])]),
                ("unknown partition", vec![of("el-a", vec![to(7, Some(&[me])), to(-1, None)])]),
                ("unknown topic", vec![of("nobody", vec![to(0, Some(&[me]))])]),
                ("bad name", vec![of("bad name", vec![to(0, None)])]),
                ("empty name", vec![of("", vec![to(0, None)])]),
                ("one good, one bad", vec![of("el-a", vec![to(0, Some(&[me])), to(1, Some(&[NOBODY]))])]),
            ] {
                let request = AlterPartitionReassignmentsRequest::default()
                    .with_topics(topics)
                    .with_timeout_ms(5_000)
                    .with_allow_replication_factor_change(*factor);
                play.ask(&format!("{label}, any factor {factor}"), v, &request)?;
            }
        }
        play.ask("what goes on", 0, &ListPartitionReassignmentsRequest::default().with_topics(None))?;
    }
    Ok(())
}
