//! `cargo x compat`: chooses checks, starts what they need, reports.

mod bench;
mod clients;
mod cluster;
mod compaction;
mod differences;
mod differential;
mod directory;
mod dump;
mod groups;
mod kcat;
mod options;
mod page;
mod replicas;
mod schemas;
mod script;
mod scripts;
mod start;
mod state;
mod suites;

use anyhow::Result;

use crate::kit::{Check, Report};
use bench::Bench;
use options::Options;

/// A check as it stands in the list, before it is chosen.
struct Entry {
    name: String,
    /// It starts brokers on directories of its own, so it cannot judge one that runs elsewhere.
    own_directory: bool,
    run: fn(&Bench, &str) -> Result<String>,
}

impl Entry {
    /// A question to the running broker.
    fn asks(name: impl Into<String>, run: fn(&Bench, &str) -> Result<String>) -> Self {
        Self { name: name.into(), own_directory: false, run }
    }

    /// A check that starts and stops brokers itself.
    fn starts(name: impl Into<String>, run: fn(&Bench, &str) -> Result<String>) -> Self {
        Self { name: name.into(), own_directory: true, run }
    }
}

/// Runs the checks; whether all passed.
///
/// # Errors
/// Where it was asked wrongly, or what it needs to judge is missing.
#[expect(clippy::print_stdout, reason = "the report is for the person at the terminal")]
pub fn compat(words: &[String]) -> Result<bool> {
    let options = Options::read(words)?;
    let entries: Vec<Entry> = [
        directory::entries(&options),
        start::entries(),
        compaction::entries(),
        schemas::entries(),
        kcat::entries(),
        scripts::entries(&options),
        groups::entries(),
        cluster::entries(),
        replicas::entries(&options),
        differential::entries(),
        suites::entries(&options)?,
        clients::entries(&options),
    ]
    .into_iter()
    .flatten()
    .filter(|entry| options.names.is_empty() || options.names.iter().any(|part| entry.name.contains(part.as_str())))
    .collect();
    if options.list {
        entries.iter().for_each(|entry| println!("{}", entry.name));
        return Ok(true);
    }
    // Alone, before the machine is busy: it measures.
    let (timed, others): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| entry.name.starts_with("start "));
    let bench = Bench::new(&options)?;
    let report = Report::default();
    for (entries, threads) in [(timed, 1), (others, options.threads)] {
        let checks: Vec<Check<'_>> = entries
            .into_iter()
            .filter(|entry| !(entry.own_directory && options.address.is_some()))
            .map(|entry| Check::new(entry.name.as_str(), || (entry.run)(&bench, &entry.name)))
            .collect();
        report.run(&checks, threads);
    }
    let green = report.conclude();
    if options.page && bench.judges_ottla() {
        clients::write_page(&page::today())?;
    }
    if !green {
        bench.keep();
    }
    Ok(green)
}
