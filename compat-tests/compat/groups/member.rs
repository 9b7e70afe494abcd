//! One VerifiableConsumer in a JVM of its own, so that it can be killed, and what its events tell.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::kit::jars;
use crate::kit::process::Process;

const STOPPED: Duration = Duration::from_secs(40);

/// A member at work.
pub struct Member {
    pub name: &'static str,
    process: Process,
    said: PathBuf,
}

/// How often what was told of a member's partitions, and which it has now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    pub now: BTreeSet<i32>,
    pub assigned: usize,
    pub revoked: usize,
}

/// Offsets of one partition that a member read together: first and last.
pub type Read = (i32, i64, i64);

impl Member {
    /// # Errors
    /// Where no JVM starts.
    pub fn start(
        name: &'static str,
        address: &str,
        dir: &Path,
        topic: &str,
        group: &str,
        words: &[&str],
    ) -> Result<Self> {
        let config = dir.join("member.properties");
        // The consumer protocol takes it from the broker.
        let classic = words.contains(&"classic").then_some("heartbeat.interval.ms=500\n").unwrap_or_default();
        std::fs::write(&config, format!("{classic}metadata.max.age.ms=2000\nreconnect.backoff.max.ms=100\n"))?;
        let mut java = jars::ensure()?.java(96, "ERROR");
        java.arg("org.apache.kafka.tools.VerifiableConsumer")
            .args(["--bootstrap-server", address, "--topic", topic, "--group-id", group])
            .args(words)
            .arg("--command-config")
            .arg(config);
        let said = dir.join(format!("{name}.txt"));
        Ok(Self { name, process: Process::start(java, &said)?, said })
    }

    /// SIGTERM: it commits, and a dynamic member leaves.
    ///
    /// # Errors
    /// Where it does not end, or not well.
    pub fn stop(&self) -> Result<()> {
        let status = self.process.terminate(STOPPED)?;
        ensure!(status.code() == Some(143), "{} ended with {status}:\n{}", self.name, self.process.last_words());
        Ok(())
    }

    /// SIGKILL: it says nothing to anybody.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// # Errors
    /// Where the process has ended by itself.
    pub fn owned(&self) -> Result<Owned> {
        self.process.still_runs()?;
        let mut owned = Owned::default();
        for event in self.events()? {
            let partitions = || partitions(&event).map(|part| Ok(part.context("no partition")?));
            match event["name"].as_str() {
                Some("partitions_assigned") => {
                    owned.assigned += 1;
                    let more = partitions().collect::<Result<Vec<_>>>()?;
                    owned.now.extend(more);
                }
                Some("partitions_revoked") => {
                    owned.revoked += 1;
                    for part in partitions() {
                        owned.now.remove(&part?);
                    }
                }
                _ => (),
            }
        }
        Ok(owned)
    }

    /// What it has read, in its order.
    ///
    /// # Errors
    /// Where its events are not as they should be, or a commit of its own was refused other than for a rebalance.
    pub fn read(&self) -> Result<Vec<Read>> {
        let mut read = Vec::new();
        for event in self.events()? {
            match event["name"].as_str() {
                Some("records_consumed") => {
                    for part in event["partitions"].as_array().into_iter().flatten() {
                        let number = |field: &str| part[field].as_i64().with_context(|| format!("no {field}"));
                        let (first, last) = (number("minOffset")?, number("maxOffset")?);
                        let count = number("count")?;
                        ensure!(count == last - first + 1, "{}: {count} records are {first} to {last}", self.name);
                        read.push((i32::try_from(number("partition")?)?, first, last));
                    }
                }
                Some("offsets_committed") if event["success"] != true => {
                    let error = event["error"].as_str().unwrap_or_default();
                    // What a member may not commit any more, the next owner reads again.
                    if !error.contains("rebalance") {
                        bail!("{} could not commit: {error}", self.name);
                    }
                }
                _ => (),
            }
        }
        Ok(read)
    }

    fn events(&self) -> Result<Vec<Value>> {
        let said = std::fs::read_to_string(&self.said)?;
        // The last line may be half written.
        Ok(said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

fn partitions(event: &Value) -> impl Iterator<Item = Option<i32>> {
    let list = event["partitions"].as_array().into_iter().flatten();
    list.map(|part| part["partition"].as_i64().and_then(|part| i32::try_from(part).ok()))
}
