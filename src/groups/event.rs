//! What the coordinator of one partition of `__consumer_offsets` hears of.

use std::sync::Arc;

use model::{TopicId, TopicName};

use crate::{Map, Request};

/// A request, or something that nobody asked.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request, and the token of whoever waits for its reply.
    Asked {
        /// Whom to answer.
        to: Token,
        /// What is asked.
        request: Request,
    },
    /// The partition has been read to its end: sessions of all members begin now. Once, before any request.
    Loaded,
    /// A deadline has come that [`crate::Groups::next_deadline`] told.
    Tick,
    /// The cluster's topics and the groups' configurations: once after the load, and whenever they change.
    Surroundings(Arc<Surroundings>),
    /// Topics are gone, and so are the offsets committed for them.
    TopicsDeleted(Vec<(TopicName, TopicId)>),
    /// Look for offsets and groups that nobody needs any more: every `offsets.retention.check.interval.ms`.
    Expire,
}

/// Names one who waits for a reply; the shell gives them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u64);

/// What of the cluster's metadata matters for groups. A clone shares everything with its original.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    topics: Map<TopicName, Topic>,
    names: Map<TopicId, TopicName>,
    /// The offset in the cluster's metadata that they were told by. Records of regular expressions carry it.
    pub version: i64,
    /// The version with which they began, and how often topics have changed since.
    changes: (i64, u64),
    /// Likewise, how often topics have come.
    creations: (i64, u64),
    /// `group.consumer.assignment.interval.ms`, which changes while the broker runs; none before it is told.
    pub consumer_assignment_interval_ms: Option<i32>,
    /// The configurations of groups that have one, by group id (KIP-1043).
    pub configs: Map<String, GroupConfig>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// The racks of each partition's replicas, in the order of partitions; empty where replicas have none.
    pub racks: Arc<[Vec<Arc<str>>]>,
}

/// What was set for one group; `None` is "as for all groups".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupConfig {
    /// `consumer.session.timeout.ms`.
    pub consumer_session_timeout_ms: Option<i32>,
    /// `consumer.heartbeat.interval.ms`.
    pub consumer_heartbeat_interval_ms: Option<i32>,
    /// `consumer.assignment.interval.ms`.
    pub consumer_assignment_interval_ms: Option<i32>,
}

impl Surroundings {
    /// No topics yet, at this offset in the cluster's metadata. To be carried on as metadata changes: what is made anew looks as if
    /// all topics had changed.
    pub fn new(version: i64) -> Self {
        Self { version, changes: (version, 0), creations: (version, 0), ..Self::default() }
    }

    /// Adds a topic, or changes it.
    pub fn insert(&mut self, name: TopicName, topic: Topic) {
        if self.topics.get(&name) == Some(&topic) {
            return;
        }
        self.creations.1 += u64::from(!self.names.contains_key(&topic.id));
        self.remove(&name);
        self.changes.1 += 1;
        self.names.insert_mut(topic.id, name.clone());
        self.topics.insert_mut(name, topic);
    }

    /// Takes a topic away.
    pub fn remove(&mut self, name: &str) {
        if let Some(id) = self.topics.get(name).map(|topic| topic.id) {
            self.names.remove_mut(&id);
            self.topics.remove_mut(name);
            self.changes.1 += 1;
        }
    }

    /// Another value when any topic is not what it was.
    pub(crate) fn changes(&self) -> (i64, u64) {
        self.changes
    }

    /// Another value when there are topics that were not.
    pub(crate) fn creations(&self) -> (i64, u64) {
        self.creations
    }

    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.get(name)
    }

    /// The name of the topic with this id.
    pub fn name(&self, id: TopicId) -> Option<&TopicName> {
        self.names.get(&id)
    }

    /// All topics, in the order of their names.
    pub fn topics(&self) -> impl Iterator<Item = (&TopicName, &Topic)> {
        self.topics.iter()
    }
}

impl Topic {
    /// How many partitions it has.
    pub fn partitions(&self) -> i32 {
        self.racks.len() as i32
    }
}
