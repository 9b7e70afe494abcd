//! Three voters in one process: their directories, and a network between them that can be cut, slow and forgetful.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use config::NodeConfig;
use host::task::{self, JoinSet};
use parking_lot::Mutex;

use super::*;
use crate::transport::{Answer, Transport};

pub(super) const ONE: NodeId = NodeId(1);
pub(super) const TWO: NodeId = NodeId(2);
pub(super) const THREE: NodeId = NodeId(3);
pub(super) const ALL: [NodeId; 3] = [ONE, TWO, THREE];

/// Longer than anything takes, by the clock of the tests, which does not wait.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// Numbers from a seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }
}

/// The network.
pub(super) struct Net {
    there: Mutex<BTreeMap<NodeId, Weak<Quorum>>>,
    /// Pairs between which nothing comes through, from the first to the second.
    cut: Mutex<BTreeSet<(NodeId, NodeId)>>,
    /// If set, messages take up to so many milliseconds each, so that some overtake others, and some come twice.
    trouble: Mutex<Option<(Dice, u64)>>,
}

struct Wire {
    net: Arc<Net>,
    me: NodeId,
}

impl Net {
    fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.cut.lock().contains(&(from, to))
    }

    /// How long a message takes, and whether it comes twice.
    fn fate(&self) -> (Duration, bool) {
        match &mut *self.trouble.lock() {
            None => (Duration::from_micros(200), false),
            Some((dice, most)) => (Duration::from_millis(dice.below(*most)), dice.below(10) == 0),
        }
    }

    pub(super) fn trouble(&self, seed: u64, most_ms: u64) {
        *self.trouble.lock() = Some((Dice(seed | 1), most_ms));
    }

    /// Cuts a node off from all others, in both directions.
    pub(super) fn isolate(&self, node: NodeId) {
        let others = ALL.into_iter().filter(|other| *other != node);
        self.cut.lock().extend(others.flat_map(|other| [(node, other), (other, node)]));
    }

    pub(super) fn cut(&self, from: NodeId, to: NodeId) {
        self.cut.lock().insert((from, to));
    }

    pub(super) fn heal(&self) {
        self.cut.lock().clear();
    }

    /// Who is the active controller, if anyone that is there is.
    pub(super) fn active(&self) -> Option<Arc<Quorum>> {
        let there: Vec<Arc<Quorum>> = self.there.lock().values().filter_map(Weak::upgrade).collect();
        there.into_iter().filter(|quorum| quorum.status().active).max_by_key(|quorum| quorum.status().epoch)
    }

    fn at(&self, node: NodeId) -> Option<Arc<Quorum>> {
        self.there.lock().get(&node).and_then(Weak::upgrade)
    }
}

impl Transport for Wire {
    fn call(&self, target: NodeId, message: Bytes) -> Answer {
        let (net, me) = (self.net.clone(), self.me);
        Box::pin(async move {
            let (delay, twice) = net.fate();
            task::sleep(delay).await;
            if net.is_cut(me, target) {
                return std::future::pending().await;
            }
            let gone = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            let quorum = net.at(target).ok_or_else(gone)?;
            // What is on its way arrives, also if nobody waits for the answer.
            let served = task::spawn(async move {
                if twice {
                    let _ = quorum.serve(&message).await;
                }
                quorum.serve(&message).await
            });
            let answer = served.await.map_err(std::io::Error::other)?.map_err(std::io::Error::other)?;
            task::sleep(net.fate().0).await;
            if net.is_cut(target, me) {
                return std::future::pending().await;
            }
            Ok(answer)
        })
    }
}

/// One voter.
pub(super) struct Member {
    pub(super) dir: tempfile::TempDir,
    pub(super) config: QuorumConfig,
    pub(super) running: Option<Arc<Quorum>>,
    /// The ends of all images it told of since it started.
    pub(super) ends: Arc<Mutex<Vec<i64>>>,
}

