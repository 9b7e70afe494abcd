//! What the checks of one run share: the broker that is judged, Apache Kafka beside it, one JVM of tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Result, anyhow};

use super::options::Options;
use crate::kit::{Broker, Cluster, Kind, Layout, Scratch, Tools};

/// Brokers are started when first asked for.
pub struct Bench {
    pub options: Options,
    pub tools: Tools,
    scratch: Scratch,
    judged: OnceLock<Result<Side, String>>,
    reference: OnceLock<Result<Side, String>>,
    others: Mutex<BTreeMap<&'static str, Arc<Started>>>,
    folders: AtomicU32,
}

/// A broker that was asked for, or why it did not start.
type Started = OnceLock<Result<Side, String>>;

/// A broker that answers, ours or somebody's.
pub struct Side {
    pub address: String,
    /// What stands in its answers only because of where it was started.
    pub local: Vec<(String, String)>,
    broker: Option<Broker>,
    /// Three of a kind in place of one broker; the address is then all of theirs.
    pub cluster: Option<Mutex<Cluster>>,
}

impl Side {
    /// The path of a directory of a broker that was started here, but for its number.
    pub fn data(&self) -> Option<String> {
        let first = self.broker.as_ref()?.node().log_dirs().into_iter().next()?;
        first.to_str()?.strip_suffix("-0").map(str::to_owned)
    }

    /// An error once a broker has ended that should run, where it is one that was started here.
    pub fn still_runs(&self) -> Result<()> {
        if let Some(cluster) = &self.cluster {
            let cluster = cluster.lock().unwrap_or_else(PoisonError::into_inner);
            return cluster.running().try_for_each(|broker| broker.process().still_runs());
        }
        self.broker.as_ref().map_or(Ok(()), |broker| broker.process().still_runs())
    }
}

impl Bench {
    pub fn new(options: &Options) -> Result<Self> {
        Ok(Self {
            options: options.clone(),
            tools: Tools::start()?,
            scratch: Scratch::new("compat")?,
            judged: OnceLock::new(),
            reference: OnceLock::new(),
            others: Mutex::default(),
            folders: AtomicU32::new(0),
        })
    }

    /// The broker under judgement.
    pub fn judged(&self) -> Result<&Side> {
        let start = || match &self.options.address {
            Some(address) => Ok(Side {
                address: address.clone(),
                local: vec![(address.clone(), "ADDRESS".to_owned())],
                broker: None,
                cluster: None,
            }),
            None => Self::start(self.options.against, &self.path().join("judged"), Layout::default()),
        };
        side(self.judged.get_or_init(|| start().map_err(|error| format!("{error:#}"))))
    }

    /// Apache Kafka, which is right.
    pub fn reference(&self) -> Result<&Side> {
        let start = || Self::start(Kind::Kafka, &self.path().join("reference"), Layout::default());
        side(self.reference.get_or_init(|| start().map_err(|error| format!("{error:#}"))))
    }

    /// The broker under judgement and Apache Kafka, a pair that nobody else asks.
    pub fn pair(&self, name: &str, layout: &Layout) -> Result<(Side, Side)> {
        let folder = self.folder(name)?;
        let start = |kind, side| Self::start(kind, &folder.join(side), layout.clone());
        std::thread::scope(|scope| {
            let theirs = scope.spawn(|| start(Kind::Kafka, "reference"));
            let ours = start(self.options.against, "judged");
            Ok((ours?, theirs.join().map_err(|_| anyhow!("a start panicked"))??))
        })
    }

    /// Three nodes under judgement and three of Apache Kafka.
    pub fn clusters(&self, name: &str, layout: &Layout) -> Result<(Side, Side)> {
        let folder = self.folder(name)?;
        let start = |kind, side: &str| -> Result<Side> {
            let dir = folder.join(side);
            let cluster = Cluster::start(kind, &dir, layout)?;
            let mut local = vec![(dir.display().to_string(), "DIR".to_owned())];
            for node in cluster.nodes() {
                let id = node.layout().node_id;
                local.push((node.address(), format!("ADDRESS-{id}")));
                local.push((node.port().to_string(), format!("PORT-{id}")));
                local.push((node.controller_port().to_string(), format!("CONTROLLER_PORT-{id}")));
            }
            Ok(Side { address: cluster.addresses(), local, broker: None, cluster: Some(Mutex::new(cluster)) })
        };
        std::thread::scope(|scope| {
            let theirs = scope.spawn(|| start(Kind::Kafka, "reference"));
            let ours = start(self.options.against, "judged");
            Ok((ours?, theirs.join().map_err(|_| anyhow!("a start panicked"))??))
        })
    }

    /// Asks a broker under judgement that is set up in a way of its own; one is started for each name.
    /// A broker that runs elsewhere is asked as it is.
    pub fn ask<T>(&self, name: &'static str, layout: Layout, ask: impl FnOnce(&Side) -> Result<T>) -> Result<T> {
        if self.options.address.is_some() {
            return ask(self.judged()?);
        }
        let started = Arc::clone(self.others.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
        let start =
            || Self::start(self.options.against, &self.path().join(name), layout).map_err(|error| format!("{error:#}"));
        ask(side(started.get_or_init(start))?)
    }

    /// Whether the judged broker is this checkout's.
    pub fn judges_ottla(&self) -> bool {
        self.options.against == Kind::Ottla && self.options.address.is_none()
    }

    /// A folder that nobody else has.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let number = self.folders.fetch_add(1, Ordering::Relaxed);
        let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let path = self.path().join(format!("{safe}-{number}"));
        std::fs::create_dir_all(&path)?;
        Ok(path)
    }

    fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// Something failed: the directories stay.
    pub fn keep(&self) {
        self.scratch.keep();
        eprintln!("logs and directories are kept in {}", self.path().display());
    }

    fn start(kind: Kind, dir: &Path, layout: Layout) -> Result<Side> {
        let broker = Broker::start(kind, dir, layout)?;
        let node = broker.node();
        let local = vec![
            (dir.display().to_string(), "DIR".to_owned()),
            (node.address(), "ADDRESS".to_owned()),
            (node.port().to_string(), "PORT".to_owned()),
            (node.controller_port().to_string(), "CONTROLLER_PORT".to_owned()),
        ];
        Ok(Side { address: node.address(), local, broker: Some(broker), cluster: None })
    }
}

fn side(side: &Result<Side, String>) -> Result<&Side> {
    side.as_ref().map_err(|error| anyhow!("{error}"))
}
