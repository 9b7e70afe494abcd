//! A partition that has lost everyone who was in sync waits, and takes who is there only where it was told to; then what
//! only the others had is gone, and both the new leader and they say so.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
use kafka_protocol::messages::{BrokerId, CreateTopicsRequest};

use crate::crash::cluster::nodes::Nodes;
use crate::crash::cluster::state::{self, Placed};
use crate::kit::broker::Kind;
use crate::kit::{Stopwatch, stopwatch};
use crate::pause;
use crate::raw::{Connection, admin, batch, frames, reading};

const TOPIC: &str = "few";
/// The replica that has all, and the one that misses some of it.
const AHEAD: i32 = 1;
const BEHIND: i32 = 2;
/// It only votes.
const THIRD: i32 = 3;
/// Longer than a session and an election.
const PATIENCE: Duration = Duration::from_secs(60);
/// For so long one looks whether a partition that must wait does.
const LOOK: Duration = Duration::from_secs(2);
const NOT_LEADER: i16 = 6;

pub fn told(kind: Kind, dir: &Path) -> Result<String> {
    // The controller looks for leaderless partitions so often; by default it is every five minutes.
    let mut nodes = Nodes::new(kind, dir, &[("unclean.leader.election.interval.ms", "500")])?;
    nodes.start(&nodes.ids())?;
    create(&mut open(&nodes, THIRD)?)?;
    until(&nodes, THIRD, "both are in sync", |it| it.in_sync.len() == 2)?;
    until_served(&nodes, AHEAD)?;
    produce(&nodes, AHEAD, &["a", "b", "c"], 0)?;

    nodes.kill(BEHIND)?;
    until(&nodes, THIRD, "one is in sync", |it| it.in_sync == [AHEAD])?;
    produce(&nodes, AHEAD, &["lost", "too"], 0)?;
    nodes.kill(AHEAD)?;
    nodes.start(&[BEHIND])?;
    until(&nodes, BEHIND, "nobody leads", |it| it.leader == -1)?;
    let since = Stopwatch::start();
    while since.left_of(LOOK).is_some() {
        let it = until(&nodes, BEHIND, "it is there", |_| true)?;
        ensure!(it.leader == -1, "node {} leads without having been in sync", it.leader);
        produce(&nodes, BEHIND, &["never"], NOT_LEADER)?;
        pause::short();
    }

    admin::alter(&mut open(&nodes, BEHIND)?, TOPIC, &[("unclean.leader.election.enable", "true")])?;
    until(&nodes, BEHIND, "the one that lives leads", |it| it.leader == BEHIND && it.in_sync == [BEHIND])?;
    until_served(&nodes, BEHIND)?;
    produce(&nodes, BEHIND, &["d"], 0)?;
    nodes.start(&[AHEAD])?;
    until(&nodes, BEHIND, "the one that was ahead is in sync again", |it| it.in_sync.len() == 2)?;
    let kept = values(&nodes, BEHIND)?;
    ensure!(kept == ["a", "b", "c", "d"], "node {BEHIND} has {kept:?}");
    nodes.kill(BEHIND)?;
    until(&nodes, THIRD, "the one that was ahead leads", |it| it.leader == AHEAD)?;
    until_served(&nodes, AHEAD)?;
    let cut = values(&nodes, AHEAD)?;
    ensure!(cut == kept, "node {AHEAD} has {cut:?}, but {kept:?} is committed");
    nodes.are_well()?;
    if kind == Kind::Ottla {
        says(&nodes, BEHIND, "was not in sync: what only others have from here on is lost")?;
        says(&nodes, AHEAD, "log truncated")?;
    }
    Ok("it waited; then 3 of 5 records were kept, and the loss of 2 was told".to_owned())
}

fn open(nodes: &Nodes, id: i32) -> Result<Connection> {
    Connection::open(&nodes.seat(id)?.node.address())
}

fn create(connection: &mut Connection) -> Result<()> {
    let replicas = CreatableReplicaAssignment::default().with_broker_ids(vec![BrokerId(AHEAD), BrokerId(BEHIND)]);
    let topic = CreatableTopic::default()
        .with_name(admin::name(TOPIC))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_assignments(vec![replicas]);
    let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(30_000);
    let since = Stopwatch::start();
    // Brokers register one after the other.
    loop {
        let answer = connection.call(5, &request)?;
        let topic = answer.topics.first().context("no topic in the answer")?;
        if topic.error_code == 0 {
            return admin::alter(connection, TOPIC, &[("min.insync.replicas", "1")]);
        }
        ensure!(since.left_of(PATIENCE).is_some(), "CreateTopics answered {topic:?}");
        pause::short();
    }
}

/// Waits until the partition is so, as this node sees it.
fn until(nodes: &Nodes, asked: i32, what: &str, holds: impl Fn(&Placed) -> bool) -> Result<Placed> {
    let (since, key) = (Stopwatch::start(), (TOPIC.to_owned(), 0));
    let mut connection = open(nodes, asked)?;
    loop {
        let found = state::partitions(&mut connection)?.remove(&key);
        match found {
            Some(found) if holds(&found) => return Ok(found),
            found if since.left_of(PATIENCE).is_none() => anyhow::bail!("waited in vain until {what}: {found:?}"),
            _ => pause::short(),
        }
    }
}

/// Waits until this node answers as the leader.
fn until_served(nodes: &Nodes, id: i32) -> Result<()> {
    admin::wait_served(&mut open(nodes, id)?, TOPIC, 1)
}

/// Each value as a batch of its own, which is answered so.
fn produce(nodes: &Nodes, id: i32, values: &[&str], expected: i16) -> Result<()> {
    let mut connection = open(nodes, id)?;
    for value in values {
        let batch = batch([value.as_bytes()], None, i64::try_from(stopwatch::now_ms())?)?;
        let answer = connection.exchange(frames::produce(TOPIC, -1, &[(0, &batch)])?)?;
        let (_, code, _) = *frames::produced(answer)?.1.first().context("an answer without a partition")?;
        ensure!(code == expected, "node {id} answered {code} for {value:?}, not {expected}");
    }
    Ok(())
}

fn values(nodes: &Nodes, id: i32) -> Result<Vec<String>> {
    let batches = reading::fetch_all(&mut open(nodes, id)?, TOPIC, 0, 0, 1 << 20)?;
    let records = batches.into_iter().flat_map(|batch| batch.records);
    Ok(records.map(|it| String::from_utf8_lossy(&it.value.unwrap_or_default()).into_owned()).collect())
}

fn says(nodes: &Nodes, id: i32, words: &str) -> Result<()> {
    let said = std::fs::read_to_string(nodes.seat(id)?.node.log(Kind::Ottla))?;
    ensure!(said.contains(words), "node {id} does not say {words:?}");
    Ok(())
}
