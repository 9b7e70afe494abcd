//! From the start of the process on an empty directory until `kcat -L` is answered.

use std::time::Duration;

use anyhow::{Result, bail};

use super::Entry;
use super::bench::Bench;
use crate::kit::broker::Node;
use crate::kit::{Kind, Layout, kcat};

pub fn entries() -> Vec<Entry> {
    vec![Entry::starts("start on an empty directory", run)]
}

fn run(bench: &Bench, name: &str) -> Result<String> {
    let kind = bench.options.against;
    let limit = Duration::from_millis(if kind == Kind::Kafka { 30_000 } else { 100 });
    let mut took = Vec::new();
    for _ in 0..3 {
        let node = Node::new(&bench.folder(name)?, Layout::default())?;
        if kind == Kind::Kafka {
            // Apache Kafka does not format by itself.
            node.format(kind)?;
        }
        let broker = node.start_as_is(kind)?;
        let answer = kcat::kcat(&broker.address(), &["-L", "-m", "10"], b"")?.ok()?;
        took.push(broker.process().started().elapsed());
        if !answer.contains("1 brokers:") {
            bail!("kcat -L said\n{answer}");
        }
        if kind == Kind::Kafka {
            break;
        }
        broker.stop()?;
    }
    took.sort();
    // The best of three: the limit is the program's, not its neighbours'.
    match took.first() {
        Some(best) if *best <= limit => Ok(format!("{took:?}")),
        _ => bail!("took {took:?}, more than {limit:?}"),
    }
}
