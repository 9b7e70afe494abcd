//! The brokers of the cluster, as far as in-sync sets must know them.

use std::collections::BTreeMap;

use arc_swap::ArcSwap;
use metadata::Image;
use model::{BrokerEpoch, NodeId};
use replication::leader::Peers;

/// Which incarnations are registered, and whether they are active; shared by all partitions of this broker.
#[derive(Default)]
pub struct Brokers {
    registered: ArcSwap<BTreeMap<NodeId, Registered>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Registered {
    epoch: BrokerEpoch,
    active: bool,
    fenced: bool,
}

impl Brokers {
    /// Follows the metadata; tells whether it changed anything.
    pub fn follow(&self, image: &Image) -> bool {
        let registered: BTreeMap<_, _> = image
            .brokers
            .iter()
            .map(|(id, broker)| {
                let (epoch, fenced) = (broker.broker_epoch, broker.fenced);
                (*id, Registered { epoch, active: image.is_active(*id), fenced })
            })
            .collect();
        let changed = **self.registered.load() != registered;
        if changed {
            self.registered.store(registered.into());
        }
        changed
    }
}

impl Peers for Brokers {
    fn active(&self, broker: NodeId) -> Option<BrokerEpoch> {
        self.registered.load().get(&broker).filter(|broker| broker.active).map(|broker| broker.epoch)
    }

    fn registered(&self, broker: NodeId) -> Option<BrokerEpoch> {
        self.registered.load().get(&broker).map(|broker| broker.epoch)
    }

    fn is_alive(&self, broker: NodeId) -> bool {
        self.registered.load().get(&broker).is_some_and(|broker| !broker.fenced)
    }
}
