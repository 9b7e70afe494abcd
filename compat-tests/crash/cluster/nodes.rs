//! Three nodes, each broker and controller, which can be killed, stopped, paused and brought back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::network::Network;
use crate::kit::broker::{Kind, Node};
use crate::kit::process::Process;
use crate::kit::{Layout, Quorum, port};

/// Longer than a controlled shutdown may take.
const STOPPED: Duration = Duration::from_secs(90);

/// A node and what runs on it.
#[derive(Debug)]
pub struct Seat {
    pub id: i32,
    pub node: Node,
    process: Option<Process>,
}

/// All nodes of the cluster.
#[derive(Debug)]
pub struct Nodes {
    kind: Kind,
    seats: Vec<Seat>,
    network: Option<Arc<Network>>,
}

impl Nodes {
    /// Directories under `dir`, formatted at the first start, with these keys besides the usual.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn new(kind: Kind, dir: &Path, keys: &[(&str, &str)]) -> Result<Self> {
        Self::joined(kind, dir, keys, None)
    }

    /// As [`Nodes::new`], but the nodes hear each other only through this net; clients come directly.
    ///
    /// # Errors
    /// As [`Nodes::new`].
    pub fn in_network(kind: Kind, dir: &Path, keys: &[(&str, &str)]) -> Result<Self> {
        Self::joined(kind, dir, keys, Some(Arc::default()))
    }

    /// The net between the nodes, where it is ours.
    pub fn network(&self) -> Option<Arc<Network>> {
        self.network.clone()
    }

    fn joined(kind: Kind, dir: &Path, keys: &[(&str, &str)], network: Option<Arc<Network>>) -> Result<Self> {
        let ports: Vec<(i32, u16, u16)> =
            (1..=3).map(|id| Ok((id, port::free()?, port::free()?))).collect::<Result<_>>()?;
        let ways = ports.iter().map(|(id, _, port)| match &network {
            Some(network) => Ok((*id, network.way_to(*id, *port)?)),
            None => Ok((*id, *port)),
        });
        let ways = ways.collect::<Result<Vec<_>>>()?;
        let voters: Vec<String> = ways.iter().map(|(id, port)| format!("{id}@127.0.0.1:{port}")).collect();
        let mut seats = Vec::new();
        for (id, port, controller_port) in ports {
            let layout = Layout { node_id: id, quorum: Quorum::Static, ..Layout::default() };
            let layout = layout
                .with("controller.quorum.voters", &voters.join(","))
                .with("default.replication.factor", "3")
                .with("min.insync.replicas", "2")
                .with("auto.create.topics.enable", "false");
            let layout = match keys.iter().any(|(key, _)| *key == "offsets.topic.replication.factor") {
                true => layout,
                false => layout.with("offsets.topic.replication.factor", "3"),
            };
            let layout = match (&network, ways.iter().find(|(it, _)| *it == id)) {
                (Some(network), Some((_, controllers))) => {
                    let brokers = port::free()?;
                    apart(layout, (port, brokers, controller_port), network.way_to(id, brokers)?, *controllers)
                }
                _ => layout,
            };
            let layout = keys.iter().fold(layout, |layout, (key, value)| layout.with(key, value));
            let node = Node::at(&dir.join(format!("node-{id}")), layout, port, controller_port)?;
            seats.push(Seat { id, node, process: None });
        }
        Ok(Self { kind, seats, network })
    }

    pub fn ids(&self) -> Vec<i32> {
        self.seats.iter().map(|seat| seat.id).collect()
    }

    /// Where clients find the nodes.
    pub fn addresses(&self) -> Vec<String> {
        self.seats.iter().map(|seat| seat.node.address()).collect()
    }

    /// # Errors
    /// Where there is no such node.
    pub fn seat(&self, id: i32) -> Result<&Seat> {
        self.seats.iter().find(|seat| seat.id == id).with_context(|| format!("there is no node {id}"))
    }

    /// # Errors
    /// Where there is no such node, or it does not run.
    pub fn process(&self, id: i32) -> Result<&Process> {
        self.seat(id)?.process.as_ref().with_context(|| format!("node {id} does not run"))
    }

    /// Starts these nodes, and waits until each answers clients.
    ///
    /// # Errors
    /// Where one does not.
    pub fn start(&mut self, ids: &[i32]) -> Result<()> {
        for seat in &self.seats {
            seat.node.format(self.kind)?;
        }
        for seat in self.seats.iter_mut().filter(|seat| ids.contains(&seat.id)) {
            ensure!(seat.process.is_none(), "node {} runs already", seat.id);
            seat.process = Some(spawned(seat, self.kind, self.network.as_deref())?);
        }
        for seat in self.seats.iter().filter(|seat| ids.contains(&seat.id)) {
            let process = seat.process.as_ref().context("it runs")?;
            seat.node.answers(process).with_context(|| format!("node {}", seat.id))?;
        }
        Ok(())
    }

    /// Starts a node and waits for nothing.
    ///
    /// # Errors
    /// Where it runs already, or cannot be started.
    pub fn spawn(&mut self, id: i32) -> Result<()> {
        let (kind, network) = (self.kind, self.network.clone());
        let seat = self.seats.iter_mut().find(|seat| seat.id == id).context("no such node")?;
        ensure!(seat.process.is_none(), "node {id} runs already");
        seat.process = Some(spawned(seat, kind, network.as_deref())?);
        Ok(())
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&mut self, id: i32) -> Result<()> {
        self.take(id)?.kill();
        Ok(())
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// Where it does not run, does not end, or ends badly.
    pub fn terminate(&mut self, id: i32) -> Result<()> {
        let process = self.take(id)?;
        let status = process.terminate(STOPPED)?;
        ensure!(
            status.success() || status.code() == Some(143),
            "node {id} ended with {status}:\n{}",
            process.last_words()
        );
        Ok(())
    }

    fn take(&mut self, id: i32) -> Result<Process> {
        let seat = self.seats.iter_mut().find(|seat| seat.id == id).context("no such node")?;
        seat.process.take().with_context(|| format!("node {id} does not run"))
    }

    /// Where a node keeps its data.
    ///
    /// # Errors
    /// Where there is no such node.
    pub fn log_dir(&self, id: i32) -> Result<PathBuf> {
        self.seat(id)?.node.log_dirs().into_iter().next().context("no log directory")
    }

    /// # Errors
    /// Where a node that should run has ended, or one has panicked.
    pub fn are_well(&self) -> Result<()> {
        for seat in &self.seats {
            if let Some(process) = &seat.process {
                process.still_runs()?;
            }
            let said = std::fs::read(seat.node.log(self.kind)).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let panic = said.lines().find(|line| line.contains("panicked at"));
            ensure!(panic.is_none(), "node {} panicked: {}", seat.id, panic.unwrap_or_default());
        }
        Ok(())
    }
}

fn spawned(seat: &Seat, kind: Kind, network: Option<&Network>) -> Result<Process> {
    let process = seat.node.spawn(kind)?;
    if let Some(network) = network {
        network.tell(seat.id, process.pid());
    }
    Ok(process)
}

/// Three listeners: clients' own, and those of brokers and controllers, which are found elsewhere than they listen.
fn apart(layout: Layout, (clients, brokers, controllers): (u16, u16, u16), way: u16, controllers_way: u16) -> Layout {
    let list = |clients: u16, brokers: u16, controllers: u16| {
        format!("PLAINTEXT://127.0.0.1:{clients},BROKER://127.0.0.1:{brokers},CONTROLLER://127.0.0.1:{controllers}")
    };
    layout
        .with("listeners", &list(clients, brokers, controllers))
        .with("advertised.listeners", &list(clients, way, controllers_way))
        .with("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT")
        .with("inter.broker.listener.name", "BROKER")
}
