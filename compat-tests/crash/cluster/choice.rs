//! What happens in a round, and to whom.

use anyhow::{Context, Result, ensure};
use kafka_protocol::messages::ElectLeadersRequest;

use super::Cluster;
use super::state::{self, Partitions};

/// What happens in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// SIGKILL of one node.
    Kill,
    /// SIGTERM of one node.
    Term,
    /// SIGSTOP of one node for longer than its session.
    Pause,
    /// SIGKILL of one node, whose logs are torn before it comes back.
    Torn,
    /// SIGKILL of two nodes.
    Two,
    /// The net between two nodes, or between one and all others, is cut.
    Cut,
    /// The disk of a node is full.
    Full,
}

impl Act {
    /// In the order in which they take turns on one cluster.
    pub const TURNS: [Self; 6] = [Self::Kill, Self::Term, Self::Pause, Self::Kill, Self::Torn, Self::Two];

    pub fn text(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Term => "term",
            Self::Pause => "pause",
            Self::Torn => "torn",
            Self::Two => "two",
            Self::Cut => "cut",
            Self::Full => "full",
        }
    }

    /// # Errors
    /// Where there is no such act.
    pub fn read(text: &str) -> Result<Self> {
        Self::TURNS
            .into_iter()
            .chain([Self::Cut, Self::Full])
            .find(|act| act.text() == text)
            .with_context(|| format!("there is no act {text}"))
    }
}

/// A node that was chosen.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub id: i32,
    /// What it was in the cluster.
    pub role: String,
    pub partitions: Partitions,
}

impl Chosen {
    pub fn leads(&self, topic: &str, partition: i32) -> bool {
        self.partitions.get(&(topic.to_owned(), partition)).is_some_and(|it| it.leader == self.id)
    }
}

impl Cluster<'_> {
    /// The active controller, the leader of most or of fewest partitions, or anyone, of a cluster that is whole.
    pub fn choose(&mut self) -> Result<Chosen> {
        if self.dice.below(2) == 0 {
            self.prefer()?;
        }
        let dice = self.dice.below(4);
        self.choose_by(dice)
    }

    /// Has the preferred leaders lead again, as `auto.leader.rebalance.enable` does after minutes: else who came back leads
    /// nothing.
    fn prefer(&mut self) -> Result<()> {
        self.settle()?;
        let from = self.stage.now();
        let request = ElectLeadersRequest::default().with_topic_partitions(None).with_timeout_ms(30_000);
        let answer = self.another(0)?.call(2, &request)?;
        ensure!(answer.error_code == 0, "ElectLeaders answered error {}", answer.error_code);
        self.until("the preferred leaders lead", 0, |all| {
            all.values().all(|it| it.replicas.first() == Some(&it.leader))
        })?;
        self.served(self.stage.now(), "the preferred leaders lead")?;
        let longest = self.longest(from);
        self.figures.add("longest silence when preferred leaders come back", longest);
        Ok(())
    }

    /// The one that leads most.
    pub fn choose_leader(&mut self) -> Result<Chosen> {
        self.choose_by(1)
    }

    /// This node.
    pub fn choose_node(&self, id: i32) -> Result<Chosen> {
        let partitions = self.settle()?;
        let controller = state::active_controller(&mut self.another(0)?)?;
        Ok(described(id, controller, partitions))
    }

    fn choose_by(&mut self, how: u64) -> Result<Chosen> {
        let partitions = self.settle()?;
        let controller = state::active_controller(&mut self.another(0)?)?;
        let ids = self.nodes.ids();
        let leads = |id: &i32| leads(*id, &partitions);
        let id = match how {
            0 if ids.contains(&controller) => Some(controller),
            1 => ids.iter().copied().max_by_key(leads),
            2 => ids.iter().copied().min_by_key(leads),
            _ => ids.get(self.dice.at(ids.len())).copied(),
        };
        Ok(described(id.context("no nodes")?, controller, partitions))
    }
}

fn leads(id: i32, partitions: &Partitions) -> usize {
    partitions.values().filter(|it| it.leader == id).count()
}

fn described(id: i32, controller: i32, partitions: Partitions) -> Chosen {
    let role = if id == controller { "active controller" } else { "broker" };
    Chosen { id, role: format!("{role}, leads {} of {}", leads(id, &partitions), partitions.len()), partitions }
}
