//! Log compaction: the same story on Apache Kafka and on Ottla, and what both cleaners have left of it.

pub mod shown;
mod story;
mod transactions;

use anyhow::{Result, bail};

use super::Entry;
use super::bench::Bench;
use super::dump;
use super::script::difference;
use crate::kit::Kind;

pub fn entries() -> Vec<Entry> {
    vec![
        Entry::starts("compaction of a story leaves the same", same_story),
        Entry::starts("compaction of transactions leaves the same", same_transactions),
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
