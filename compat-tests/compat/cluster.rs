//! The founding story: a node of three dies, and with it the groups whose offsets nobody else has; offsets that three nodes
//! have survive it; and one becomes three while groups run.

mod unclean;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use kafka_protocol::messages::{AlterPartitionReassignmentsRequest, BrokerId, FindCoordinatorRequest};

use super::Entry;
use crate::crash::cluster::member::{Member, partition_of};
use crate::crash::cluster::nodes::Nodes;
use crate::crash::cluster::pulse::{Pulse, What};
use crate::crash::cluster::replicas;
use crate::crash::cluster::stage::Stage;
use crate::crash::cluster::state::{self, Partitions};
use crate::kit::Stopwatch;
use crate::kit::broker::Kind;
use crate::pause;
use crate::raw::{Connection, admin};

const OFFSETS: (&str, i32) = ("__consumer_offsets", 50);
const GROUPS: usize = 6;
/// Longer than a session and an election.
const PATIENCE: Duration = Duration::from_secs(60);
/// For so long one looks whether a group that must stand still does.
const LOOK: Duration = Duration::from_secs(3);
const COORDINATOR_NOT_AVAILABLE: i16 = 15;

pub fn entries() -> Vec<Entry> {
    vec![
        Entry::starts("cluster story", |bench, name| told(bench.options.against, &bench.folder(name)?)),
        Entry::starts("cluster unclean", |bench, name| unclean::told(bench.options.against, &bench.folder(name)?)),
    ]
}

fn told(kind: Kind, dir: &Path) -> Result<String> {
    let mut nodes = Nodes::new(kind, dir, &[("offsets.topic.replication.factor", "1")])?;
    let ids = nodes.ids();
    nodes.start(&ids)?;
    let stage = Stage::new(nodes.addresses());
    let mut connection = Connection::open(stage.addresses.first().context("no nodes")?)?;
    state::create(&mut connection, "raw", 1)?;
    let mut members: Vec<Member> = (0..GROUPS).map(|n| Member::new(format!("group-{n}"))).collect();
    members.iter_mut().for_each(|member| member.forgives = kind == Kind::Kafka);
    let pulses: Vec<Pulse> = members
        .iter()
        .map(|member| Pulse::new(What::Commit, OFFSETS.0, partition_of(&member.group, OFFSETS.1)))
        .collect();
    let told = std::thread::scope(|scope| {
        for (n, (member, pulse)) in members.iter_mut().zip(&pulses).enumerate() {
            let stage = &stage;
            scope.spawn(move || member.run(stage, n, pulse));
        }
        let mut story = Story { nodes: &mut nodes, stage: &stage, pulses: &pulses };
        let told = story.play();
        stage.end();
        told
    })?;
    stage.no_fault()?;
    let mut commits = 0;
    for member in &members {
        none_lost(&stage, member)?;
        commits += member.acknowledged();
    }
    nodes.are_well()?;
    for (at, id) in ids.into_iter().enumerate() {
        // Apache Kafka's last ones have no majority left to say good-bye to, and wait for one for five minutes.
        if kind == Kind::Ottla || at == 0 {
            nodes.terminate(id)?;
        } else {
            nodes.kill(id)?;
        }
    }
    replicas::agree(&nodes, &[OFFSETS])?;
    Ok(format!("{told}; {commits} commits, none lost"))
}

/// The last commit that was acknowledged is told; where that may take a moment, it is waited for, for what is lost does not come back.
fn none_lost(stage: &Stage, member: &Member) -> Result<()> {
    let since = Stopwatch::start();
    loop {
        let ask = |address: &String| member.looks(&mut Connection::open(address).ok()?).ok();
        let told: Vec<Option<String>> = stage.addresses.iter().filter_map(ask).collect();
        if told.contains(&None) {
            return Ok(());
        }
        let may_wait = member.forgives || told.is_empty();
        let goes_on = may_wait && since.left_of(PATIENCE).is_some();
        ensure!(goes_on, "group {}: its coordinators say {told:?}", member.group);
        pause::short();
    }
}

struct Story<'a> {
    nodes: &'a mut Nodes,
    stage: &'a Stage,
    pulses: &'a [Pulse],
}

