//! SIGKILL in the middle of compactions: the last value of each key stays, and nothing of what was unfinished.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::keyed::{self, PARTITIONS, TOPIC};
use super::load::Load;
use super::{PRODUCERS, dump, load_faults, no_panic, run_loads, say};
use crate::bench::contender::{Name, Running, Site};
use crate::dice::Dice;
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::{Connection, admin, reading};

/// A topic with small segments by time, so that many become one.
pub const CONFIGS: &[(&str, &str)] = &[
    ("cleanup.policy", "compact"),
    ("segment.bytes", "1048576"),
    ("segment.ms", "1000"),
    ("min.cleanable.dirty.ratio", "0.01"),
    ("delete.retention.ms", "500"),
];
/// A broker that compacts all the time.
pub const BROKER: &[(&str, &str)] =
    &[("log.cleaner.backoff.ms", "20"), ("log.cleaner.threads", "2"), ("log.segment.delete.delay.ms", "1000")];

/// Files that an unfinished compaction, or one that has just ended, leaves.
const UNFINISHED: [&str; 3] = [".swap", ".cleaned", ".deleted"];
/// No compaction of so little takes longer; what is to be deleted waits for a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a kill is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    Anything,
    /// The copy is being written.
    Cleaned,
    /// Segments are being replaced.
    Swap,
}

/// Rounds of load, SIGKILL and examination.
///
/// # Errors
/// With what is lost, old, moved, or left behind.
pub fn examine(who: Name, dir: &Path, rounds: u64, dice: &mut Dice) -> Result<()> {
    let site = Site::new(who, dir, BROKER)?;
    let log_dir = site.log_dir().context("no log directory")?;
    let folders: Vec<PathBuf> = (0..PARTITIONS).map(|n| log_dir.join(format!("{TOPIC}-{n}"))).collect();
    let mut running = site.start()?;
    let mut connection = Connection::open(&site.address())?;
    admin::create_with(&mut connection, TOPIC, PARTITIONS, CONFIGS)?;
    let mut loads = (0..PRODUCERS).map(|n| Load::new(keyed::KEYED, n, &mut connection)).collect::<Result<Vec<_>>>()?;
    let mut hits: BTreeMap<&str, u64> = BTreeMap::new();
    for round in 1..=rounds {
        let aim = match round % 4 {
            0 => Aim::Anything,
            2 => Aim::Cleaned,
            _ => Aim::Swap,
        };
        let least = Duration::from_millis(100 + dice.below(700));
        let seeds: Vec<u64> = loads.iter().map(|_| dice.roll()).collect();
        aimed(running, &mut loads, &seeds, least, aim, &folders)?;
        let left = unfinished(&folders)?;
        let hit = stage(&left);
        *hits.entry(hit).or_default() += 1;
        if round % 5 == 0 {
            // Killed again while it recovers.
            let recovering = site.spawn()?;
            recovering.wait(Duration::from_millis(dice.below(100)));
            recovering.kill();
        }
        running = site.start().with_context(|| format!("round {round}"))?;
        let mut connection = Connection::open(&site.address())?;
        admin::wait_served(&mut connection, TOPIC, PARTITIONS)?;
        let still: Vec<_> = unfinished(&folders)?.into_iter().filter(|file| left.contains(file)).collect();
        ensure!(still.is_empty(), "round {round}: the start leaves {still:?}");
        let records = verify(&mut connection, &loads).with_context(|| format!("after round {round}, {hit}"))?;
        let acknowledged: u64 = loads.iter().map(Load::acknowledged).sum();
        say(&format!("round {round}: {acknowledged} acknowledged, {records} left; killed with {hit}"));
        if round % 10 == 0 {
            running.stop()?;
            say(&dump::all(&log_dir, &[(TOPIC, PARTITIONS)])?);
            running = site.start()?;
        }
    }
    rest(&running, &mut loads, &folders)?;
    no_panic(&site)?;
    running.stop()?;
    say(&dump::all(&log_dir, &[(TOPIC, PARTITIONS)])?);
    say(&format!("{rounds} rounds; killed with {hits:?}"));
    Ok(())
}

/// Once more without a kill: what was in flight is resent, everything is there, and the directories come to rest.
fn rest(running: &Running, loads: &mut [Load], folders: &[PathBuf]) -> Result<()> {
    let stop = AtomicBool::new(false);
    run_loads(loads, &running.address(), &[1; PRODUCERS], &stop, |stop| {
        pause::until(Stopwatch::start(), Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
    });
    ensure!(loads.iter().all(|load| load.unanswered() == 0), "batches stay unanswered: {:?}", load_faults(loads));
    let since = Stopwatch::start();
    loop {
        let left = unfinished(folders)?;
        if left.is_empty() {
            break;
        }
        ensure!(since.left_of(PATIENCE).is_some(), "these files stay: {left:?}");
        pause::short();
    }
    verify(&mut Connection::open(&running.address())?, loads)?;
    Ok(())
}

fn verify(connection: &mut Connection, loads: &[Load]) -> Result<usize> {
    let mut records = 0;
    for partition in 0..PARTITIONS {
        let batches = reading::fetch_all(connection, TOPIC, partition, 0, 1 << 20)?;
        let mine: Vec<&Load> = loads.iter().filter(|load| load.partition == partition).collect();
        keyed::held(&batches, &mine).with_context(|| format!("{TOPIC}-{partition}"))?;
        records += batches.iter().map(|batch| batch.records.len()).sum::<usize>();
    }
    Ok(records)
}

/// Loads for this long at least, and kills when what is aimed at is to be seen.
fn aimed(
    running: Running,
    loads: &mut [Load],
    seeds: &[u64],
    least: Duration,
    aim: Aim,
    folders: &[PathBuf],
) -> Result<()> {
    let (address, stop, watch) = (running.address(), AtomicBool::new(false), Stopwatch::start());
    run_loads(loads, &address, seeds, &stop, |stop| {
        pause::until(watch, least);
        let wanted = match aim {
            Aim::Anything => None,
            Aim::Cleaned => Some(".cleaned"),
            Aim::Swap => Some(".swap"),
        };
        // Without a pause, for a swap is over in less than one.
        while wanted.is_some_and(|behind| !is_there(folders, behind))
            && watch.left_of(least + Duration::from_secs(2)).is_some()
        {
            std::hint::spin_loop();
        }
        running.kill();
        stop.store(true, Ordering::Relaxed);
    });
    let faults = load_faults(loads);
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    Ok(())
}

fn is_there(folders: &[PathBuf], behind: &str) -> bool {
    let names = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    names.into_iter().any(|file| file.file_name().to_string_lossy().ends_with(behind))
}

/// The unfinished files and which they are, for their names may come again.
fn unfinished(folders: &[PathBuf]) -> Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for folder in folders {
        for file in std::fs::read_dir(folder)? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            // It may be gone by now.
            if UNFINISHED.iter().any(|behind| name.ends_with(behind))
                && let Ok(about) = file.metadata()
            {
                found.push((file.path(), about.ino()));
            }
        }
    }
    Ok(found)
}

/// The furthest stage of compaction that these files tell of.
fn stage(left: &[(PathBuf, u64)]) -> &'static str {
    let with = |behind: &str| left.iter().any(|(path, _)| path.to_string_lossy().ends_with(behind));
    UNFINISHED.into_iter().find(|behind| with(behind)).unwrap_or("nothing unfinished")
}
