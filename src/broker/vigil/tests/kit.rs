//! Real controllers, and brokers that are nothing but sockets.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use config::NodeConfig;
use controller::{BrokerHeartbeat, Controller, Event, RegisterBroker, Reply, Settings};
use host::net::{Listener, SocketOptions};
use host::task::{JoinHandle, JoinSet, timeout};
use metadata::records::{BrokerEndpoint, BrokerFeature};
use model::{BrokerEpoch, ClusterId, NodeId, Uuid};
use parking_lot::Mutex;
use quorum::{Alone, Answer, ElectionConfig, Endpoint, Format, MetadataLogConfig, Quorum, QuorumConfig, Transport};
use tokio::sync::watch;

use super::super::Vigil;

pub const ME: NodeId = NodeId(1);
pub const OTHER: NodeId = NodeId(2);
pub const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qg";
pub const LONG: Duration = Duration::from_secs(30);
/// Longer than any test takes, so that no session ends by itself.
pub const MINUTE: u64 = 60_000;

/// A quorum of one, with a vigil.
pub struct Kit {
    pub quorum: Arc<Quorum>,
    pub vigil: Option<Vigil>,
    _dir: tempfile::TempDir,
}

impl Kit {
    pub async fn start(session_ms: u64) -> Self {
        Self::start_as(ME, &[ME], session_ms, Arc::new(Alone)).await
    }

    async fn start_as(me: NodeId, voters: &[NodeId], session_ms: u64, transport: Arc<dyn Transport>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let what = Format {
            cluster_id: ClusterId(CLUSTER.into()),
            node_id: me,
            log_dirs: vec![dir.path().to_owned()],
            metadata_log_dir: None,
            standalone: None,
            ignore_formatted: false,
            features: Vec::new(),
        };
        quorum::format(&what, host::clock::now()).unwrap();
        let config = QuorumConfig {
            node_id: me,
            dir: dir.path().to_owned(),
            endpoints: vec![Endpoint { listener: "CONTROLLER".into(), host: "127.0.0.1".into(), port: 29093 }],
            static_voters: voters.to_vec(),
            min_insync_replicas: 1,
            log: MetadataLogConfig::default(),
            election: ElectionConfig::default(),
        };
        let named: Vec<String> = voters.iter().map(|voter| format!("{voter}@127.0.0.1:29093")).collect();
        let text = format!(
            "process.roles=broker,controller\nnode.id={me}\ncontroller.quorum.voters={}\n\
             listeners=PLAINTEXT://127.0.0.1:29092,CONTROLLER://127.0.0.1:29093\n\
             controller.listener.names=CONTROLLER\nlog.dirs=/x\nbroker.session.timeout.ms={session_ms}\n",
            named.join(",")
        );
        let node = Arc::new(NodeConfig::from_text(&text, &[]).unwrap());
        let settings = Settings { cluster_id: ClusterId(CLUSTER.into()), node, node_id: me };
        let controller = move || Controller::new(settings.clone());
        let (quorum, _) = Quorum::start(config, None, controller, transport, |_| {}).await.unwrap();
        let quorum = Arc::new(quorum);
        let vigil = Some(Vigil::start(quorum.clone(), me));
        Self { quorum, vigil, _dir: dir }
    }

    /// A broker that registers with these addresses, and is unfenced.
    pub async fn join(&self, broker: NodeId, end_points: Vec<BrokerEndpoint>) -> BrokerEpoch {
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

    pub fn is_fenced(&self, broker: NodeId) -> bool {
        self.quorum.watch().borrow().image.brokers.get(&broker).unwrap().fenced
    }

    pub async fn is_fenced_within(&self, patience: Duration, broker: NodeId) -> bool {
        let mut images = self.quorum.watch();
        let fenced = images.wait_for(|applied| applied.image.brokers.get(&broker).unwrap().fenced);
        timeout(patience, fenced).await.is_ok()
    }

    pub async fn stop(self) {
        if let Some(vigil) = self.vigil {
            vigil.stop().await;
        }
        self.quorum.shutdown().await;
    }
}

/// What a fake broker does with connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It takes them, and says nothing, as a process that was paused does.
    Silent,
    /// It ends them.
    Closes,
    /// It says more than any broker has to say.
    Babbles,
}

/// What a fake broker has seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub connections: usize,
    pub bytes: usize,
    /// Connections that the other side has ended.
    pub ended: usize,
}

/// A broker that is nothing but a listener and its connections.
pub struct Fake {
    address: SocketAddr,
    pub seen: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

impl Fake {
    pub fn start(manner: Manner) -> Self {
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
                    let (mut read, write) = stream.split();
                    if manner == Manner::Babbles {
                        let nonsense = [std::io::IoSlice::new(&[7; 4096])];
                        while write.write_vectored(&nonsense, false).await.is_ok() {}
                    }
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

    pub fn end_point(&self) -> BrokerEndpoint {
        end_point("127.0.0.1", self.address.port())
    }

    pub async fn sees(&mut self, what: impl FnMut(&Seen) -> bool) -> Seen {
        *timeout(LONG, self.seen.wait_for(what)).await.expect("it is seen").unwrap()
    }

    /// As SIGKILL does: the listener and all connections are closed.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

pub fn end_point(host: &str, port: u16) -> BrokerEndpoint {
    BrokerEndpoint { name: "PLAINTEXT".into(), host: host.into(), port, ..BrokerEndpoint::default() }
}

/// Carries messages between voters of this process.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<BTreeMap<NodeId, Weak<Quorum>>>>);

impl Transport for Wire {
    fn call(&self, target: NodeId, message: Bytes) -> Answer {
        let target = self.0.lock().get(&target).and_then(Weak::upgrade);
        Box::pin(async move {
            let target = target.ok_or(std::io::ErrorKind::ConnectionRefused)?;
            target.serve(&message).await.map_err(std::io::Error::other)
        })
    }
}

/// Three voters; each has a vigil.
pub async fn three(session_ms: u64) -> Vec<Kit> {
    let (wire, voters) = (Wire::default(), [NodeId(11), NodeId(12), NodeId(13)]);
    let mut kits = Vec::new();
    for voter in voters {
        let kit = Kit::start_as(voter, &voters, session_ms, Arc::new(wire.clone())).await;
        wire.0.lock().insert(voter, Arc::downgrade(&kit.quorum));
        kits.push(kit);
    }
    kits
}

/// Which of them is the active controller, when there is one.
pub async fn active(kits: &[Kit]) -> usize {
    let mut waits = JoinSet::new();
    for (n, kit) in kits.iter().enumerate() {
        let mut status = kit.quorum.watch_status();
        waits.spawn(async move {
            if status.wait_for(|status| status.active).await.is_err() {
                std::future::pending::<()>().await;
            }
            n
        });
    }
    timeout(LONG, waits.join_next()).await.expect("somebody leads").unwrap().unwrap()
}
