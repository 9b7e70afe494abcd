//! The scripts that are run against two brokers.

use anyhow::{Context, Result};

use super::bench::Bench;
use super::{Entry, script};

const SCRIPTS: &[(&str, &str)] = &[
    ("tools configs", include_str!("../scripts/configs.txt")),
    ("tools topics", include_str!("../scripts/topics.txt")),
    ("tools offsets", include_str!("../scripts/offsets.txt")),
    ("tools log-dirs", include_str!("../scripts/log-dirs.txt")),
    ("tools clients", include_str!("../scripts/clients.txt")),
];

pub fn entries() -> Vec<Entry> {
    SCRIPTS.iter().map(|(name, _)| Entry::asks(*name, run)).collect()
}

fn run(bench: &Bench, name: &str) -> Result<String> {
    let (_, script) = SCRIPTS.iter().find(|(it, _)| *it == name).context("no such script")?;
    script::compare(bench, name, script)
}
