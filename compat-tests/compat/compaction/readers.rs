//! Consumers that read from everywhere while the log is compacted all the time.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::crash::compaction::{BROKER, CONFIGS};
use crate::crash::keyed::{self, KEPT, PARTITIONS, TOPIC};
use crate::crash::load::Load;
use crate::crash::{load_faults, run_loads};
use crate::dice::Dice;
use crate::kit::dumped::cleaned;
use crate::kit::{Broker, Kind, Layout, Stopwatch};
use crate::pause;
use crate::raw::{Connection, admin, reading};

const PRODUCERS: usize = 2;
const READERS: u64 = 4;
/// Compactions that must have been met.
const PASSES: usize = 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads until there were enough compactions; what was done.
///
/// # Errors
/// With the first answer that is an error, the first record out of order, or the first last value that is lost.
pub fn beside(kind: Kind, dir: &Path) -> Result<String> {
    let layout = BROKER.iter().fold(Layout::default(), |layout, (key, value)| layout.with(key, value));
    let broker = Broker::start(kind, dir, layout)?;
    let log_dir = broker.node().log_dirs().into_iter().next().context("no log directory")?;
    let address = broker.address();
    let mut connection = Connection::open(&address)?;
    admin::create_with(&mut connection, TOPIC, PARTITIONS, CONFIGS)?;
    let mut loads = (0..PRODUCERS).map(|n| Load::new(KEPT, n, &mut connection)).collect::<Result<Vec<_>>>()?;
    let progress: Vec<_> = loads.iter().map(|load| (load.partition, load.progress())).collect();
    let (stop, reads, passes) = (AtomicBool::new(false), AtomicUsize::new(0), &mut BTreeSet::new());
    let faults = std::thread::scope(|scope| {
        let reader = |n: u64| {
            let (address, progress, stop, reads) = (&address, &progress, &stop, &reads);
            scope.spawn(move || {
                let done = read_on(address, progress, &mut Dice::new(n), stop, reads);
                stop.store(true, Ordering::Relaxed);
                done.with_context(|| format!("reader {n}"))
            })
        };
        let readers: Vec<_> = (0..READERS).map(reader).collect();
        run_loads(&mut loads, &address, &[1; PRODUCERS], &stop, |stop| {
            let since = Stopwatch::start();
            while passes.len() < PASSES && since.left_of(PATIENCE).is_some() && !stop.load(Ordering::Relaxed) {
                // It is replaced as it is read.
                passes.extend(cleaned(&log_dir).unwrap_or_default());
                pause::short();
            }
            stop.store(true, Ordering::Relaxed);
        });
        let ended = readers.into_iter().map(|reader| reader.join().unwrap_or_else(|_| bail!("a reader panicked")));
        ended.filter_map(Result::err).map(|error| format!("{error:#}")).chain(load_faults(&loads)).collect::<Vec<_>>()
    });
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    ensure!(passes.len() >= PASSES, "only {} compactions", passes.len());
    let records: u64 = loads.iter().map(Load::acknowledged).sum();
    Ok(format!("{} reads beside {} compactions of {records} records", reads.load(Ordering::Relaxed), passes.len()))
}

fn read_on(
    address: &str,
    progress: &[(i32, Arc<AtomicU64>)],
    dice: &mut Dice,
    stop: &AtomicBool,
    reads: &AtomicUsize,
) -> Result<()> {
    let mut connection = Connection::open(address)?;
    while !stop.load(Ordering::Relaxed) {
        let partition = i32::try_from(dice.below(PARTITIONS.cast_unsigned().into()))?;
        let promised: Vec<(usize, u64)> = (0..)
            .zip(progress)
            .filter(|(_, (of, _))| *of == partition)
            .map(|(producer, (_, acknowledged))| (producer, acknowledged.load(Ordering::Acquire)))
            .collect();
        let end = admin::end_offsets(&mut connection, TOPIC, PARTITIONS)?;
        let end = end.get(usize::try_from(partition)?).copied().flatten().context("not served")?;
        // Half of them read all of it; with few bytes at a time a read goes on over several compactions.
        let start = if dice.below(2) == 0 { 0 } else { i64::try_from(dice.below(end.unsigned_abs() + 1))? };
        let most = 1 << (8 + dice.below(10));
        let batches = reading::fetch_all(&mut connection, TOPIC, partition, start, most)?;
        let seen = keyed::seen(&batches, false)?;
        if start == 0 {
            for (producer, acknowledged) in promised {
                for (key, n) in keyed::promised(producer, acknowledged) {
                    let last = seen.get(&producer).and_then(|last| last.get(&key)).copied();
                    ensure!(last >= Some(n), "key {key} of producer {producer} has {last:?}, acknowledged was {n}");
                }
            }
        }
        reads.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