impl Story<'_> {
    fn play(&mut self) -> Result<String> {
        self.all_go_on(self.stage.now(), "at first")?;
        let before = self.until("every partition has one replica", 0, |it| it.replicas.len() == 1)?;
        let first = self.leader(&before, 0)?;
        let (still, go_on) = self.one_dies(first, &before)?;

        // Nothing is deleted, nobody is told to stop.
        let at = self.stage.now();
        self.raise(&before)?;
        let after =
            self.until("every partition has three replicas", 0, |it| it.replicas.len() == 3 && it.in_sync.len() == 3)?;
        let raised = self.stage.now().saturating_sub(at);
        self.all_go_on(self.stage.now(), "the replication factor was raised")?;
        let longest = self.pulses.iter().map(|pulse| pulse.silence(at, self.stage.now())).max().unwrap_or_default();

        let second = self.leader(&after, 0)?;
        let at = self.stage.now();
        self.nodes.kill(second)?;
        let away = self.all_go_on(at, "a node was killed that is one of three replicas")?;
        self.nodes.start(&[second])?;
        self.until("all replicas are in sync", second, |it| it.in_sync.len() == 3)?;
        Ok(format!(
            "of one replica: {still} groups stood still, {go_on} went on; raised to three in {} ms, no group silent for \
             longer than {} ms; then a kill: all go on after {} ms",
            raised.as_millis(),
            longest.as_millis(),
            away.as_millis()
        ))
    }

    /// With one replica, who lies on the dead node stands still, is told why, and goes on where it was when the node is back.
    fn one_dies(&mut self, id: i32, before: &Partitions) -> Result<(usize, usize)> {
        let lies =
            |pulse: &&Pulse| before.get(&(OFFSETS.0.to_owned(), pulse.partition)).is_some_and(|it| it.leader == id);
        let (still, others): (Vec<&Pulse>, Vec<&Pulse>) = self.pulses.iter().partition(lies);
        ensure!(!still.is_empty() && !others.is_empty(), "all groups lie on one side: {} of {GROUPS}", still.len());
        self.nodes.kill(id)?;
        let at = self.stage.now();
        self.go_on(&others, at, "a node was killed that has none of their offsets")?;
        pause::until(Stopwatch::start(), LOOK);
        self.has_no_coordinator(&still, id)?;
        let answered = still.iter().find(|pulse| pulse.after(at).is_some());
        ensure!(answered.is_none(), "a commit was answered that nobody can have: {answered:?}");
        self.nodes.start(&[id])?;
        self.go_on(&still, self.stage.now(), "their node is back")?;
        Ok((still.len(), others.len()))
    }

    /// Waits until one of these groups is told that it has no coordinator, which is when the session of the dead node has ended.
    fn has_no_coordinator(&self, still: &[&Pulse], dead: i32) -> Result<()> {
        let mut groups = (0..GROUPS).map(|n| format!("group-{n}"));
        let group = groups.find(|group| still.iter().any(|it| it.partition == partition_of(group, OFFSETS.1)));
        let find = FindCoordinatorRequest::default().with_key(admin::group(&group.context("no group")?).0);
        let mut connection = self.another(dead)?;
        let since = Stopwatch::start();
        loop {
            let code = connection.call(3, &find)?.error_code;
            if code == COORDINATOR_NOT_AVAILABLE {
                return Ok(());
            }
            ensure!(since.left_of(PATIENCE).is_some(), "FindCoordinator answers error {code} for a group without one");
            pause::short();
        }
    }

    fn raise(&self, before: &Partitions) -> Result<()> {
        let ids = self.nodes.ids();
        let of_offsets = before.iter().filter(|((topic, _), _)| topic == OFFSETS.0);
        let partitions = of_offsets.map(|((_, index), it)| {
            let others = ids.iter().filter(|id| **id != it.leader);
            let replicas = std::iter::once(&it.leader).chain(others).map(|id| BrokerId(*id)).collect();
            ReassignablePartition::default().with_partition_index(*index).with_replicas(Some(replicas))
        });
        let topic =
            ReassignableTopic::default().with_name(admin::name(OFFSETS.0)).with_partitions(partitions.collect());
        let request = AlterPartitionReassignmentsRequest::default().with_topics(vec![topic]).with_timeout_ms(30_000);
        let answer = self.another(0)?.call(0, &request)?;
        let refused = answer.responses.iter().flat_map(|topic| &topic.partitions).find(|it| it.error_code != 0);
        ensure!(answer.error_code == 0 && refused.is_none(), "AlterPartitionReassignments answered {answer:?}");
        Ok(())
    }

    /// Who leads the offsets of a group.
    fn leader(&self, all: &Partitions, group: usize) -> Result<i32> {
        let partition = self.pulses.get(group).context("no such group")?.partition;
        Ok(all.get(&(OFFSETS.0.to_owned(), partition)).context("no such partition")?.leader)
    }

    fn all_go_on(&self, at: Duration, when: &str) -> Result<Duration> {
        self.go_on(&self.pulses.iter().collect::<Vec<_>>(), at, when)
    }

    /// Waits until each of these has an answer to something asked after `at`; how long that took.
    fn go_on(&self, pulses: &[&Pulse], at: Duration, when: &str) -> Result<Duration> {
        let since = Stopwatch::start();
        loop {
            self.stage.no_fault()?;
            let took: Option<Vec<Duration>> = pulses.iter().map(|pulse| pulse.after(at)).collect();
            if let Some(took) = took {
                return Ok(took.into_iter().max().unwrap_or_default());
            }
            if since.left_of(PATIENCE).is_none() {
                self.nodes.are_well()?;
                let stuck = pulses.iter().find(|pulse| pulse.after(at).is_none()).map(|pulse| pulse.partition);
                anyhow::bail!("a group of {}-{stuck:?} does not go on after {when}", OFFSETS.0);
            }
            pause::short();
        }
    }

    fn another(&self, not: i32) -> Result<Connection> {
        let running = self.nodes.ids().into_iter().find(|id| *id != not && self.nodes.process(*id).is_ok());
        Connection::open(&self.nodes.seat(running.context("no node runs")?)?.node.address())
    }

    /// Waits until all partitions of the offsets are so, as a node that is not this one says.
    fn until(&self, what: &str, not: i32, holds: impl Fn(&state::Placed) -> bool) -> Result<Partitions> {
        let since = Stopwatch::start();
        let mut connection = self.another(not)?;
        loop {
            self.stage.no_fault()?;
            let found = state::partitions(&mut connection)?;
            let mut offsets = found.iter().filter(|((topic, _), _)| topic == OFFSETS.0).map(|(_, it)| it);
            if offsets.clone().count() == OFFSETS.1 as usize && offsets.all(&holds) {
                return Ok(found);
            }
            if since.left_of(PATIENCE).is_none() {
                let odd = found.into_iter().find(|((topic, _), it)| topic == OFFSETS.0 && !holds(it));
                anyhow::bail!("waited in vain until {what}; there is {odd:?}");
            }
            pause::short();
        }
    }
}
