//! Nodes in one process: whoever is asked, what the controller decides is to be seen there when the answer comes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use broker::Running;
use bytes::{BufMut, Bytes, BytesMut};
use config::NodeConfig;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    BrokerHeartbeatRequest, CreateTopicsRequest, DescribeQuorumRequest, EnvelopeRequest, MetadataRequest,
    RequestHeader, ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use model::{ClusterId, ErrorCode};

const CLUSTER: &str = "b3R0bGEtdGVzdC1vZi0zIA";

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn ask<R: Request>(port: u16, version: i16, request: &R) -> R::Response {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
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
}

/// A request to a node, away from the threads that serve it.
async fn asked<R: Request + Send + 'static>(port: u16, version: i16, request: R) -> R::Response
where
    R::Response: Send + 'static,
{
    tokio::task::spawn_blocking(move || ask(port, version, &request)).await.unwrap()
}

struct Nodes {
    running: Vec<Running>,
    controllers: Vec<u16>,
    _dirs: Vec<tempfile::TempDir>,
}

impl Nodes {
    /// One node for each of `roles`; those that are controllers vote.
    async fn start(roles: &[&str]) -> Self {
        let dirs: Vec<_> = roles.iter().map(|_| tempfile::tempdir().unwrap()).collect();
        let controllers: Vec<u16> = roles.iter().map(|_| free()).collect();
        let is_voter = |at: &usize| roles[*at].contains("controller");
        let voters: Vec<String> =
            (0..roles.len()).filter(is_voter).map(|at| format!("{}@127.0.0.1:{}", at + 1, controllers[at])).collect();
        let mut starting = Vec::new();
        for (at, role) in roles.iter().enumerate() {
            let mut listeners = Vec::new();
            if role.contains("broker") {
                listeners.push("PLAINTEXT://127.0.0.1:0".to_owned());
            }
            if is_voter(&at) {
                listeners.push(format!("CONTROLLER://127.0.0.1:{}", controllers[at]));
            }
            let text = format!(
                "process.roles={role}\nnode.id={}\nlisteners={}\ncontroller.listener.names=CONTROLLER\n\
                 controller.quorum.voters={}\nlog.dirs={}\n",
                at + 1,
                listeners.join(","),
                voters.join(","),
                dirs[at].path().display(),
            );
            let config = NodeConfig::from_text(&text, &[]).unwrap();
            broker::format(&config, &ClusterId(CLUSTER.into()).0, false, false, vec![]).unwrap();
            starting.push(tokio::spawn(Running::start(config)));
        }
        let mut running = Vec::new();
        for node in starting {
            running.push(node.await.unwrap().unwrap());
        }
        Self { running, controllers, _dirs: dirs }
    }

    async fn stop(self) {
        for node in self.running.into_iter().map(|node| tokio::spawn(node.stop())).collect::<Vec<_>>() {
            node.await.unwrap().unwrap();
        }
    }
}

fn name(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// Creates a topic through each broker, and asks the same broker at once what it knows.
async fn each_broker_creates(nodes: &Nodes, brokers: &[usize], replicas: i16) {
    for at in brokers {
        let port = nodes.running[*at].addresses()[0].port();
        let topic = format!("through-{at}");
        let wanted = CreatableTopic::default()
            .with_name(name(&topic).into())
            .with_num_partitions(3)
            .with_replication_factor(replicas);
        let request = CreateTopicsRequest::default().with_topics(vec![wanted]).with_timeout_ms(10_000);
        let created = asked(port, 7, request).await;
        assert_eq!((created.topics[0].error_code, created.topics[0].num_partitions), (0, 3), "{created:?}");
        let wanted = MetadataRequestTopic::default().with_name(Some(name(&topic).into()));
        let told = asked(port, 12, MetadataRequest::default().with_topics(Some(vec![wanted]))).await;
        let partitions = &told.topics[0].partitions;
        assert_eq!(partitions.len(), 3, "{told:?}");
        assert!(partitions.iter().all(|it| it.error_code == 0 && it.isr_nodes.len() == replicas as usize), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_of_a_kind() {
    let nodes = Nodes::start(&["broker,controller"; 3]).await;
    each_broker_creates(&nodes, &[0, 1, 2], 3).await;
    for node in &nodes.running {
        let partition = PartitionData::default().with_partition_index(0);
        let topic = TopicData::default().with_topic_name(name("__cluster_metadata").into());
        let request = DescribeQuorumRequest::default().with_topics(vec![topic.with_partitions(vec![partition])]);
        let told = asked(node.addresses()[0].port(), 2, request).await;
        let quorum = &told.topics[0].partitions[0];
        assert_eq!((told.error_code, quorum.error_code, quorum.current_voters.len()), (0, 0, 3), "{told:?}");
        assert_eq!(told.nodes.len(), 3);
        assert!(quorum.observers.is_empty(), "all of them vote");
    }
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_controller_and_two_brokers() {
    let nodes = Nodes::start(&["controller", "broker", "broker"]).await;
    each_broker_creates(&nodes, &[1, 2], 2).await;
    let partition = PartitionData::default().with_partition_index(0);
    let topic = TopicData::default().with_topic_name(name("__cluster_metadata").into());
    let request = DescribeQuorumRequest::default().with_topics(vec![topic.with_partitions(vec![partition])]);
    let told = asked(nodes.controllers[0], 2, request).await;
    let quorum = &told.topics[0].partitions[0];
    let observers: Vec<i32> = quorum.observers.iter().map(|it| it.replica_id.0).collect();
    assert_eq!((quorum.current_voters.len(), observers), (1, vec![2, 3]), "{told:?}");
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_refuses_what_it_should() {
    let nodes = Nodes::start(&["broker,controller"]).await;
    let port = nodes.controllers[0];
    let zombie = BrokerHeartbeatRequest::default().with_broker_id(1.into()).with_broker_epoch(0);
    let told = asked(port, 1, zombie).await;
    assert_eq!(told.error_code, ErrorCode::StaleBrokerEpoch.code());
    // A heartbeat is none of what a client may have forwarded.
    let mut inner = BytesMut::new();
    let header = RequestHeader::default().with_request_api_key(BrokerHeartbeatRequest::KEY).with_request_api_version(1);
    header.encode(&mut inner, BrokerHeartbeatRequest::header_version(1)).unwrap();
    BrokerHeartbeatRequest::default().encode(&mut inner, 1).unwrap();
    let principal = Bytes::from_static(&[0, 0, 5, b'U', b's', b'e', b'r', 2, b'a', 0, 0]);
    let envelope = |data: Bytes, principal: Option<Bytes>| {
        EnvelopeRequest::default()
            .with_request_data(data)
            .with_request_principal(principal)
            .with_client_host_address(Bytes::from_static(&[127, 0, 0, 1]))
    };
    let told = asked(port, 0, envelope(inner.clone().freeze(), Some(principal.clone()))).await;
    assert_eq!(told.error_code, ErrorCode::InvalidRequest.code());
    let told = asked(port, 0, envelope(inner.freeze(), None)).await;
    assert_eq!(told.error_code, ErrorCode::PrincipalDeserializationFailure.code());
    let told = asked(port, 0, envelope(Bytes::from_static(&[0, 19]), Some(principal))).await;
    assert_eq!(told.error_code, ErrorCode::InvalidRequest.code());
    nodes.stop().await;
}
