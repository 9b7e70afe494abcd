//! What is done by the clock: retention, checkpoints, flushes, delayed deletions; and following the configuration.

use std::sync::Arc;

use host::task::JoinHandle;
use net::SharedLimits;
use tokio::sync::oneshot;
use tracing::warn;

use crate::listeners;
use crate::node::Node;

/// How often there may be something to do.
const TICK_MS: u64 = 500;

/// The task that does it.
pub struct Housekeeping {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Housekeeping {
    /// Begins.
    pub fn start(node: &Arc<Node>, limits: SharedLimits) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let node = node.clone();
        let task = host::task::spawn(async move {
            let mut config = node.config();
            let mut offline = node.logs.offline_dirs();
            let mut expired = host::clock::monotonic();
            loop {
                if host::task::timeout(std::time::Duration::from_millis(TICK_MS), &mut stopped).await.is_ok() {
                    return;
                }
                let ticking = node.clone();
                if let Err(error) = host::task::blocking(move || ticking.logs.tick(host::clock::now())).await {
                    warn!(%error, "housekeeping of the logs failed");
                }
                node.assign_directories().await;
                let now = node.config();
                if !Arc::ptr_eq(&now, &config) {
                    limits.store(Arc::new(listeners::limits(&now).await));
                    config = now.clone();
                }
                let interval_ms = now.groups.offsets_retention_check_interval_ms;
                if expired.elapsed_ms() >= interval_ms.unsigned_abs() {
                    expired = host::clock::monotonic();
                    let expiring = node.clone();
                    if let Err(error) = host::task::blocking(move || expiring.groups.expire()).await {
                        warn!(%error, "the expiry of committed offsets failed");
                    }
                }
                let failed = node.logs.offline_dirs();
                if failed != offline {
                    node.lifecycle.wake();
                    offline = failed;
                }
            }
        });
        Self { stop, task }
    }

    /// Ends, after what is being done is done.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            warn!(%error, "housekeeping did not end in order");
        }
    }
}
