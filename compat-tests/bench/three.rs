//! Three nodes of a contender, on the same files as everybody's.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::contender::{Name, Running, Site};
use crate::crash::cluster::state;
use crate::kit::{Cluster, Layout, Stopwatch};
use crate::pause;
use crate::raw::{Connection, admin};

/// All replicas are in sync within this, and nodes see each other.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Which partitions each node leads.
pub type Led = BTreeMap<i32, Vec<i32>>;

/// A cluster; those that run are killed when dropped.
pub struct Three {
    pub name: Name,
    sites: BTreeMap<i32, Site>,
    nodes: BTreeMap<i32, Running>,
}

/// Each round starts a cluster of each contender, for three idle nodes of the other would be heard in the figures.
///
/// # Errors
/// Where one does not start, or `measure` has one.
pub fn rounds(
    dir: &Path,
    rounds: u64,
    contenders: &[Name],
    mut measure: impl FnMut(&mut Three) -> Result<()>,
) -> Result<()> {
    for round in 0..rounds {
        for who in contenders {
            let dir = dir.join(format!("{round}-{}", who.text()));
            let mut cluster = Three::start(*who, &dir).with_context(|| who.text())?;
            measure(&mut cluster).with_context(|| who.text())?;
            // A cluster that ends well says good-bye to a majority, and the last two have none.
            drop(cluster);
            std::fs::remove_dir_all(&dir)?;
        }
    }
    Ok(())
}

impl Three {
    fn start(name: Name, dir: &Path) -> Result<Self> {
        let layout = Layout::default().with("auto.create.topics.enable", "false");
        let nodes = Cluster::prepare(dir, &layout)?;
        let sites = nodes.iter().map(|node| Ok((node.layout().node_id, Site::on(name, node.clone())?)));
        let mut three = Self { name, sites: sites.collect::<Result<_>>()?, nodes: BTreeMap::new() };
        three.start_all()?;
        Ok(three)
    }

    /// Starts those that are down, at once: none of them answers before a majority is there.
    ///
    /// # Errors
    /// Where one does not start.
    pub fn start_all(&mut self) -> Result<()> {
        let down: Vec<_> = self.sites.iter().filter(|(id, _)| !self.nodes.contains_key(id)).collect();
        let started = std::thread::scope(|scope| {
            let starts: Vec<_> = down.iter().map(|(id, site)| (**id, scope.spawn(|| site.start()))).collect();
            starts.into_iter().map(|(id, start)| Ok((id, ended(start)?))).collect::<Result<Vec<_>>>()
        })?;
        self.nodes.extend(started);
        Ok(())
    }

    /// SIGKILL to one.
    ///
    /// # Errors
    /// Where it is down.
    pub fn kill(&mut self, id: i32) -> Result<()> {
        self.nodes.remove(&id).with_context(|| format!("node {id} is down"))?.kill();
        Ok(())
    }

    /// SIGKILL to all at once, as when the power fails.
    pub fn kill_all(&mut self) {
        std::mem::take(&mut self.nodes).into_values().for_each(|it| drop(it.kill()));
    }

    /// How many nodes there are, running or not.
    pub fn count(&self) -> usize {
        self.sites.len()
    }

    /// Those that run.
    pub fn running(&self) -> impl Iterator<Item = (i32, &Running)> {
        self.nodes.iter().map(|(id, it)| (*id, it))
    }

    /// # Errors
    /// Where none runs, or it does not answer.
    pub fn any(&self) -> Result<Connection> {
        Connection::open(&self.nodes.values().next().context("no nodes")?.address())
    }

    /// `host:port` of those that run, with commas.
    pub fn addresses(&self) -> String {
        self.nodes.values().map(Running::address).collect::<Vec<_>>().join(",")
    }

    /// Of all that run together.
    ///
    /// # Errors
    /// Where one has ended.
    pub fn cpu(&self) -> Result<Duration> {
        self.nodes.values().map(|it| it.process.cpu()).sum()
    }

    /// Asks for a topic until it is made.
    ///
    /// # Errors
    /// Where that does not happen in time.
    pub fn make(&self, topic: &str, partitions: i32) -> Result<()> {
        let since = Stopwatch::start();
        loop {
            match self.any().and_then(|mut it| state::create(&mut it, topic, partitions)) {
                Ok(()) => return Ok(()),
                Err(error) => ensure!(since.left_of(PATIENCE).is_some(), "{topic} cannot be made: {error:#}"),
            }
            pause::short();
        }
    }

    /// Makes a topic and waits until all replicas are in sync and all nodes lead as many.
    ///
    /// # Errors
    /// Where that does not happen in time.
    pub fn create(&self, topic: &str, partitions: i32) -> Result<Led> {
        self.make(topic, partitions)?;
        let mut connection = self.any()?;
        let since = Stopwatch::start();
        loop {
            let mut led = Led::new();
            for ((_, partition), placed) in
                state::partitions(&mut connection)?.iter().filter(|((it, _), _)| it == topic)
            {
                if placed.in_sync.len() == self.count() {
                    led.entry(placed.leader).or_default().push(*partition);
                }
            }
            let even = led.values().all(|it| it.len() * self.count() == partitions as usize);
            if led.len() == self.count() && even && self.serve(topic, &led, partitions)? {
                return Ok(led);
            }
            ensure!(since.left_of(PATIENCE).is_some(), "{topic} is led by {led:?}");
            pause::short();
        }
    }

    /// Whether each leader knows that it leads.
    fn serve(&self, topic: &str, led: &Led, partitions: i32) -> Result<bool> {
        let serving = self.each(led, |address, led| {
            let ends = admin::end_offsets(&mut Connection::open(address)?, topic, partitions)?;
            Ok(led.iter().all(|partition| ends.get(*partition as usize).is_some_and(Option::is_some)))
        })?;
        Ok(serving.into_values().all(|it| it))
    }

    /// The same at each of these nodes, at once, each with what is its own.
    ///
    /// # Errors
    /// Where one fails.
    pub fn each<W: Sync, T: Send>(
        &self,
        works: &BTreeMap<i32, W>,
        act: impl Fn(&str, &W) -> Result<T> + Sync,
    ) -> Result<BTreeMap<i32, T>> {
        std::thread::scope(|scope| {
            let act = &act;
            let acts = works.iter().map(|(id, work)| {
                let address = self.nodes.get(id).with_context(|| format!("there is no node {id}"))?.address();
                Ok((*id, scope.spawn(move || act(&address, work))))
            });
            let acts = acts.collect::<Result<Vec<_>>>()?;
            acts.into_iter().map(|(id, act)| Ok((id, ended(act)?))).collect()
        })
    }
}

fn ended<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked"))
}
