//! `cargo x bench`: Ottla, Apache Kafka and the floor side by side, in rounds that take turns, medians and ratios at the end.

mod commits;
pub mod compaction;
pub mod contender;
pub mod floor;
mod javas;
mod latency;
mod members;
mod offsets;
mod replicated;
mod rows;
mod sheet;
mod three;
pub mod throughput;
mod wide;

use anyhow::{Context, Result, bail};

use crate::kit::Scratch;
use crate::options::Options;
pub use contender::Name;
use rows::{Plan, Row};
use sheet::Sheet;

/// Prints a table and writes it as JSON; whether the aims are met, where `--assert` asks.
///
/// `--quick` is small enough for every change, `--only produce,start` takes rows by the start of their names,
/// `--against ottla,floor` leaves contenders out, `--rounds N` (3; quick 1), `--json FILE` (`target/bench.json`). `--wide N` is how many partitions the row
/// of that name has, in hundreds (1000; quick 600).
///
/// # Errors
/// Where it was asked wrongly, or a contender fails.
pub fn bench(words: &[String]) -> Result<bool> {
    let options =
        Options::read(words, &["quick", "assert"], &["only", "against", "rounds", "json", "mib", "seconds", "wide"])?;
    let quick = options.has("quick");
    let plan = Plan {
        rounds: options.number("rounds", if quick { 1 } else { 3 })?,
        mib: options.number("mib", if quick { 256 } else { 2048 })?,
        seconds: options.number("seconds", if quick { 4 } else { 20 })?,
        partitions: if quick { 200 } else { 1000 },
        members: if quick { 50 } else { 500 },
        groups: if quick { 300 } else { 10_000 },
        offsets: if quick { 50_000 } else { 1_000_000 },
        wide: i32::try_from(options.number("wide", if quick { 600 } else { 1000 })?)?,
        keys: if quick { 300_000 } else { 5_000_000 },
    };
    let wanted: Vec<&str> = options.value("only").map_or(Vec::new(), |only| only.split(',').collect());
    let rows: Vec<Row> = Row::ALL
        .iter()
        .copied()
        .filter(|row| wanted.is_empty() || wanted.iter().any(|start| row.name().starts_with(start)))
        .collect();
    if rows.is_empty() {
        bail!("no such rows: {wanted:?}; there are {:?}", Row::ALL.map(Row::name));
    }
    let contenders = match options.value("against") {
        Some(names) => names.split(',').map(Name::read).collect::<Result<Vec<_>>>()?,
        None => Name::ALL.to_vec(),
    };
    let scratch = Scratch::new("bench")?;
    let mut sheet = Sheet::default();
    rows::run(scratch.path(), &plan, &rows, &contenders, &mut sheet)?;
    show(&sheet.markdown());
    let json = match options.value("json") {
        Some(path) => path.into(),
        None => crate::kit::home::checkout()?.join("target/bench.json"),
    };
    if let Some(folder) = json.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    std::fs::write(&json, serde_json::to_vec_pretty(&sheet.json())?)
        .with_context(|| format!("cannot write {}", json.display()))?;
    let missed = sheet.missed();
    if !options.has("assert") {
        show(&format!("{} aims missed; figures in {}", missed.len(), json.display()));
        return Ok(true);
    }
    for aim in &missed {
        show(&format!("missed: {aim}"));
    }
    let aims = sheet.aims();
    show(&format!("{} passed, {} failed", aims - missed.len(), missed.len()));
    Ok(missed.is_empty() && aims > 0)
}

#[expect(clippy::print_stdout, reason = "the table is for the person at the terminal")]
fn show(text: &str) {
    println!("{text}");
}
