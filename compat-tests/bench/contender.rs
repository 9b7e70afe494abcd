//! Who is measured: each started as its users start it, on the same `server.properties`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::kit::broker::{Kind, Node, api_versions};
use crate::kit::process::Process;
use crate::kit::{Layout, Stopwatch, home, jars};

const PATIENCE: Duration = Duration::from_secs(120);

/// A contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Ottla,
    Kafka,
    Floor,
}

impl Name {
    pub const ALL: [Self; 3] = [Self::Ottla, Self::Kafka, Self::Floor];

    pub fn text(self) -> &'static str {
        match self {
            Self::Ottla => "ottla",
            Self::Kafka => "kafka",
            Self::Floor => "floor",
        }
    }

    /// # Errors
    /// Where nobody is called so.
    pub fn read(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|name| name.text() == text).with_context(|| format!("there is no contender {text}"))
    }
}

/// A place to run on: ports and directories that stay from start to start.
#[derive(Clone, Debug)]
pub struct Site {
    pub name: Name,
    node: Node,
}

/// A contender that runs; killed when dropped.
#[derive(Debug)]
pub struct Running {
    pub site: Site,
    pub process: Process,
    /// From the start of the process until the first answer.
    pub ready: Duration,
}

impl Site {
    /// A formatted, empty directory under `dir`, with these keys besides the usual.
    ///
    /// # Errors
    /// Where it cannot be formatted.
    pub fn new(name: Name, dir: &Path, keys: &[(&str, &str)]) -> Result<Self> {
        Self::with_dirs(name, dir, 1, keys)
    }

    /// As [`Site::new`], with so many `log.dirs`.
    ///
    /// # Errors
    /// As there.
    pub fn with_dirs(name: Name, dir: &Path, dirs: usize, keys: &[(&str, &str)]) -> Result<Self> {
        let layout = Layout { dirs, ..Layout::default() }.with("auto.create.topics.enable", "false");
        let layout = keys.iter().fold(layout, |layout, (key, value)| layout.with(key, value));
        Self::on(name, Node::new(&dir.join(name.text()), layout)?)
    }

    /// On this node, formatted where it is not yet.
    ///
    /// # Errors
    /// Where it cannot be formatted.
    pub fn on(name: Name, node: Node) -> Result<Self> {
        match name {
            Name::Ottla => node.format(Kind::Ottla)?,
            Name::Kafka => node.format(Kind::Kafka)?,
            Name::Floor => (),
        }
        Ok(Self { name, node })
    }

    pub fn address(&self) -> String {
        self.node.address()
    }

    /// Where its files are.
    pub fn dir(&self) -> PathBuf {
        self.node.properties().with_file_name("")
    }

    /// Where it keeps its data.
    pub fn log_dir(&self) -> Option<PathBuf> {
        self.node.log_dirs().into_iter().next()
    }

    /// All directories for data.
    pub fn log_dirs(&self) -> Vec<PathBuf> {
        self.node.log_dirs()
    }

    /// The end of what the program says.
    pub fn log(&self) -> String {
        let path = self.node.properties().with_file_name("log.txt");
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Starts the program and waits for its first answer.
    ///
    /// # Errors
    /// Where it ends or never answers.
    pub fn start(&self) -> Result<Running> {
        let process = self.spawn()?;
        let address = self.address().parse()?;
        while api_versions(address).is_err() {
            if let Some(status) = process.wait(Duration::from_millis(1)) {
                bail!("{} ended with {status}:\n{}", self.name.text(), process.last_words());
            }
            if process.started().left_of(PATIENCE).is_none() {
                bail!("{} does not answer:\n{}", self.name.text(), process.last_words());
            }
        }
        let ready = process.started().elapsed();
        Ok(Running { site: self.clone(), process, ready })
    }

    /// Starts the program and waits for nothing.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn spawn(&self) -> Result<Process> {
        let dir = self.dir();
        let mut command = match self.name {
            Name::Ottla => {
                let mut ottla = Command::new(home::ottla()?);
                ottla.args(["serve", "--config"]).arg(self.node.properties());
                ottla
            }
            Name::Kafka => kafka(&self.node)?,
            Name::Floor => {
                let mut floor = Command::new(std::env::current_exe()?);
                floor.arg("floor").arg(self.node.port().to_string()).arg(&dir);
                floor
            }
        };
        command.env_remove("RUST_LOG");
        Process::start(command, &dir.join("log.txt"))
    }
}

impl Running {
    pub fn address(&self) -> String {
        self.site.address()
    }

    /// SIGTERM, and how long it took.
    ///
    /// # Errors
    /// Where it does not end.
    pub fn stop(self) -> Result<(Site, Duration)> {
        let watch = Stopwatch::start();
        self.process.terminate(PATIENCE)?;
        Ok((self.site.clone(), watch.elapsed()))
    }

    pub fn kill(self) -> Site {
        self.process.kill();
        self.site.clone()
    }
}

/// Heap and collector as `kafka-server-start.sh` and `kafka-run-class.sh` give them.
fn kafka(node: &Node) -> Result<Command> {
    let jars = jars::ensure()?;
    // The kit's java is tuned for tools; of it only logging and the class path are wanted.
    let kit = jars.java(128, "WARN");
    let logging = kit.get_args().filter(|arg| arg.to_string_lossy().starts_with("-D"));
    let mut java = Command::new("java");
    java.args(["-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"])
        .args(["-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"])
        .args(logging)
        .args(["-cp", &jars.classpath()])
        .arg("kafka.Kafka")
        .arg(node.properties())
        .env_remove("JAVA_TOOL_OPTIONS");
    Ok(java)
}
