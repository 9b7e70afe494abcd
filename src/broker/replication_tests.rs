//! Two brokers over sockets: one leads and is the cluster's controller, the other is told of the metadata by the test.

mod deletes;
mod departures;
mod moves;
mod near;
mod throttles;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use config::{NodeConfig, preset};
use controller::{CreateTopics, Event, NewTopic, Reply};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{ProduceRequest, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use metadata::records::BrokerEndpoint;
use model::batch::{BatchBuilder, BatchSettings, patch_base_offset_and_epoch};
use model::{BrokerEpoch, ErrorCode, NodeId, Offset, PartitionIndex, Timestamp, TopicId};

use quorum::Quorum;

use crate::membership::Registration;
use crate::node::Node;
use crate::partition::Partition;
use crate::{Metadata, Running};

const TOPIC: &str = "copied";
const PRODUCE: i16 = 12;

async fn start(id: i32, dir: &tempfile::TempDir, extra: &[(&str, &str)]) -> Running {
    let mut settings = preset::node_of_one();
    for (key, value) in [
        ("node.id", id.to_string()),
        ("controller.quorum.bootstrap.servers", "127.0.0.1:9093".to_owned()),
        ("listeners", "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0".to_owned()),
        ("log.dirs", dir.path().display().to_string()),
        ("replica.lag.time.max.ms", "1000".to_owned()),
        ("replica.fetch.backoff.ms", "20".to_owned()),
    ] {
        settings.insert(key.into(), value);
    }
    settings.extend(extra.iter().map(|(key, value)| ((*key).into(), (*value).into())));
    Running::start(NodeConfig::from_settings(settings).unwrap()).await.unwrap()
}

fn node(of: &Running) -> &Arc<Node> {
    &of.broker.as_ref().unwrap().node
}

fn quorum(of: &Running) -> &Quorum {
    match &of.metadata {
        Metadata::Voter(quorum) => quorum,
        Metadata::Observer(_) => panic!("this node is no controller"),
    }
}

/// A leader and a broker that follows it, with one topic on both.
struct Pair {
    leader: Running,
    follower: Running,
    topic: TopicId,
    _dirs: [tempfile::TempDir; 2],
}

impl Pair {
    async fn start(min_insync: &str) -> Self {
        Self::with(&[("min.insync.replicas", min_insync)], [&[], &[]]).await
    }

    /// A topic with these configurations, and settings of the leader and of the follower.
    async fn with(topic: &[(&str, &str)], extra: [&[(&str, &str)]; 2]) -> Self {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let (leader, follower) = (start(1, &dirs[0], extra[0]).await, start(2, &dirs[1], extra[1]).await);
        let endpoint = BrokerEndpoint {
            name: "PLAINTEXT".into(),
            host: "127.0.0.1".into(),
            port: follower.addresses()[0].port(),
            ..BrokerEndpoint::default()
        };
        let registration = Registration {
            endpoints: vec![endpoint],
            log_dirs: node(&follower).logs.online_ids(),
            previous_epoch: BrokerEpoch(-1),
        };
        // Its own metadata changes no more when it has registered as its own controller.
        node(&follower).controllers.applied(|image| !image.controllers.is_empty()).await;
        let introduction = node(&follower).introduce(leader.cluster_id(), registration);
        let registered = node(&leader).controllers.call(introduction).await.unwrap();
        assert_eq!(registered.error_code, 0);
        node(&follower).set_epoch(BrokerEpoch(registered.broker_epoch));
        let pair = Self { leader, follower, topic: host::dice::uuid(), _dirs: dirs };
        pair.beat().await;
        let new = NewTopic {
            name: TOPIC.into(),
            id: pair.topic,
            partitions: -1,
            replication_factor: -1,
            assignments: [0, 1].map(|index| (index, vec![NodeId(1), NodeId(2)])).into(),
            configs: topic.iter().map(|(key, value)| ((*key).into(), Some((*value).into()))).collect(),
            describable: false,
        };
        let event = Event::CreateTopics(CreateTopics { topics: vec![new], validate_only: false, seed: 1 });
        match quorum(&pair.leader).submit(event).await.unwrap() {
            Reply::CreateTopics(Ok(results)) => results.into_iter().for_each(|it| drop(it.result.unwrap())),
            other => panic!("{other:?}"),
        }
        assert_eq!(pair.isr(), [1, 2]);
        pair
    }

    /// The follower is alive, as the controller hears.
    async fn beat(&self) {
        let event = Event::BrokerHeartbeat(controller::BrokerHeartbeat {
            broker: NodeId(2),
            epoch: node(&self.follower).epoch(),
            metadata_offset: Offset(node(&self.leader).published().offset),
            want_fence: false,
            want_shut_down: false,
            offline_log_dirs: vec![],
            cordoned_log_dirs: None,
        });
        match quorum(&self.leader).submit(event).await.unwrap() {
            Reply::BrokerHeartbeat(status) => assert!(!status.unwrap().fenced),
            other => panic!("{other:?}"),
        }
    }

    /// The follower hears what the controller has decided until now.
    async fn tell(&self) {
        let (node, published) = (node(&self.follower).clone(), node(&self.leader).published());
        let follow = move || node.follow(Arc::new(published.image.clone()), published.offset);
        host::task::blocking(follow).await.unwrap();
    }

    fn isr(&self) -> Vec<i32> {
        let published = node(&self.leader).published();
        published.image.partition(TOPIC, PartitionIndex(0)).unwrap().isr.iter().map(|id| id.0).collect()
    }

    fn replica(&self, of: &Running) -> Arc<Partition> {
        node(of).partitions.get(self.topic, PartitionIndex(0)).unwrap()
    }

    /// Produces one record through the leader; tells how it went and where the record is.
    async fn produce(&self, acks: i16, timeout_ms: i32) -> (ErrorCode, i64) {
        self.produce_to(0, b"value", acks, timeout_ms).await
    }

    async fn produce_to(&self, index: i32, value: &[u8], acks: i16, timeout_ms: i32) -> (ErrorCode, i64) {
        let address = self.leader.addresses()[0];
        let mut batch = BatchBuilder::new(BatchSettings::default());
        batch.append(None, Some(value), &[], Timestamp(1));
        let data = PartitionProduceData::default().with_index(index).with_records(Some(batch.build().unwrap()));
        let topic = TopicProduceData::default()
            .with_name(StrBytes::from_static_str(TOPIC).into())
            .with_partition_data(vec![data]);
        let request =
            ProduceRequest::default().with_acks(acks).with_timeout_ms(timeout_ms).with_topic_data(vec![topic]);
        let answer = ask(address, PRODUCE, request).await;
        let told = &answer.responses[0].partition_responses[0];
        (ErrorCode::from_code(told.error_code).unwrap(), told.base_offset)
    }

    async fn stop(self) {
        self.follower.stop().await.unwrap();
        self.leader.stop().await.unwrap();
    }
}

/// Asks on a connection of its own.
async fn ask<R: Request + Send + 'static>(address: SocketAddr, version: i16, request: R) -> R::Response
where
    R::Response: Send,
{
    let asking = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        let header = RequestHeader::default().with_request_api_key(R::KEY).with_request_api_version(version);
        header.encode(&mut frame, R::header_version(version)).unwrap();
        request.encode(&mut frame, version).unwrap();
        let length = frame.len() as i32 - 4;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        stream.write_all(&frame).unwrap();
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; i32::from_be_bytes(length) as usize];
        stream.read_exact(&mut answer).unwrap();
        let mut answer = Bytes::from(answer);
        ResponseHeader::decode(&mut answer, R::Response::header_version(version)).unwrap();
        R::Response::decode(&mut answer, version).unwrap()
    };
    tokio::task::spawn_blocking(asking).await.unwrap()
}

