//! `cargo x crash --cluster`: nodes of three are killed and brought back under load; nothing acknowledged is lost, moved or
//! doubled, and how long each partition was away is told.

mod asker;
mod away;
mod choice;
mod consumer;
mod cut;
mod figures;
mod full;
mod kill;
pub mod member;
pub mod network;
pub mod nodes;
mod producer;
pub mod pulse;
pub mod replicas;
pub mod stage;
pub mod state;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::load::{Load, Story, raw};
use super::{say, verify};
use crate::dice::Dice;
use crate::kit::Stopwatch;
use crate::kit::broker::Kind;
use crate::pause;
use crate::raw::{Connection, admin};
pub use choice::Act;
use figures::Figures;
use full::SmallDisk;
use member::Member;
use nodes::Nodes;
use pulse::{Pulse, What};
use stage::Stage;
use state::Partitions;

const TOPIC: &str = "raw";
/// Each node leads some.
const PARTITIONS: i32 = 6;
/// As `offsets.topic.num.partitions` is by default.
const OFFSETS: (&str, i32) = ("__consumer_offsets", 50);
/// What is the same on all nodes in the end.
const TOPICS: &[(&str, i32)] = &[(TOPIC, PARTITIONS), OFFSETS];
const STORY: Story = Story { topic: TOPIC, partitions: PARTITIONS, most: 4, make: raw };
/// Longer than a session and an election on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster under load.
struct Cluster<'a> {
    nodes: Nodes,
    stage: &'a Stage,
    pulses: &'a [Pulse],
    /// How many records each producer has acknowledged.
    progress: Vec<Arc<AtomicU64>>,
    /// In the place of node 1's directory, where there is one.
    disk: Option<SmallDisk>,
    figures: Figures,
    dice: Dice,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub kind: Kind,
    pub rounds: u64,
    /// Of one kind; of all, where there is none.
    pub act: Option<Act>,
    /// Keys of every node besides the usual.
    pub keys: Vec<(String, String)>,
}

/// Rounds of each kind; those in which the net is cut, or a disk is full, on nodes of their own, since these are set up otherwise.
///
/// # Errors
/// As [`examine`].
pub fn judge(plan: &Plan, dir: &Path, dice: &mut Dice) -> Result<()> {
    examine(plan, &dir.join("cluster"), dice)?;
    if plan.act.is_none() {
        let cuts = Plan { act: Some(Act::Cut), rounds: plan.rounds.div_ceil(4), ..plan.clone() };
        examine(&cuts, &dir.join("cut"), dice).context("where the net is cut")?;
        let probe = SmallDisk::mount(&dir.join("probe")).map(drop);
        match probe {
            Ok(()) => {
                let full = Plan { act: Some(Act::Full), rounds: 1, ..plan.clone() };
                examine(&full, &dir.join("full"), dice).context("where a disk is full")?;
            }
            Err(why) => say(&format!("NOT RUN: a full disk, for a small one cannot be mounted here: {why:#}")),
        }
    }
    Ok(())
}

