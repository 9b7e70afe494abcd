//! Connections to the active controller, as many as requests are under way.

use std::io;
use std::time::Duration;

use model::NodeId;
use parking_lot::Mutex;
use wire::call::Call;

use crate::link::Link;

/// Connections that are kept for later.
const KEPT: usize = 8;

/// Connections that wait for their next request.
pub struct Pool {
    client_id: String,
    idle: Mutex<Vec<(NodeId, Link)>>,
}

/// Where a controller listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Which controller.
    pub node: NodeId,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Pool {
    /// No connection yet; `client_id` is what this node calls itself.
    pub fn new(client_id: String) -> Self {
        Self { client_id, idle: Mutex::default() }
    }

    /// Asks a controller, and waits `patience` for the connection and as long again for the answer.
    ///
    /// # Errors
    /// It cannot be reached, or does not answer.
    pub async fn call<R: Call>(&self, to: &Address, request: &R, patience: Duration) -> io::Result<R::Response> {
        let idle = {
            let mut idle = self.idle.lock();
            idle.retain(|(node, _)| *node == to.node);
            idle.pop()
        };
        let fresh = idle.is_none();
        let mut link = match idle {
            Some((_, link)) => link,
            None => Link::connect(&to.host, to.port, -1, patience, self.client_id.clone()).await?,
        };
        let answer = host::task::timeout(patience, link.call(request)).await;
        let answer = answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut)).and_then(|answer| answer);
        if answer.is_err() && !fresh {
            // The others are no better.
            self.idle.lock().clear();
        }
        let answer = answer?;
        let mut idle = self.idle.lock();
        if idle.len() < KEPT {
            idle.push((to.node, link));
        }
        Ok(answer)
    }
}
