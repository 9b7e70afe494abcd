//! Consumers are sent to the follower in their rack, and served there (KIP-392).

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest, ListOffsetsRequest, OffsetForLeaderEpochRequest};

use super::*;

const SELECTOR: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
const BY_ID: i16 = 17;

async fn pair() -> Pair {
    let leader = [("replica.selector.class", SELECTOR), ("broker.rack", "a")];
    let pair = Pair::with(&[], [&leader, &[("broker.rack", "b")]]).await;
    pair.tell().await;
    pair
}

/// A consumer's fetch.
#[derive(Clone, Copy)]
struct Fetch {
    rack: &'static str,
    from: i64,
    leader_epoch: i32,
    wait_ms: i32,
    version: i16,
}

const FETCH: Fetch = Fetch { rack: "b", from: 0, leader_epoch: -1, wait_ms: 0, version: BY_ID };

impl Pair {
    async fn fetch(&self, of: &Running, fetch: Fetch) -> PartitionData {
        let partition = FetchPartition::default()
            .with_fetch_offset(fetch.from)
            .with_current_leader_epoch(fetch.leader_epoch)
            .with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default().with_partitions(vec![partition]);
        let topic = match fetch.version {
            BY_ID => topic.with_topic_id(self.topic.0),
            _ => topic.with_topic(StrBytes::from_static_str(TOPIC).into()),
        };
        let rack = if fetch.version < 11 { "" } else { fetch.rack };
        let request = FetchRequest::default()
            .with_session_epoch(-1)
            .with_max_wait_ms(fetch.wait_ms)
            .with_min_bytes(1)
            .with_rack_id(StrBytes::from_static_str(rack))
            .with_topics(vec![topic]);
        let mut answer = ask(of.addresses()[0], fetch.version, request).await;
        assert_eq!(answer.error_code, 0);
        answer.responses.remove(0).partitions.remove(0)
    }

    fn epoch(&self) -> i32 {
        self.replica(&self.leader).leader_epoch().0
    }
}

fn error(told: &PartitionData) -> ErrorCode {
    ErrorCode::from_code(told.error_code).unwrap()
}