/// Rounds under load, and what is left in the end.
///
/// # Errors
/// With what is lost, moved, doubled, or does not come back.
fn examine(plan: &Plan, dir: &Path, dice: &mut Dice) -> Result<()> {
    let keys: Vec<(&str, &str)> = plan.keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let mut nodes = match plan.act {
        Some(Act::Cut) => Nodes::in_network(plan.kind, dir, &keys)?,
        _ => Nodes::new(plan.kind, dir, &keys)?,
    };
    let ids = nodes.ids();
    let disk = match plan.act {
        Some(Act::Full) => Some(SmallDisk::mount(&nodes.log_dir(1)?).context("a small disk")?),
        _ => None,
    };
    nodes.start(&ids)?;
    let stage = Stage::new(nodes.addresses());
    let mut connection = Connection::open(stage.addresses.first().context("no nodes")?)?;
    state::create(&mut connection, TOPIC, PARTITIONS)?;
    let groups: Vec<String> = (0..PARTITIONS).map(|n| format!("group-{n}")).collect();
    let mut members: Vec<Member> = groups.iter().cloned().map(Member::new).collect();
    let mut pulses: Vec<Pulse> = Vec::new();
    pulses.extend((0..PARTITIONS).map(|n| Pulse::new(What::Produce, TOPIC, n)));
    pulses.extend((0..PARTITIONS).map(|n| Pulse::new(What::Read, TOPIC, n)));
    pulses.extend(groups.iter().map(|it| Pulse::new(What::Commit, OFFSETS.0, member::partition_of(it, OFFSETS.1))));
    let mut loads =
        (0..PARTITIONS as usize).map(|n| Load::new(STORY, n, &mut connection)).collect::<Result<Vec<_>>>()?;
    let seeds: Vec<u64> = loads.iter().map(|_| dice.roll()).collect();
    let mut cluster = Cluster {
        nodes,
        stage: &stage,
        pulses: &pulses,
        progress: loads.iter().map(Load::progress).collect(),
        disk,
        figures: Figures::default(),
        dice: Dice::new(dice.roll()),
    };
    let (judged, seen) = std::thread::scope(|scope| {
        let (stage, count) = (&stage, loads.len());
        let pulse = |kind: usize, n: usize| pulses.get(kind * count + n);
        let mut producers = Vec::new();
        for (n, (load, seed)) in loads.iter_mut().zip(seeds).enumerate() {
            let Some(pulse) = pulse(0, n) else { continue };
            producers.push(scope.spawn(move || producer::run(stage, load, pulse, Dice::new(seed))));
        }
        let mut consumers = Vec::new();
        for (n, partition) in (0..PARTITIONS).enumerate() {
            let Some(pulse) = pulse(1, n) else { continue };
            consumers.push(scope.spawn(move || consumer::run(stage, partition, pulse)));
        }
        for (n, member) in members.iter_mut().enumerate() {
            let Some(pulse) = pulse(2, n) else { continue };
            scope.spawn(move || member.run(stage, n, pulse));
        }
        let judged = cluster.rounds(plan);
        stage.no_more_records();
        let last = Stopwatch::start();
        while judged.is_ok() && producers.iter().any(|it| !it.is_finished()) && last.left_of(PATIENCE).is_some() {
            pause::short();
        }
        stage.end();
        let seen = consumers.into_iter().map(|it| it.join().unwrap_or_default()).collect::<Vec<_>>();
        (judged, seen)
    });
    cluster.figures.lines().iter().for_each(|line| say(line));
    judged?;
    stage.no_fault()?;
    cluster.conclude(&loads, &members, &seen)
}

