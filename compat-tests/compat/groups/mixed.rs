//! A group goes from the classic to the consumer protocol and back, member by member, and everything is read.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use kafka_protocol::messages::ListGroupsRequest;

use super::super::Entry;
use super::super::bench::Bench;
use super::member::Member;
use super::verifiable::whole;
use super::{layout, until};
use crate::raw::batch::batch;
use crate::raw::{Connection, admin, frames};

const PARTITIONS: i32 = 6;

/// What the members of each protocol are started with, by the assignor that classic ones have.
const KINDS: &[(&str, &str)] = &[
    ("range", "org.apache.kafka.clients.consumer.RangeAssignor"),
    ("cooperative", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"),
];

pub fn entries() -> Vec<Entry> {
    KINDS.iter().map(|(kind, _)| Entry::asks(format!("groups migration {kind}"), migrates)).collect()
}

fn migrates(bench: &Bench, name: &str) -> Result<String> {
    let folder = bench.folder(name)?;
    let assignor = KINDS.iter().find(|(kind, _)| name.ends_with(kind)).map_or("", |(_, assignor)| assignor);
    let topic = name.replace(' ', "-");
    bench.ask("groups", layout(), |side| {
        let mut connection = Connection::open(&side.address)?;
        admin::create(&mut connection, &topic, PARTITIONS)?;
        let start = |name, words: &[&str]| Member::start(name, &side.address, &folder, &topic, &topic, words);
        let classic = |name| {
            let words = ["--group-protocol", "classic", "--assignment-strategy", assignor, "--session-timeout", "6000"];
            start(name, &words)
        };
        let consumer = |name| start(name, &["--group-protocol", "consumer"]);
        let mut stage = Stage { connection, topic: &topic, written: 0 };

        let (a, b) = (classic("a")?, classic("b")?);
        stage.shared("two classic members", "Classic", &[&a, &b])?;
        let c = consumer("c")?;
        stage.shared("a consumer comes", "Consumer", &[&a, &b, &c])?;
        a.stop()?;
        let d = consumer("d")?;
        stage.shared("another consumer in the place of a classic member", "Consumer", &[&b, &c, &d])?;
        b.stop()?;
        stage.shared("only consumers", "Consumer", &[&c, &d])?;
        let e = classic("e")?;
        stage.shared("a classic member comes back", "Consumer", &[&c, &d, &e])?;
        c.stop()?;
        d.kill();
        stage.shared("the last consumer is killed", "Classic", &[&e])?;
        let f = classic("f")?;
        stage.shared("a classic group again", "Classic", &[&e, &f])?;
        e.stop()?;
        f.stop()?;
        side.still_runs()?;
        let mut read = Vec::new();
        for member in [&a, &b, &c, &d, &e, &f] {
            read.extend(member.read()?);
        }
        let twice = whole(read, &stage.ends())?;
        Ok(format!("{} records, {twice} read twice", i64::from(PARTITIONS) * stage.written))
    })
}

struct Stage<'a> {
    connection: Connection,
    topic: &'a str,
    /// To each partition.
    written: i64,
}

impl Stage<'_> {
    /// Waits until each partition has one owner, each of these has some, the group is of this type, and what is written then has been read.
    fn shared(&mut self, what: &str, kind: &str, members: &[&Member]) -> Result<()> {
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
        until(what, holds, || {
            format!("{:?}", members.iter().map(|it| it.owned().map(|it| it.now)).collect::<Vec<_>>())
        })?;
        let request = ListGroupsRequest::default();
        let groups = self.connection.call(5, &request)?.groups;
        let seen = groups.iter().find(|group| *group.group_id == *self.topic).map(|group| group.group_type.as_str());
        ensure!(seen.is_some_and(|seen| seen.eq_ignore_ascii_case(kind)), "{what}: {seen:?} in place of {kind}");
        self.write()?;
        let upto = self.written;
        until(
            what,
            || {
                let mut ends = BTreeMap::new();
                for (part, _, last) in members.iter().map(|it| it.read()).collect::<Result<Vec<_>>>()?.concat() {
                    let end = ends.entry(part).or_insert(0);
                    *end = last.max(*end);
                }
                Ok(all.iter().all(|part| ends.get(part) == Some(&(upto - 1))))
            },
            || "less read than written".to_owned(),
        )
    }

    fn write(&mut self) -> Result<()> {
        let one = batch(std::iter::once(&b"one more"[..]), None, 1)?;
        let all: Vec<(i32, &[u8])> = (0..PARTITIONS).map(|part| (part, one.as_slice())).collect();
        self.connection.exchange(frames::produce(self.topic, -1, &all)?)?;
        self.written += 1;
        Ok(())
    }

    fn ends(&self) -> BTreeMap<i32, i64> {
        (0..PARTITIONS).map(|part| (part, self.written)).collect()
    }
}
