//! Replicas move between the directories of one broker: leaders under load, followers while they follow (KIP-113, KIP-858).

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use controller::AssignReplicas;
use kafka_protocol::messages::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use kafka_protocol::messages::{AlterReplicaLogDirsRequest, DescribeLogDirsRequest};
use model::TopicPartition;
use wire::log_dirs::DescribeLogDirs;

use super::*;

const CHUNK: (&str, &str) = ("replica.fetch.max.bytes", "20000");

/// Two directories for a broker.
fn two() -> (tempfile::TempDir, String) {
    let root = tempfile::tempdir().unwrap();
    let dirs = ["a", "b"].map(|name| root.path().join(name).display().to_string()).join(",");
    (root, dirs)
}

fn at(index: i32) -> TopicPartition {
    TopicPartition::new(TOPIC, index)
}

fn place(of: &Running, index: i32) -> PathBuf {
    node(of).logs.dir_of(&at(index)).unwrap().path().to_owned()
}

/// The other directory of a broker than the one in which the partition lies.
fn elsewhere(of: &Running, index: i32) -> PathBuf {
    let here = place(of, index);
    node(of).logs.dirs().map(|dir| dir.path().to_owned()).find(|dir| *dir != here).unwrap()
}

async fn alter(of: &Running, topic: &'static str, index: i32, to: &std::path::Path) -> ErrorCode {
    let topic = AlterReplicaLogDirTopic::default().with_name(StrBytes::from_static_str(topic).into());
    let dir = AlterReplicaLogDir::default()
        .with_path(StrBytes::from_string(to.display().to_string()))
        .with_topics(vec![topic.with_partitions(vec![index])]);
    let answer = ask(of.addresses()[0], 2, AlterReplicaLogDirsRequest::default().with_dirs(vec![dir])).await;
    ErrorCode::from_code(answer.results[0].partitions[0].error_code).unwrap()
}

/// Whether each log of partition 0 is a future one, and its lag.
async fn described(of: &Running) -> Vec<(bool, i64)> {
    let answer = ask(of.addresses()[0], 4, DescribeLogDirs(DescribeLogDirsRequest::default().with_topics(None))).await;
    let partitions = answer.body.results.into_iter().flat_map(|dir| dir.topics).flat_map(|topic| topic.partitions);
    let mut found: Vec<_> =
        partitions.filter(|it| it.partition_index == 0).map(|it| (it.is_future_key, it.offset_lag)).collect();
    found.sort_unstable();
    found
}

