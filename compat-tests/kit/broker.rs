//! Starts, stops and kills a broker, Apache Kafka or Ottla, each from the same `server.properties`.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::process::Process;
pub use super::properties::{Layout, Quorum};
use super::stopwatch::Stopwatch;
use super::{home, jars, port};

/// Longer than any start on a busy machine.
const READY: Duration = Duration::from_secs(180);
const STOPPED: Duration = Duration::from_secs(40);

/// Who is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Kafka,
    Ottla,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Ottla => "ottla",
        }
    }

    /// The one to compare with.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Kafka => Self::Ottla,
            Self::Ottla => Self::Kafka,
        }
    }
}

/// A directory with a `server.properties`, its ports and log directories; who runs on it may change.
#[derive(Clone, Debug)]
pub struct Node {
    dir: PathBuf,
    layout: Layout,
    port: u16,
    controller_port: u16,
}

/// A broker that runs; it is killed when dropped.
#[derive(Debug)]
pub struct Broker {
    kind: Kind,
    node: Node,
    process: Process,
    ready: Duration,
}

impl Node {
    /// Writes the file into this directory, which may be fresh; ports are chosen here and stay.
    ///
    /// # Errors
    /// Where the directory cannot be written or no port is free.
    pub fn new(dir: &Path, layout: Layout) -> Result<Self> {
        Self::at(dir, layout, port::free()?, port::free()?)
    }

    /// As [`Node::new`], on ports that others have been told of already.
    ///
    /// # Errors
    /// Where the directory cannot be written.
    pub fn at(dir: &Path, layout: Layout, port: u16, controller_port: u16) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let node = Self { dir: dir.to_owned(), layout, port, controller_port };
        std::fs::write(node.properties(), node.layout.text(dir, port, controller_port))?;
        Ok(node)
    }

    pub fn properties(&self) -> PathBuf {
        self.dir.join("server.properties")
    }

    /// `127.0.0.1:PORT` for clients.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn controller_port(&self) -> u16 {
        self.controller_port
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The `log.dirs`, in order.
    pub fn log_dirs(&self) -> Vec<PathBuf> {
        (0..self.layout.dirs).map(|n| self.dir.join(format!("data-{n}"))).collect()
    }

    /// Formats the directory with Kafka's own tool or ours; nothing where it is formatted.
    ///
    /// # Errors
    /// Where the tool fails, with its words.
    pub fn format(&self, kind: Kind) -> Result<()> {
        if self.log_dirs().iter().any(|dir| dir.join("meta.properties").exists()) {
            return Ok(());
        }
        let mut command = match kind {
            Kind::Kafka => {
                let mut java = jars::ensure()?.java(128, "ERROR");
                java.arg("kafka.tools.StorageTool");
                java
            }
            Kind::Ottla => Command::new(home::ottla()?),
        };
        command.args(["format", "-t", &self.layout.cluster_id, "-c"]).arg(self.properties());
        if self.layout.quorum == Quorum::Dynamic {
            command.arg("--standalone");
        }
        let output = command.output()?;
        if !output.status.success() {
            let words = [output.stdout, output.stderr].concat();
            bail!("format failed ({}): {}", output.status, String::from_utf8_lossy(&words));
        }
        Ok(())
    }

    /// Starts a broker on the directory, formatted first if it is fresh, and waits until it answers.
    ///
    /// # Errors
    /// Where it ends or does not answer in time, with the end of its log.
    pub fn start(&self, kind: Kind) -> Result<Broker> {
        self.format(kind)?;
        self.start_as_is(kind)
    }

    /// As [`Node::start`], but formats nothing; Ottla then formats a fresh directory by itself.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub fn start_as_is(&self, kind: Kind) -> Result<Broker> {
        let process = self.spawn(kind)?;
        self.answers(&process).with_context(|| format!("{} did not start on {}", kind.name(), self.dir.display()))?;
        let ready = process.started().elapsed();
        Ok(Broker { kind, node: self.clone(), process, ready })
    }

    /// Starts a broker on the formatted directory, and waits for nothing.
    ///
    /// # Errors
    /// Where there is no such program.
    pub fn spawn(&self, kind: Kind) -> Result<Process> {
        let command = match kind {
            Kind::Kafka => {
                let mut java = jars::ensure()?.java(384, "INFO");
                java.arg("kafka.Kafka").arg(self.properties());
                java
            }
            Kind::Ottla => {
                let mut ottla = Command::new(home::ottla()?);
                ottla.args(["serve", "--config"]).arg(self.properties());
                ottla
            }
        };
        Process::start(command, &self.log(kind))
    }

    /// Where a broker of this kind says what it says.
    pub fn log(&self, kind: Kind) -> PathBuf {
        self.dir.join(format!("{}.log", kind.name()))
    }

    /// Waits until it answers clients.
    ///
    /// # Errors
    /// Where it ends or does not answer in time, with the end of its log.
    pub fn answers(&self, process: &Process) -> Result<()> {
        answers(process, self.port)
    }
}

