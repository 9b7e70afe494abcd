//! A cluster of three nodes, each broker and controller, with static voters: Apache Kafka's or Ottla's from the same files.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use kafka_protocol::messages::DescribeClusterRequest;

use super::broker::{Broker, Kind, Node};
use super::port;
use super::properties::{Layout, Quorum};
use super::stopwatch::Stopwatch;
use crate::raw::Connection;

/// Not anybody's defaults, nor without gaps.
pub const IDS: [i32; 3] = [3, 5, 8];
/// A whole cluster's start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Three directories, and who runs on them.
#[derive(Debug)]
pub struct Cluster {
    kind: Kind,
    nodes: Vec<Node>,
    /// In the order of the nodes; none where it is down.
    brokers: Vec<Option<Broker>>,
}

impl Cluster {
    /// Three fresh nodes under `dir`, started; the layout is everybody's, ids and voters aside.
    ///
    /// # Errors
    /// Where one does not start, or they do not find each other.
    pub fn start(kind: Kind, dir: &Path, layout: &Layout) -> Result<Self> {
        Self::on(kind, Self::prepare(dir, layout)?)
    }

    /// The files of three fresh nodes under `dir`, as [`Cluster::start`] has them.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn prepare(dir: &Path, layout: &Layout) -> Result<Vec<Node>> {
        let ports: Vec<(i32, u16, u16)> =
            IDS.iter().map(|id| Ok((*id, port::free()?, port::free()?))).collect::<Result<_>>()?;
        let voters: Vec<String> = ports.iter().map(|(id, _, at)| format!("{id}@127.0.0.1:{at}")).collect();
        let nodes = ports.iter().map(|(id, port, controller_port)| {
            let mut layout = Layout { node_id: *id, quorum: Quorum::Static, ..layout.clone() };
            let three = [
                ("controller.quorum.voters", voters.join(",")),
                ("broker.rack", format!("rack-{id}")),
                ("default.replication.factor", "3".to_owned()),
                ("min.insync.replicas", "2".to_owned()),
                ("offsets.topic.replication.factor", "3".to_owned()),
                ("transaction.state.log.replication.factor", "3".to_owned()),
                ("transaction.state.log.min.isr", "2".to_owned()),
                ("share.coordinator.state.topic.replication.factor", "3".to_owned()),
            ];
            for (key, value) in three {
                if !layout.extra.iter().any(|(it, _)| it == key) {
                    layout = layout.with(key, &value);
                }
            }
            Node::at(&dir.join(format!("node-{id}")), layout, *port, *controller_port)
        });
        nodes.collect()
    }

    /// On these nodes, which somebody else may have written.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn on(kind: Kind, nodes: Vec<Node>) -> Result<Self> {
        // None of them answers before a majority is there.
        let brokers = std::thread::scope(|scope| {
            let starts: Vec<_> = nodes.iter().map(|node| scope.spawn(move || node.start(kind))).collect();
            let ended = starts.into_iter().map(|it| it.join().map_err(|_| anyhow!("a start panicked"))?.map(Some));
            ended.collect::<Result<Vec<_>>>()
        })?;
        let cluster = Self { kind, nodes, brokers };
        cluster.complete()?;
        Ok(cluster)
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// `host:port` of every node for clients, with commas.
    pub fn addresses(&self) -> String {
        self.nodes.iter().map(Node::address).collect::<Vec<_>>().join(",")
    }

    /// `host:port` of every controller, with commas.
    pub fn controllers(&self) -> String {
        let all: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.controller_port())).collect();
        all.join(",")
    }

    /// The running broker of this id.
    ///
    /// # Errors
    /// Where it is down, or nobody's id.
    pub fn broker(&self, id: i32) -> Result<&Broker> {
        self.running().find(|it| it.node().layout().node_id == id).with_context(|| format!("node {id} is down"))
    }

    /// All that run.
    pub fn running(&self) -> impl Iterator<Item = &Broker> {
        self.brokers.iter().flatten()
    }

    /// SIGTERM to one.
    ///
    /// # Errors
    /// Where it does not end in time.
    pub fn stop(&mut self, id: i32) -> Result<()> {
        self.take(id)?.stop().map(drop)
    }

    /// SIGKILL to one.
    ///
    /// # Errors
    /// Where it is down already.
    pub fn kill(&mut self, id: i32) -> Result<()> {
        self.take(id)?.kill();
        Ok(())
    }

    /// Starts one that is down and waits until all see each other.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start_again(&mut self, id: i32) -> Result<()> {
        let kind = self.kind;
        let (slot, node) = self.slot(id)?;
        ensure!(slot.is_none(), "node {id} runs");
        *slot = Some(node.start(kind)?);
        self.complete()
    }

    /// Ends all, and gives back their directories; `clean` is SIGTERM.
    ///
    /// # Errors
    /// Where one ends otherwise than it should.
    pub fn end(mut self, clean: bool) -> Result<Vec<Node>> {
        let brokers: Vec<Broker> = self.brokers.iter_mut().filter_map(Option::take).collect();
        // The last ones have no majority left to say good-bye to: Apache Kafka's wait for one for five minutes.
        let alone = brokers.len().saturating_sub(2);
        let patient = self.kind == Kind::Ottla;
        for (at, broker) in brokers.into_iter().enumerate() {
            if clean && (patient || at < alone) {
                broker.stop()?;
            } else {
                broker.kill();
            }
        }
        Ok(self.nodes)
    }

    /// Waits until every running node tells of every other.
    ///
    /// # Errors
    /// Where that does not happen in time.
    pub fn complete(&self) -> Result<()> {
        let since = Stopwatch::start();
        let mut wanted: Vec<i32> = self.running().map(|it| it.node().layout().node_id).collect();
        wanted.sort_unstable();
        for broker in self.running() {
            loop {
                let seen = seen(&broker.address());
                if seen.as_ref().is_ok_and(|seen| *seen == wanted) {
                    break;
                }
                broker.process().still_runs()?;
                ensure!(since.left_of(PATIENCE).is_some(), "{} sees {seen:?}, not {wanted:?}", broker.address());
                crate::pause::short();
            }
        }
        Ok(())
    }

    fn take(&mut self, id: i32) -> Result<Broker> {
        self.slot(id)?.0.take().with_context(|| format!("node {id} is down"))
    }

    fn slot(&mut self, id: i32) -> Result<(&mut Option<Broker>, &Node)> {
        let mut all = self.brokers.iter_mut().zip(&self.nodes);
        all.find(|(_, node)| node.layout().node_id == id).with_context(|| format!("there is no node {id}"))
    }
}

/// The ids of the brokers that one tells of as alive, in order.
fn seen(address: &str) -> Result<Vec<i32>> {
    let answer = Connection::open(address)?.call(0, &DescribeClusterRequest::default())?;
    let mut ids: Vec<i32> = answer.brokers.iter().map(|it| it.broker_id.0).collect();
    ids.sort_unstable();
    Ok(ids)
}
