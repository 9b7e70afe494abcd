//! Coordinators: machines whose records lie in the partitions of an internal topic. This broker has one for each
//! partition that it leads, and nobody else answers for it (`GroupCoordinatorService`, `CoordinatorRuntime`).

mod coordinator;
mod load;
mod resident;
#[cfg(test)]
mod tests;
mod writing;

use std::collections::BTreeMap;
use std::sync::Arc;

use metadata::Image;
use model::batch::Compression;
use model::{BrokerEpoch, ErrorCode, NodeId, PartitionIndex};
use parking_lot::RwLock;
use tokio::sync::Semaphore;

pub use coordinator::{Coordinator, Pending, Told};
pub use resident::{Resident, Written};

use crate::node::Node;

/// Bytes read at a time while a coordinator is loaded, where nothing else is configured (`offsets.load.buffer.size`).
const LOAD_BUFFER: usize = 5 * 1024 * 1024;

/// The coordinators of one internal topic.
pub struct Coordinators<M: Resident> {
    /// A machine for a new reign, told how large its batches may be.
    make: Box<dyn Fn(usize) -> M + Send + Sync>,
    compression: Compression,
    load_buffer: usize,
    /// A buffer and a processor for each that is being loaded: more at a time would be no faster.
    loads: Arc<Semaphore>,
    serving: RwLock<Serving<M>>,
}

struct Serving<M: Resident> {
    /// How many partitions the topic has; 0 before it is there.
    partitions: usize,
    led: BTreeMap<PartitionIndex, Arc<Coordinator<M>>>,
}

impl<M: Resident> Coordinators<M> {
    /// None yet.
    pub fn new(compression: Compression, make: impl Fn(usize) -> M + Send + Sync + 'static) -> Self {
        let loads = Arc::new(Semaphore::new(host::limits::processors()));
        let serving = RwLock::new(Serving { partitions: 0, led: BTreeMap::new() });
        Self { make: Box::new(make), compression, load_buffer: LOAD_BUFFER, loads, serving }
    }

    /// With so many bytes read at a time while a partition is loaded.
    #[must_use]
    pub fn with_load_buffer(mut self, bytes: usize) -> Self {
        self.load_buffer = bytes;
        self
    }

    /// Begins where this broker leads by `image`, and ends where it does no more. `first` makes what a new one is told
    /// before any request.
    pub fn follow(&self, node: &Node, image: &Image, first: impl Fn() -> Vec<M::Event> + Clone + Send + 'static) {
        let mut led = BTreeMap::new();
        let topic = image.topic(M::TOPIC);
        if node.epoch() != BrokerEpoch(-1)
            && let Some(topic) = topic
        {
            let mine = topic.partitions.iter().filter(|(_, partition)| partition.leader == node.id());
            led.extend(mine.filter_map(|(index, _)| Some((*index, node.partitions.get(topic.id, *index)?))));
        }
        let mut serving = self.serving.write();
        serving.partitions = topic.map_or(0, |topic| topic.partitions.size());
        let mut over = Vec::new();
        serving.led.retain(|index, coordinator| {
            let goes_on = led.get(index).is_some_and(|partition| partition.leader_epoch() == coordinator.epoch());
            if !goes_on {
                coordinator.resign();
                over.push(coordinator.clone());
            }
            goes_on
        });
        if !over.is_empty() {
            // To give a million offsets' memory back takes longer than a change of the metadata may.
            drop(host::task::spawn(host::task::blocking(move || drop(over))));
        }
        for (index, partition) in led {
            serving.led.entry(index).or_insert_with(|| {
                let epoch = partition.leader_epoch();
                let machine = (self.make)(partition.rules.load().max_message_bytes);
                let coordinator = Coordinator::new(machine, partition, epoch, self.compression);
                self.load(coordinator.clone(), first.clone());
                coordinator
            });
        }
    }

    fn load(&self, coordinator: Arc<Coordinator<M>>, first: impl FnOnce() -> Vec<M::Event> + Send + 'static) {
        let (loads, buffer) = (self.loads.clone(), self.load_buffer);
        drop(host::task::spawn(async move {
            coordinator.settled().await;
            let turn = loads.acquire_owned().await;
            let loaded = host::task::blocking(move || coordinator.load(buffer, first)).await;
            drop(turn);
            loaded
        }));
    }

    /// The coordinator that a group or a transactional id belongs to.
    ///
    /// # Errors
    /// NOT_COORDINATOR if it is not here.
    pub fn of(&self, name: &str) -> Result<Arc<Coordinator<M>>, ErrorCode> {
        let serving = self.serving.read();
        let here = serving.led.get(&partition_of(name, serving.partitions));
        here.cloned().ok_or(ErrorCode::NotCoordinator)
    }

    /// Ends all.
    pub fn resign(&self) {
        for coordinator in std::mem::take(&mut self.serving.write().led).into_values() {
            coordinator.resign();
        }
    }

    /// All that are here.
    pub fn all(&self) -> Vec<Arc<Coordinator<M>>> {
        self.serving.read().led.values().cloned().collect()
    }
}

/// The partition of an internal topic with `count` partitions that a group or a transactional id belongs to:
/// by Java's hash of its name (`GroupCoordinatorService.partitionFor`).
fn partition_of(name: &str, count: usize) -> PartitionIndex {
    let add = |hash: i32, unit: u16| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
    let hash = match name.is_ascii() {
        true => name.bytes().map(u16::from).fold(0, add),
        false => name.encode_utf16().fold(0, add),
    };
    let count = i32::try_from(count).unwrap_or(i32::MAX).max(1);
    // `Utils.abs`, for which the least number of all is 0.
    PartitionIndex(hash.checked_abs().unwrap_or(0) % count)
}

/// Who leads the partition of an internal topic that a name belongs to, by the image; none if nobody does.
pub fn leader_for(image: &Image, topic: &str, name: &str) -> Option<NodeId> {
    let topic = image.topic(topic)?;
    let leader = topic.partitions.get(&partition_of(name, topic.partitions.size()))?.leader;
    (leader != NodeId::NONE).then_some(leader)
}
