//! One connection: what its reader, its writer and the registry share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use host::net::Stream;

use crate::activity::Activity;
use crate::reader::Reader;
use crate::registry::{Registry, Slot};
use crate::replies::Replies;
use crate::writer::Writer;
use crate::{PeerInfo, Service};

/// What all of a connection's tasks share. The connection counts until the last of them has ended.
pub(crate) struct Shared {
    pub(crate) replies: Replies,
    pub(crate) activity: Activity,
    pub(crate) registry: Arc<Registry>,
    /// Memory of a small frame that is not whole.
    partial: AtomicU64,
    pub(crate) slot: Slot,
}

impl Shared {
    pub(crate) fn new(registry: &Arc<Registry>, slot: Slot) -> Arc<Self> {
        let shared = Arc::new(Self {
            replies: Replies::new(Arc::clone(&registry.reply_bytes)),
            activity: Activity::new(registry.now()),
            registry: Arc::clone(registry),
            partial: AtomicU64::new(0),
            slot,
        });
        registry.add(&shared);
        shared
    }

    /// How much memory a small frame holds that is not whole yet; 0 when it is.
    pub(crate) fn holds_partial(&self, bytes: u64) {
        let before = self.partial.swap(bytes, Relaxed);
        if before != bytes {
            self.registry.partial_bytes.fetch_add(bytes.wrapping_sub(before), Relaxed);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.holds_partial(0);
        self.registry.remove(&self.slot);
    }
}

/// Starts the two tasks of a connection.
pub(crate) fn start<S: Service>(stream: Stream, peer: PeerInfo, shared: Arc<Shared>, service: Arc<S>) {
    let connection = service.connected(peer);
    let (read, write) = stream.split();
    host::task::spawn(Reader::new(read, Arc::clone(&shared), service, connection).run());
    host::task::spawn(Writer::new(write, shared).run());
}
