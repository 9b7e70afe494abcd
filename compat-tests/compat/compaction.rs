//! Log compaction: the same story on Apache Kafka and on Ottla, and what both cleaners have left of it.

mod memory;
mod readers;
pub mod shown;
mod story;
mod transactions;

use anyhow::{Context, Result, bail, ensure};

use super::Entry;
use super::bench::Bench;
use super::dump;
use super::script::difference;
use crate::kit::{Kind, Layout};

pub fn entries() -> Vec<Entry> {
    vec![
        Entry::starts("compaction of a story leaves the same", same_story),
        Entry::starts("compaction of transactions leaves the same", same_transactions),
        Entry::starts("compaction beside readers", |bench, name| {
            readers::beside(bench.options.against, &bench.folder(name)?)
        }),
        Entry::starts("compaction in bounded memory", |bench, name| {
            memory::bounded(bench.options.against, &bench.folder(name)?)
        }),
        Entry::asks("compaction by LogCompactionTester, none", tester),
        Entry::asks("compaction by LogCompactionTester, zstd", tester),
    ]
}

fn same_story(bench: &Bench, name: &str) -> Result<String> {
    let start = story::start()?;
    let (expected, node) = story::tell(Kind::Kafka, &bench.folder(name)?, start)?;
    dump::dump(&bench.tools, &node.log_dirs(), true)?;
    let (told, node) = story::tell(bench.options.against, &bench.folder(name)?, start)?;
    let files = dump::dump(&bench.tools, &node.log_dirs(), true)?;
    if told.text != expected.text {
        bail!(
            "compaction leaves something else (-: Apache Kafka, +: judged)\n{}",
            difference(&expected.text, &told.text)
        );
    }
    Ok(format!("{} records alike after three passes, {files} files read", told.records))
}

fn same_transactions(bench: &Bench, name: &str) -> Result<String> {
    let (expected, told) = transactions::both(&bench.folder(name)?, bench.options.against)?;
    if told != expected {
        bail!("compaction leaves something else (-: Apache Kafka, +: judged)\n{}", difference(&expected, &told));
    }
    let markers = told.lines().filter(|line| line.contains("attributes 0x30") || line.contains("attributes 0x70"));
    Ok(format!("{} lines alike after three passes, {} of them markers", told.lines().count(), markers.count()))
}

/// Apache Kafka's own torture: many updates and deletions of keys, of which the last of each must be read.
fn tester(bench: &Bench, name: &str) -> Result<String> {
    let codec = name.rsplit(' ').next().unwrap_or_default();
    let layout = Layout::default()
        .with("log.segment.bytes", "1048576")
        .with("log.cleaner.min.cleanable.ratio", "0.01")
        .with("log.cleaner.backoff.ms", "50");
    bench.ask("compacting", layout, |side| {
        let load = ["--messages", "300000", "--duplicates", "10", "--percent-deletes", "10", "--sleep", "2"];
        let args = [&load[..], &["--bootstrap-server", &side.address, "--compression-type", codec]].concat();
        let said = bench.tools.run("org.apache.kafka.tools.LogCompactionTester", &args)?.ok()?;
        ensure!(said.contains("Data verification is completed"), "it says\n{said}");
        let produced = said.lines().find(|line| line.contains("rows of data produced")).context("no rows")?;
        let reduced = produced.rsplit_once('(').and_then(|(_, rest)| rest.split('.').next()?.parse::<u32>().ok());
        ensure!(reduced >= Some(20), "hardly anything was compacted: {produced}");
        side.still_runs()?;
        Ok(produced.to_owned())
    })
}
