//! Decides changes to the cluster: topics, configs, brokers, producer ids.
//!
//! [`Controller`] is a [`Machine`] over the metadata image: it is told the time, the dice and the requests, and
//! answers with Kafka's metadata records and a reply that counts once they are committed. One file a subject.

mod bootstrap;
mod brokers;
mod configs;
mod directories;
mod elections;
mod event;
mod features;
mod isr;
mod node;
mod partition_change;
mod placement;
mod producer_ids;
mod reassignment;
mod registration;
mod reply;
mod sessions;
#[cfg(test)]
mod tests;
mod ticks;
mod topics;
mod unreachable;

use std::sync::Arc;

use config::NodeConfig;
use machine::{Machine, Moment, Outcome};
use metadata::{Image, Record};
use model::{ClusterId, NodeId};

pub use bootstrap::default_features;
pub use event::*;
pub use model::Refusal;
pub use reassignment::list_reassignments;
pub use reply::*;
pub use unreachable::{BrokerUnreachable, Evidence};

/// What the controller is told once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The cluster's id, which brokers must name.
    pub cluster_id: ClusterId,
    /// The configuration of the controller's own node.
    pub node: Arc<NodeConfig>,
    /// The controller's own node.
    pub node_id: NodeId,
}

/// The machine that decides for the whole cluster (`QuorumController`).
pub struct Controller {
    settings: Settings,
    node: node::EffectiveNode,
    sessions: sessions::Sessions,
    periodic: ticks::Periodic,
}

impl Controller {
    /// A controller that has heard of no broker yet.
    pub fn new(settings: Settings) -> Self {
        let node = node::EffectiveNode::new(settings.node.clone(), settings.node_id);
        let sessions = sessions::Sessions::new(settings.node.kraft.broker_session_timeout_ms);
        Self { settings, node, sessions, periodic: ticks::Periodic::default() }
    }

    /// Begins a new reign: what this controller knew of brokers in an earlier one is void.
    pub fn begin_reign(&mut self) {
        self.sessions.clear();
        self.periodic = ticks::Periodic::default();
    }
}

/// A request and the token of whoever waits for its reply.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whom to answer.
    pub to: Token,
    /// What is asked.
    pub event: Event,
}

/// Names one who waits for a reply; the shell gives them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u64);

/// What the shell has to do.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// To answer.
    Reply {
        /// Whom.
        to: Token,
        /// With what.
        body: Reply,
    },
}

/// What was decided, before it is addressed.
struct Decision {
    records: Vec<Record>,
    reply: Reply,
    atomic: bool,
}

impl Decision {
    fn atomic(records: Vec<Record>, reply: Reply) -> Self {
        Self { records, reply, atomic: true }
    }

    fn of(records: Vec<Record>, reply: Reply) -> Self {
        Self { records, reply, atomic: false }
    }

    fn reply(reply: Reply) -> Self {
        Self::of(vec![], reply)
    }
}

impl Machine for Controller {
    type State = Image;
    type Event = Asked;
    type Record = Record;
    type Effect = Effect;

    fn decide(&mut self, image: &Image, at: Moment, Asked { to, event }: Asked) -> Outcome<Self> {
        let decision = match event {
            Event::Bootstrap(request) => self.bootstrap(image, request),
            Event::CreateTopics(request) => self.create_topics(image, request),
            Event::DeleteTopics(request) => self.delete_topics(image, request),
            Event::CreatePartitions(request) => self.create_partitions(image, request),
            Event::IncrementalAlterConfigs(request) => self.incremental_alter_configs(image, request),
            Event::AlterConfigs(request) => self.alter_configs(image, request),
            Event::RegisterController(request) => self.register_controller(image, request),
            Event::RegisterBroker(request) => self.register_broker(image, at, request),
            Event::BrokerHeartbeat(request) => self.broker_heartbeat(image, at, request),
            Event::BrokerUnreachable(told) => self.broker_unreachable(image, at, told),
            Event::FenceBroker(broker) => self.fence_broker(image, broker),
            Event::UnregisterBroker(broker) => self.unregister_broker(image, broker),
            Event::AlterPartition(request) => self.alter_partition(image, request),
            Event::AssignReplicas(request) => self.assign_replicas(image, request),
            Event::ElectLeaders(request) => self.elect_leaders(image, request),
            Event::AlterReassignments(request) => self.alter_reassignments(image, request),
            Event::AllocateProducerIds(request) => self.allocate_producer_ids(image, request),
            Event::UpdateFeatures(request) => self.update_features(image, request),
            Event::Tick => self.tick(image, at),
        };
        let Decision { records, reply: body, atomic } = decision;
        Outcome { records, effects: vec![Effect::Reply { to, body }], atomic }
    }

    fn replay(image: &mut Image, record: &Record) {
        image.replay(record);
    }
}
