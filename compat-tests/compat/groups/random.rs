//! Many small groups whose members join, commit, leave and lose their connections by dice: none is ever stuck, generations only grow,
//! a partition has one owner in a generation, and no committed offset goes back or is lost.

mod member;
mod truth;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use kafka_protocol::messages::{DescribeGroupsRequest, FindCoordinatorRequest, GroupId};
use kafka_protocol::protocol::StrBytes;

use super::super::Entry;
use super::super::bench::Bench;
use super::until;
use super::watch::Watch;
use crate::dice::Dice;
use crate::kit::{Layout, Stopwatch, stopwatch};
use crate::raw::{Connection, admin};
use member::Member;
use truth::Truth;

const TOPIC: &str = "random";
const PARTITIONS: u8 = 6;
const GROUPS: u64 = 16;
/// Members of a group.
const MEMBERS: usize = 3;
const WILD: Duration = Duration::from_secs(8);

pub fn entries() -> Vec<Entry> {
    vec![Entry::asks("groups at random", play)]
}

fn play(bench: &Bench, _: &str) -> Result<String> {
    let layout = Layout::default().with("group.min.session.timeout.ms", "500");
    bench.ask("groups at random", layout, |side| {
        let seed = stopwatch::now_ms();
        let mut connection = Connection::open(&side.address)?;
        // It makes the internal topic.
        connection.call(3, &FindCoordinatorRequest::default().with_key(StrBytes::from_static_str(TOPIC)))?;
        admin::create(&mut connection, TOPIC, i32::from(PARTITIONS))?;
        let told = wild(&side.address, seed).with_context(|| format!("seed {seed}"))?;
        side.still_runs()?;
        Ok(told)
    })
}

fn wild(address: &str, seed: u64) -> Result<String> {
    let names: Vec<String> = (0..GROUPS).map(|n| format!("random-{n}")).collect();
    let truths: Vec<Truth> = names.iter().map(|_| Truth::default()).collect();
    let (calm, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let watches = names.iter().map(|name| Watch::start(address, name)).collect::<Result<Vec<_>>>()?;
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        let mut members = Vec::new();
        for (n, (group, truth)) in (0..).zip(names.iter().zip(&truths)) {
            for index in 0..MEMBERS {
                // The first of each is a static one.
                let instance = (index == 0).then(|| format!("{group}-static"));
                let dice = Dice::new(seed.wrapping_mul(1_000).wrapping_add(n * 10 + index as u64));
                let member = Member::new(address, group, instance, dice, truth);
                let (calm, over) = (&calm, &over);
                members.push(scope.spawn(move || {
                    let ended = member.live(calm, over);
                    // One that fails is not to be waited for.
                    over.fetch_or(ended.is_err(), Ordering::Relaxed);
                    ended
                }));
            }
        }
        let settled = settle(address, &names, &truths, watch, &calm, &over);
        over.store(true, Ordering::Relaxed);
        for member in members {
            member.join().map_err(|_| anyhow!("a member panicked"))??;
        }
        settled
    })?;
    let empty = |group: &str| Ok(described(&mut Connection::open(address)?, group)? == ("Empty".to_owned(), 0));
    for group in &names {
        until(&format!("{group} is empty"), || empty(group), || "a member that left".to_owned())?;
    }
    for (watch, truth) in watches.into_iter().zip(&truths) {
        ensure!(
            watch.last() == truth.committed(),
            "{:?} was acknowledged, there is {:?}",
            truth.committed(),
            watch.last()
        );
        watch.finish()?;
    }
    let (mut joined, mut commits) = (0, 0);
    for truth in &truths {
        joined += truth.generations();
        commits += truth.committed().values().sum::<i64>();
    }
    Ok(format!("{GROUPS} groups, {joined} generations, {commits} commits"))
}

/// Lets them be wild, then calm, and waits until each group is stable with all its members.
fn settle(
    address: &str,
    names: &[String],
    truths: &[Truth],
    watch: Stopwatch,
    calm: &AtomicBool,
    over: &AtomicBool,
) -> Result<()> {
    crate::pause::until(watch, WILD);
    calm.store(true, Ordering::Relaxed);
    let mut connection = Connection::open(address)?;
    for (group, truth) in names.iter().zip(truths) {
        let stable = ("Stable".to_owned(), MEMBERS);
        let holds = || {
            ensure!(!over.load(Ordering::Relaxed), "a member has failed");
            Ok(described(&mut connection, group)? == stable && truth.at_work() == MEMBERS)
        };
        until(&format!("{group} is stable"), holds, || {
            let told = Connection::open(address).and_then(|mut connection| described(&mut connection, group));
            format!("{told:?}, {} at work", truth.at_work())
        })?;
    }
    Ok(())
}

/// State and number of members.
fn described(connection: &mut Connection, group: &str) -> Result<(String, usize)> {
    let ask = DescribeGroupsRequest::default().with_groups(vec![GroupId(StrBytes::from_string(group.to_owned()))]);
    let answer = connection.call(5, &ask)?;
    let group = answer.groups.first().context("no group in the answer")?;
    Ok((group.group_state.to_string(), group.members.len()))
}
