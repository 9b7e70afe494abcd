//! The test suites that other projects keep for their clients, each of their tests a question to the broker.

mod kgo;
mod librdkafka;
mod rust_rdkafka;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Entry;
use super::bench::Bench;
use super::options::Options;
use crate::crash::cluster::state;
use crate::kit::process::Process;
use crate::kit::{Kind, Layout};
use crate::raw::{Connection, admin};
use table::{Row, Verdict};

const SUITES: &[&dyn Suite] = &[&rust_rdkafka::RustRdkafka, &kgo::Kgo, &librdkafka::CLASSIC, &librdkafka::CONSUMER];

/// What is known not to pass may take so long in every run.
const SHORT: Duration = Duration::from_secs(60);

/// A pinned suite of somebody else, built once into the cache.
trait Suite: Sync {
    /// The word after `suite` in the names of checks.
    fn name(&self) -> &'static str;

    /// The text of its list, see [`table`].
    fn list(&self) -> &'static str;

    /// Where that list lies, for whoever must change it.
    fn path(&self) -> &'static str;

    /// Every test that it has, asked of itself.
    fn tests(&self) -> Result<Vec<String>>;

    /// The check in which this test is run: its own name, or a name that it shares with tests of the same process.
    fn check(&self, test: &'static str) -> String {
        test.to_owned()
    }

    /// The broker that it likes, and a name for it.
    fn broker(&self, check: &str) -> (&'static str, Layout);

    /// Runs the tests of one check and tells how each that it knows ended.
    fn run(&self, call: &Call<'_>) -> Result<BTreeMap<String, Outcome>>;
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// Skipping is not passing: what a broker does not advertise it does not have.
    Skipped,
    Failed,
}

/// One check, as a suite is asked to run it.
struct Call<'a> {
    check: &'a str,
    address: &'a str,
    /// Its own, for whatever it writes.
    folder: PathBuf,
    limit: Duration,
}

pub fn entries(options: &Options) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for suite in SUITES {
        entries.push(Entry::asks(format!("suite {} is listed whole", suite.name()), whole));
        let mut checks: Vec<String> = Vec::new();
        for row in rows(*suite)?.iter().filter(|row| wanted(row, options)) {
            let check = suite.check(row.test);
            if !checks.contains(&check) {
                entries.push(Entry::asks(format!("suite {} {check}", suite.name()), run));
                checks.push(check);
            }
        }
    }
    Ok(entries)
}

/// What is known not to pass yet may cost its time limit, so where that is long it is run only where someone asks for all of it, or
/// to see that Kafka passes it.
fn wanted(row: &Row, options: &Options) -> bool {
    match row.verdict {
        Verdict::Pass | Verdict::Racy => true,
        Verdict::Long => options.all,
        Verdict::NotYet => options.all || options.against == Kind::Kafka || row.limit <= SHORT,
        Verdict::NoTest | Verdict::Local => false,
    }
}

fn rows(suite: &dyn Suite) -> Result<Vec<Row>> {
    table::read(suite.list()).with_context(|| suite.path())
}

/// The suite and the rest of a check's name.
fn find(name: &str) -> Result<(&'static dyn Suite, &str)> {
    let mut words = name.splitn(3, ' ').skip(1);
    let (suite, check) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let suite = SUITES.iter().find(|it| it.name() == suite).with_context(|| format!("no suite {suite}"))?;
    Ok((*suite, check))
}

/// A test that nobody has judged must not hide in a newer version of the suite.
fn whole(_: &Bench, name: &str) -> Result<String> {
    let (suite, _) = find(name)?;
    let rows = rows(suite)?;
    let tests = suite.tests()?;
    let unlisted: Vec<&String> = tests.iter().filter(|test| rows.iter().all(|row| row.test != test.as_str())).collect();
    let gone: Vec<&str> = rows.iter().map(|row| row.test).filter(|test| tests.iter().all(|it| it != test)).collect();
    if !unlisted.is_empty() || !gone.is_empty() {
        bail!("{}: not listed: {unlisted:?}; not in the suite: {gone:?}", suite.path());
    }
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    Ok(format!(
        "{} expected to pass, {} not yet, {} that Apache Kafka fails, {} without a broker",
        count(Verdict::Pass) + count(Verdict::Racy) + count(Verdict::Long),
        count(Verdict::NotYet),
        count(Verdict::NoTest),
        count(Verdict::Local)
    ))
}

