//! kcat's consumers (librdkafka) in a group: two share, one leaves, and nothing is read twice.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::super::Entry;
use super::super::bench::Bench;
use super::{PATIENCE, layout, until};
use crate::kit::kcat::kcat;
use crate::kit::process::Process;
use crate::raw::{Connection, admin};

const PARTITIONS: i32 = 4;
const STRATEGIES: &[&str] = &["range", "roundrobin", "cooperative-sticky"];

pub fn entries() -> Vec<Entry> {
    STRATEGIES.iter().map(|strategy| Entry::asks(format!("groups kcat {strategy}"), share)).collect()
}

fn share(bench: &Bench, name: &str) -> Result<String> {
    let folder = bench.folder(name)?;
    let strategy = name.rsplit(' ').next().context("a strategy")?;
    bench.ask("groups", layout(), |side| {
        let topic = format!("kcat-{strategy}");
        admin::create(&mut Connection::open(&side.address)?, &topic, PARTITIONS)?;
        let member = |name| Member::start(name, &side.address, &folder, &topic, strategy);
        let mut written = Written::default();
        let first = member("first")?;
        written.more(&side.address, &topic)?;
        has(&[&first], &written)?;
        let second = member("second")?;
        let both = [&first, &second];
        // Which member has what is seen by who reads what.
        until(
            "both read",
            || {
                let (mine, its) = (first.read()?.len(), second.read()?.len());
                written.more(&side.address, &topic)?;
                has(&both, &written)?;
                Ok(first.read()?.len() > mine && second.read()?.len() > its)
            },
            || format!("{} from the second", second.read().map_or(0, |read| read.len())),
        )?;
        first.stop()?;
        written.more(&side.address, &topic)?;
        has(&both, &written)?;
        second.stop()?;
        let third = member("third")?;
        written.more(&side.address, &topic)?;
        has(&[&first, &second, &third], &written)?;
        third.stop()?;
        let all: Vec<String> = [first, second, third].iter().map(Member::read).collect::<Result<Vec<_>>>()?.concat();
        ensure!(all.len() == written.values.len(), "{} of {} were read", all.len(), written.values.len());
        Ok(format!("{} records, each once", all.len()))
    })
}

/// Waits until these have read all.
fn has(members: &[&Member], written: &Written) -> Result<()> {
    let read = || members.iter().map(|it| it.read()).collect::<Result<Vec<_>>>().map(|all| all.concat());
    let all = || Ok(read()?.into_iter().collect::<BTreeSet<_>>() == written.values);
    until("all is read", all, || format!("{} of {}", read().map_or(0, |it| it.len()), written.values.len()))
}

/// All that was written so far.
#[derive(Default)]
struct Written {
    values: BTreeSet<String>,
}

impl Written {
    /// A few records for each partition.
    fn more(&mut self, address: &str, topic: &str) -> Result<()> {
        for partition in 0..PARTITIONS {
            let mut input = String::new();
            for _ in 0..5 {
                let value = format!("value {}", self.values.len());
                writeln!(input, "{value}")?;
                self.values.insert(value);
            }
            kcat(address, &["-P", "-t", topic, "-p", &partition.to_string()], input.as_bytes())?.ok()?;
        }
        Ok(())
    }
}

struct Member {
    process: Process,
    said: PathBuf,
}

impl Member {
    fn start(name: &str, address: &str, folder: &Path, topic: &str, strategy: &str) -> Result<Self> {
        let mut kcat = Command::new("kcat");
        kcat.args(["-b", address, "-G", topic, "-u", "-f", "%s\\n"]);
        for setting in [
            "session.timeout.ms=6000",
            "heartbeat.interval.ms=300",
            "auto.offset.reset=earliest",
            &format!("partition.assignment.strategy={strategy}"),
        ] {
            kcat.args(["-X", setting]);
        }
        kcat.arg(topic);
        let said = folder.join(format!("{name}.txt"));
        Ok(Self { process: Process::start(kcat, &said)?, said })
    }

    fn stop(&self) -> Result<()> {
        self.process.terminate(PATIENCE).map(drop)
    }

    /// The values it has read so far; its own words begin with `%`.
    fn read(&self) -> Result<Vec<String>> {
        let said = std::fs::read_to_string(&self.said)?;
        // The last line may be half written.
        let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
        Ok(whole.lines().filter(|line| line.starts_with("value ")).map(str::to_owned).collect())
    }
}
