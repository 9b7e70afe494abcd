//! One task for each broker that might die: those that are registered and not fenced.

use std::collections::BTreeMap;
use std::sync::Arc;

use host::task::JoinHandle;
use metadata::Image;
use metadata::records::RegisterBrokerRecord;
use model::NodeId;
use quorum::Quorum;

use super::probe;

/// The brokers that are watched.
pub struct Probes {
    quorum: Arc<Quorum>,
    me: NodeId,
    by_broker: BTreeMap<NodeId, Probe>,
}

/// The task that watches one incarnation of a broker. It ends when this is dropped.
struct Probe {
    broker: Arc<RegisterBrokerRecord>,
    task: JoinHandle<()>,
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Probe {
    /// Whether it is still this incarnation, where it always was.
    fn is_of(&self, broker: &RegisterBrokerRecord) -> bool {
        (self.broker.broker_epoch, &self.broker.end_points) == (broker.broker_epoch, &broker.end_points)
    }
}

impl Probes {
    /// Watches nobody yet, and never `me`.
    pub fn new(quorum: Arc<Quorum>, me: NodeId) -> Self {
        Self { quorum, me, by_broker: BTreeMap::new() }
    }

    /// Watches whom the metadata names, for as long as it names them. Returns when the quorum has ended.
    pub async fn follow(&mut self) {
        let mut images = self.quorum.watch();
        loop {
            let image = images.borrow_and_update().image.clone();
            self.take(&image);
            if images.changed().await.is_err() {
                return;
            }
        }
    }

    /// Ends all; when it returns, nothing more is told.
    pub async fn stop(&mut self) {
        for mut probe in std::mem::take(&mut self.by_broker).into_values() {
            probe.task.abort();
            // It ends as one that was told to.
            let _ = (&mut probe.task).await;
        }
    }

    fn take(&mut self, image: &Image) {
        let lives = |id: &NodeId| image.brokers.get(id).filter(|broker| !broker.fenced && *id != self.me);
        self.by_broker.retain(|id, probe| lives(id).is_some_and(|broker| probe.is_of(broker)));
        for (id, broker) in image.brokers.iter().filter_map(|(id, _)| Some((id, lives(id)?))) {
            self.by_broker.entry(*id).or_insert_with(|| {
                let task = host::task::spawn(probe::watch(self.quorum.clone(), broker.clone()));
                Probe { broker: broker.clone(), task }
            });
        }
    }
}
