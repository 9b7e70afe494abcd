//! Two members share a topic under load, one leaves, a third comes back where they were; the broker is asked who has what.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Buf;
use kafka_protocol::messages::consumer_protocol_assignment::ConsumerProtocolAssignment;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, DescribeGroupsRequest, GroupId, OffsetFetchRequest};
use kafka_protocol::protocol::{Decodable, StrBytes};

use super::PARTITIONS;
use super::program::{LIMIT, Program};
use crate::kit::Stopwatch;
use crate::kit::stopwatch::now_ms;
use crate::raw::{Connection, admin, batch, frames};

/// Between two records of the load, in each partition.
const PACE: Duration = Duration::from_millis(50);

/// A member that leaves is gone at once; one that is only silent is gone after its session, 30 s and more.
const LEAVES: Duration = Duration::from_secs(15);

/// Partition and offset.
type Place = (i32, i64);

/// What is played: one topic, whose name is the group's too.
pub struct Play<'a> {
    pub address: &'a str,
    pub topic: &'a str,
    /// `group` or `group-848`.
    pub scenario: &'a str,
    pub folder: &'a std::path::Path,
    /// Nothing is sent while a member leaves. Else it leaves under load.
    pub quietly: bool,
}

impl Play<'_> {
    /// Plays it with members of this program.
    ///
    /// # Errors
    /// Where a member is not given what it should have, something is lost or read again, or does not happen in time.
    pub fn run(&self, program: impl Fn() -> Result<Command>) -> Result<String> {
        let member = |name| Program::start(program()?, &[self.address, self.topic, self.scenario], self.folder, name);
        let mut ask = Connection::open(self.address)?;
        let mut load = Load::new(self.address, self.topic);
        load.start()?;

        let mut first = member("first")?;
        self.shared(&mut ask, &[4], LIMIT)?;
        reads_past(&[&first], &[0; PARTITIONS as usize])?;
        let mut second = member("second")?;
        self.shared(&mut ask, &[2, 2], LIMIT)?;
        reads_past(&[&first, &second], &self.ends(&mut ask)?)?;
        if self.quietly {
            load.stop()?;
            let ends = self.ends(&mut ask)?;
            self.committed(&mut ask, &ends)?;
        }
        first.go_on()?;
        let read_by_first = places(&first.end().context("the member that leaves")?)?;
        self.shared(&mut ask, &[4], LEAVES)?;
        load.start()?;
        reads_past(&[&second], &self.ends(&mut ask)?)?;
        load.stop()?;

        let ends = self.ends(&mut ask)?;
        self.committed(&mut ask, &ends)?;
        second.go_on()?;
        let read_by_second = places(&second.end().context("the member that was left")?)?;
        self.shared(&mut ask, &[], LEAVES)?;
        let read: BTreeSet<Place> = read_by_first.iter().chain(&read_by_second).copied().collect();
        let all: BTreeSet<Place> = (0..).zip(&ends).flat_map(|(p, end)| (0..*end).map(move |it| (p, it))).collect();
        let lost: Vec<&Place> = all.difference(&read).take(5).collect();
        ensure!(lost.is_empty(), "nobody read {lost:?} (partition, offset)");

        send(&mut ask, self.topic)?;
        let mut third = member("third")?;
        self.committed(&mut ask, &ends.iter().map(|end| end + 1).collect::<Vec<_>>())?;
        third.go_on()?;
        let mut read_by_third = places(&third.end().context("the member that came back")?)?;
        read_by_third.sort_unstable();
        let expected: Vec<Place> = (0..).zip(ends).collect();
        ensure!(read_by_third == expected, "who came back read {read_by_third:?}, not {expected:?}");
        let twice = read_by_first.len() + read_by_second.len() - all.len();
        Ok(format!("{} records, {twice} read twice", all.len()))
    }

    /// Waits until the group is stable and its members have so many partitions, every partition once; none: it is empty.
    fn shared(&self, ask: &mut Connection, expected: &[usize], limit: Duration) -> Result<()> {
        let since = Stopwatch::start();
        loop {
            let (state, shares) = if self.scenario == "group" { self.classic(ask)? } else { self.consumer(ask)? };
            let mut counts: Vec<usize> = shares.iter().map(BTreeSet::len).collect();
            counts.sort_unstable();
            let distinct: BTreeSet<i32> = shares.iter().flatten().copied().collect();
            let is_settled = if expected.is_empty() { state == "Empty" } else { state == "Stable" };
            if is_settled && counts == expected && distinct.len() == expected.iter().sum::<usize>() {
                return Ok(());
            }
            if since.left_of(limit).is_none() {
                bail!("after {limit:?} the group is {state} and its members have {shares:?}, not {expected:?}");
            }
            crate::pause::short();
        }
    }

    fn classic(&self, ask: &mut Connection) -> Result<(String, Vec<BTreeSet<i32>>)> {
        let group = GroupId(StrBytes::from_string(self.topic.to_owned()));
        let answer = ask.call(5, &DescribeGroupsRequest::default().with_groups(vec![group]))?;
        let group = answer.groups.into_iter().next().context("no group in the answer")?;
        let mut shares = Vec::new();
        for member in group.members {
            let mut bytes = member.member_assignment;
            // While the group rebalances nobody has anything.
            let Some(version) = bytes.first_chunk().map(|bytes| i16::from_be_bytes(*bytes)) else { continue };
            bytes.advance(2);
            let assignment = ConsumerProtocolAssignment::decode(&mut bytes, version.clamp(0, 3))?;
            shares.push(assignment.assigned_partitions.into_iter().flat_map(|it| it.partitions).collect());
        }
        Ok((group.group_state.to_string(), shares))
    }

    fn consumer(&self, ask: &mut Connection) -> Result<(String, Vec<BTreeSet<i32>>)> {
        let group = GroupId(StrBytes::from_string(self.topic.to_owned()));
        let answer = ask.call(0, &ConsumerGroupDescribeRequest::default().with_group_ids(vec![group]))?;
        let group = answer.groups.into_iter().next().context("no group in the answer")?;
        let partitions = group
            .members
            .into_iter()
            .map(|member| member.assignment.topic_partitions.into_iter().flat_map(|topic| topic.partitions).collect());
        Ok((group.group_state.to_string(), partitions.collect()))
    }

    /// Waits until the group has committed these offsets.
    fn committed(&self, ask: &mut Connection, expected: &[i64]) -> Result<()> {
        let topic = OffsetFetchRequestTopic::default()
            .with_name(admin::name(self.topic))
            .with_partition_indexes((0..PARTITIONS).collect());
        let request = OffsetFetchRequest::default()
            .with_group_id(GroupId(StrBytes::from_string(self.topic.to_owned())))
            .with_topics(Some(vec![topic]));
        let since = Stopwatch::start();
        loop {
            let answer = ask.call(7, &request)?;
            let parts = answer.topics.into_iter().flat_map(|topic| topic.partitions);
            let found: BTreeMap<i32, i64> = parts.map(|it| (it.partition_index, it.committed_offset)).collect();
            if found.values().eq(expected) {
                return Ok(());
            }
            if since.left_of(LIMIT).is_none() {
                bail!("after {LIMIT:?} the group has committed {found:?}, not {expected:?}");
            }
            crate::pause::short();
        }
    }

    fn ends(&self, ask: &mut Connection) -> Result<Vec<i64>> {
        let ends = admin::end_offsets(ask, self.topic, PARTITIONS)?;
        ends.into_iter().map(|end| end.context("a partition without an end")).collect()
    }
}