/// Three voters.
pub(super) struct Cluster {
    pub(super) net: Arc<Net>,
    pub(super) members: BTreeMap<NodeId, Member>,
}

impl Cluster {
    /// Three formatted directories of one cluster with static voters.
    pub(super) fn formatted(change: impl Fn(&mut QuorumConfig)) -> Self {
        let net = Net { there: Mutex::default(), cut: Mutex::default(), trouble: Mutex::default() };
        let member = |node: NodeId| {
            let dir = tempfile::tempdir().unwrap();
            let what = Format {
                cluster_id: ClusterId(CLUSTER.into()),
                node_id: node,
                log_dirs: vec![dir.path().to_owned()],
                metadata_log_dir: None,
                standalone: None,
                ignore_formatted: false,
                features: Vec::new(),
            };
            format(&what, host::clock::now()).unwrap();
            let mut config = QuorumConfig {
                node_id: node,
                dir: dir.path().to_owned(),
                endpoints: vec![],
                static_voters: ALL.to_vec(),
                min_insync_replicas: 1,
                log: MetadataLogConfig::default(),
                election: ElectionConfig::default(),
            };
            change(&mut config);
            (node, Member { dir, config, running: None, ends: Arc::default() })
        };
        Self { net: Arc::new(net), members: ALL.into_iter().map(member).collect() }
    }

    pub(super) async fn started() -> Self {
        let mut cluster = Self::formatted(|_| {});
        for node in ALL {
            cluster.start(node).await;
        }
        cluster
    }

    pub(super) async fn start(&mut self, node: NodeId) -> Arc<Quorum> {
        let wire = Arc::new(Wire { net: self.net.clone(), me: node });
        let member = self.members.get_mut(&node).unwrap();
        let ends: Arc<Mutex<Vec<i64>>> = Arc::default();
        member.ends = ends.clone();
        let on_applied = move |one: &Applied| ends.lock().push(one.end.0);
        let started = Quorum::start(member.config.clone(), None, move || controller_of(node), wire, on_applied).await;
        let quorum = Arc::new(started.unwrap().0);
        self.net.there.lock().insert(node, Arc::downgrade(&quorum));
        member.running = Some(quorum.clone());
        quorum
    }

    /// As SIGKILL does: nothing is closed, and nobody is told.
    pub(super) async fn kill(&mut self, node: NodeId) {
        self.net.there.lock().remove(&node);
        let Some(quorum) = self.members.get_mut(&node).unwrap().running.take() else { return };
        let task = quorum.task.lock().take().unwrap();
        task.abort();
        let _ = task.await;
        let _ = quorum.parts.running().raft.shutdown().await;
        // The state machine's task has no end of its own to wait for, and must not write beside the next start.
        // One is the handle's own.
        while Arc::strong_count(&quorum.parts.publish) > 1 {
            task::yield_now().await;
        }
    }

    /// As SIGTERM does.
    pub(super) async fn stop(&mut self, node: NodeId) {
        let Some(quorum) = self.members.get_mut(&node).unwrap().running.take() else { return };
        quorum.shutdown().await;
        self.net.there.lock().remove(&node);
    }

    pub(super) fn at(&self, node: NodeId) -> Arc<Quorum> {
        self.members[&node].running.clone().unwrap()
    }

    pub(super) fn running(&self) -> impl Iterator<Item = Arc<Quorum>> {
        self.members.values().filter_map(|member| member.running.clone())
    }

    /// Waits until one of some voters is the active controller.
    pub(super) async fn leader_among(&self, some: &[NodeId]) -> Arc<Quorum> {
        let mut waits = JoinSet::new();
        for quorum in self.running().filter(|quorum| some.contains(&quorum.node())) {
            waits.spawn(async move {
                let mut status = quorum.watch_status();
                let active = status.wait_for(|status| status.active && status.majority).await.is_ok();
                if !active {
                    std::future::pending::<()>().await;
                }
                quorum
            });
        }
        task::timeout(LONG, waits.join_next()).await.expect("somebody leads").unwrap().unwrap()
    }