fn has_records(told: &PartitionData) -> bool {
    told.records.as_ref().is_some_and(|records| !records.is_empty())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_is_sent_to_the_follower_in_its_rack() {
    let pair = pair().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    let sent = pair.fetch(&pair.leader, Fetch { wait_ms: 20_000, from: 0, ..FETCH }).await;
    assert_eq!((error(&sent), sent.preferred_read_replica.0), (ErrorCode::None, 2));
    assert!(!has_records(&sent), "nothing is read for one who is to read elsewhere");
    assert_eq!((sent.high_watermark, sent.log_start_offset), (1, 0));
    for rack in ["a", "nowhere", ""] {
        let told = pair.fetch(&pair.leader, Fetch { rack, ..FETCH }).await;
        assert_eq!(told.preferred_read_replica.0, -1, "{rack:?}");
        assert!(has_records(&told), "{rack:?}");
    }
    assert_eq!(pair.fetch(&pair.leader, Fetch { from: 2, ..FETCH }).await.preferred_read_replica.0, -1, "has it not");
    for (leader_epoch, wanted) in [(-1, ErrorCode::FencedLeaderEpoch), (1, ErrorCode::UnknownLeaderEpoch)] {
        let leader_epoch = pair.epoch() + leader_epoch;
        if leader_epoch >= 0 {
            let told = pair.fetch(&pair.leader, Fetch { leader_epoch, ..FETCH }).await;
            assert_eq!((error(&told), told.preferred_read_replica.0), (wanted, -1));
        }
    }
    // Who is not in sync, or not alive, serves nobody.
    quorum(&pair.leader).submit(Event::FenceBroker(NodeId(2))).await.unwrap();
    assert_eq!(pair.fetch(&pair.leader, FETCH).await.preferred_read_replica.0, -1);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_selector_nobody_is_sent_away() {
    let pair = Pair::with(&[], [&[("broker.rack", "a")], &[("broker.rack", "b")]]).await;
    pair.tell().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    let told = pair.fetch(&pair.leader, FETCH).await;
    assert_eq!(told.preferred_read_replica.0, -1);
    assert!(has_records(&told));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_serves_what_it_knows_to_be_committed() {
    let pair = pair().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    let copy = pair.replica(&pair.follower);
    until("the follower knows what is committed", || copy.log().high_watermark() == Offset(1)).await;
    let told = pair.fetch(&pair.follower, FETCH).await;
    assert_eq!((error(&told), told.high_watermark, has_records(&told)), (ErrorCode::None, 1, true));
    assert_eq!(told.preferred_read_replica.0, -1, "only a leader sends away");
    let epoch = pair.epoch();
    let ask = |from, leader_epoch| pair.fetch(&pair.follower, Fetch { from, leader_epoch, ..FETCH });
    assert_eq!(error(&ask(0, epoch).await), ErrorCode::None);
    assert_eq!(error(&ask(0, epoch + 1).await), ErrorCode::UnknownLeaderEpoch);
    assert_eq!(error(&ask(2, epoch).await), ErrorCode::OffsetOutOfRange);
    // A client that cannot be sent to a follower reads from none.
    let old = Fetch { version: 10, ..FETCH };
    assert_eq!(error(&pair.fetch(&pair.follower, old).await), ErrorCode::NotLeaderOrFollower);

    // What is copied and not known to be committed is not shown, and is no error either.
    node(&pair.follower).fetchers.stop().await;
    let mut batch = BatchBuilder::new(BatchSettings::default());
    batch.append(None, Some(b"uncommitted"), &[], Timestamp(1));
    let mut bytes = batch.build().unwrap().to_vec();
    patch_base_offset_and_epoch(&mut bytes, Offset(1), copy.leader_epoch());
    copy.log().append_as_follower(&bytes, copy.leader_epoch(), Timestamp(1)).unwrap();
    for from in [1, 2] {
        let told = ask(from, epoch).await;
        assert_eq!((error(&told), has_records(&told), told.high_watermark), (ErrorCode::None, false, 1));
    }
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_waits_at_a_follower_is_woken_by_its_high_watermark() {
    let pair = pair().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    let copy = pair.replica(&pair.follower);
    until("the follower knows what is committed", || copy.log().high_watermark() == Offset(1)).await;
    let waiting = pair.fetch(&pair.follower, Fetch { from: 1, wait_ms: 60_000, ..FETCH });
    let meanwhile = async {
        until("the fetch waits", || node(&pair.follower).parked.available_permits() < crate::node::PARKED_PARTITIONS)
            .await;
        assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 1));
    };
    let begun = host::clock::monotonic();
    let (told, ()) = tokio::join!(waiting, meanwhile);
    assert!(begun.elapsed_ms() < 20_000, "it slept on");
    assert_eq!((has_records(&told), told.high_watermark), (true, 2));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offsets_are_told_by_leaders_alone() {
    let pair = pair().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    let epoch = pair.epoch();
    let name = || StrBytes::from_static_str(TOPIC).into();
    let follower = pair.follower.addresses()[0];
    let wrong = [
        (-1, ErrorCode::NotLeaderOrFollower),
        (epoch, ErrorCode::NotLeaderOrFollower),
        (epoch + 1, ErrorCode::UnknownLeaderEpoch),
    ];
    for (claimed, wanted) in wrong {
        let partition = ListOffsetsPartition::default().with_timestamp(-1).with_current_leader_epoch(claimed);
        let topic = ListOffsetsTopic::default().with_name(name()).with_partitions(vec![partition]);
        let request = ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![topic.clone()]);
        let answer = ask(follower, 7, request).await;
        assert_eq!(answer.topics[0].partitions[0].error_code, wanted.code());
        // Who looks for faults may ask anybody.
        let request = ListOffsetsRequest::default().with_replica_id(BrokerId(-2)).with_topics(vec![topic]);
        let answer = ask(follower, 7, request).await;
        let told = &answer.topics[0].partitions[0];
        match wanted {
            ErrorCode::NotLeaderOrFollower => assert_eq!((told.error_code, told.offset), (0, 1)),
            _ => assert_eq!(told.error_code, wanted.code()),
        }
        let partition = OffsetForLeaderPartition::default().with_current_leader_epoch(claimed).with_leader_epoch(epoch);
        let topic = OffsetForLeaderTopic::default().with_topic(name()).with_partitions(vec![partition]);
        let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
        let answer = ask(follower, 4, request).await;
        assert_eq!(answer.topics[0].partitions[0].error_code, wanted.code());
    }
    pair.stop().await;
}

#[test]
fn other_selectors_are_refused() {
    let check = |class: &str| {
        let mut settings = preset::node_of_one();
        settings.insert("replica.selector.class".into(), class.into());
        crate::nearest::check(&NodeConfig::from_settings(settings).unwrap())
    };
    for known in [SELECTOR, "org.apache.kafka.common.replica.LeaderSelector", ""] {
        check(known).unwrap();
    }
    let refusal = check("com.example.Mine").unwrap_err().to_string();
    assert!(refusal.contains("com.example.Mine") && refusal.contains(SELECTOR), "{refusal}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_young_reign_does_not_tell_what_it_does_not_know_to_be_committed() {
    let pair = Pair::start("2").await;
    pair.tell().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    node(&pair.follower).fetchers.stop().await;
    assert_eq!(pair.produce(1, 1_000).await, (ErrorCode::None, 1));
    let epoch = pair.epoch();
    for broker in [2, 1] {
        quorum(&pair.leader).submit(Event::FenceBroker(NodeId(broker))).await.unwrap();
    }
    until("the leader is back", || {
        node(&pair.leader).lifecycle.wake();
        pair.epoch() > epoch && pair.replica(&pair.leader).is_leader()
    })
    .await;
    assert_eq!(pair.replica(&pair.leader).log().high_watermark(), Offset(1));
    let leader = pair.leader.addresses()[0];
    let offset = async |version, replica, time| {
        let partition = ListOffsetsPartition::default().with_timestamp(time);
        let topic = ListOffsetsTopic::default()
            .with_name(StrBytes::from_static_str(TOPIC).into())
            .with_partitions(vec![partition]);
        let request = ListOffsetsRequest::default().with_replica_id(BrokerId(replica)).with_topics(vec![topic]);
        let answer = ask(leader, version, request).await;
        let told = &answer.topics[0].partitions[0];
        (ErrorCode::from_code(told.error_code).unwrap(), told.offset)
    };
    assert_eq!(offset(5, -1, -1).await, (ErrorCode::OffsetNotAvailable, -1), "the end");
    assert_eq!(offset(4, -1, -1).await, (ErrorCode::LeaderNotAvailable, -1), "as old clients know it");
    assert_eq!(offset(5, -1, 2).await, (ErrorCode::OffsetNotAvailable, -1), "nothing that late");
    assert_eq!(offset(5, -1, -2).await, (ErrorCode::None, 0), "the start is known");
    assert_eq!(offset(5, -1, 1).await, (ErrorCode::None, 0), "so is what is committed");
    assert_eq!(offset(5, 2, -1).await, (ErrorCode::None, 2), "a replica asks for the log as it is");
    pair.stop().await;
}
