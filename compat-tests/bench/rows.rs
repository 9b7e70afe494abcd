//! The rows, and the rounds in which contenders take turns.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::commits::{Turns, What, measure};
use super::contender::{Name, Running, Site};
use super::latency::Pace;
use super::sheet::{Aim, Sheet, Unit};
use super::{compaction, javas, latency, members, offsets, replicated, throughput, wide};
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::{Connection, admin, frames};

pub const NOT_WORSE: Aim = Aim::AtLeast(1.0);
pub const NOT_MORE: Aim = Aim::AtMost(1.0);
const A_TENTH: Aim = Aim::AtMost(0.1);
const A_TWENTIETH: Aim = Aim::AtMost(0.05);
/// Clients of the rows with many.
const MANY: usize = 32;
pub const GIB: f64 = (1u64 << 30) as f64;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub rounds: u64,
    /// Of each produce and consume row.
    pub mib: u64,
    /// Of each latency row.
    pub seconds: u64,
    pub partitions: i32,
    /// Of a cluster that starts and loses a node.
    pub wide: i32,
    /// Of the large group.
    pub members: usize,
    /// How many small groups.
    pub groups: usize,
    /// Committed offsets to be loaded.
    pub offsets: usize,
    /// Keys of a log that is compacted.
    pub keys: u64,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    One,
    Twelve,
    Slow,
    Fast,
    Memory,
    Start,
    Tools,
    Commits,
    Join,
    Groups,
    Offsets,
    Compaction,
    Replicated,
    Wide,
}

impl Row {
    pub const ALL: [Self; 14] = [
        Self::One,
        Self::Twelve,
        Self::Slow,
        Self::Fast,
        Self::Memory,
        Self::Start,
        Self::Tools,
        Self::Commits,
        Self::Join,
        Self::Groups,
        Self::Offsets,
        Self::Compaction,
        Self::Replicated,
        Self::Wide,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::One => "load-1",
            Self::Twelve => "load-12",
            Self::Slow => "latency-1000",
            Self::Fast => "latency-20000",
            Self::Memory => "memory",
            Self::Start => "start",
            Self::Tools => "tools",
            Self::Commits => "commits",
            Self::Join => "join",
            Self::Groups => "groups",
            Self::Offsets => "offsets",
            Self::Compaction => "compaction",
            Self::Replicated => "replicated",
            Self::Wide => "wide",
        }
    }
}

/// Runs these rows of these contenders.
///
/// # Errors
/// Where a contender fails: a figure of one that does would mean nothing.
pub fn run(dir: &Path, plan: &Plan, rows: &[Row], contenders: &[Name], sheet: &mut Sheet) -> Result<()> {
    let alone = [Row::Start, Row::Groups, Row::Offsets, Row::Compaction, Row::Replicated, Row::Wide];
    let loads: Vec<Row> = rows.iter().copied().filter(|row| !alone.contains(row)).collect();
    if !loads.is_empty() {
        under_load(dir, plan, &loads, contenders, sheet)?;
    }
    let brokers: Vec<Name> = contenders.iter().copied().filter(|who| *who != Name::Floor).collect();
    for who in brokers.iter().copied() {
        if rows.contains(&Row::Groups) {
            crowd(&dir.join("groups"), plan, who, sheet).with_context(|| who.text())?;
        }
        if rows.contains(&Row::Offsets) {
            let dir = dir.join("offsets");
            let aim = Aim::NoMoreAndUnder(3000.0);
            offsets::loads(&dir, plan.offsets, plan.rounds, who, aim, sheet).with_context(|| who.text())?;
        }
    }
    if rows.contains(&Row::Compaction) {
        for who in brokers.iter().copied() {
            compaction::passes(&dir.join("compaction"), plan.keys, plan.rounds, who, sheet)
                .with_context(|| who.text())?;
        }
    }
    if rows.contains(&Row::Replicated) {
        replicated::rounds(&dir.join("replicated"), plan, &brokers, sheet)?;
    }
    if rows.contains(&Row::Wide) {
        wide::rounds(&dir.join("wide"), plan, &brokers, sheet)?;
    }
    if rows.contains(&Row::Start) {
        for round in 0..plan.rounds {
            for who in brokers.iter().copied() {
                starts(&dir.join(format!("start-{round}")), plan, who, sheet).with_context(|| who.text())?;
            }
        }
    }
    Ok(())
}

