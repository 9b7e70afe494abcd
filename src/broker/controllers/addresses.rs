//! Where controllers listen, as far as it is configured or was told.

use std::collections::BTreeMap;

use config::NodeConfig;
use model::NodeId;
use parking_lot::Mutex;

/// More controllers than any cluster has.
const MOST: usize = 100;

/// The addresses of controllers.
pub struct Addresses {
    configured: BTreeMap<NodeId, (String, u16)>,
    bootstrap: Vec<(String, u16)>,
    told: Mutex<BTreeMap<NodeId, (String, u16)>>,
}

impl Addresses {
    /// What `controller.quorum.voters` and `controller.quorum.bootstrap.servers` say.
    pub fn new(config: &NodeConfig) -> Self {
        let voters = config.voters.iter();
        let voters = voters.map(|voter| (NodeId(voter.id), (voter.address.host.clone(), voter.address.port)));
        let servers = config.bootstrap_servers.iter().map(|server| (server.host.clone(), server.port));
        let configured: BTreeMap<_, _> = voters.collect();
        let bootstrap = configured.values().cloned().chain(servers).collect();
        Self { configured, bootstrap, told: Mutex::default() }
    }

    /// Where a controller listens.
    pub fn of(&self, controller: NodeId) -> Option<(String, u16)> {
        let configured = self.configured.get(&controller).cloned();
        configured.or_else(|| self.told.lock().get(&controller).cloned())
    }

    /// Where one may ask who leads.
    pub fn bootstrap(&self) -> &[(String, u16)] {
        &self.bootstrap
    }

    /// The voters that are configured.
    pub fn voters(&self) -> impl Iterator<Item = (NodeId, (String, u16))> {
        self.configured.iter().map(|(id, address)| (*id, address.clone()))
    }

    /// A controller listens there, as another one says.
    pub fn learn(&self, controller: NodeId, address: (String, u16)) {
        let mut told = self.told.lock();
        if told.len() < MOST || told.contains_key(&controller) {
            told.insert(controller, address);
        }
    }
}
