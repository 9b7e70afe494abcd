//! The nodes: their files, and their processes.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::kit::home;
use crate::kit::process::Process;

/// Any id would do; one that stays lets a directory be used again.
const CLUSTER_ID: &str = "b3R0bGEuZGVtby5jbHVzdA";
const STOPPED: Duration = Duration::from_secs(20);

/// All nodes of the cluster.
pub struct Nodes(Vec<Node>);

/// One node, running or not.
pub struct Node {
    id: i32,
    port: u16,
    dir: PathBuf,
    process: Mutex<Option<Process>>,
}

impl Nodes {
    /// Writes a `server.properties` for each, and formats what is not formatted yet.
    ///
    /// # Errors
    /// Where a directory cannot be written, or a port is in use.
    pub fn new(dir: &Path, count: i32, first_port: u16) -> Result<Self> {
        let port = |id: i32| -> Result<u16> {
            let step = u16::try_from(2 * (id - 1))?;
            first_port.checked_add(step).filter(|port| *port < u16::MAX).context("--port is too high")
        };
        let voters = (1..=count).map(|id| Ok(format!("{id}@127.0.0.1:{}", port(id)? + 1)));
        let voters = voters.collect::<Result<Vec<_>>>()?.join(",");
        let nodes = (1..=count).map(|id| {
            let node = Node { id, port: port(id)?, dir: dir.join(format!("node-{id}")), process: Mutex::new(None) };
            node.prepare(count, &voters)?;
            Ok(node)
        });
        Ok(Self(nodes.collect::<Result<_>>()?))
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Where clients reach them.
    pub fn addresses(&self) -> Vec<String> {
        self.0.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect()
    }

    /// # Errors
    /// Where there is no such node.
    pub fn get(&self, id: i32) -> Result<&Node> {
        self.0.iter().find(|node| node.id == id).with_context(|| format!("there is no node {id}"))
    }

    /// # Errors
    /// Where a program cannot be run.
    pub fn start_all(&self) -> Result<()> {
        self.0.iter().try_for_each(Node::start)
    }

    /// # Errors
    /// Where one has ended by itself, with its last words.
    pub fn still_run(&self) -> Result<()> {
        self.0.iter().try_for_each(|node| node.process().as_ref().map_or(Ok(()), Process::still_runs))
    }

    /// Stops all at once, in order as far as they can.
    pub fn stop(&self) {
        std::thread::scope(|scope| {
            for node in &self.0 {
                scope.spawn(|| node.stop());
            }
        });
    }
}

impl Node {
    pub fn id(&self) -> i32 {
        self.id
    }

    fn prepare(&self, count: i32, voters: &str) -> Result<()> {
        for port in [self.port, self.port + 1] {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
            ensure!(free.is_ok(), "port {port} is in use; choose others with --port N");
        }
        std::fs::create_dir_all(&self.dir).with_context(|| self.dir.display().to_string())?;
        let (id, port, controller) = (self.id, self.port, self.port + 1);
        let data = std::path::absolute(self.dir.join("data"))?;
        let text = format!(
            "process.roles=broker,controller\nnode.id={id}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             controller.listener.names=CONTROLLER\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             controller.quorum.voters={voters}\nlog.dirs={}\n\
             default.replication.factor={count}\noffsets.topic.replication.factor={count}\nmin.insync.replicas={}\n",
            data.display(),
            count.min(2),
        );
        std::fs::write(self.properties(), text)?;
        let mut format = Command::new(home::ottla()?);
        format.args(["format", "--ignore-formatted", "-t", CLUSTER_ID, "-c"]).arg(self.properties());
        let output = format.output().context("ottla cannot be run")?;
        ensure!(output.status.success(), "node {id}: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }

    fn properties(&self) -> PathBuf {
        self.dir.join("server.properties")
    }

    /// # Errors
    /// Where the program cannot be run.
    pub fn start(&self) -> Result<()> {
        let mut command = Command::new(home::ottla()?);
        command.args(["serve", "--config"]).arg(self.properties());
        let process = Process::start(command, &self.dir.join("ottla.log"))?;
        *self.process() = Some(process);
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(&self) {
        // A process is killed when it is dropped.
        self.process().take();
    }

    fn stop(&self) {
        let process = self.process().take();
        // One that does not stop is killed by then.
        let _ = process.map(|process| process.terminate(STOPPED));
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
