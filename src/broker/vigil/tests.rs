//! A real controller, and brokers that are nothing but sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use config::NodeConfig;
use controller::{BrokerHeartbeat, Controller, Event, RegisterBroker, Reply, Settings};
use host::net::{Listener, SocketOptions};
use host::task::{JoinHandle, JoinSet, timeout};
use metadata::records::{BrokerEndpoint, BrokerFeature};
use model::{BrokerEpoch, ClusterId, NodeId, Uuid};
use quorum::{Alone, ElectionConfig, Endpoint, Format, MetadataLogConfig, Quorum, QuorumConfig};
use tokio::sync::watch;

use super::Vigil;

const ME: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);
const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qg";
const LONG: Duration = Duration::from_secs(30);
/// Longer than any test takes, so that no session ends by itself.
const MINUTE: u64 = 60_000;

/// A quorum of one, with a vigil.
struct Kit {
    quorum: Arc<Quorum>,
    vigil: Option<Vigil>,
    _dir: tempfile::TempDir,
}

impl Kit {
    async fn start(session_ms: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let what = Format {
            cluster_id: ClusterId(CLUSTER.into()),
            node_id: ME,
            log_dirs: vec![dir.path().to_owned()],
            metadata_log_dir: None,
            standalone: None,
            ignore_formatted: false,
            features: Vec::new(),
        };
        quorum::format(&what, host::clock::now()).unwrap();
        let config = QuorumConfig {
            node_id: ME,
            dir: dir.path().to_owned(),
            endpoints: vec![Endpoint { listener: "CONTROLLER".into(), host: "127.0.0.1".into(), port: 29093 }],
            static_voters: vec![ME],
            min_insync_replicas: 1,
            log: MetadataLogConfig::default(),
            election: ElectionConfig::default(),
        };
        let text = format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:29093\n\
             listeners=PLAINTEXT://127.0.0.1:29092,CONTROLLER://127.0.0.1:29093\n\
             controller.listener.names=CONTROLLER\nlog.dirs=/x\nbroker.session.timeout.ms={session_ms}\n"
        );
        let node = Arc::new(NodeConfig::from_text(&text, &[]).unwrap());
        let settings = Settings { cluster_id: ClusterId(CLUSTER.into()), node, node_id: ME };
        let controller = move || Controller::new(settings.clone());
        let (quorum, _) = Quorum::start(config, None, controller, Arc::new(Alone), |_| {}).await.unwrap();
        let quorum = Arc::new(quorum);
        let vigil = Some(Vigil::start(quorum.clone(), ME));
        Self { quorum, vigil, _dir: dir }
    }

    /// A broker that registers with these addresses, and is unfenced.
    async fn join(&self, broker: NodeId, end_points: Vec<BrokerEndpoint>) -> BrokerEpoch {
        let features = quorum::SUPPORTED.iter().map(|feature| BrokerFeature {
            name: feature.name.into(),
            min_supported_version: feature.min,
            max_supported_version: feature.max,
            ..BrokerFeature::default()
        });
        let request = RegisterBroker {
            broker,
            cluster_id: ClusterId(CLUSTER.into()),
            incarnation: host::dice::uuid(),
            endpoints: end_points,
            features: features.collect(),
            rack: None,
            // The same in each incarnation, which proves that the one before is dead.
            log_dirs: vec![Uuid(uuid::Uuid::from_u128(1_000 + broker.0.unsigned_abs() as u128))],
            previous_epoch: BrokerEpoch(-1),
        };
        let epoch = match self.quorum.submit(Event::RegisterBroker(request)).await.unwrap() {
            Reply::RegisterBroker(epoch) => epoch.unwrap(),
            other => panic!("{other:?}"),
        };
        let heartbeat = BrokerHeartbeat {
            broker,
            epoch,
            metadata_offset: self.quorum.status().end,
            want_fence: false,
            want_shut_down: false,
            offline_log_dirs: vec![],
            cordoned_log_dirs: None,
        };
        match self.quorum.submit(Event::BrokerHeartbeat(heartbeat)).await.unwrap() {
            Reply::BrokerHeartbeat(status) => assert!(!status.unwrap().fenced),
            other => panic!("{other:?}"),
        }
        epoch
    }

    fn is_fenced(&self, broker: NodeId) -> bool {
        self.quorum.watch().borrow().image.brokers.get(&broker).unwrap().fenced
    }

    async fn is_fenced_within(&self, patience: Duration, broker: NodeId) -> bool {
        let mut images = self.quorum.watch();
        let fenced = images.wait_for(|applied| applied.image.brokers.get(&broker).unwrap().fenced);
        timeout(patience, fenced).await.is_ok()
    }

    async fn stop(self) {
        if let Some(vigil) = self.vigil {
            vigil.stop().await;
        }
        self.quorum.shutdown().await;
    }
}

/// What a fake broker does with connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// It takes them, and says nothing, as a process that was paused does.
    Silent,
    /// It ends them.
    Closes,
}

/// What a fake broker has seen.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    connections: usize,
    bytes: usize,
    /// Connections that the other side has ended.
    ended: usize,
}

