//! Three nodes with thousands of partitions of three replicas each: how long they take to start, to do without one, and to have it back.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::ElectLeadersRequest;

use super::contender::Name;
use super::rows::{NOT_MORE, Plan};
use super::sheet::{Aim, Sheet, Unit};
use super::three::{self, PATIENCE, Three};
use crate::crash::cluster::state::{self, Partitions};
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::{Connection, admin};

/// Partitions of a topic.
const EACH: i32 = 100;
const LED_AGAIN: Aim = Aim::NoMoreAndUnder(5000.0);
const DECIDES_AGAIN: Aim = Aim::NoMoreAndUnder(2000.0);
const IN_SYNC_AGAIN: Aim = Aim::NoMoreAndUnder(3000.0);

/// # Errors
/// Where a node does not start, or a partition stays without a leader.
pub fn rounds(dir: &Path, plan: &Plan, contenders: &[Name], sheet: &mut Sheet) -> Result<()> {
    three::rounds(dir, plan.rounds, contenders, |cluster| measure(cluster, plan.wide, sheet))
}

fn measure(cluster: &mut Three, partitions: i32, sheet: &mut Sheet) -> Result<()> {
    let who = cluster.name;
    let of = format!("3 nodes, {partitions} partitions");
    let mut add = |title: &str, aim: Aim, took: Duration| {
        sheet.add(&format!("{of}: {title}"), Unit::Milliseconds, aim, who, took.as_secs_f64() * 1000.0);
    };
    let watch = Stopwatch::start();
    for topic in 0..partitions / EACH {
        cluster.make(&format!("wide-{topic}"), EACH)?;
    }
    led(cluster, partitions)?;
    add("all made and led", NOT_MORE, watch.elapsed());
    in_sync(cluster, partitions)?;

    cluster.kill_all();
    let watch = Stopwatch::start();
    cluster.start_all()?;
    led(cluster, partitions)?;
    add("started after SIGKILL of all and led", LED_AGAIN, watch.elapsed());
    in_sync(cluster, partitions)?;
    add("started after SIGKILL of all and in sync", NOT_MORE, watch.elapsed());

    lead_evenly(cluster, partitions)?;
    let active = state::active_controller(&mut cluster.any()?)?;
    cluster.kill(active).context("the active controller")?;
    let watch = Stopwatch::start();
    let (made, led) = std::thread::scope(|scope| {
        let making = scope.spawn(|| cluster.make("after", 1).map(|()| watch.elapsed()));
        let led = led(cluster, partitions).map(|()| watch.elapsed());
        (making.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked")), led)
    });
    add("active controller killed, all led again", LED_AGAIN, led?);
    add("active controller killed, a topic made", DECIDES_AGAIN, made?);

    let watch = Stopwatch::start();
    cluster.start_all()?;
    in_sync(cluster, partitions)?;
    add("one started again and in sync everywhere", IN_SYNC_AGAIN, watch.elapsed());

    let resident = cluster.running().map(|(_, it)| Ok(it.process.resident_kib()?.0)).sum::<Result<u64>>()?;
    let mean = resident as f64 / 1024.0 / cluster.count() as f64;
    sheet.add(&format!("{of}: memory of each"), Unit::Mib, NOT_MORE, who, mean);
    Ok(())
}

/// Until every partition has a leader that runs and answers for it.
fn led(cluster: &Three, partitions: i32) -> Result<()> {
    until(cluster, partitions, |found| {
        let runs: Vec<i32> = cluster.running().map(|(id, _)| id).collect();
        Ok(found.values().all(|it| runs.contains(&it.leader)) && answer(cluster, found)?)
    })
}

/// Until every node leads about as many as the others: who comes back from its death has its partitions back only when asked.
fn lead_evenly(cluster: &Three, partitions: i32) -> Result<()> {
    let preferred = ElectLeadersRequest::default().with_topic_partitions(None).with_timeout_ms(30_000);
    until(cluster, partitions, |found| {
        let led_by = |id: i32| found.values().filter(|it| it.leader == id).count();
        let even = cluster.running().all(|(id, _)| led_by(id) * cluster.count() >= found.len() / 2);
        if !even {
            cluster.any()?.call(2, &preferred)?;
        }
        Ok(even)
    })?;
    led(cluster, partitions)
}

/// Until every replica of every partition is in sync.
fn in_sync(cluster: &Three, partitions: i32) -> Result<()> {
    until(cluster, partitions, |found| Ok(found.values().all(|it| it.in_sync.len() == cluster.count())))
}

fn until(cluster: &Three, partitions: i32, is: impl Fn(&Partitions) -> Result<bool>) -> Result<()> {
    let since = Stopwatch::start();
    loop {
        let found = cluster.any().and_then(|mut it| state::partitions(&mut it)).map(|mut found| {
            found.retain(|(topic, _), _| topic.starts_with("wide-"));
            found
        });
        if let Ok(found) = &found
            && found.len() == partitions as usize
            && is(found)?
        {
            return Ok(());
        }
        ensure!(
            since.left_of(PATIENCE).is_some(),
            "of {partitions} partitions there are {:?}",
            found.map(|it| it.len())
        );
        pause::short();
    }
}

/// Whether each leader answers for all that it leads.
fn answer(cluster: &Three, found: &Partitions) -> Result<bool> {
    let mut led: BTreeMap<i32, BTreeMap<&str, Vec<i32>>> = BTreeMap::new();
    for ((topic, partition), placed) in found {
        led.entry(placed.leader).or_default().entry(topic).or_default().push(*partition);
    }
    let answers = cluster.each(&led, |address, topics| {
        let mut connection = Connection::open(address)?;
        for (topic, partitions) in topics {
            let ends = admin::end_offsets(&mut connection, topic, EACH)?;
            if !partitions.iter().all(|it| ends.get(*it as usize).is_some_and(Option::is_some)) {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    Ok(answers.into_values().all(|it| it))
}
