//! `cargo x crash`: SIGKILL under load, again and again; no acknowledged record may be lost, moved or doubled.

pub mod cluster;
pub mod compaction;
mod dump;
mod java;
pub mod keyed;
pub mod load;
mod moves;
mod recovery;
mod torn;
mod verify;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::bench::contender::{Name, Running, Site};
use crate::dice::Dice;
use crate::kit::broker::Kind;
use crate::kit::{Scratch, Stopwatch, stopwatch};
use crate::options::Options;
use crate::pause;
use crate::raw::{Connection, admin};
use load::Load;

/// Two producers share each partition, so that their batches interleave.
const PRODUCERS: usize = 4;
const PARTITIONS: i32 = 2;
const TOPIC: &str = "raw";
/// Small, so that the load rolls segments all the time.
const SEGMENT: &str = "1048576";

/// Rounds of load, SIGKILL and examination; whether all was well.
///
/// `--rounds N` (50), `--quick` (6 rounds, no large log), `--seed N`, `--gib N` of log for the restart (1),
/// `--against kafka`, `--no-java` leaves Kafka's VerifiableProducer out; `--compaction` kills in the middle of compactions
/// instead, and asks for the last value of each key; `--moves` has replicas move between two directories all the time; `--cluster` kills and stops nodes of three (6 rounds),
/// of them only `--act kill|term|pause|torn|two|cut|full`, with a `--session` of so many milliseconds.
/// `--keep` leaves the directory in any case.
///
/// # Errors
/// Where it was asked wrongly, or what it needs is missing.
pub fn crash(words: &[String]) -> Result<bool> {
    let options = Options::read(
        words,
        &["quick", "no-java", "compaction", "moves", "cluster", "keep"],
        &["rounds", "seed", "gib", "against", "act", "session"],
    )?;
    let quick = options.has("quick");
    let of_cluster = options.has("cluster");
    let rounds = options.number("rounds", if quick || of_cluster { 6 } else { 50 })?;
    let seed = options.number("seed", stopwatch::now_ms())?;
    let who = Name::read(options.value("against").unwrap_or("ottla"))?;
    let scratch = Scratch::new("crash")?;
    say(&format!("{} in {}, seed {seed}", who.text(), scratch.path().display()));
    let mut dice = Dice::new(seed);
    let judged = match options.has("compaction") {
        _ if of_cluster => cluster::judge(&plan(&options, who, rounds)?, scratch.path(), &mut dice),
        true => compaction::examine(who, scratch.path(), rounds, &mut dice),
        false => {
            let manner = Manner { with_java: !options.has("no-java"), moves: options.has("moves") };
            examine(who, scratch.path(), rounds, &mut dice, manner)
        }
    };
    let recovers = !quick && !of_cluster && !options.has("compaction") && !options.has("moves");
    let judged = judged.and_then(|()| match options.number("gib", u64::from(recovers))? {
        0 => Ok(()),
        gib => recovery::of(who, scratch.path(), gib).map(|line| say(&line)),
    });
    if options.has("keep") {
        scratch.keep();
    }
    match judged {
        Ok(()) => say("1 passed, 0 failed"),
        Err(error) => {
            scratch.keep();
            say(&format!("seed {seed}: {error:#}\nthe directory is left: {}", scratch.path().display()));
            say("0 passed, 1 failed");
            return Ok(false);
        }
    }
    Ok(true)
}

fn plan(options: &Options, who: Name, rounds: u64) -> Result<cluster::Plan> {
    let kind = match who {
        Name::Ottla => Kind::Ottla,
        Name::Kafka => Kind::Kafka,
        Name::Floor => bail!("the floor makes no cluster"),
    };
    let mut keys = Vec::new();
    if options.value("session").is_some() {
        let session = options.number("session", 0)?;
        keys.push(("broker.session.timeout.ms".to_owned(), session.to_string()));
        keys.push(("broker.heartbeat.interval.ms".to_owned(), (session / 5).max(1).to_string()));
    }
    Ok(cluster::Plan { kind, rounds, act: options.value("act").map(cluster::Act::read).transpose()?, keys })
}

/// What goes on beside the load.
#[derive(Clone, Copy, Debug)]
struct Manner {
    with_java: bool,
    moves: bool,
}

