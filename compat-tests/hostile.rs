//! `cargo x hostile`: clients that mean harm, beside honest ones that must not notice.

mod batches;
mod bombs;
mod honest;
mod mutate;
mod plays;
pub mod seeds;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::contender::{Name, Running, Site};
use crate::bench::throughput;
use crate::dice::Dice;
use crate::kit::{Check, Report, Scratch, Stopwatch, stopwatch};
use crate::options::Options;
use crate::pause;
use crate::raw::{Connection, admin};
use honest::{Kcat, Raw};
use plays::Stage;

/// The topic that harm is done to; the honest have one of their own.
pub const TOPIC: &str = "hostile";
const FILL: u64 = 64 << 20;
/// Sockets of the broker's own, and those that are still being closed.
const SOCKETS_LEFT: usize = 40;

/// Plays for a while and prints what became of the broker and of the honest; whether all was well.
///
/// `--seconds N` (20), `--quick` (8), `--connections N` (200), `--idle N` (2000), `--seed N`, `--play NAME` only that
/// play, `--mib N` the most resident memory (256), `--max-ms N` the longest an honest client may wait (2000),
/// `--against kafka`.
///
/// # Errors
/// Where it was asked wrongly, or what it needs is missing.
pub fn hostile(words: &[String]) -> Result<bool> {
    let keys = ["seconds", "connections", "idle", "seed", "play", "mib", "max-ms", "against"];
    let options = Options::read(words, &["quick"], &keys)?;
    let seconds = options.number("seconds", if options.has("quick") { 8 } else { 20 })?;
    let connections = options.number("connections", 200)?;
    let idle = options.number("idle", 2000)?;
    let seed = options.number("seed", stopwatch::now_ms())?;
    let (most_mib, max_ms) = (options.number("mib", 256)?, options.number("max-ms", 2000)?);
    let who = Name::read(options.value("against").unwrap_or("ottla"))?;
    raise_open_files()?;

    let scratch = Scratch::new("hostile")?;
    let site = Site::new(who, scratch.path(), &[])?;
    let running = site.start()?;
    let mut connection = Connection::open(&site.address())?;
    for (topic, partitions) in [(TOPIC, 4), (honest::TOPIC, 1), (honest::KCAT_TOPIC, 1)] {
        admin::create(&mut connection, topic, partitions)?;
    }
    throughput::produce(&site.address(), TOPIC, 4, FILL)?;
    let (resident, _) = running.process.resident_kib()?;
    say(&format!("{}, seed {seed}, {connections} connections, {} MiB before", who.text(), resident >> 10));

    let stage = Stage::new(&site.address(), options.value("play"))?;
    let (stop, played) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut raw = Raw::default();
    let mut kcat = Kcat::default();
    std::thread::scope(|scope| {
        for n in 0..connections {
            let (stage, stop, played) = (&stage, &stop, &played);
            scope.spawn(move || {
                let mut dice = Dice::new(seed.wrapping_add(n));
                while !stop.load(Ordering::Relaxed) {
                    stage.play(&mut dice, stop);
                    played.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| plays::idle(&site.address(), idle, &stop));
        scope.spawn(|| raw.run(&site.address(), &stop));
        scope.spawn(|| kcat.run(&site.address(), &stop));
        pause::until(Stopwatch::start(), Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
    });
    let (_, height) = running.process.resident_kib().unwrap_or_default();
    say(&format!("{} plays: {}", played.into_inner(), stage.tally()));

    let report = Report::default();
    let checks = [
        Check::new("it lives, and did not panic", || lives(&running)),
        Check::new("an honest client sees no error, and waits not long", || raw.judge(Duration::from_millis(max_ms))),
        Check::new("kcat beside them sees no error", || kcat.judge()),
        Check::new("resident memory stays bounded", || {
            let mib = height >> 10;
            // Of Kafka it is only told.
            ensure!(mib > 0 && (mib <= most_mib || who != Name::Ottla), "{mib} MiB, more than {most_mib}");
            Ok(format!("{mib} MiB at most"))
        }),
        Check::new("afterwards everything is there and works", || raw.afterwards(&site.address())),
        Check::new("connections that ended are forgotten", || forgotten(&running)),
    ];
    report.run(&checks, 1);
    let well = report.conclude();
    if !well {
        scratch.keep();
        say(&format!("seed {seed}; the directory is left: {}", scratch.path().display()));
    }
    Ok(well)
}

fn lives(running: &Running) -> Result<String> {
    let ended = running.process.wait(Duration::from_millis(1));
    ensure!(ended.is_none(), "it ended with {ended:?}: {}", running.process.last_words());
    let log = running.site.log();
    let panic = log.lines().find(|line| line.contains("panicked at") || line.contains("OutOfMemoryError"));
    ensure!(panic.is_none(), "{}", panic.unwrap_or_default());
    Ok(format!("{} KiB of log", log.len() >> 10))
}

/// The broker holds few sockets some seconds after everyone has left.
fn forgotten(running: &Running) -> Result<String> {
    let since = Stopwatch::start();
    loop {
        let of = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_link(entry.ok()?.path()).ok();
        let open = std::fs::read_dir(format!("/proc/{}/fd", running.process.pid()))?.filter_map(of);
        let sockets = open.filter(|path| path.to_string_lossy().starts_with("socket:")).count();
        if sockets <= SOCKETS_LEFT {
            return Ok(format!("{sockets} sockets left after {} ms", since.elapsed().as_millis()));
        }
        ensure!(since.left_of(Duration::from_secs(10)).is_some(), "{sockets} sockets are still open");
        pause::short();
    }
}

/// Thousands of idle connections need as many descriptors, of which the system gives too few at first.
fn raise_open_files() -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

#[expect(clippy::print_stdout, reason = "the report is for the person at the terminal")]
fn say(text: &str) {
    println!("{text}");
}
