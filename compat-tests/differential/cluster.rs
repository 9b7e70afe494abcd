//! DescribeCluster, DescribeTopicPartitions, DescribeProducers, ListConfigResources, DescribeLogDirs, and the like.

use anyhow::Result;
use kafka_protocol::messages::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_producers_request::TopicRequest as ProducersOf;
use kafka_protocol::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use kafka_protocol::messages::{
    AlterReplicaLogDirsRequest, DescribeClusterRequest, DescribeLogDirsRequest, DescribeProducersRequest,
    DescribeTopicPartitionsRequest, ListConfigResourcesRequest, ListPartitionReassignmentsRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::make::{name, topic};
use super::play::Play;

pub fn play(play: &mut Play) -> Result<()> {
    for v in 0..=2 {
        for kind in [1, 2, 0, 3, -1] {
            for (operations, fenced) in [(false, false), (true, false), (true, true)] {
                let request = DescribeClusterRequest::default()
                    .with_include_cluster_authorized_operations(operations)
                    .with_include_fenced_brokers(fenced)
                    .with_endpoint_type(kind);
                play.ask(&format!("endpoints {kind}, operations {operations}, fenced {fenced}"), v, &request)?;
            }
        }
    }
    pages(play)?;
    producers(play, "ps", &[0, 1, -1])?;
    producers(play, "nobody", &[0])?;
    producers(play, "", &[0])?;
    producers(play, "ps", &[])?;
    producers(play, "ps", &[0, 0])?;
    producers(play, "bad name", &[0])?;
    play.ask("nothing", 0, &DescribeProducersRequest::default())?;
    for v in 0..=1 {
        for kinds in
            [&[][..], &[2], &[4], &[8], &[16], &[32], &[16, 32], &[0], &[1], &[3], &[99], &[-1], &[16, 99], &[2, 2]]
        {
            let request = ListConfigResourcesRequest::default().with_resource_types(kinds.to_vec());
            play.ask_sorted(&format!("{kinds:?}"), v, &request, |it| {
                it.config_resources
                    .sort_by(|a, b| (a.resource_type, &a.resource_name).cmp(&(b.resource_type, &b.resource_name)));
            })?;
        }
    }
    log_dirs(play)?;
    alter_log_dirs(play)?;
    let of = |topic: &str, indexes: &[i32]| {
        ListPartitionReassignmentsTopics::default().with_name(name(topic)).with_partition_indexes(indexes.to_vec())
    };
    for (label, topics) in [
        ("all", None),
        ("none", Some(vec![])),
        ("one", Some(vec![of("f", &[0])])),
        ("no partitions", Some(vec![of("f", &[])])),
        ("a wrong partition", Some(vec![of("f", &[99, -1])])),
        ("nobody", Some(vec![of("nobody", &[0])])),
        ("empty name", Some(vec![of("", &[0])])),
    ] {
        play.ask(label, 0, &ListPartitionReassignmentsRequest::default().with_topics(topics).with_timeout_ms(1000))?;
    }
    Ok(())
}

fn pages(play: &mut Play) -> Result<()> {
    play.create(&[topic("dtp-a", 3), topic("dtp-b", 2), topic("dtp-c", 1)])?;
    let all = ["dtp-c", "dtp-a", "dtp-b"];
    let cursor = |topic: &str, partition: i32| {
        Some(Cursor::default().with_topic_name(name(topic)).with_partition_index(partition))
    };
    for limit in [-1, 0, 1, 2, 3, 4, 6, 2000, i32::MAX] {
        for (label, topics, cursor) in [
            ("three", &all[..], None),
            ("from the middle", &all[..], cursor("dtp-a", 1)),
            ("from the last", &all[..], cursor("dtp-c", 0)),
            ("from behind a topic", &all[..], cursor("dtp-a", 3)),
            ("from a topic not asked for", &all[..], cursor("dtp-aa", 0)),
            ("from a topic behind all", &all[..], cursor("zz", 0)),
            ("from a negative partition", &all[..], cursor("dtp-a", -1)),
            ("from no topic", &all[..], cursor("", 0)),
            ("unknown", &["nobody", "dtp-a"][..], None),
            ("from an unknown one", &["nobody"][..], cursor("nobody", 0)),
            ("bad name", &["bad name", "dtp-b"][..], None),
            ("empty name", &["", "dtp-b"][..], None),
            ("twice", &["dtp-b", "dtp-b"][..], None),
            ("internal", &["__cluster_metadata"][..], None),
        ] {
            let topics = topics.iter().map(|it| TopicRequest::default().with_name(name(it)));
            let request = DescribeTopicPartitionsRequest::default()
                .with_topics(topics.collect())
                .with_response_partition_limit(limit)
                .with_cursor(cursor);
            play.ask(&format!("limit {limit} {label}"), 0, &request)?;
        }
    }
    for limit in [1, 7, 2000] {
        let request = DescribeTopicPartitionsRequest::default().with_response_partition_limit(limit).with_cursor(None);
        play.ask(&format!("all, limit {limit}"), 0, &request)?;
        play.ask(&format!("all, limit {limit}, from the middle"), 0, &request.with_cursor(cursor("dtp-a", 2)))?;
    }
    Ok(())
}

/// Who writes to these partitions.
///
/// # Errors
/// Where nobody listens any more.
pub fn producers(play: &mut Play, topic: &str, partitions: &[i32]) -> Result<()> {
    let topic_of = ProducersOf::default().with_name(name(topic)).with_partition_indexes(partitions.to_vec());
    let request = DescribeProducersRequest::default().with_topics(vec![topic_of]);
    let sort = |it: &mut kafka_protocol::messages::DescribeProducersResponse| {
        let parts = it.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        parts.for_each(|it| it.active_producers.sort_by_key(|it| it.producer_id.0));
    };
    play.ask_sorted(&format!("{topic} {partitions:?}"), 0, &request, sort)?;
    Ok(())
}

/// Good and bad arguments on a node with one directory, where nothing can move.
fn alter_log_dirs(play: &mut Play) -> Result<()> {
    let here = play.log_dir();
    let of = |path: &str, topics: &[(&str, &[i32])]| {
        let topics = topics.iter().map(|(topic, indexes)| {
            AlterReplicaLogDirTopic::default().with_name(name(topic)).with_partitions(indexes.to_vec())
        });
        AlterReplicaLogDir::default().with_path(StrBytes::from_string(path.to_owned())).with_topics(topics.collect())
    };
    let longest = "l".repeat(249);
    for v in 1..=2 {
        for (label, dirs) in [
            ("nothing", vec![]),
            ("no topics", vec![of(&here, &[])]),
            ("no partitions", vec![of(&here, &[("f", &[])])]),
            ("where it is", vec![of(&here, &[("f", &[0])])]),
            ("where they are", vec![of(&here, &[("f", &[0, 1])])]),
            ("twice", vec![of(&here, &[("f", &[0, 0]), ("f", &[0])])]),
            ("nowhere", vec![of("/nowhere", &[("f", &[0])])]),
            ("no path", vec![of("", &[("f", &[0])])]),
            ("a slash behind", vec![of(&format!("{here}/"), &[("f", &[0])])]),
            ("a relative path", vec![of("data-0", &[("f", &[0])])]),
            ("a wrong partition", vec![of(&here, &[("f", &[99])])]),
            ("a negative partition", vec![of(&here, &[("f", &[-1])])]),
            ("nobody", vec![of(&here, &[("nobody", &[0])])]),
            ("nobody and nowhere", vec![of("/nowhere", &[("nobody", &[0])])]),
            ("a bad name", vec![of(&here, &[("bad name", &[0])])]),
            ("an empty name", vec![of(&here, &[("", &[0])])]),
            ("a name too long to move", vec![of(&here, &[(&longest, &[0])])]),
            ("a name too long to move, nowhere", vec![of("/nowhere", &[(&longest, &[0])])]),
            ("the last of two counts", vec![of("/nowhere", &[("f", &[0])]), of(&here, &[("f", &[0])])]),
            ("the other last", vec![of(&here, &[("f", &[0])]), of("/nowhere", &[("f", &[0])])]),
            ("the metadata", vec![of(&here, &[("__cluster_metadata", &[0])])]),
        ] {
            let request = AlterReplicaLogDirsRequest::default().with_dirs(dirs);
            play.ask_sorted(label, v, &request, |it| {
                it.results.sort_by(|a, b| a.topic_name.cmp(&b.topic_name));
                it.results.iter_mut().for_each(|it| it.partitions.sort_by_key(|it| it.partition_index));
            })?;
        }
    }
    Ok(())
}

fn log_dirs(play: &mut Play) -> Result<()> {
    let of = |topic: &str, partitions: &[i32]| {
        DescribableLogDirTopic::default().with_topic(name(topic)).with_partitions(partitions.to_vec())
    };
    for v in 1..=4 {
        for (label, topics) in [
            ("none", Some(vec![])),
            ("one", Some(vec![of("f", &[0])])),
            ("two", Some(vec![of("f", &[0, 1]), of("f-other", &[0])])),
            ("twice", Some(vec![of("f", &[0, 0])])),
            ("no partitions", Some(vec![of("f", &[])])),
            ("wrong partition", Some(vec![of("f", &[99, -1])])),
            ("nobody", Some(vec![of("nobody", &[0])])),
            ("all", None),
        ] {
            let request = DescribeLogDirsRequest::default().with_topics(topics);
            play.ask_sorted(label, v, &request, |it| {
                for dir in &mut it.results {
                    // The disk's, which both share and others fill.
                    (dir.total_bytes, dir.usable_bytes) = (dir.total_bytes.signum(), dir.usable_bytes.signum());
                    dir.topics.sort_by(|a, b| a.name.cmp(&b.name));
                    dir.topics.iter_mut().for_each(|it| it.partitions.sort_by_key(|it| it.partition_index));
                    // What encoders make of the same records differs by bytes, and a cleaner may have been there.
                    let packed = |name: &str| {
                        ["pc-", "o", "p-zstd", "p-none", "p-compact"].iter().any(|it| name.starts_with(it))
                    };
                    dir.topics.retain(|topic| !packed(&topic.name) && &**topic.name != super::play::BARRIER);
                }
            })?;
        }
    }
    // Version 5 tells cordoned directories too (KIP-1066).
    for (label, topics) in [("none", vec![]), ("one", vec![of("f", &[0])]), ("nobody", vec![of("nobody", &[0])])] {
        let request = DescribeLogDirsRequest::default().with_topics(Some(topics));
        play.ask_newer(label, 5, 4, &request, |line| !line.contains("bytes: "))?;
    }
    Ok(())
}
