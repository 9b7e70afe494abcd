//! VerifiableConsumers under VerifiableProducer's load: members join, are killed, are replaced and leave; every record is read,
//! committed offsets never go back, and partitions never stay without an owner.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::Entry;
use super::super::bench::Bench;
use super::member::{Member, Owned, Read};
use super::watch::Watch;
use super::{PATIENCE, layout, until};
use crate::kit::jars;
use crate::kit::process::Process;
use crate::raw::batch::batch;
use crate::raw::{Connection, admin, frames};

const PARTITIONS: i32 = 6;

/// What members of each kind are started with: the protocol, and its assignor.
const KINDS: &[(&str, &[&str])] = &[
    ("classic range", &["classic", "--assignment-strategy", "org.apache.kafka.clients.consumer.RangeAssignor"]),
    (
        "classic cooperative",
        &["classic", "--assignment-strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"],
    ),
    ("consumer uniform", &["consumer", "--group-remote-assignor", "uniform"]),
    ("consumer range", &["consumer", "--group-remote-assignor", "range"]),
];

pub fn entries() -> Vec<Entry> {
    KINDS.iter().map(|(kind, _)| Entry::asks(format!("groups VerifiableConsumer {kind}"), lives)).collect()
}

fn lives(bench: &Bench, name: &str) -> Result<String> {
    let folder = bench.folder(name)?;
    let (kind, words) = KINDS.iter().find(|(kind, _)| name.ends_with(kind)).context("no such kind")?;
    bench.ask("groups", layout(), |side| {
        let topic = format!("live-{}", kind.replace(' ', "-"));
        let mut connection = Connection::open(&side.address)?;
        admin::create(&mut connection, &topic, PARTITIONS)?;
        let stage = Stage { address: &side.address, folder: &folder, topic: &topic, words };
        let told = stage.play(&mut connection)?;
        side.still_runs()?;
        Ok(told)
    })
}

/// Where members work.
struct Stage<'a> {
    address: &'a str,
    folder: &'a Path,
    topic: &'a str,
    words: &'a [&'a str],
}

impl Stage<'_> {
    fn member(&self, name: &'static str, instance: Option<&str>) -> Result<Member> {
        let mut words = [&["--group-protocol"], self.words].concat();
        words.extend(instance.iter().flat_map(|instance| ["--group-instance-id", instance]));
        if self.words.first() == Some(&"classic") {
            // Only a dynamic one is killed; a static one's successor needs a JVM's start.
            words.extend(["--session-timeout", if instance.is_none() { "6000" } else { "30000" }]);
        }
        Member::start(name, self.address, self.folder, self.topic, self.topic, &words)
    }

    fn play(&self, connection: &mut Connection) -> Result<String> {
        let load = Load::start(self)?;
        let watch = Watch::start(self.address, self.topic)?;
        let (a, b) = (self.member("a", None)?, self.member("b", None)?);
        let s = self.member("static", Some("instance"))?;
        shared("three members share", &[&a, &b, &s])?;
        let c = self.member("c", None)?;
        shared("a fourth has its share", &[&a, &b, &s, &c])?;
        b.kill();
        shared("the others have what a killed one had", &[&a, &s, &c])?;

        // Its successor comes within its session, and nobody else is told anything.
        let before = [&a, &s, &c].map(Member::owned).into_iter().collect::<Result<Vec<Owned>>>()?;
        s.stop()?;
        let t = self.member("static-again", Some("instance"))?;
        shared("the static member's successor has what it had", &[&a, &t, &c])?;
        let after = [&a, &t, &c].map(Member::owned).into_iter().collect::<Result<Vec<Owned>>>()?;
        let told = |owned: &[Owned]| [owned[0].clone(), owned[2].clone()];
        ensure!(told(&before) == told(&after), "a static member's return was a rebalance: {before:?}, then {after:?}");
        ensure!(before[1].now == after[1].now, "a static member's successor has something else: {before:?}, {after:?}");

        a.stop()?;
        shared("the others have what one left", &[&t, &c])?;
        let acknowledged = load.finish()?;
        let ends = self.committed(connection, &watch)?;
        t.stop()?;
        c.stop()?;
        let looks = watch.finish()?;
        let mut read = Vec::new();
        for member in [&a, &b, &c, &s, &t] {
            read.extend(member.read()?);
        }
        let twice = whole(read, &ends)?;
        let total: i64 = ends.values().sum();
        ensure!(acknowledged.iter().all(|(part, offset)| ends.get(part) > Some(offset)), "acknowledged, and not there");
        ensure!(i64::try_from(acknowledged.len())? <= total, "{} were acknowledged", acknowledged.len());
        Ok(format!("{total} records, {twice} read twice, {looks} looks at the offsets"))
    }

    /// Waits until all is committed, and gives the ends.
    fn committed(&self, connection: &mut Connection, watch: &Watch) -> Result<BTreeMap<i32, i64>> {
        let mut ends = BTreeMap::new();
        let mut looks = 0;
        let all = || {
            // A commit within a rebalance is refused, and the tool commits only what it reads.
            if looks % 200 == 0 {
                let one = batch(std::iter::once(&b"one more"[..]), None, 1)?;
                let all: Vec<(i32, &[u8])> = (0..PARTITIONS).map(|part| (part, one.as_slice())).collect();
                connection.exchange(frames::produce(self.topic, -1, &all)?)?;
                let told = admin::end_offsets(connection, self.topic, PARTITIONS)?;
                ends = (0..).zip(told.into_iter().flatten()).collect();
            }
            looks += 1;
            Ok(watch.last() == ends)
        };
        until("all is committed", all, || format!("{:?}", watch.last()))?;
        Ok(ends)
    }
}

