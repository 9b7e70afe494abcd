//! What happens in a round, and to whom.

use anyhow::{Context, Result};

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
}

impl Act {
    /// In the order in which they take turns.
    pub const ALL: [Self; 6] = [Self::Kill, Self::Term, Self::Pause, Self::Kill, Self::Torn, Self::Two];

    pub fn text(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Term => "term",
            Self::Pause => "pause",
            Self::Torn => "torn",
            Self::Two => "two",
        }
    }

    /// # Errors
    /// Where there is no such act.
    pub fn read(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|act| act.text() == text).with_context(|| format!("there is no act {text}"))
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
        let dice = self.dice.below(4);
        self.choose_by(dice)
    }

    /// The one that leads most.
    pub fn choose_leader(&mut self) -> Result<Chosen> {
        self.choose_by(1)
    }

    fn choose_by(&mut self, how: u64) -> Result<Chosen> {
        let partitions = self.settle()?;
        let controller = state::active_controller(&mut self.another(0)?)?;
        let ids = self.nodes.ids();
        let leads = |id: &i32| partitions.values().filter(|it| it.leader == *id).count();
        let id = match how {
            0 if ids.contains(&controller) => Some(controller),
            1 => ids.iter().copied().max_by_key(leads),
            2 => ids.iter().copied().min_by_key(leads),
            _ => ids.get(self.dice.at(ids.len())).copied(),
        };
        let id = id.context("no nodes")?;
        let role = if id == controller { "active controller" } else { "broker" };
        let role = format!("{role}, leads {} of {}", leads(&id), partitions.len());
        Ok(Chosen { id, role, partitions })
    }
}
