//! What is spoken, held against Apache Kafka 4.3.1: the APIs and versions that are told, and the bytes of each message.

mod codec;
mod declared;
mod table;

use std::collections::BTreeMap;
use std::net::ToSocketAddrs;

use anyhow::{Context, Result, bail};

use super::Entry;
use super::bench::{Bench, Side};
use super::page;
use crate::kit::broker::api_versions;
use crate::kit::stopwatch::now_ms;
use crate::schema::Schemas;

pub fn entries() -> Vec<Entry> {
    vec![
        Entry::asks("schemas advertised versions", run),
        Entry::asks("schemas BrokerApiVersionsCommand", tool),
        Entry::asks("schemas codec", codec::run),
        Entry::asks("schemas guards", codec::guards),
        Entry::asks("schemas declarations", declared::run),
    ]
}

/// API key, lowest and highest version.
pub type Versions = BTreeMap<i16, (i16, i16)>;

/// What is advertised must be whole: a client takes the highest version that both know.
fn run(bench: &Bench, _: &str) -> Result<String> {
    let (ours, theirs) = (advertised(bench.judged()?)?, advertised(bench.reference()?)?);
    let mut faults = Vec::new();
    for (key, range) in &ours {
        match theirs.get(key) {
            Some(expected) if expected == range => {}
            other => faults.push(format!("API {key}: {range:?}, Apache Kafka has {other:?}")),
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    let schemas = Schemas::kafka()?;
    if bench.options.page && bench.judges_ottla() {
        page::replace("apis", &table::markdown(schemas, &ours, &theirs)?)?;
    }
    let mut missing = Vec::new();
    for (key, (low, high)) in theirs.iter().filter(|(key, _)| !ours.contains_key(key)) {
        missing.push(format!("{} {low}-{high}", table::name(schemas, *key)?));
    }
    Ok(format!(
        "{} of Apache Kafka's {} APIs; missing: {}",
        ours.len(),
        theirs.len(),
        if missing.is_empty() { "none".to_owned() } else { missing.join(", ") }
    ))
}

/// What this run's dice start from.
fn seed() -> Result<u64> {
    std::env::var("OTTLA_SEED").map_or_else(|_| Ok(now_ms()), |text| Ok(text.parse()?))
}

/// What a broker tells in ApiVersions.
pub fn advertised(side: &Side) -> Result<Versions> {
    let address = side.address.to_socket_addrs()?.next().context("an address without an address")?;
    Ok(api_versions(address)?.into_iter().map(|(key, low, high)| (key, (low, high))).collect())
}

/// Each line that Kafka's tool prints for an API we serve is the line it prints for Apache Kafka.
fn tool(bench: &Bench, _: &str) -> Result<String> {
    let lines = |side: &Side| -> Result<Vec<String>> {
        let main = "org.apache.kafka.tools.BrokerApiVersionsCommand";
        let text = bench.tools.run(main, &["--bootstrap-server", &side.address])?.ok()?;
        Ok(text.lines().map(|line| line.trim().trim_end_matches(',').to_owned()).collect())
    };
    let (ours, theirs) = (lines(bench.judged()?)?, lines(bench.reference()?)?);
    // The first line names the broker, by an address that differs.
    let wrong: Vec<&String> =
        ours.iter().skip(1).filter(|line| !line.contains("UNSUPPORTED") && !theirs.contains(line)).collect();
    if !wrong.is_empty() || ours.len() < 10 {
        bail!("lines that Apache Kafka does not have: {wrong:#?}");
    }
    let absent = ours.iter().filter(|line| line.contains("UNSUPPORTED"));
    let absent: Vec<&str> = absent.filter_map(|line| line.split('(').next()).collect();
    Ok(if absent.is_empty() { "all".to_owned() } else { format!("{} not served: {}", absent.len(), absent.join(" ")) })
}