/// Waits until it is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = host::clock::monotonic();
    while !is_so() {
        assert!(begun.elapsed_ms() < 20_000, "not in 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_copies_and_acks_all_waits_for_it() {
    let pair = Pair::start("2").await;
    assert_eq!(pair.produce(-1, 100).await, (ErrorCode::RequestTimedOut, 0), "nobody has copied it");
    assert_eq!(pair.produce(1, 100).await, (ErrorCode::None, 1), "its leader has it");
    assert_eq!(pair.replica(&pair.leader).log().high_watermark(), Offset(0));
    pair.tell().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 2));
    let copy = pair.replica(&pair.follower);
    assert_eq!(copy.log().end_offset(), Offset(3));
    assert_eq!(pair.replica(&pair.leader).log().high_watermark(), Offset(3));
    until("the follower knows what is committed", || copy.log().high_watermark() == Offset(3)).await;
    assert_eq!(copy.log().latest_epoch(), pair.replica(&pair.leader).log().latest_epoch());
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_stops_copying_leaves_the_in_sync_set_and_comes_back() {
    let pair = Pair::start("1").await;
    pair.tell().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    node(&pair.follower).fetchers.stop().await;
    // Waits for the follower until it is given up, and is acknowledged then.
    assert_eq!(pair.produce(-1, 20_000).await, (ErrorCode::None, 1));
    assert_eq!(pair.replica(&pair.follower).log().end_offset(), Offset(1));
    until("everybody here sees it", || pair.isr() == [1]).await;
    pair.beat().await;
    pair.tell().await;
    until("it is in sync again", || pair.isr() == [1, 2]).await;
    assert_eq!(pair.replica(&pair.follower).log().end_offset(), Offset(2));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_in_sync_is_said_before_anything_is_appended() {
    let pair = Pair::start("2").await;
    until("it is given up", || pair.isr() == [1]).await;
    let end = pair.replica(&pair.leader).log().end_offset();
    assert_eq!(pair.produce(-1, 1_000).await.0, ErrorCode::NotEnoughReplicas);
    assert_eq!(pair.produce(1, 1_000).await.0, ErrorCode::None);
    assert_eq!(pair.replica(&pair.leader).log().end_offset(), end.plus(1));
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_new_leader_does_not_have_is_cut_off() {
    let pair = Pair::start("1").await;
    pair.tell().await;
    assert_eq!(pair.produce(-1, 10_000).await, (ErrorCode::None, 0));
    let copy = pair.replica(&pair.follower);
    node(&pair.follower).fetchers.stop().await;
    // The follower has a record that was never committed; then the leader is elected anew, and writes another in its place.
    let mut batch = BatchBuilder::new(BatchSettings::default());
    batch.append(None, Some(b"nobody else has this"), &[], Timestamp(1));
    let mut bytes = batch.build().unwrap().to_vec();
    let epoch = copy.leader_epoch();
    patch_base_offset_and_epoch(&mut bytes, Offset(1), epoch);
    copy.log().append_as_follower(&bytes, epoch, Timestamp(1)).unwrap();
    for broker in [2, 1] {
        quorum(&pair.leader).submit(Event::FenceBroker(NodeId(broker))).await.unwrap();
    }
    until("the leader is back", || {
        node(&pair.leader).lifecycle.wake();
        pair.replica(&pair.leader).leader_epoch() > epoch && pair.replica(&pair.leader).is_leader()
    })
    .await;
    assert_eq!(copy.log().end_offset(), Offset(2));
    assert_eq!(pair.produce(1, 1_000).await, (ErrorCode::None, 1));
    pair.beat().await;
    pair.tell().await;
    until("it is in sync again", || pair.isr() == [1, 2]).await;
    let bytes = |partition: &Partition| {
        let end = partition.log().end_offset();
        partition.log().read(Offset(0), 1 << 20, end, true).unwrap().read_all().unwrap()
    };
    assert_eq!(bytes(&copy), bytes(&pair.replica(&pair.leader)));
    pair.stop().await;
}
