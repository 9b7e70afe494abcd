//! More keys than the cleaner's map takes: the log is compacted in several passes, and no more memory is used than allowed.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::bench::compaction;
use crate::kit::dumped::cleaned;
use crate::kit::segments::active_base;
use crate::kit::{Broker, Kind, Layout, Stopwatch};
use crate::pause;
use crate::raw::record::Codec;
use crate::raw::{Connection, admin, reading};

/// Distinct keys, each written once and every fourth again.
const KEYS: u64 = 1_000_000;
const MAP_MIB: u64 = 4;
/// Over what was resident before: the map, and what the allocator keeps for each of the threads that the work wanders over.
/// All keys at once would take 24 MiB besides.
const MORE_MIB: u64 = MAP_MIB + 28;
/// What takes half a minute on a machine of our own may take ten on a busy one.
const PATIENCE: Duration = Duration::from_secs(600);

/// # Errors
/// Where it takes more memory than that, does not end, or loses a key.
pub fn bounded(kind: Kind, dir: &Path) -> Result<String> {
    let map = (MAP_MIB << 20).to_string();
    let layout = Layout::default().with("log.cleaner.dedupe.buffer.size", &map).with("log.cleaner.backoff.ms", "50");
    let broker = Broker::start(kind, dir, layout)?;
    let log_dir = broker.node().log_dirs().into_iter().next().context("no log directory")?;
    let mut connection = Connection::open(&broker.address())?;
    compaction::fill(&mut connection, "many", KEYS, Codec::None)?;
    let end = active_base(&log_dir.join("many-0"))?;
    let (before, _) = broker.process().resident_kib()?;
    let watch = Stopwatch::start();
    admin::alter(&mut connection, "many", &[("min.cleanable.dirty.ratio", "0")])?;
    let (mut passes, mut most) = (BTreeSet::new(), before);
    while !passes.contains(&end) {
        most = most.max(broker.process().resident_kib()?.0);
        passes.extend(cleaned(&log_dir).unwrap_or_default().into_values());
        ensure!(watch.left_of(PATIENCE).is_some(), "compacted up to {:?} of {end} after {PATIENCE:?}", passes.last());
        pause::short();
    }
    let took = watch.elapsed();
    // The log's start is where it began.
    passes.remove(&0);
    let more_mib = most.saturating_sub(before) / 1024;
    let fits = (MAP_MIB << 20) / 24 * 9 / 10;
    ensure!(passes.len() as u64 >= KEYS / fits, "{} keys in {} passes: {passes:?}", KEYS, passes.len());
    ensure!(kind == Kind::Kafka || more_mib <= MORE_MIB, "{more_mib} MiB more than before, {MORE_MIB} are allowed");
    let mut keys = BTreeSet::new();
    for batch in reading::fetch_all(&mut connection, "many", 0, 0, 8 << 20)? {
        keys.extend(batch.records.into_iter().filter_map(|record| record.key));
    }
    ensure!(keys.len() as u64 == KEYS, "{} of {KEYS} keys are left", keys.len());
    Ok(format!("{} passes in {:.1} s, {more_mib} MiB more than before", passes.len(), took.as_secs_f64()))
}