fn under_load(dir: &Path, plan: &Plan, rows: &[Row], contenders: &[Name], sheet: &mut Sheet) -> Result<()> {
    let mut running = Vec::new();
    for who in contenders {
        let it = Site::new(*who, dir, &[])?.start().with_context(|| who.text())?;
        // Threads and caches of the start settle.
        pause::until(it.process.started(), it.ready + Duration::from_secs(2));
        memory(&it, rows, "memory idle", sheet)?;
        running.push(it);
    }
    let mut warm = Sheet::default();
    let less = Plan { mib: plan.mib.min(256), seconds: 1, ..*plan };
    for it in &running {
        for row in rows.iter().filter(|row| !matches!(row, Row::Tools | Row::Join)) {
            one(it, *row, &less, "warm", &mut warm).with_context(|| it.site.name.text())?;
        }
    }
    for round in 0..plan.rounds {
        for row in rows {
            for it in &running {
                // What was written before must not be paid for by the next.
                rustix::fs::sync();
                one(it, *row, plan, &round.to_string(), sheet)
                    .with_context(|| format!("{}: {}", it.site.name.text(), row.name()))?;
            }
        }
    }
    for it in running {
        memory(&it, rows, "memory after load", sheet)?;
        it.stop()?;
    }
    Ok(())
}

fn memory(it: &Running, rows: &[Row], title: &str, sheet: &mut Sheet) -> Result<()> {
    if rows.contains(&Row::Memory) {
        let (now, _) = it.process.resident_kib()?;
        sheet.add(title, Unit::Mib, A_TENTH, it.site.name, now as f64 / 1024.0);
    }
    Ok(())
}

fn one(it: &Running, row: Row, plan: &Plan, round: &str, sheet: &mut Sheet) -> Result<()> {
    let topic = format!("{}-{round}", row.name());
    let partitions = match row {
        Row::Twelve => 12,
        Row::Commits => MANY as i32,
        _ => 1,
    };
    let has_topics = it.site.name != Name::Floor;
    if matches!(row, Row::Tools | Row::Commits | Row::Join) && !has_topics {
        return Ok(());
    }
    if has_topics && row != Row::Memory {
        admin::create(&mut Connection::open(&it.address())?, &topic, partitions)?;
    }
    match row {
        Row::One | Row::Twelve => load(it, &topic, partitions, plan.mib << 20, sheet)?,
        Row::Slow => percentiles(it, &topic, 1000, plan.seconds, sheet)?,
        Row::Fast => percentiles(it, &topic, 20_000, plan.seconds, sheet)?,
        // Without any other row there would be no load to have memory after.
        Row::Memory => memory_load(it, plan, &topic, has_topics)?,
        Row::Start | Row::Groups | Row::Offsets | Row::Compaction | Row::Replicated | Row::Wide => (),
        Row::Commits => paces(it, &topic, plan.seconds, sheet)?,
        Row::Join => {
            let took = members::gather(&it.address(), &topic, plan.members)?;
            let title = format!("a group of {} becomes stable", plan.members);
            sheet.add(&title, Unit::Milliseconds, NOT_MORE, it.site.name, took.as_secs_f64() * 1000.0);
        }
        Row::Tools => {
            let records = plan.mib << 10;
            let produced = javas::produce(&it.address(), &topic, records)?;
            sheet.add("ProducerPerformance", Unit::MegabytesPerSecond, NOT_WORSE, it.site.name, produced);
        }
    }
    if has_topics && row != Row::Memory {
        admin::delete(&mut Connection::open(&it.address())?, &topic)?;
    }
    Ok(())
}

