//! Listens, accepts, and stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use host::clock::monotonic;
use host::net::{Listener, SocketOptions, Stream};
use host::task::JoinSet;

use crate::connection::{self, Shared};
use crate::limits::{SharedLimits, TICK_MS};
use crate::registry::{Registry, Stats};
use crate::replies::Phase;
use crate::{PeerInfo, Service};

/// How long to wait when the system has no file descriptor for a new connection.
const NO_DESCRIPTOR: Duration = Duration::from_millis(100);

/// Where to listen.
#[derive(Clone, Debug)]
pub struct ListenerSpec {
    /// Its name (`listeners`).
    pub name: String,
    /// Where; port 0 is any.
    pub address: SocketAddr,
    /// Whether it is the brokers' own among several, which `max.connections` does not shut out.
    pub is_protected: bool,
}

/// Listeners that are bound, so that their ports are known and clients may wait, but not served yet.
pub struct Bound {
    listeners: Vec<(Arc<str>, bool, Listener)>,
    addresses: Vec<SocketAddr>,
    limits: SharedLimits,
}

/// Listeners that are being served. Dropping it stops accepting, but leaves connections alone.
pub struct Server {
    registry: Arc<Registry>,
    accepting: JoinSet<()>,
    _ticking: JoinSet<()>,
}

impl Bound {
    /// Binds all listeners; an error names the one that could not be bound.
    pub fn bind(specs: &[ListenerSpec], options: SocketOptions, limits: SharedLimits) -> io::Result<Self> {
        let mut listeners = Vec::with_capacity(specs.len());
        let mut addresses = Vec::with_capacity(specs.len());
        for spec in specs {
            let named = |e: io::Error| io::Error::new(e.kind(), format!("listener {}: {e}", spec.name));
            let listener = Listener::bind(spec.address, options).map_err(named)?;
            addresses.push(listener.local_addr().map_err(named)?);
            listeners.push((Arc::from(spec.name.as_str()), spec.is_protected, listener));
        }
        Ok(Self { listeners, addresses, limits })
    }

    /// Where each listens, in the order of the specs.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Begins to accept.
    pub fn serve<S: Service>(self, service: Arc<S>) -> Server {
        let registry = Registry::new(self.limits);
        let mut accepting = JoinSet::new();
        for (name, is_protected, listener) in self.listeners {
            accepting.spawn(accept(listener, name, !is_protected, Arc::clone(&registry), Arc::clone(&service)));
        }
        let mut ticking = JoinSet::new();
        let ticked = Arc::clone(&registry);
        ticking.spawn(async move {
            loop {
                host::task::sleep(Duration::from_millis(TICK_MS)).await;
                ticked.tick();
            }
        });
        Server { registry, accepting, _ticking: ticking }
    }
}

impl Server {
    /// Stops: no connection is accepted and no request taken any more; replies to those taken may leave within
    /// `grace`, then the rest is cut. Returns when every connection has ended, with the number of those cut.
    pub async fn stop(mut self, grace: Duration) -> u32 {
        self.accepting.shutdown().await;
        self.registry.enter(Phase::Stopping);
        if host::task::timeout_at(monotonic().plus(grace), self.registry.empty()).await.is_ok() {
            return 0;
        }
        let left = self.registry.stats().connections;
        self.registry.enter(Phase::Cut);
        self.registry.empty().await;
        left
    }

    /// Figures about all connections.
    pub fn stats(&self) -> Stats {
        self.registry.stats()
    }
}

async fn accept<S: Service>(
    listener: Listener,
    name: Arc<str>,
    yields: bool,
    registry: Arc<Registry>,
    service: Arc<S>,
) {
    loop {
        registry.may_accept(&name, yields).await;
        match listener.accept().await {
            Ok(stream) => admit(stream, &name, yields, &registry, &service),
            Err(error) => {
                tracing::warn!(listener = %name, %error, "a connection could not be accepted");
                host::task::sleep(NO_DESCRIPTOR).await;
            }
        }
    }
}

fn admit<S: Service>(stream: Stream, name: &Arc<str>, yields: bool, registry: &Arc<Registry>, service: &Arc<S>) {
    let peer = stream.peer_addr();
    let Ok(local) = stream.local_addr() else { return }; // It is gone already.
    let Some(slot) = registry.admit(peer.ip(), name, yields) else {
        tracing::info!(listener = %name, %peer, "refused: max.connections.per.ip");
        return;
    };
    let info = PeerInfo { listener: Arc::clone(name), peer, local, number: slot.number };
    let shared = Shared::new(registry, slot);
    if !yields {
        registry.make_room();
    }
    connection::start(stream, info, shared, Arc::clone(service));
}
