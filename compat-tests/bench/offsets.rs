//! A million committed offsets, and how long a broker that starts takes until it answers for them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kafka_protocol::messages::OffsetFetchRequest;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;

use super::commits::{commit, committed};
use super::contender::{Name, Running, Site};
use super::sheet::{Aim, Sheet, Unit};
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::{Connection, admin};

const TOPIC: &str = "committed";
/// Offsets of one commit: one for each partition.
const PARTITIONS: i32 = 100;
/// Commits in flight.
const IN_FLIGHT: usize = 5;
const PATIENCE: Duration = Duration::from_secs(120);

/// Commits `count` offsets into one partition of the offsets topic, which is the least that can be loaded in parallel, and
/// starts the broker again, `rounds` times.
///
/// # Errors
/// Where a contender fails, or forgets.
pub fn loads(dir: &Path, count: usize, rounds: u64, who: Name, aim: Aim, sheet: &mut Sheet) -> Result<()> {
    let mut running = Site::new(who, dir, &[("offsets.topic.num.partitions", "1")])?.start()?;
    fill(&running, count)?;
    for _ in 0..rounds {
        let (site, _) = running.stop()?;
        running = site.start()?;
        let took = answers(&running, count)?;
        let title = format!("from start to the first of {count} offsets");
        sheet.add(&title, Unit::Milliseconds, aim, who, took.as_secs_f64() * 1000.0);
    }
    running.stop()?;
    Ok(())
}

fn group(number: usize) -> String {
    format!("group-of-offsets-{number}")
}

fn fill(it: &Running, count: usize) -> Result<()> {
    let mut connection = Connection::open(&it.address())?;
    admin::create(&mut connection, TOPIC, PARTITIONS)?;
    admin::coordinator(&mut connection, &group(0))?;
    let groups = count / PARTITIONS as usize;
    for sent in 0..groups + IN_FLIGHT {
        if sent < groups {
            connection.send(&mut commit(&group(sent), TOPIC, 0..PARTITIONS, i64::try_from(sent)?)?)?;
        }
        if sent >= IN_FLIGHT {
            committed(connection.receive()?)?;
        }
    }
    Ok(())
}

/// From the start of the process until the last offset that was committed is told.
fn answers(it: &Running, count: usize) -> Result<Duration> {
    let last = count / PARTITIONS as usize - 1;
    let topic = OffsetFetchRequestTopic::default().with_name(admin::name(TOPIC));
    let request = OffsetFetchRequest::default()
        .with_group_id(admin::group(&group(last)))
        .with_topics(Some(vec![topic.with_partition_indexes(vec![PARTITIONS - 1])]));
    let mut connection = Connection::open(&it.address())?;
    let since = Stopwatch::start();
    loop {
        let answer = connection.call(7, &request)?;
        match answer.error_code {
            0 => {
                let offset = answer.topics.first().and_then(|topic| topic.partitions.first());
                let offset = offset.context("an answer without an offset")?.committed_offset;
                ensure!(offset == i64::try_from(last)?, "{offset} was committed, it says");
                return Ok(it.process.started().elapsed());
            }
            // The coordinator is not there yet, or being loaded.
            14..=16 if since.left_of(PATIENCE).is_some() => pause::short(),
            error => bail!("OffsetFetch answered error {error}"),
        }
    }
}