impl Broker {
    /// A fresh node under `dir`, started.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub fn start(kind: Kind, dir: &Path, layout: Layout) -> Result<Self> {
        Node::new(dir, layout)?.start(kind)
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn node(&self) -> &Node {
        &self.node
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    pub fn address(&self) -> String {
        self.node.address()
    }

    /// From the start of the process until it first answered a request.
    pub fn ready(&self) -> Duration {
        self.ready
    }

    /// SIGTERM; the node can be started again.
    ///
    /// # Errors
    /// Where it does not end in time, or ends with another status than 0, or 143 as a JVM does.
    pub fn stop(self) -> Result<Node> {
        let status = self.process.terminate(STOPPED)?;
        if !status.success() && status.code() != Some(143) {
            bail!("{} ended with {status}:\n{}", self.kind.name(), self.process.last_words());
        }
        Ok(self.node.clone())
    }

    /// SIGKILL; the node can be started again.
    pub fn kill(self) -> Node {
        self.process.kill();
        self.node.clone()
    }
}

/// Waits until the port answers a request: a listener may be open before its broker serves.
fn answers(process: &Process, port: u16) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let since = Stopwatch::start();
    loop {
        if api_versions(address).is_ok() {
            return Ok(());
        }
        // The pause between two knocks is a wait for the process's end.
        let pause = if since.elapsed() < Duration::from_millis(250) { 1 } else { 20 };
        if let Some(status) = process.wait(Duration::from_millis(pause)) {
            bail!("it ended with {status}; its last words:\n{}", process.last_words());
        }
        if since.left_of(READY).is_none() {
            bail!("it does not answer after {READY:?}; its last words:\n{}", process.last_words());
        }
    }
}

/// Asks ApiVersions v0 and returns the rows: API key, lowest version, highest version.
///
/// # Errors
/// Where nobody answers, or with anything else than rows.
pub fn api_versions(address: SocketAddr) -> Result<Vec<(i16, i16, i16)>> {
    use std::io::{Read, Write};
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // Length 10, key 18, version 0, correlation id 1, client id null.
    stream.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length))?.min(1 << 20)];
    stream.read_exact(&mut answer)?;
    let (head, rows) = answer.split_at_checked(10).context("a short answer")?;
    if head.get(..6) != Some(&[0, 0, 0, 1, 0, 0]) {
        bail!("ApiVersions answered {head:?}");
    }
    let number = |pair: &[u8]| i16::from_be_bytes(pair.try_into().unwrap_or_default());
    Ok(rows
        .chunks_exact(6)
        .map(|row| {
            let mut numbers = row.chunks_exact(2).map(number);
            let mut next = || numbers.next().unwrap_or_default();
            (next(), next(), next())
        })
        .collect())
}
