//! Server-side assignors: which member gets which partition (KIP-848).
//!
//! An assignor is a function of the members, their subscriptions and what they had. Apache Kafka walks its members in
//! the order of a Java hash map; here the order is that of the member ids, so that the same group has the same result.

mod heterogeneous;
mod homogeneous;
mod range;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::TopicId;

use super::partitions::Partitions;

/// An assignor that a member may ask for by its name (`group.consumer.assignors`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignor {
    /// Equal shares, and as few moves as that allows.
    Uniform,
    /// The same ranges of every topic, topic by topic.
    Range,
}

/// What an assignor is told (`GroupSpec`).
#[derive(Clone, Debug)]
pub struct Spec {
    /// The members by id.
    pub members: BTreeMap<Arc<str>, Subscriber>,
    /// Whether all of them subscribe to the same topics.
    pub homogeneous: bool,
    /// How many partitions each topic has that anybody subscribes to.
    pub counts: BTreeMap<TopicId, i32>,
}

/// A member as an assignor sees it.
#[derive(Clone, Debug, Default)]
pub struct Subscriber {
    /// The name of a static member.
    pub instance: Option<Arc<str>>,
    /// The topics it subscribes to, as far as they exist.
    pub topics: Arc<BTreeSet<TopicId>>,
    /// Its share up to now.
    pub current: Arc<Partitions>,
}

/// Each member's share. A member that gets nothing may be left out.
pub type Shares = BTreeMap<Arc<str>, Arc<Partitions>>;

impl Assignor {
    /// Those that Apache Kafka has, in its order of preference.
    pub const ALL: [Self; 2] = [Self::Uniform, Self::Range];

    /// The name that configurations and requests know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// The assignor of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// The assignor that a configuration means, by its name or by its class in Apache Kafka.
    pub fn configured(name: &str) -> Option<Self> {
        match name.strip_prefix("org.apache.kafka.coordinator.group.assignor.") {
            Some("UniformAssignor") => Some(Self::Uniform),
            Some("RangeAssignor") => Some(Self::Range),
            Some(_) => None,
            None => Self::named(name),
        }
    }

    /// Divides all partitions of all topics among the members that subscribe to them.
    pub fn assign(self, spec: &Spec) -> Shares {
        match self {
            Self::Range => range::assign(spec),
            Self::Uniform if spec.homogeneous => homogeneous::assign(spec),
            Self::Uniform => heterogeneous::assign(spec),
        }
    }
}

impl Spec {
    fn count(&self, topic: TopicId) -> i32 {
        self.counts.get(&topic).copied().unwrap_or(0).max(0)
    }
}
