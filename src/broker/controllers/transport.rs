//! Carries what voters say to each other: one connection to each of the others' controller listeners.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::NodeId;
use quorum::{Answer, Transport};
use tokio::sync::Mutex;

use crate::link::Link;

/// The connections to the other voters.
pub struct Voters {
    me: NodeId,
    others: BTreeMap<NodeId, Arc<Other>>,
    patience: Duration,
}

struct Other {
    host: String,
    port: u16,
    /// One message at a time, so that they arrive in order.
    link: Mutex<Option<Link>>,
}

impl Voters {
    /// The way to voters at these addresses; connections are made when they are needed, within `patience`.
    pub fn new(me: NodeId, addresses: impl IntoIterator<Item = (NodeId, (String, u16))>, patience: Duration) -> Self {
        let other = |(host, port)| Arc::new(Other { host, port, link: Mutex::default() });
        let others = addresses.into_iter().filter(|(id, _)| *id != me).map(|(id, address)| (id, other(address)));
        Self { me, others: others.collect(), patience }
    }
}

impl Transport for Voters {
    fn call(&self, target: NodeId, message: Bytes) -> Answer {
        let (me, patience) = (self.me, self.patience);
        let Some(other) = self.others.get(&target).cloned() else {
            let error = io::Error::new(io::ErrorKind::NotFound, format!("{target} is no voter"));
            return Box::pin(async move { Err(error) });
        };
        Box::pin(async move {
            let mut slot = other.link.lock().await;
            // Whoever is dropped while waiting takes the connection with it, and the answer that comes late.
            let mut link = match slot.take() {
                Some(link) => link,
                None => Link::connect(&other.host, other.port, -1, patience, format!("voter-{me}")).await?,
            };
            let answer = link.vote(&message).await?;
            *slot = Some(link);
            Ok(answer)
        })
    }
}
