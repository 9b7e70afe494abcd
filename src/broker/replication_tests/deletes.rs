//! DeleteRecords waits for the replicas that live.

use kafka_protocol::messages::DeleteRecordsRequest;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};

use super::*;

impl Pair {
    /// Deletes through the leader; tells how it went and the low watermark.
    async fn delete(&self, before: i64, timeout_ms: i32) -> (ErrorCode, i64) {
        let partition = DeleteRecordsPartition::default().with_offset(before);
        let topic = DeleteRecordsTopic::default()
            .with_name(StrBytes::from_static_str(TOPIC).into())
            .with_partitions(vec![partition]);
        let request = DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(timeout_ms);
        let answer = ask(self.leader.addresses()[0], 2, request).await;
        let told = &answer.topics[0].partitions[0];
        (ErrorCode::from_code(told.error_code).unwrap(), told.low_watermark)
    }

    async fn with_records(records: i64) -> Self {
        let pair = Self::start("1").await;
        pair.tell().await;
        for offset in 0..records {
            assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, offset));
        }
        pair
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_comes_when_the_follower_has_let_go_too() {
    let pair = Pair::with_records(3).await;
    let copy = pair.replica(&pair.follower);
    let begun = host::clock::monotonic();
    assert_eq!(pair.delete(2, 60_000).await, (ErrorCode::None, 2));
    assert_eq!(copy.log().start_offset(), Offset(2), "it was waited for");
    assert_eq!(pair.delete(-1, 60_000).await, (ErrorCode::None, 3));
    assert!(begun.elapsed_ms() < 20_000, "it slept on");
    assert_eq!(copy.log().start_offset(), Offset(3));
    assert_eq!(pair.delete(1, 20_000).await, (ErrorCode::None, 3), "it is gone long since");
    assert_eq!(pair.delete(4, 20_000).await, (ErrorCode::OffsetOutOfRange, -1));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_does_not_let_go_in_time_is_told_of() {
    let pair = Pair::with_records(3).await;
    node(&pair.follower).fetchers.stop().await;
    assert_eq!(pair.delete(2, 50).await, (ErrorCode::RequestTimedOut, 0), "where the follower begins");
    assert_eq!(pair.replica(&pair.leader).log().start_offset(), Offset(2), "it is gone here all the same");
    assert_eq!(pair.delete(2, -1).await, (ErrorCode::RequestTimedOut, 0));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dead_are_not_waited_for() {
    let pair = Pair::with_records(3).await;
    node(&pair.follower).fetchers.stop().await;
    let deletion = pair.delete(2, 60_000);
    let death = async {
        let leader = pair.replica(&pair.leader);
        until("it is deleted on the leader", || leader.log().start_offset() == Offset(2)).await;
        quorum(&pair.leader).submit(Event::FenceBroker(NodeId(2))).await.unwrap();
    };
    let begun = host::clock::monotonic();
    let (told, ()) = tokio::join!(deletion, death);
    assert_eq!(told, (ErrorCode::None, 2));
    assert!(begun.elapsed_ms() < 20_000, "it slept on");
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leads_no_longer_says_so() {
    let pair = Pair::with_records(3).await;
    node(&pair.follower).fetchers.stop().await;
    let deletion = pair.delete(2, 60_000);
    let change = async {
        let leader = pair.replica(&pair.leader);
        until("it is deleted on the leader", || leader.log().start_offset() == Offset(2)).await;
        leader.follow(leader.leader_epoch());
    };
    let (told, ()) = tokio::join!(deletion, change);
    assert_eq!(told, (ErrorCode::NotLeaderOrFollower, -1));
    pair.stop().await;
}
