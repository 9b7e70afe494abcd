//! The scripts that are run against two brokers.

use anyhow::{Context, Result};

use super::bench::Bench;
use super::options::Options;
use super::{Entry, script};
use crate::kit::Layout;

const SCRIPTS: &[(&str, &str)] = &[
    ("tools configs", include_str!("../scripts/configs.txt")),
    ("tools topics", include_str!("../scripts/topics.txt")),
    ("tools offsets", include_str!("../scripts/offsets.txt")),
    ("tools log-dirs", include_str!("../scripts/log-dirs.txt")),
    ("tools clients", include_str!("../scripts/clients.txt")),
];

/// These list all that there is, so nobody else may be there.
const ALONE: &[(&str, &str)] = &[
    ("tools groups", include_str!("../scripts/groups.txt")),
    ("tools consumer groups", include_str!("../scripts/groups-consumer.txt")),
];

/// On a node with two directories.
const OF_TWO_DIRS: (&str, &str) = ("tools log-dirs move", include_str!("../scripts/log-dirs-move.txt"));

/// On three nodes of each, one after the other.
const OF_CLUSTERS: &[&str] = &[
    include_str!("../scripts/cluster-topics.txt"),
    include_str!("../scripts/cluster-quorum.txt"),
    include_str!("../scripts/cluster-groups.txt"),
    include_str!("../scripts/cluster-reassign.txt"),
];

pub fn entries(options: &Options) -> Vec<Entry> {
    let scripts = SCRIPTS.iter().map(|(name, _)| Entry::asks(*name, run));
    scripts
        .chain(ALONE.iter().map(|(name, _)| Entry::starts(*name, run_alone)))
        .chain([Entry::starts(OF_TWO_DIRS.0, run_on_two_dirs)])
        // Two minutes, most of which Apache Kafka takes to see that a broker is gone.
        .chain(options.all.then(|| Entry::starts("tools cluster", run_on_clusters)))
        .collect()
}

fn run(bench: &Bench, name: &str) -> Result<String> {
    let (_, script) = SCRIPTS.iter().find(|(it, _)| *it == name).context("no such script")?;
    script::compare(bench, name, script, bench.judged()?, bench.reference()?)
}

fn run_alone(bench: &Bench, name: &str) -> Result<String> {
    let (_, script) = ALONE.iter().find(|(it, _)| *it == name).context("no such script")?;
    let (judged, reference) = bench.pair(name, &Layout::default())?;
    script::compare(bench, name, script, &judged, &reference)
}

fn run_on_two_dirs(bench: &Bench, name: &str) -> Result<String> {
    let (judged, reference) = bench.pair(name, &Layout { dirs: 2, ..Layout::default() })?;
    script::compare(bench, name, OF_TWO_DIRS.1, &judged, &reference)
}

fn run_on_clusters(bench: &Bench, name: &str) -> Result<String> {
    // Every five minutes the controller would give leaders back by itself, on each side at a moment of its own.
    let layout =
        Layout::default().with("offsets.topic.num.partitions", "6").with("auto.leader.rebalance.enable", "false");
    let (judged, reference) = bench.clusters(name, &layout)?;
    script::compare(bench, name, &OF_CLUSTERS.concat(), &judged, &reference)
}