impl Pair {
    /// The directory of a replica as the controller knows it is where it lies.
    fn is_known(&self, of: &Running, index: i32) -> bool {
        let published = node(&self.leader).published();
        let known = published.image.partition(TOPIC, PartitionIndex(index)).unwrap().directory(node(of).id());
        known == node(of).logs.dir_of(&at(index)).map(|dir| dir.id())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_moves_to_and_fro_under_load_and_loses_nothing() {
    let (_root, dirs) = two();
    let pair = Pair::with(&[("min.insync.replicas", "1")], [&[("log.dirs", &dirs), CHUNK], &[]]).await;
    let partition = pair.replica(&pair.leader);
    for offset in 0..30 {
        assert_eq!(pair.produce_to(0, &[1; 3_000], 1, 10_000).await, (ErrorCode::None, offset));
    }
    let moved = AtomicBool::new(false);
    let load = async {
        let mut next = 30;
        while !moved.load(Ordering::Relaxed) {
            assert_eq!(pair.produce_to(0, b"under load", 1, 10_000).await, (ErrorCode::None, next));
            next += 1;
        }
        next
    };
    let moves = async {
        for _ in 0..3 {
            let target = elsewhere(&pair.leader, 0);
            assert_eq!(alter(&pair.leader, TOPIC, 0, &target).await, ErrorCode::None);
            until("the leader has moved", || place(&pair.leader, 0) == target && partition.future().is_none()).await;
            until("the controller knows", || pair.is_known(&pair.leader, 0)).await;
        }
        moved.store(true, Ordering::Relaxed);
    };
    let (end, ()) = tokio::join!(load, moves);
    let log = partition.log();
    assert_eq!((log.end_offset(), partition.is_leader()), (Offset(end), true));
    let mut next = Offset(0);
    let bytes = log.read(next, 1 << 30, log.end_offset(), true).unwrap().read_all().unwrap();
    for batch in model::batch::Batches::new(&bytes) {
        let batch = batch.unwrap();
        assert_eq!(batch.base_offset(), next);
        next = batch.next_offset();
    }
    assert_eq!(next, Offset(end), "every record is there once");
    assert_eq!(alter(&pair.leader, TOPIC, 0, &place(&pair.leader, 0)).await, ErrorCode::None, "it is there");
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_moves_once_the_controller_knows() {
    let (_root, dirs) = two();
    let pair = Pair::with(&[("min.insync.replicas", "1")], [&[], &[("log.dirs", &dirs), CHUNK]]).await;
    pair.tell().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    let (copy, target) = (pair.replica(&pair.follower), elsewhere(&pair.follower, 0));
    assert_eq!(alter(&pair.follower, TOPIC, 0, &target).await, ErrorCode::None);
    let future = copy.future().unwrap();
    until("it asks the controller", || future.directory().is_some()).await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 1));
    until("the copy has that too", || future.log.end_offset() == Offset(2)).await;
    assert!(copy.is_moving_to(&future), "before the controller knows it stays where it is");
    let replicas = vec![(future.dir.id(), pair.topic, PartitionIndex(0))];
    let (broker, epoch) = (NodeId(2), node(&pair.follower).epoch());
    let assign = Event::AssignReplicas(AssignReplicas { broker, epoch, replicas });
    match quorum(&pair.leader).submit(assign).await.unwrap() {
        Reply::AssignReplicas(results) => assert!(results.unwrap().into_iter().all(|it| it.is_ok())),
        other => panic!("{other:?}"),
    }
    pair.tell().await;
    until("it has moved", || place(&pair.follower, 0) == target).await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 2), "it follows on");
    assert_eq!(copy.log().end_offset(), Offset(3));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_move_is_slow_and_can_be_taken_back() {
    let (_root, dirs) = two();
    let pair = Pair::with(&[("min.insync.replicas", "1")], [&[("log.dirs", &dirs), CHUNK], &[]]).await;
    pair.set("replica.alter.log.dirs.io.max.bytes.per.second", "1000").await;
    pair.tell().await;
    for _ in 0..15 {
        assert_eq!(pair.produce_to(0, &[0; 20_000], 1, 10_000).await.0, ErrorCode::None);
    }
    let (here, there) = (place(&pair.leader, 0), elsewhere(&pair.leader, 0));
    let partition = pair.replica(&pair.leader);
    assert_eq!(alter(&pair.leader, TOPIC, 0, &there).await, ErrorCode::None);
    assert_eq!(alter(&pair.leader, TOPIC, 0, &there).await, ErrorCode::None, "it is on its way");
    until("some is copied", || partition.future().is_some_and(|it| it.log.end_offset() > Offset(0))).await;
    let [(false, 0), (true, lag)] = described(&pair.leader).await[..] else { panic!("no copy is on its way") };
    assert!(lag > 0, "300,000 bytes at 1,000 a second");
    // Who waits for deletions waits for the copy too.
    until("all is committed", || partition.log().high_watermark() == Offset(15)).await;
    partition.delete_records(Offset(2)).unwrap().unwrap();
    until("the follower has let go", || pair.replica(&pair.follower).log().start_offset() == Offset(2)).await;
    assert_eq!(partition.low_watermark(), Ok(Offset(0)));
    assert_eq!(alter(&pair.leader, TOPIC, 0, &here).await, ErrorCode::None, "it stays");
    assert!(partition.future().is_none());
    until("all have let go", || partition.low_watermark() == Ok(Offset(2))).await;
    assert_eq!(described(&pair.leader).await, [(false, 0)]);
    assert_eq!(place(&pair.leader, 0), here);
    // Once more, and the node stops.
    assert_eq!(alter(&pair.leader, TOPIC, 0, &there).await, ErrorCode::None);
    let future = partition.future().unwrap();
    until("some is copied again", || future.log.end_offset() > Offset(0)).await;
    let begun = host::clock::monotonic();
    pair.stop().await;
    assert!(begun.elapsed_ms() < 15_000, "a stop waits for no throttle");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_moved_is_told_as_kafka_tells_it() {
    let (_root, dirs) = two();
    let pair = Pair::with(&[], [&[("log.dirs", &dirs)], &[]]).await;
    let there = elsewhere(&pair.leader, 0);
    let leader = &pair.leader;
    assert_eq!(alter(leader, TOPIC, 0, "/nowhere".as_ref()).await, ErrorCode::LogDirNotFound);
    assert_eq!(alter(leader, "absent", 0, &there).await, ErrorCode::UnknownTopicOrPartition);
    assert_eq!(alter(leader, TOPIC, 7, &there).await, ErrorCode::UnknownTopicOrPartition);
    assert_eq!(alter(leader, "", -1, &there).await, ErrorCode::UnknownTopicOrPartition);
    // The copy's disk fails: the replica stays, and nothing moves while a directory is offline.
    pair.set("replica.alter.log.dirs.io.max.bytes.per.second", "0").await;
    assert_eq!(pair.produce(1, 10_000).await, (ErrorCode::None, 0));
    assert_eq!(alter(leader, TOPIC, 0, &there).await, ErrorCode::None);
    let partition = pair.replica(leader);
    node(leader).logs.future_failed(&at(0), "no such disk");
    pair.set("replica.alter.log.dirs.io.max.bytes.per.second", "100000").await;
    until("the move is given up", || partition.future().is_none()).await;
    assert_eq!(pair.produce(1, 10_000).await, (ErrorCode::None, 1));
    assert_eq!(alter(leader, TOPIC, 0, &there).await, ErrorCode::KafkaStorageError);
    pair.stop().await;
}
