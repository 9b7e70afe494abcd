//! Commits as fast as they are answered, and small produces beside them: what one costs the broker.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse, ResponseHeader};
use kafka_protocol::protocol::Decodable;

use super::contender::Running;
use crate::kit::{Stopwatch, stopwatch};
use crate::raw::{Connection, admin, batch, frames};

/// The newest version that names topics and tells no epoch of a member.
pub const COMMIT: i16 = 8;
/// Not counted, in milliseconds.
const WARM_UP: u64 = 300;
/// Counted, in milliseconds.
const TURN: u64 = 1000;

/// What is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One offset of a group without members; each connection has its own group.
    Commit,
    /// One record of so many bytes into one partition, acks=all; each connection has its own partition.
    Produce(usize),
}

/// How it went.
#[derive(Debug)]
pub struct Turns {
    /// From sending to the answer, in microseconds.
    pub latency: Histogram<u64>,
    seconds: f64,
    /// Of the broker, for all.
    cpu: Duration,
}

impl Turns {
    /// Nothing yet.
    ///
    /// # Errors
    /// Never.
    pub fn new() -> Result<Self> {
        Ok(Self { latency: Histogram::new(3)?, seconds: 0.0, cpu: Duration::ZERO })
    }

    /// Adds another turn of the same.
    ///
    /// # Errors
    /// Never.
    pub fn add(&mut self, turn: &Self) -> Result<()> {
        self.latency.add(&turn.latency)?;
        self.seconds += turn.seconds;
        self.cpu += turn.cpu;
        Ok(())
    }

    /// How many were answered each second.
    pub fn per_second(&self) -> f64 {
        self.latency.len() as f64 / self.seconds
    }

    /// What each cost the broker, in microseconds.
    pub fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.latency.len().max(1) as f64
    }
}

/// A frame that commits `offset` for these partitions of a topic.
///
/// # Errors
/// Never with names that are some.
pub fn commit(group: &str, topic: &str, partitions: std::ops::Range<i32>, offset: i64) -> Result<Vec<u8>> {
    let partition = |index| {
        let part = OffsetCommitRequestPartition::default().with_partition_index(index).with_committed_offset(offset);
        part.with_committed_metadata(Some("".into()))
    };
    let topic = OffsetCommitRequestTopic::default().with_name(admin::name(topic));
    let topic = topic.with_partitions(partitions.map(partition).collect());
    let request =
        OffsetCommitRequest::default().with_group_id(admin::group(group)).with_generation_id_or_member_epoch(-1);
    crate::raw::connection::frame(0, COMMIT, &request.with_topics(vec![topic]))
}

/// An error where an answer to [`commit`] has one.
///
/// # Errors
/// As it says.
pub fn committed(mut answer: Bytes) -> Result<()> {
    ResponseHeader::decode(&mut answer, 1)?;
    let body = OffsetCommitResponse::decode(&mut answer, COMMIT)?;
    let parts = body.topics.iter().flat_map(|topic| &topic.partitions);
    let code = parts.map(|part| part.error_code).find(|code| *code != 0);
    ensure!(code.is_none(), "OffsetCommit answered error {code:?}");
    Ok(())
}

/// `connections` clients with `in_flight` requests each, for one turn, at a topic with a partition for each.
///
/// # Errors
/// Where an answer has an error or does not come.
pub fn measure(it: &Running, topic: &str, what: What, (connections, in_flight): (usize, usize)) -> Result<Turns> {
    let address = it.address();
    let end = Duration::from_millis(WARM_UP + TURN);
    let watch = Stopwatch::start();
    let clients = std::thread::scope(|scope| {
        let client = |n| {
            let address = &address;
            scope.spawn(move || client(address, topic, what, (n, in_flight), (watch, end)))
        };
        let clients: Vec<_> = (0..connections).map(client).collect();
        crate::pause::until(watch, Duration::from_millis(WARM_UP));
        let before = it.process.cpu()?;
        crate::pause::until(watch, end);
        let cpu = it.process.cpu()? - before;
        let joined = clients.into_iter().map(|it| it.join().unwrap_or_else(|_| anyhow::bail!("a client panicked")));
        Ok::<_, anyhow::Error>((joined.collect::<Result<Vec<_>>>()?, cpu))
    });
    let (histograms, cpu) = clients?;
    let mut turn = Turns { seconds: TURN as f64 / 1000.0, cpu, ..Turns::new()? };
    for histogram in histograms {
        turn.latency.add(histogram)?;
    }
    Ok(turn)
}

fn client(
    address: &str,
    topic: &str,
    what: What,
    (number, in_flight): (usize, usize),
    (watch, end): (Stopwatch, Duration),
) -> Result<Histogram<u64>> {
    let mut connection = Connection::open(address)?;
    let partition = i32::try_from(number)?;
    let mut frame = match what {
        What::Commit => commit(&format!("committer-{number}"), topic, partition..partition + 1, 42)?,
        What::Produce(size) => {
            let record = batch([vec![7; size].as_slice()], None, i64::try_from(stopwatch::now_ms())?)?;
            frames::produce(topic, -1, &[(partition, &record)])?
        }
    };
    let mut histogram = Histogram::new(3)?;
    let mut sent = VecDeque::with_capacity(in_flight);
    let mut buffer = Vec::new();
    loop {
        while sent.len() < in_flight && watch.left_of(end).is_some() {
            connection.send(&mut frame)?;
            sent.push_back(watch.elapsed());
        }
        let Some(at) = sent.pop_front() else { return Ok(histogram) };
        connection.receive_into(&mut buffer)?;
        let now = watch.elapsed();
        let answer = Bytes::from(std::mem::take(&mut buffer));
        match what {
            What::Commit => committed(answer.clone())?,
            What::Produce(_) => {
                let (_, parts) = frames::produced(answer.clone())?;
                ensure!(parts.iter().all(|(_, code, _)| *code == 0), "Produce answered an error: {parts:?}");
            }
        }
        if now >= Duration::from_millis(WARM_UP) && now <= end {
            histogram.record(u64::try_from((now - at).as_micros()).context("a long time")?)?;
        }
        buffer = answer.try_into_mut().map(Vec::from).unwrap_or_default();
    }
}
