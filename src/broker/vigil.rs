//! What controllers do by themselves: they watch whether brokers live, and the active one lets time pass.

mod connection;
mod probe;
mod probes;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use controller::{Event, Reply};
use host::task::JoinHandle;
use model::NodeId;
use probes::Probes;
use quorum::{Quorum, SubmitError};
use tokio::sync::oneshot;

/// How long to wait before a tick that nobody took is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// The tasks of a controller. Dropping it ends them too, a moment later.
pub struct Vigil {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Vigil {
    /// Begins. Nothing is told while another node is the active controller, or none. `me` is not watched: it is this process.
    pub fn start(quorum: Arc<Quorum>, me: NodeId) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = host::task::spawn(run(quorum, me, stopped));
        Self { stop, task }
    }

    /// Ends; when it returns, nothing more is told to the controller.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the controller's own tasks did not end in order");
        }
    }
}

/// Brokers are watched by every controller, so that one that becomes the active one has seen what its predecessor took with
/// it: a process that is both broker and controller dies as both.
async fn run(quorum: Arc<Quorum>, me: NodeId, mut stopped: oneshot::Receiver<()>) {
    let mut probes = Probes::new(quorum.clone(), me);
    tokio::select! {
        _ = &mut stopped => {}
        () = probes.follow() => {}
        () = keep_time(&quorum) => {}
    }
    probes.stop().await;
}

/// Ticks in every reign of this node. Returns when the quorum has ended.
async fn keep_time(quorum: &Quorum) {
    let mut status = quorum.watch_status();
    loop {
        let Ok(epoch) = status.wait_for(|status| status.active).await.map(|status| status.epoch) else { return };
        tokio::select! {
            over = status.wait_for(|status| !status.active || status.epoch != epoch) => if over.is_err() { return },
            () = tick(quorum) => return,
        }
    }
}

/// Lets time pass, by the way that heartbeats take, so that none passes where they cannot come through. Returns when the
/// quorum has ended.
async fn tick(quorum: &Quorum) {
    loop {
        let pause = match quorum.submit(Event::Tick).await {
            Ok(Reply::Tick { again_ms }) => Duration::from_millis(again_ms.max(0).unsigned_abs()),
            Ok(other) => {
                tracing::error!(answer = ?other, "the controller answered a tick with something else");
                RETRY
            }
            Err(SubmitError::Failed(_) | SubmitError::ShutDown) => return,
            Err(SubmitError::NoMajority | SubmitError::NotController { .. }) => RETRY,
        };
        host::task::sleep(pause).await;
    }
}