fn examine(who: Name, dir: &Path, rounds: u64, dice: &mut Dice, manner: Manner) -> Result<()> {
    let dirs = if manner.moves { 2 } else { 1 };
    let site = Site::with_dirs(who, dir, dirs, &[("log.segment.bytes", SEGMENT)])?;
    let mut running = site.start()?;
    let mut connection = Connection::open(&site.address())?;
    admin::create(&mut connection, TOPIC, PARTITIONS)?;
    admin::create(&mut connection, java::TOPIC, 1)?;
    let mut loads = (0..PRODUCERS).map(|n| Load::new(load::RAW, n, &mut connection)).collect::<Result<Vec<_>>>()?;
    let java = if manner.with_java { Some(java::Producer::start(&site.address(), dir)?) } else { None };
    let (mut restarts, mut moves) = (Vec::new(), moves::Moves::new(manner.moves.then(|| site.log_dirs()), dice));
    for round in 1..=rounds {
        let seeds: Vec<u64> = loads.iter().map(|_| dice.roll()).collect();
        load_and_kill(running, &mut loads, &seeds, Duration::from_millis(100 + dice.below(1400)), &mut moves)?;
        let mut remark = String::new();
        if round % 3 == 0 {
            let partition = format!("{TOPIC}-{}", dice.below(2));
            // One that was about to change places may be in neither.
            let place = site.log_dirs().into_iter().map(|dir| dir.join(&partition)).find(|place| place.is_dir());
            if let Some(place) = place {
                remark = format!("; {} behind {partition}", torn::tail(&place, dice)?);
            }
        }
        if round % 5 == 0 {
            // Killed again while it recovers.
            let recovering = site.spawn()?;
            recovering.wait(Duration::from_millis(dice.below(300)));
            recovering.kill();
        }
        running = site.start().with_context(|| format!("round {round}"))?;
        let mut connection = Connection::open(&site.address())?;
        admin::wait_served(&mut connection, TOPIC, PARTITIONS)?;
        let served = running.process.started().elapsed();
        let found = verify::raw(&mut connection, &loads).with_context(|| format!("after round {round}"))?;
        let acknowledged: u64 = loads.iter().map(Load::acknowledged).sum();
        let unanswered: u64 = loads.iter().map(Load::unanswered).sum();
        say(&format!(
            "round {round}: {acknowledged} acknowledged, {found} found, {unanswered} unanswered; served again after {} ms{remark}",
            served.as_millis()
        ));
        restarts.push(served);
    }
    // Once more without a kill: what was in flight is resent, and everything must be there.
    let stop = AtomicBool::new(false);
    run_loads(&mut loads, &site.address(), &[1; PRODUCERS], &stop, |stop| {
        pause::until(Stopwatch::start(), Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
    });
    let mut connection = Connection::open(&site.address())?;
    ensure!(loads.iter().all(|load| load.unanswered() == 0), "batches stay unanswered: {:?}", load_faults(&loads));
    let found = verify::raw(&mut connection, &loads)?;
    ensure!(found == loads.iter().map(Load::acknowledged).sum::<u64>(), "{found} records, another number acknowledged");
    if let Some(java) = java {
        say(&java.finish(&mut connection)?);
    }
    no_panic(&site)?;
    running.stop()?;
    for dir in site.log_dirs().iter().filter(|dir| moves::has_logs(dir)) {
        say(&dump::all(dir, &[])?);
    }
    if manner.moves {
        say(&moves.told());
    }
    restarts.sort();
    let middle = restarts.get(restarts.len() / 2).copied().unwrap_or_default();
    say(&format!("{rounds} rounds; half of the restarts took less than {} ms", middle.as_millis()));
    Ok(())
}

fn load_and_kill(
    running: Running,
    loads: &mut [Load],
    seeds: &[u64],
    after: Duration,
    moves: &mut moves::Moves,
) -> Result<()> {
    let (address, stop) = (running.address(), AtomicBool::new(false));
    let watch = Stopwatch::start();
    run_loads(loads, &address, seeds, &stop, |stop| {
        moves.until(&address, watch, after);
        running.kill();
        stop.store(true, Ordering::Relaxed);
    });
    let faults = load_faults(loads);
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    Ok(())
}

pub fn load_faults(loads: &[Load]) -> Vec<String> {
    loads.iter().filter_map(|load| load.fault.clone()).collect()
}

/// Everyone produces until `end` has said so.
pub fn run_loads(loads: &mut [Load], address: &str, seeds: &[u64], stop: &AtomicBool, end: impl FnOnce(&AtomicBool)) {
    std::thread::scope(|scope| {
        for (load, seed) in loads.iter_mut().zip(seeds) {
            scope.spawn(move || load.run(address, Dice::new(*seed), stop));
        }
        end(stop);
    });
}

fn no_panic(site: &Site) -> Result<()> {
    let log = site.log();
    let panic = log.lines().find(|line| line.contains("panicked at"));
    ensure!(panic.is_none(), "it panicked: {}", panic.unwrap_or_default());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the rounds are for the person at the terminal")]
fn say(text: &str) {
    println!("{text}");
}
