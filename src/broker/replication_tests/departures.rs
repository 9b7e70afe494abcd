//! A reassignment takes a replica elsewhere: who had it lets go of it at once, and may be given it again.

use controller::{AlterReassignments, ReassignedPartition};
use model::TopicPartition;

use super::*;

impl Pair {
    /// Has partition 0 lie on these brokers.
    async fn reassign(&self, brokers: &[i32]) {
        let replicas = Some(brokers.iter().map(|id| NodeId(*id)).collect());
        let wanted = ReassignedPartition { partition: PartitionIndex(0), replicas };
        let topics = vec![(TOPIC.to_owned(), vec![wanted])];
        let event = Event::AlterReassignments(AlterReassignments { topics, allow_replication_factor_change: true });
        match quorum(&self.leader).submit(event).await.unwrap() {
            Reply::AlterReassignments(results) => {
                for (_, result) in &results[0].partitions {
                    assert!(result.is_ok(), "{result:?}");
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn is_here(&self, of: &Running) -> bool {
        let log = node(of).logs.get(&TopicPartition::new(TOPIC, 0));
        assert_eq!(log.is_some(), node(of).partitions.get(self.topic, PartitionIndex(0)).is_some());
        log.is_some()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_replica_goes_acknowledges_nothing_more_and_has_its_log_no_longer() {
    let pair = Pair::start("1").await;
    pair.tell().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    let before = pair.replica(&pair.leader);
    let dir = before.log().dir();
    pair.reassign(&[2]).await;
    until("the metadata says so", || !before.is_leader()).await;
    assert_eq!(pair.produce(1, 1_000).await.0, ErrorCode::NotLeaderOrFollower);
    until("it is gone", || !dir.exists()).await;
    assert!(!pair.is_here(&pair.leader));
    pair.tell().await;
    assert!(pair.replica(&pair.follower).is_leader() && pair.is_here(&pair.follower));

    // What it gets back is a copy, not what it had.
    pair.reassign(&[1, 2]).await;
    pair.tell().await;
    until("it is copied", || {
        let here = node(&pair.leader).partitions.get(pair.topic, PartitionIndex(0));
        here.is_some_and(|it| it.log().end_offset() == Offset(1) && !it.is_leader())
    })
    .await;
    assert!(pair.is_here(&pair.leader));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_whose_replica_goes_has_its_log_no_longer() {
    let pair = Pair::start("1").await;
    pair.tell().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    pair.reassign(&[1]).await;
    pair.tell().await;
    assert!(!pair.is_here(&pair.follower) && pair.is_here(&pair.leader));
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 1), "nobody else is waited for");
    pair.stop().await;
}
