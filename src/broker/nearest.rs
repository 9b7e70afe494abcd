//! Sends consumers to the replica in their own rack, where `replica.selector.class` says so (KIP-392).

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::bail;
use config::NodeConfig;
use model::{NodeId, Offset};
use replication::leader::closest_replica;
use wire::Context;

use crate::node::Node;
use crate::partition::Partition;

/// Chooses by rack.
const BY_RACK: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
/// Always chooses the leader, as happens without any; KIP-392 names it so.
const LEADER: &str = "org.apache.kafka.common.replica.LeaderSelector";

/// Refuses a selector that is not known: no class can be loaded here.
///
/// # Errors
/// In words for whoever runs the node.
pub fn check(config: &NodeConfig) -> anyhow::Result<()> {
    match config.replication.selector_class.as_deref() {
        None | Some("" | BY_RACK | LEADER) => Ok(()),
        Some(other) => bail!("replica.selector.class: {other} is not known; the only selector there is is {BY_RACK}"),
    }
}

/// Where a consumer is, if it wants to be served from there.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    rack: String,
    listener: Arc<str>,
}

/// The brokers that a consumer could be sent to, and the racks that they are in.
pub struct Near<'a> {
    rack: &'a str,
    racks: BTreeMap<NodeId, Option<String>>,
}

impl Node {
    /// Where the consumer is that says it is in `rack`; `None` if the leader serves everyone.
    pub fn place(&self, context: &Context, rack: &str) -> Option<Arc<Place>> {
        let by_rack = self.config().replication.selector_class.as_deref() == Some(BY_RACK);
        let asks = !rack.is_empty() && context.reads_from_followers();
        (by_rack && asks)
            .then(|| Arc::new(Place { rack: rack.to_owned(), listener: context.origin().listener.clone() }))
    }

    /// Who could serve a consumer: those alive that it can reach on its listener.
    pub fn near<'a>(&self, place: &'a Place) -> Near<'a> {
        let published = self.published();
        let reachable = published.image.brokers.iter().filter(|(_, broker)| {
            !broker.fenced && broker.end_points.iter().any(|endpoint| endpoint.name == *place.listener)
        });
        Near { rack: &place.rack, racks: reachable.map(|(id, broker)| (*id, broker.rack.clone())).collect() }
    }
}

impl Near<'_> {
    /// The replica to read from, if there is a better one than this leader's own.
    pub fn replica(&self, me: NodeId, partition: &Partition, from: Offset) -> Option<NodeId> {
        let candidates = partition.candidates(from)?.into_iter();
        let reachable = candidates.filter_map(|it| Some((it, self.racks.get(&it.node)?.clone())));
        closest_replica(self.rack, self.racks.get(&me)?.as_deref(), reachable)
    }
}
