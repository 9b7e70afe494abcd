//! Throttled replicas that lag are copied slowly, and the others are not (KIP-73).

use controller::{ConfigChange, IncrementalAlterConfigs};
use metadata::{ConfigResource, ResourceType};

use super::*;

const BATCH: usize = 20_000;
const BATCHES: i64 = 15;
const RATE: &str = "100000";

impl Pair {
    /// Sets a key of all brokers.
    pub(super) async fn set(&self, key: &str, value: &str) {
        let change = ConfigChange { name: key.into(), operation: 0, value: Some(value.into()) };
        let resource = ConfigResource::new(ResourceType::BROKER, "");
        let event = IncrementalAlterConfigs { resources: vec![(resource, vec![change])], validate_only: false };
        match quorum(&self.leader).submit(Event::IncrementalAlterConfigs(event)).await.unwrap() {
            Reply::AlterConfigs(results) => assert!(results.into_iter().all(|(_, result)| result.is_ok())),
            other => panic!("{other:?}"),
        }
    }

    fn end(&self, index: i32) -> i64 {
        node(&self.follower).partitions.get(self.topic, PartitionIndex(index)).map_or(0, |it| it.log().end_offset().0)
    }
}

/// Partition 0 is throttled on one side; both have to be copied from their beginning.
async fn partition_0_is_copied_slowly(replicas: (&str, &str), rate: &str) {
    let extra = [("replica.fetch.max.bytes", "20000")];
    let pair = Pair::with(&[replicas], [&[], &extra]).await;
    until("the follower is given up", || pair.isr() == [1]).await;
    for index in [0, 1] {
        for offset in 0..BATCHES {
            let written = pair.produce_to(index, &[0; BATCH], 1, 10_000).await;
            assert_eq!(written, (ErrorCode::None, offset));
        }
    }
    pair.set(rate, RATE).await;
    pair.beat().await;
    let begun = host::clock::monotonic();
    pair.tell().await;
    until("partition 1 is copied", || pair.end(1) == BATCHES).await;
    let (took, end) = (begun.elapsed_ms(), pair.end(0));
    assert!(end < BATCHES && took < 3_000, "partition 1 is not held back: {took} ms");
    until("partition 0 is copied", || pair.end(0) == BATCHES).await;
    // 300,000 bytes at 100,000 a second; the first second's share and the batch that oversteps it come at once.
    assert!(begun.elapsed_ms() >= 1_600, "{} ms", begun.elapsed_ms());
    until("both are in sync again", || pair.isr() == [1, 2]).await;

    // Who is in sync is held back by nothing.
    let begun = host::clock::monotonic();
    for offset in 0..BATCHES {
        assert_eq!(pair.produce_to(0, &[0; BATCH], -1, 10_000).await, (ErrorCode::None, BATCHES + offset));
    }
    assert!(begun.elapsed_ms() < 1_500, "{} ms", begun.elapsed_ms());
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_leader_throttles_is_sent_slowly() {
    let replicas = ("leader.replication.throttled.replicas", "0:1,1:2");
    partition_0_is_copied_slowly(replicas, "leader.replication.throttled.rate").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_follower_throttles_is_fetched_slowly() {
    let replicas = ("follower.replication.throttled.replicas", "0:2,1:1");
    partition_0_is_copied_slowly(replicas, "follower.replication.throttled.rate").await;
}