impl Cluster<'_> {
    fn rounds(&mut self, plan: &Plan) -> Result<()> {
        self.settle().context("before the first round")?;
        for (round, act) in (1..=plan.rounds).zip(Act::TURNS.into_iter().cycle()) {
            let told = match plan.act.unwrap_or(act) {
                Act::Pause => self.pause_round(),
                Act::Two => self.two_round(),
                Act::Cut => self.cut_round(),
                Act::Full => self.full_round(),
                act => self.kill_round(act),
            };
            let told = told.with_context(|| format!("round {round}"))?;
            say(&format!("round {round}: {told}"));
        }
        Ok(())
    }

    /// A connection to a node that is not this one.
    fn another(&self, not: i32) -> Result<Connection> {
        let ids: Vec<i32> = self.nodes.ids().into_iter().filter(|id| *id != not).collect();
        for id in ids {
            let seat = self.nodes.seat(id)?;
            if self.nodes.process(id).is_ok()
                && let Ok(connection) = Connection::open_for(&seat.node.address(), Duration::from_secs(5))
            {
                return Ok(connection);
            }
        }
        anyhow::bail!("no node besides {not} answers")
    }

    /// Waits until it holds of what a node that is not this one says; what that was.
    fn until(&self, what: &str, not: i32, holds: impl Fn(&Partitions) -> bool) -> Result<Partitions> {
        let since = Stopwatch::start();
        let mut connection = None;
        loop {
            self.stage.no_fault()?;
            let mut open = match connection.take() {
                Some(open) => open,
                None => self.another(not)?,
            };
            let found = state::partitions(&mut open);
            if let Ok(found) = &found
                && holds(found)
            {
                return Ok(found.clone());
            }
            if found.is_ok() {
                connection = Some(open);
            }
            if since.left_of(PATIENCE).is_none() {
                let odd =
                    found.map(|all| all.into_iter().filter(|(_, it)| it.in_sync.len() < 3).take(5).collect::<Vec<_>>());
                self.nodes.are_well()?;
                anyhow::bail!("waited in vain until {what}; there is {odd:?}");
            }
            pause::short();
        }
    }

    /// Waits until everybody is in sync and every client is served.
    fn settle(&self) -> Result<Partitions> {
        let found = self.until("all replicas are in sync", 0, |all| {
            all.len() == (PARTITIONS + OFFSETS.1) as usize && all.values().all(|it| it.in_sync.len() == 3)
        })?;
        self.served(self.stage.now(), "all is in sync")?;
        Ok(found)
    }

    /// Waits until every client has had an answer to something asked after `at`; how long each took.
    fn served(&self, at: Duration, when: &str) -> Result<Vec<Duration>> {
        let since = Stopwatch::start();
        loop {
            self.stage.no_fault()?;
            let took: Vec<Option<Duration>> = self.pulses.iter().map(|pulse| pulse.after(at)).collect();
            if let Some(all) = took.iter().copied().collect() {
                return Ok(all);
            }
            if since.left_of(PATIENCE).is_none() {
                let (pulse, _) = self.pulses.iter().zip(took).find(|(_, took)| took.is_none()).context("none")?;
                let (what, topic, partition) = (pulse.what.text(), pulse.topic, pulse.partition);
                self.nodes.are_well()?;
                let state = self.another(0).and_then(|mut it| state::partitions(&mut it));
                let state = state.map(|all| all.get(&(topic.to_owned(), partition)).cloned());
                anyhow::bail!("no {what} of {topic}-{partition} is answered for {PATIENCE:?} after {when}: {state:?}");
            }
            pause::short();
        }
    }

    /// Everything acknowledged is read through the leaders, by each consumer, and lies the same in all directories.
    fn conclude(mut self, loads: &[Load], members: &[Member], seen: &[Vec<u32>]) -> Result<()> {
        for load in loads {
            ensure!(load.unanswered() == 0, "producer {} has {} records unanswered", load.number, load.unanswered());
        }
        self.until("all replicas are in sync", 0, |all| all.values().all(|it| it.in_sync.len() == 3))?;
        let mut total = 0;
        for (load, seen) in loads.iter().zip(seen) {
            let leader = asker::Asker::new(self.stage, 0).leader(TOPIC, load.partition)?;
            let found = verify::read(&mut Connection::open(&leader)?, TOPIC, load.partition)?;
            verify::held(&found, &[load]).with_context(|| format!("{TOPIC}-{}", load.partition))?;
            let now: Vec<u32> = found.iter().map(|(_, value)| crc32c::crc32c(value)).collect();
            let same = now.iter().zip(seen).take_while(|(a, b)| a == b).count();
            ensure!(
                now.len() == seen.len() && same == seen.len(),
                "{TOPIC}-{}: a consumer has read {} records, there are {}; the first {same} are the same",
                load.partition,
                seen.len(),
                now.len()
            );
            total += load.acknowledged();
            ensure!(found.len() as u64 == load.acknowledged(), "{} records, another number acknowledged", found.len());
        }
        let mut commits = 0;
        for member in members {
            let address = asker::Asker::new(self.stage, 0).coordinator(&member.group)?;
            let mut connection = Connection::open(&address)?;
            admin::coordinator(&mut connection, &member.group)?;
            let fault = member.looks(&mut connection)?;
            ensure!(fault.is_none(), "group {}: {}", member.group, fault.unwrap_or_default());
            commits += member.acknowledged();
        }
        let joins: u64 = members.iter().map(|member| member.joined).sum();
        self.nodes.are_well()?;
        for id in self.nodes.ids() {
            self.nodes.kill(id)?;
        }
        let batches = replicas::agree(&self.nodes, TOPICS)?;
        say(&format!(
            "{total} records acknowledged, none lost, doubled or moved; {commits} commits, {joins} joins of {} members; \
             {batches} batches are the same on all nodes",
            members.len()
        ));
        Ok(())
    }
}
