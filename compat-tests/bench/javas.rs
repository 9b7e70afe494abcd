//! The load tools that come with Apache Kafka, against each contender: what a user would measure first.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::kit::jars;

/// `ProducerPerformance` with acks=all and 1 KiB records; MB/s as it says.
///
/// # Errors
/// Where the tool fails.
pub fn produce(address: &str, topic: &str, records: u64) -> Result<f64> {
    let count = records.to_string();
    let server = format!("bootstrap.servers={address}");
    let words = ["--topic", topic, "--num-records", &count, "--record-size", "1024", "--throughput", "-1"];
    let props = ["--producer-props", &server, "acks=all", "batch.size=524288", "linger.ms=5"];
    let said = run("org.apache.kafka.tools.ProducerPerformance", &[&words[..], &props[..]].concat())?;
    let last = said.lines().rfind(|line| line.contains("MB/sec")).context("no figures")?;
    let figure = last.split_once('(').and_then(|(_, rest)| rest.split_once(" MB/sec"));
    let mib: f64 = figure.with_context(|| format!("no figure in {last}"))?.0.parse()?;
    Ok(mib * 1.048_576)
}

/// `ConsumerPerformance` of the same topic, without a group; MB/s of its fetching as it says.
///
/// # Errors
/// Where the tool fails.
pub fn consume(address: &str, topic: &str, records: u64, dir: &Path) -> Result<f64> {
    let count = records.to_string();
    let config = dir.join("consumer.properties");
    std::fs::write(&config, "auto.offset.reset=earliest\n")?;
    let config = config.display().to_string();
    let words = ["--bootstrap-server", address, "--topic", topic, "--num-records", &count, "--command-config", &config];
    let said = run("org.apache.kafka.tools.ConsumerPerformance", &words)?;
    // start.time, end.time, data.consumed.in.MB, MB.sec, ..., fetch.MB.sec, fetch.nMsg.sec
    let last = said.lines().rfind(|line| line.matches(',').count() >= 8).context("no figures")?;
    let mib: f64 = last.split(',').nth(8).context("no fetch.MB.sec")?.trim().parse()?;
    Ok(mib * 1.048_576)
}

fn run(main: &str, words: &[&str]) -> Result<String> {
    let mut java = jars::ensure()?.java(1024, "ERROR");
    let output = java.arg(main).args(words).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{main} failed: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}