fn memory_load(it: &Running, plan: &Plan, topic: &str, has_topics: bool) -> Result<()> {
    if has_topics {
        admin::create(&mut Connection::open(&it.address())?, topic, 12)?;
    }
    let (_, bytes) = throughput::produce(&it.address(), topic, 12, plan.mib << 20)?;
    throughput::consume(&it.address(), topic, 12, bytes)?;
    if has_topics {
        admin::delete(&mut Connection::open(&it.address())?, topic)?;
    }
    Ok(())
}

fn load(it: &Running, topic: &str, partitions: i32, bytes: u64, sheet: &mut Sheet) -> Result<()> {
    let mut report = |what: &str, (took, bytes): (Duration, u64), cpu: Duration| {
        let (who, bytes) = (it.site.name, bytes as f64);
        let title = format!("{what}, {partitions} partition{}", if partitions == 1 { "" } else { "s" });
        sheet.add(&title, Unit::MegabytesPerSecond, NOT_WORSE, who, bytes / 1e6 / took.as_secs_f64());
        let cpu = cpu.as_secs_f64() / (bytes / GIB);
        sheet.add(&format!("{title}, CPU"), Unit::CpuSecondsPerGib, NOT_MORE, who, cpu);
    };
    let before = it.process.cpu()?;
    let produced = throughput::produce(&it.address(), topic, partitions, bytes)?;
    let between = it.process.cpu()?;
    report("produce", produced, between - before);
    rustix::fs::sync();
    let between = it.process.cpu()?;
    let consumed = throughput::consume(&it.address(), topic, partitions, produced.1)?;
    report("consume", consumed, it.process.cpu()? - between);
    Ok(())
}

fn percentiles(it: &Running, topic: &str, rate: u64, seconds: u64, sheet: &mut Sheet) -> Result<()> {
    let pace = Pace { topic, partition: 0, rate, linger_ms: 1 };
    let histogram = latency::measure(&it.address(), pace, seconds)?;
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
        let millis = histogram.value_at_quantile(quantile) as f64 / 1000.0;
        sheet.add(&format!("{name} at {rate} rec/s"), Unit::Milliseconds, NOT_MORE, it.site.name, millis);
    }
    Ok(())
}

/// Commits, and small produces beside them.
fn paces(it: &Running, topic: &str, seconds: u64, sheet: &mut Sheet) -> Result<()> {
    let groups = (0..MANY).map(|n| format!("committer-{n}"));
    let mut connection = Connection::open(&it.address())?;
    for group in groups {
        admin::coordinator(&mut connection, &group)?;
    }
    for (clients, how) in [((1, 1), "1 client"), ((1, 16), "1 client, 16 in flight"), ((MANY, 1), "32 clients")] {
        let mut rows = [
            // A commit's record has some 100 bytes.
            (What::Commit, "commit", Turns::new()?),
            (What::Produce(100), "produce of 100 B", Turns::new()?),
            (What::Produce(1024), "produce of 1 KiB", Turns::new()?),
        ];
        // In short turns, for what else the machine does weighs as much as what is compared.
        for _ in 0..seconds.div_ceil(4) {
            for (what, _, turns) in &mut rows {
                turns.add(&measure(it, topic, *what, clients)?)?;
            }
        }
        for (_, one, turns) in &rows {
            let title = format!("{one}, {how}");
            sheet.add(&title, Unit::PerSecond, NOT_WORSE, it.site.name, turns.per_second());
            let p99 = turns.latency.value_at_quantile(0.99) as f64 / 1000.0;
            sheet.add(&format!("{title}, p99"), Unit::Milliseconds, NOT_MORE, it.site.name, p99);
            sheet.add(&format!("{title}, CPU"), Unit::CpuMicroseconds, NOT_MORE, it.site.name, turns.cpu_us());
        }
        let [(_, _, commits), produces @ ..] = &rows;
        for (_, one, turns) in produces {
            let title = format!("commit against {one}, {how}, CPU");
            sheet.add(&title, Unit::Times, NOT_MORE, it.site.name, commits.cpu_us() / turns.cpu_us());
        }
    }
    Ok(())
}

