//! Kafka's own VerifiableProducer beside ours, idempotent, through all the kills.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::verify;
use crate::kit::jars;
use crate::kit::process::Process;
use crate::raw::Connection;

pub const TOPIC: &str = "java";
const PATIENCE: Duration = Duration::from_secs(150);

/// It tries again for as long as a test lasts; the tool's own default is never.
const CONFIG: &str = "enable.idempotence=true\nretries=2147483647\ndelivery.timeout.ms=3600000\nmax.block.ms=600000\n\
    request.timeout.ms=10000\nlinger.ms=0\nreconnect.backoff.ms=20\nreconnect.backoff.max.ms=100\n";

/// The tool at work.
pub struct Producer {
    process: Process,
    said: PathBuf,
}

impl Producer {
    /// # Errors
    /// Where it cannot be started.
    pub fn start(address: &str, dir: &Path) -> Result<Self> {
        let config = dir.join("verifiable-producer.properties");
        std::fs::write(&config, CONFIG)?;
        let mut java = jars::ensure()?.java(256, "ERROR");
        java.arg("org.apache.kafka.tools.VerifiableProducer")
            .args(["--bootstrap-server", address, "--topic", TOPIC, "--acks", "-1", "--throughput", "2000"])
            .args(["--value-prefix", "7", "--command-config"])
            .arg(config);
        let said = dir.join("verifiable-producer.txt");
        Ok(Self { process: Process::start(java, &said)?, said })
    }

    /// Ends it, and holds the topic against what it was told.
    ///
    /// # Errors
    /// With the first record that is lost, doubled, out of order, or elsewhere than acknowledged.
    pub fn finish(self, connection: &mut Connection) -> Result<String> {
        self.process.terminate(PATIENCE)?;
        let said = std::fs::read_to_string(&self.said)?;
        let (mut acknowledged, mut refused) = (BTreeMap::new(), 0);
        for line in said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            match line["name"].as_str() {
                Some("producer_send_success") => {
                    let value = line["value"].as_str().context("no value")?.to_owned();
                    acknowledged.insert(line["offset"].as_i64().context("no offset")?, value);
                }
                Some("producer_send_error") => refused += 1,
                _ => (),
            }
        }
        ensure!(
            !acknowledged.is_empty(),
            "VerifiableProducer has nothing acknowledged:\n{}",
            self.process.last_words()
        );
        let found = verify::read(connection, TOPIC, 0)?;
        let mut last = -1;
        for (offset, value) in &found {
            let value = String::from_utf8_lossy(value);
            let n: i64 = value.strip_prefix("7.").and_then(|n| n.parse().ok()).context("a value of someone else")?;
            ensure!(n > last, "VerifiableProducer's record {n} at offset {offset} is doubled or out of order");
            last = n;
            if let Some(expected) = acknowledged.remove(offset) {
                ensure!(expected == value, "offset {offset} has {value}, acknowledged was {expected}");
            }
        }
        ensure!(acknowledged.is_empty(), "VerifiableProducer's acknowledged records are lost: {acknowledged:?}");
        Ok(format!("VerifiableProducer: {} records, {refused} refused, none lost, doubled or moved", found.len()))
    }
}