/// Waits until each member has read its share of records behind these offsets, and together they have read on everywhere.
fn reads_past(members: &[&Program], ends: &[i64]) -> Result<()> {
    let share = ends.len() / members.len();
    let since = Stopwatch::start();
    loop {
        let mut seen = BTreeSet::new();
        let mut counts = Vec::new();
        for member in members {
            let lines = member.lines().context("a member")?;
            let places = places(&lines)?.into_iter();
            let past = |place: &Place| ends.iter().zip(0..).any(|(end, p)| p == place.0 && place.1 >= *end);
            let behind: BTreeSet<i32> = places.filter(past).map(|(partition, _)| partition).collect();
            counts.push(behind.len());
            seen.extend(behind);
        }
        if seen.len() == ends.len() && counts.iter().all(|count| *count >= share) {
            return Ok(());
        }
        if since.left_of(LIMIT).is_none() {
            bail!("after {LIMIT:?} only partitions {seen:?} are read on behind {ends:?}, by member {counts:?}");
        }
        crate::pause::short();
    }
}

/// What a member has read: lines of partition, offset and value. The load's values say both again.
fn places(lines: &[String]) -> Result<Vec<Place>> {
    let place = |line: &String| {
        let mut words = line.split(' ');
        let mut number = || words.next()?.parse::<i64>().ok();
        let place = (i32::try_from(number()?).ok()?, number()?);
        (words.next()? == value(place)).then_some(place)
    };
    lines.iter().map(|line| place(line).with_context(|| format!("a member says `{line}`"))).collect()
}

fn value((partition, offset): Place) -> String {
    format!("p{partition}-{offset}")
}

/// Records to all partitions, until it is stopped or dropped.
struct Load {
    address: String,
    topic: String,
    running: Option<(Arc<AtomicBool>, JoinHandle<Result<()>>)>,
}

impl Load {
    fn new(address: &str, topic: &str) -> Self {
        Self { address: address.to_owned(), topic: topic.to_owned(), running: None }
    }

    /// Nothing where it runs.
    fn start(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let (mut connection, topic, stop) =
            (Connection::open(&self.address)?, self.topic.clone(), Arc::clone(&stopped));
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let since = Stopwatch::start();
                send(&mut connection, &topic)?;
                crate::pause::until(since, PACE);
            }
            Ok(())
        });
        self.running = Some((stopped, thread));
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        let Some((stopped, thread)) = self.running.take() else { return Ok(()) };
        stopped.store(true, Ordering::Relaxed);
        thread.join().unwrap_or_else(|_| bail!("it panicked")).context("the load")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some((stopped, _)) = &self.running {
            stopped.store(true, Ordering::Relaxed);
        }
    }
}

/// One more record to each partition.
fn send(connection: &mut Connection, topic: &str) -> Result<()> {
    let ends = admin::end_offsets(connection, topic, PARTITIONS)?;
    let mut batches = Vec::new();
    for (partition, end) in (0..PARTITIONS).zip(ends) {
        let text = value((partition, end.context("a partition without an end")?));
        batches.push((partition, batch([text.as_bytes()], None, i64::try_from(now_ms())?)?));
    }
    let batches: Vec<(i32, &[u8])> = batches.iter().map(|(partition, bytes)| (*partition, bytes.as_slice())).collect();
    let answer = connection.exchange(frames::produce(topic, -1, &batches)?)?;
    for (partition, code, _) in frames::produced(answer)?.1 {
        ensure!(code == 0, "Produce answered error {code} for partition {partition}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_of_its_place_is_seen() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(places(&lines("3 17 p3-17\n0 0 p0-0")).unwrap(), [(3, 17), (0, 0)]);
        for wrong in ["3 17 p3-16", "3 17", "", "a b p3-17"] {
            assert!(places(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
