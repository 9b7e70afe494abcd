//! The controller's side of a node: what it answers on the controllers' listeners, and to its own broker.

mod apis;
mod handlers;
mod observers;
mod service;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Weak};

use config::NodeConfig;
use controller::{Event, Reply};
use metadata::Image;
use model::{ClusterId, NodeId};
use parking_lot::Mutex;
use quorum::{Applied, Quorum, Status, SubmitError};
use tokio::sync::{Semaphore, watch};
use wire::call::Call;
use wire::{Answer, Api, Context, Handle, Origin};

use crate::node::{ADMITTED_ENTRIES, Admission, FileSlice, admit};
pub use handlers::APPLIED;
use observers::Observers;
pub use service::ControllerService;

/// Answers what only the active controller may, or says that another one is asked.
pub struct ControllerNode {
    me: Weak<Self>,
    /// None on a node that is a broker only: then it is never the active one.
    quorum: Option<Arc<Quorum>>,
    /// The metadata as this node knows it.
    images: watch::Receiver<Applied>,
    status: watch::Receiver<Status>,
    config: Arc<NodeConfig>,
    cluster_id: ClusterId,
    observers: Mutex<Observers>,
    admitted: Arc<Semaphore>,
    origin: Arc<Origin>,
}

impl ControllerNode {
    /// The controller's side of a node that is one of the voters, or only follows them.
    pub fn new(
        quorum: Option<Arc<Quorum>>,
        (images, status): (watch::Receiver<Applied>, watch::Receiver<Status>),
        config: Arc<NodeConfig>,
        cluster_id: ClusterId,
    ) -> Arc<Self> {
        let listener = config.listeners.controller_names.first().map_or("", String::as_str);
        let origin = Origin { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), listener: listener.into() };
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            quorum,
            images,
            status,
            config,
            cluster_id,
            observers: Mutex::default(),
            admitted: Arc::new(Semaphore::new(ADMITTED_ENTRIES)),
            origin: Arc::new(origin),
        })
    }

    /// Has the controller decide; refused where another node is the active one.
    pub async fn submit(&self, event: Event) -> Result<Reply, SubmitError> {
        match &self.quorum {
            Some(quorum) => quorum.submit(event).await,
            None => Err(SubmitError::NotController { leader: self.status.borrow().leader }),
        }
    }

    /// Asks as the node's own broker; none where no answer is to be had.
    pub async fn ask<R: Call>(&self, request: R) -> Option<R::Response>
    where
        Self: Handle<R>,
    {
        let key = kafka_protocol::messages::ApiKey::try_from(R::KEY).ok()?;
        let api = Api { key, min: R::VERSION, max: R::VERSION, shape: R::ANSWER };
        let context = Context::own(api, self.origin.clone());
        let mut answer = self.handle(&context, request).await;
        loop {
            match answer {
                Answer::Now(response) => return Some(response),
                Answer::Later(later) => answer = later.await,
                Answer::Chunks(_) | Answer::Nothing | Answer::Close => return None,
            }
        }
    }

    /// Whether this node is one of the voters.
    pub fn votes(&self) -> bool {
        self.quorum.is_some()
    }

    /// Whether this node decides.
    pub fn is_active(&self) -> bool {
        self.status.borrow().active
    }

    /// The metadata as it was applied here last.
    fn image(&self) -> Arc<Image> {
        self.images.borrow().image.clone()
    }

    /// `node.id`.
    fn id(&self) -> NodeId {
        self.config.node_id
    }

    /// Where a controller listens: as the voters are configured or recorded, else as it has registered.
    pub fn address_of(&self, controller: NodeId) -> Option<(String, u16)> {
        let configured = self.config.voters.iter().find(|voter| voter.id == controller.0);
        if let Some(voter) = configured {
            return Some((voter.address.host.clone(), voter.address.port));
        }
        let listener = &*self.origin.listener;
        let recorded = self.quorum.iter().flat_map(|quorum| quorum.named_voters());
        let recorded = recorded.filter(|voter| voter.id == controller).flat_map(|voter| &voter.endpoints);
        let mut recorded = recorded.filter(|endpoint| endpoint.listener == listener);
        if let Some(endpoint) = recorded.next() {
            return Some((endpoint.host.clone(), endpoint.port));
        }
        let image = self.image();
        let registered = &image.controllers.get(&controller)?.end_points;
        let endpoint = registered.iter().find(|endpoint| endpoint.name == listener)?;
        Some((endpoint.host.clone(), endpoint.port))
    }
}

impl wire::Broker for ControllerNode {
    type Slice = FileSlice;
    type Admission = Admission;

    async fn admit(&self, entries: usize) -> Admission {
        admit(&self.admitted, entries).await
    }
}