/// A broker that is nothing but a listener and its connections.
struct Fake {
    address: SocketAddr,
    seen: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

impl Fake {
    fn start(manner: Manner) -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), SocketOptions::default()).unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, watched) = watch::channel(Seen::default());
        let seen = Arc::new(seen);
        let task = host::task::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let stream = listener.accept().await.unwrap();
                seen.send_modify(|seen| seen.connections += 1);
                let seen = seen.clone();
                if manner == Manner::Closes {
                    continue;
                }
                connections.spawn(async move {
                    let (mut read, _write) = stream.split();
                    let mut buffer = Vec::new();
                    while let Ok(bytes @ 1..) = read.read(&mut buffer).await {
                        seen.send_modify(|seen| seen.bytes += bytes);
                    }
                    seen.send_modify(|seen| seen.ended += 1);
                });
            }
        });
        Self { address, seen: watched, task }
    }

    fn end_point(&self) -> BrokerEndpoint {
        end_point("127.0.0.1", self.address.port())
    }

    async fn sees(&mut self, what: impl FnMut(&Seen) -> bool) -> Seen {
        *timeout(LONG, self.seen.wait_for(what)).await.expect("it is seen").unwrap()
    }

    /// As SIGKILL does: the listener and all connections are closed.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

fn end_point(host: &str, port: u16) -> BrokerEndpoint {
    BrokerEndpoint { name: "PLAINTEXT".into(), host: host.into(), port, ..BrokerEndpoint::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_is_fenced_at_once_and_so_is_its_next_incarnation() {
    let kit = Kit::start(MINUTE).await;
    for _ in 0..2 {
        let mut fake = Fake::start(Manner::Silent);
        let bystander = Fake::start(Manner::Silent);
        kit.join(OTHER, vec![fake.end_point()]).await;
        kit.join(NodeId(3), vec![bystander.end_point()]).await;
        let seen = fake.sees(|seen| seen.bytes > 0).await;
        assert_eq!(seen.connections, 1);
        fake.kill().await;
        assert!(kit.is_fenced_within(Duration::from_secs(1), OTHER).await);
        assert!(!kit.is_fenced(NodeId(3)));
        bystander.kill().await;
        assert!(kit.is_fenced_within(Duration::from_secs(1), NodeId(3)).await);
    }
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_ends_connections_and_takes_new_ones_lives() {
    let kit = Kit::start(MINUTE).await;
    let mut fake = Fake::start(Manner::Closes);
    kit.join(OTHER, vec![fake.end_point()]).await;
    fake.sees(|seen| seen.connections > 7).await;
    assert!(!kit.is_fenced(OTHER));
    fake.kill().await;
    assert!(kit.is_fenced_within(Duration::from_secs(2), OTHER).await, "the evidence is there together all the same");
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_broker_lives_until_its_session_ends() {
    let kit = Kit::start(700).await;
    let mut fake = Fake::start(Manner::Silent);
    let before = host::clock::monotonic();
    kit.join(OTHER, vec![fake.end_point()]).await;
    fake.sees(|seen| seen.bytes > 0).await;
    assert!(kit.is_fenced_within(LONG, OTHER).await, "ticks end its session");
    assert!(before.elapsed_ms() >= 690, "not before its session: {} ms", before.elapsed_ms());
    fake.sees(|seen| seen.ended == 1).await;
    kit.stop().await;
    fake.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_stopped_fences_nobody() {
    let mut kit = Kit::start(1_500).await;
    let (mut fake, mut own) = (Fake::start(Manner::Silent), Fake::start(Manner::Silent));
    kit.join(ME, vec![own.end_point()]).await;
    kit.join(OTHER, vec![fake.end_point()]).await;
    fake.sees(|seen| seen.bytes > 0).await;
    kit.vigil.take().unwrap().stop().await;
    fake.sees(|seen| seen.ended == 1).await;
    assert_eq!(own.seen.borrow_and_update().connections, 0, "this process does not watch itself");
    fake.kill().await;
    assert!(!kit.is_fenced(OTHER));
    let end = kit.quorum.status().end;
    // Nothing is waited for that could be: what is asserted is that nothing comes.
    let mut images = kit.quorum.watch();
    images.mark_unchanged();
    assert!(timeout(Duration::from_secs(2), images.changed()).await.is_err());
    assert_eq!((kit.is_fenced(OTHER), kit.quorum.status().end), (false, end));
    own.kill().await;
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_must_refuse() {
    let kit = Kit::start(MINUTE).await;
    let (mut first, mut second) = (Fake::start(Manner::Silent), Fake::start(Manner::Silent));
    kit.join(OTHER, vec![first.end_point(), second.end_point()]).await;
    first.sees(|seen| seen.bytes > 0).await;
    first.kill().await;
    second.sees(|seen| seen.bytes > 0).await;
    assert!(!kit.is_fenced(OTHER));
    second.kill().await;
    assert!(kit.is_fenced_within(Duration::from_secs(1), OTHER).await);

    for no_evidence in [end_point("0.0.0.0", 9092), end_point("", 9092), end_point("name.invalid", 9092)] {
        let mut only = Fake::start(Manner::Silent);
        kit.join(OTHER, vec![no_evidence.clone(), only.end_point()]).await;
        only.sees(|seen| seen.bytes > 0).await;
        only.kill().await;
        assert!(!kit.is_fenced_within(Duration::from_millis(400), OTHER).await, "{no_evidence:?}");
    }
    kit.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_where_tls_or_sasl_is_spoken() {
    let kit = Kit::start(MINUTE).await;
    let mut fake = Fake::start(Manner::Silent);
    let end_point = BrokerEndpoint { security_protocol: 1, ..fake.end_point() };
    kit.join(OTHER, vec![end_point]).await;
    fake.sees(|seen| seen.connections == 1).await;
    let seen = fake.seen.clone();
    assert!(timeout(Duration::from_millis(200), fake.seen.wait_for(|seen| seen.bytes > 0)).await.is_err());
    fake.kill().await;
    assert!(kit.is_fenced_within(Duration::from_secs(1), OTHER).await);
    assert_eq!(seen.borrow().bytes, 0);
    kit.stop().await;
}