/// Many small groups in one broker.
fn crowd(dir: &Path, plan: &Plan, who: Name, sheet: &mut Sheet) -> Result<()> {
    let running = Site::new(who, dir, &[])?.start()?;
    pause::until(running.process.started(), running.ready + Duration::from_secs(2));
    let crowd = members::crowd(&running, plan.groups, plan.seconds.div_ceil(4))?;
    let many = format!("{} groups of 3", plan.groups);
    sheet.add(&format!("memory of {many}"), Unit::Mib, NOT_MORE, who, crowd.kib as f64 / 1024.0);
    sheet.add(&format!("heartbeats in {many}"), Unit::PerSecond, NOT_WORSE, who, crowd.beats_per_second);
    let cpu = crowd.cpu.as_secs_f64() * 1e6;
    sheet.add(&format!("a heartbeat in {many}, CPU"), Unit::CpuMicroseconds, NOT_MORE, who, cpu);
    running.stop()?;
    Ok(())
}

/// Starts on an empty directory, with many partitions after SIGTERM, and with the same after SIGKILL.
fn starts(dir: &Path, plan: &Plan, who: Name, sheet: &mut Sheet) -> Result<()> {
    let millis = |took: Duration| took.as_secs_f64() * 1000.0;
    let running = Site::new(who, dir, &[])?.start()?;
    sheet.add("start, empty directory", Unit::Milliseconds, A_TWENTIETH, who, millis(running.ready));
    let many = format!("{} partitions", plan.partitions);
    let topics: Vec<String> = (0..plan.partitions / 100).map(|n| format!("many-{n}")).collect();
    let mut connection = Connection::open(&running.address())?;
    let batch = throughput::filled(16)?;
    for topic in &topics {
        admin::create(&mut connection, topic, 100)?;
        let parts: Vec<(i32, &[u8])> = (0..100).map(|n| (n, batch.as_slice())).collect();
        let (_, parts) = frames::produced(connection.exchange(frames::produce(topic, -1, &parts)?)?)?;
        anyhow::ensure!(parts.iter().all(|(_, code, _)| *code == 0), "Produce answered an error");
    }
    let (resident, _) = running.process.resident_kib()?;
    sheet.add(&format!("memory, {many}"), Unit::Mib, A_TENTH, who, resident as f64 / 1024.0);
    let (site, _) = running.stop()?;
    let mut site = site;
    for (end, start) in [("SIGTERM", "start after SIGTERM"), ("SIGKILL", "start after SIGKILL")] {
        let running = site.start()?;
        let served = served(&running, &topics)?;
        sheet.add(&format!("{start}, {many}"), Unit::Milliseconds, A_TWENTIETH, who, millis(running.ready));
        sheet.add(&format!("{start}, {many}, all serving"), Unit::Milliseconds, A_TWENTIETH, who, millis(served));
        site = if end == "SIGTERM" { running.kill() } else { running.stop()?.0 };
    }
    Ok(())
}

/// From the start of the process until every partition answers with what was written into it.
fn served(running: &Running, topics: &[String]) -> Result<Duration> {
    let patience = Stopwatch::start();
    let mut connection = Connection::open(&running.address())?;
    for topic in topics {
        loop {
            let ends = admin::end_offsets(&mut connection, topic, 100)?;
            if ends.iter().all(|end| *end == Some(16)) {
                break;
            }
            anyhow::ensure!(patience.left_of(Duration::from_secs(60)).is_some(), "{topic} has offsets {ends:?}");
            pause::short();
        }
    }
    Ok(running.process.started().elapsed())
}