    pub(super) async fn leader(&self) -> Arc<Quorum> {
        self.leader_among(&ALL).await
    }

    /// Waits until every voter that runs has everything up to an offset.
    pub(super) async fn all_have(&self, end: Offset) {
        for quorum in self.running() {
            let mut status = quorum.watch_status();
            let has = status.wait_for(|status| status.end >= end);
            task::timeout(LONG, has).await.unwrap_or_else(|_| panic!("{} gets all", quorum.node())).unwrap();
        }
    }

    /// Waits until all have everything, asserts that it amounts to equal images, stops all, and asserts that their logs are
    /// equal byte by byte: one goes further than another only by the epoch that began when that one had stopped.
    pub(super) async fn stop_and_compare(mut self) -> Image {
        let end = self.running().map(|quorum| quorum.status().end).max().unwrap();
        self.all_have(end).await;
        let images: Vec<Applied> = self.running().map(|quorum| quorum.watch().borrow().clone()).collect();
        assert!(images.windows(2).all(|pair| pair[0].end != pair[1].end || pair[0].image == pair[1].image));
        for node in ALL {
            self.stop(node).await;
        }
        let logs = ALL.map(|node| dump(&self.members[&node].dir.path().join(METADATA_DIR)));
        let from = logs.iter().map(|log| log.first().map_or(0, |(base, _)| *base)).max().unwrap();
        let upto = logs.iter().map(|log| log.last().map_or(0, |(base, _)| *base)).min().unwrap();
        let within = |base: i64| (from..=upto).contains(&base);
        let part = |log: &[(i64, Vec<u8>)]| log.iter().filter(|(base, _)| within(*base)).cloned().collect::<Vec<_>>();
        for log in &logs {
            assert!(part(log) == part(&logs[0]), "the logs differ: {:?} and {:?}", heads(log), heads(&logs[0]));
            assert!(log.windows(2).all(|pair| pair[0].0 < pair[1].0), "offsets grow");
            let next = model::batch::Batch::first(&log.last().unwrap().1).unwrap().next_offset();
            assert!(next >= end, "{:?} lacks something before {end}", heads(log));
        }
        Image::clone(&images[0].image)
    }
}

fn heads(log: &[(i64, Vec<u8>)]) -> Vec<(i64, i32)> {
    let epoch = |bytes: &[u8]| model::batch::Batch::first(bytes).unwrap().leader_epoch().0;
    log.iter().map(|(base, bytes)| (*base, epoch(bytes))).collect()
}

/// The batches of a metadata log, with their offsets.
pub(super) fn dump(dir: &Path) -> Vec<(i64, Vec<u8>)> {
    let log = log::MetadataLog::open(dir, &MetadataLogConfig::default(), host::clock::now()).unwrap();
    let (mut next, mut all) = (log.start(), Vec::new());
    while next < log.end() {
        let bytes = log.reader().read(next, 1 << 20, log.end(), true).unwrap().read_all().unwrap();
        for batch in model::batch::Batches::new(&bytes) {
            let batch = batch.unwrap();
            all.push((batch.base_offset().0, batch.bytes().to_vec()));
            next = batch.next_offset();
        }
    }
    all
}

fn controller_of(node: NodeId) -> Controller {
    let text = format!(
        "process.roles=broker,controller\nnode.id={node}\ncontroller.quorum.voters=1@a:9093,2@b:9093,3@c:9093\n\
         listeners=PLAINTEXT://127.0.0.1:29092,CONTROLLER://127.0.0.1:29093\n\
         controller.listener.names=CONTROLLER\nlog.dirs=/x\n"
    );
    let config = Arc::new(NodeConfig::from_text(&text, &[]).unwrap());
    Controller::new(Settings { cluster_id: ClusterId(CLUSTER.into()), node: config, node_id: node })
}
