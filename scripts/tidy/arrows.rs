//! The arrows that are allowed between our crates, and what pure crates must not stand on.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// Crate, and the crates of ours that it may name, in tests too. Arrows point left only.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("machine", &["model"]),
    ("config", &["model"]),
    ("metadata", &["model", "wire"]),
    ("controller", &["model", "machine", "metadata", "config"]),
    ("groups", &["model", "machine", "wire"]),
    ("replication", &["model"]),
    ("host", &["model"]),
    ("storage", &["model", "replication", "host"]),
    ("quorum", &["model", "machine", "metadata", "config", "controller", "storage", "host"]),
    ("net", &["model", "wire", "host"]),
    ("broker", EVERYTHING_LEFT_OF_BROKER),
    ("cli", &["broker", "config", "host", "metadata", "model", "quorum", "storage"]),
    ("compat-tests", &["host", "metadata", "model", "replication", "wire"]),
    ("fuzz", &["metadata", "model", "replication", "storage", "wire"]),
    ("scripts", &[]),
];

/// Arrows that only tests and examples may have besides; they point left too.
const TEST_ARROWS: &[(&str, &[&str])] = &[("quorum", &["config"])];

const EVERYTHING_LEFT_OF_BROKER: &[&str] = &[
    "model",
    "wire",
    "machine",
    "metadata",
    "config",
    "controller",
    "groups",
    "replication",
    "host",
    "storage",
    "quorum",
    "net",
];

/// Crates that only say what is, or what to do; nothing that does something may be under them, however deep.
pub const PURE: &[&str] = &["model", "wire", "machine", "metadata", "config", "controller", "groups", "replication"];

const EFFECTS: &[&str] =
    &["async-std", "getrandom", "mio", "openraft", "rand", "rustix", "smol", "socket2", "time", "tokio"];

/// Every arrow of ours that is not in the table, and every path from a pure crate to an effect.
pub fn faults() -> Result<Vec<String>> {
    let metadata = shell::output(shell::cargo(&["metadata", "--format-version", "1"])?)?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata did not print JSON")?;
    let graph = Graph::read(&metadata).context("cargo metadata has a shape that we do not know")?;
    let mut faults = Vec::new();
    for (name, dependencies) in &graph.ours {
        let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| crate_name == name) else {
            faults.push(format!("`{name}` is not in the table of scripts/tidy/arrows.rs"));
            continue;
        };
        for dependency in dependencies.iter().filter(|it| graph.ours.contains_key(*it)) {
            let at_run_time = graph.normal.get(name).is_some_and(|it| it.contains(dependency));
            let in_tests = TEST_ARROWS.iter().any(|(it, more)| it == name && more.contains(&dependency.as_str()));
            if !allowed.contains(&dependency.as_str()) && (at_run_time || !in_tests) {
                faults.push(format!("`{name}` must not depend on `{dependency}`"));
            }
        }
    }
    for name in PURE {
        faults.extend(graph.effects_under(name));
    }
    Ok(faults)
}

/// Who stands on whom, by name of package; two versions of a package count as one.
struct Graph {
    /// Our crates, with all their direct dependencies, those of tests and build scripts too.
    ours: BTreeMap<String, BTreeSet<String>>,
    /// What each package needs at run time.
    normal: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> Option<Self> {
        let mut names = BTreeMap::new();
        for package in metadata["packages"].as_array()? {
            names.insert(package["id"].as_str()?, package["name"].as_str()?);
        }
        let members: BTreeSet<&str> =
            metadata["workspace_members"].as_array()?.iter().filter_map(Value::as_str).collect();
        let (mut ours, mut normal) = (BTreeMap::new(), BTreeMap::<_, BTreeSet<_>>::new());
        for node in metadata["resolve"]["nodes"].as_array()? {
            let id = node["id"].as_str()?;
            let name = (*names.get(id)?).to_owned();
            let mut all = BTreeSet::new();
            for dependency in node["deps"].as_array()? {
                let on = (*names.get(dependency["pkg"].as_str()?)?).to_owned();
                if dependency["dep_kinds"].as_array()?.iter().any(|kind| kind["kind"].is_null()) {
                    normal.entry(name.clone()).or_default().insert(on.clone());
                }
                all.insert(on);
            }
            if members.contains(id) {
                ours.insert(name, all);
            }
        }
        Some(Self { ours, normal })
    }

    fn effects_under(&self, name: &str) -> Vec<String> {
        let mut seen = BTreeMap::from([(name, name)]);
        let mut open = vec![name];
        let mut faults = Vec::new();
        while let Some(at) = open.pop() {
            for next in self.normal.get(at).into_iter().flatten() {
                if seen.contains_key(next.as_str()) {
                    continue;
                }
                seen.insert(next, at);
                open.push(next);
                if EFFECTS.contains(&next.as_str()) {
                    faults.push(format!("`{name}` is pure and must not stand on `{next}` (through `{at}`)"));
                }
            }
        }
        faults
    }
}