fn run(bench: &Bench, name: &str) -> Result<String> {
    let (suite, check) = find(name)?;
    let rows: Vec<Row> = rows(suite)?.into_iter().filter(|row| suite.check(row.test) == check).collect();
    let (broker, layout) = suite.broker(check);
    let limit = rows.iter().filter(|row| wanted(row, &bench.options)).map(|row| row.limit).sum();
    let folder = bench.folder(name)?;
    bench.ask(broker, layout, |side| {
        let mut call = Call { check, address: &side.address, folder, limit };
        let against = bench.options.against;
        let faults = |outcomes: &BTreeMap<String, Outcome>| -> Vec<String> {
            rows.iter().filter_map(|row| fault(row, outcomes.get(row.test), against, suite.path())).collect()
        };
        let mut seen = faults(&suite.run(&call)?);
        let racy = rows.iter().any(Row::is_racy);
        let again = racy && !seen.is_empty();
        if again {
            forget(&side.address, &rows)?;
            call.folder = bench.folder(name)?;
            seen = faults(&suite.run(&call)?);
        }
        seen.extend(side.still_runs().err().map(|error| format!("{error:#}")));
        if !seen.is_empty() {
            bail!("{}\n{}", seen.join("\n"), call.last_words());
        }
        let waiting = rows.iter().filter(|row| against == Kind::Ottla && row.verdict == Verdict::NotYet);
        let waiting = waiting.map(|row| format!("not yet: {} ({})", row.test, row.reason));
        let remarks: Vec<String> = again.then(|| "at the second try".to_owned()).into_iter().chain(waiting).collect();
        Ok(remarks.join(", "))
    })
}

/// Deletes the topics that carry a test's name: what a first try has left would be found by the second.
fn forget(address: &str, rows: &[Row]) -> Result<()> {
    let mut connection = Connection::open(address)?;
    let names: Vec<&str> = rows.iter().filter_map(|row| row.test.split_once('_')).map(|(_, name)| name).collect();
    let topics: BTreeSet<String> = state::partitions(&mut connection)?.into_keys().map(|(topic, _)| topic).collect();
    let left = topics.iter().filter(|topic| names.iter().any(|name| topic.contains(name)));
    left.into_iter().try_for_each(|topic| admin::delete(&mut connection, topic))
}

/// What is wrong with this end of a test, where something is.
fn fault(row: &Row, outcome: Option<&Outcome>, against: Kind, path: &str) -> Option<String> {
    let must_pass = match row.verdict {
        Verdict::Pass | Verdict::Racy | Verdict::Long => true,
        Verdict::NotYet => against == Kind::Kafka,
        Verdict::NoTest | Verdict::Local => return None,
    };
    let test = row.test;
    match outcome {
        Some(Outcome::Passed) if must_pass => None,
        Some(Outcome::Passed) => {
            Some(format!("{test} passes now: take it off the list, which may only shrink ({path})"))
        }
        _ if !must_pass => None,
        Some(Outcome::Skipped) => Some(format!("{test} was skipped, which is not passing")),
        Some(Outcome::Failed) => Some(format!("{test} failed")),
        None => Some(format!("{test} told no result within {:?}", row.limit)),
    }
}

impl Call<'_> {
    /// Runs a program, in the folder where it names none, until it ends or its time is over, and gives what it said.
    fn finish(&self, mut command: Command) -> Result<String> {
        if command.get_current_dir().is_none() {
            command.current_dir(&self.folder);
        }
        let process = Process::start(command, &self.log())?;
        process.wait(self.limit);
        process.kill();
        Ok(String::from_utf8_lossy(&std::fs::read(self.log())?).into_owned())
    }

    fn log(&self) -> PathBuf {
        self.folder.join("output")
    }

    /// The end of what the program said, and where the whole is.
    fn last_words(&self) -> String {
        let text = std::fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let end = lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n");
        format!("{end}\n(all of it: {})", self.log().display())
    }
}