/// Waits until each partition has one owner, and each of these has some.
fn shared(what: &str, members: &[&Member]) -> Result<()> {
    let all: Vec<i32> = (0..PARTITIONS).collect();
    let holds = || -> Result<bool> {
        let mut owned = Vec::new();
        for member in members {
            let its = member.owned()?.now;
            if its.is_empty() {
                return Ok(false);
            }
            owned.extend(its);
        }
        owned.sort_unstable();
        Ok(owned == all)
    };
    let seen = || {
        let told = members.iter().map(|it| format!("{} {:?}", it.name, it.owned().map(|owned| owned.now)));
        told.collect::<Vec<_>>().join(", ")
    };
    until(what, holds, seen)
}

/// How many records were read more than once.
///
/// # Errors
/// With the first that nobody read.
pub fn whole(mut read: Vec<Read>, ends: &BTreeMap<i32, i64>) -> Result<i64> {
    read.sort_unstable();
    let mut next: BTreeMap<i32, i64> = ends.keys().map(|part| (*part, 0)).collect();
    let mut twice = 0;
    for (part, first, last) in read {
        let next = next.get_mut(&part).context("a partition that is not there")?;
        ensure!(first <= *next, "nobody read offsets {next} to {} of partition {part}", first - 1);
        twice += (*next).min(last + 1) - first;
        *next = (*next).max(last + 1);
    }
    ensure!(&next == ends, "read was up to {next:?} of {ends:?}");
    Ok(twice)
}

/// VerifiableProducer at work.
struct Load {
    process: Process,
    said: std::path::PathBuf,
}

impl Load {
    fn start(stage: &Stage<'_>) -> Result<Self> {
        let mut java = jars::ensure()?.java(96, "ERROR");
        java.arg("org.apache.kafka.tools.VerifiableProducer").args([
            "--bootstrap-server",
            stage.address,
            "--topic",
            stage.topic,
            "--acks",
            "-1",
            "--throughput",
            "500",
        ]);
        let said = stage.folder.join("producer.txt");
        Ok(Self { process: Process::start(java, &said)?, said })
    }

    /// Partition and offset of each record that was acknowledged.
    fn finish(self) -> Result<BTreeSet<(i32, i64)>> {
        self.process.terminate(PATIENCE)?;
        let said = std::fs::read_to_string(&self.said)?;
        let mut acknowledged = BTreeSet::new();
        for line in said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            ensure!(line["name"] != "producer_send_error", "a record was refused: {line}");
            if line["name"] == "producer_send_success" {
                let part = i32::try_from(line["partition"].as_i64().context("no partition")?)?;
                acknowledged.insert((part, line["offset"].as_i64().context("no offset")?));
            }
        }
        ensure!(!acknowledged.is_empty(), "nothing was acknowledged:\n{}", self.process.last_words());
        Ok(acknowledged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_read_is_found_and_what_two_read_is_counted() {
        let ends = BTreeMap::from([(0, 10), (1, 0)]);
        assert_eq!(whole(vec![(0, 4, 9), (0, 0, 5)], &ends).unwrap(), 2);
        assert_eq!(whole(vec![(0, 0, 9), (0, 2, 3)], &ends).unwrap(), 2);
        assert!(whole(vec![(0, 0, 3), (0, 5, 9)], &ends).is_err());
        assert!(whole(vec![(0, 0, 8)], &ends).is_err());
    }
}
