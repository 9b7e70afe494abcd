//! The load tool that comes with Apache Kafka, against each contender: what a user would measure first.

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

fn run(main: &str, words: &[&str]) -> Result<String> {
    let mut java = jars::ensure()?.java(1024, "ERROR");
    let output = java.arg(main).args(words).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{main} failed: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}
