//! One coordinator: a machine, the partition its records lie in, and those who wait for its answers
//! (`CoordinatorRuntime`).

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use machine::Shard;
use model::batch::Compression;
use model::{ErrorCode, LeaderEpoch, Timestamp};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::resident::Resident;
use super::writing::{Unwritten, Writer};
use crate::partition::Partition;

/// What a coordinator answers: its reply, or why there is none.
pub type Told<M> = Result<<M as Resident>::Reply, ErrorCode>;

/// An answer that is there, or will be when what it says is committed.
pub enum Pending<M: Resident> {
    /// This.
    Now(Told<M>),
    /// Later; an end without one means that the coordinator is over.
    Later(oneshot::Receiver<Told<M>>),
}

/// The coordinator of one partition, for one reign of its leader.
pub struct Coordinator<M: Resident> {
    partition: Arc<Partition>,
    epoch: LeaderEpoch,
    core: Mutex<Core<M>>,
    /// The next deadline came nearer.
    alarm: Notify,
    /// More of the partition is committed. Parked there only while something waits for it: mostly it is committed when it is written.
    committed: Arc<Notify>,
}

struct Core<M: Resident> {
    shard: Shard<M>,
    phase: Phase,
    waiting: BTreeMap<u64, oneshot::Sender<Told<M>>>,
    last_token: u64,
    /// Who asks right now and what it was told, if it was: most are answered at once, and need no way for later.
    asking: Option<(u64, Option<Told<M>>)>,
    /// Whether `committed` is parked at the partition.
    parked: bool,
    /// When the clock will look again.
    armed: Option<Timestamp>,
    writer: Writer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its records are being read.
    Loading,
    /// It answers.
    Serving,
    /// It answers nobody any more.
    Over,
}

impl<M: Resident> Coordinator<M> {
    /// A coordinator that has read nothing yet, and answers COORDINATOR_LOAD_IN_PROGRESS.
    pub fn new(machine: M, partition: Arc<Partition>, epoch: LeaderEpoch, compression: Compression) -> Arc<Self> {
        let core = Core {
            shard: Shard::new(machine),
            phase: Phase::Loading,
            waiting: BTreeMap::new(),
            last_token: 0,
            asking: None,
            parked: false,
            armed: None,
            writer: Writer::new(epoch, compression),
        };
        Arc::new(Self { partition, epoch, core: Mutex::new(core), alarm: Notify::new(), committed: Arc::default() })
    }

    /// The reign it serves in.
    pub fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    /// Waits until all is committed that earlier leaders have left in the partition: what is answered must not be lost
    /// with this leader.
    pub async fn settled(&self) {
        let end = self.partition.log().end_offset();
        let waiter = Arc::new(Notify::new());
        self.partition.writers.park(&waiter);
        while self.partition.log().high_watermark() < end && self.core.lock().phase == Phase::Loading {
            waiter.notified().await;
        }
    }

    /// Reads the partition, `buffer` bytes at a time, and begins to serve; `first` are told to the machine before any
    /// request. Blocks on the disk.
    pub fn load(self: &Arc<Self>, buffer: usize, first: impl FnOnce() -> Vec<M::Event>) {
        let begun = host::clock::monotonic();
        let goes_on = || self.core.lock().phase == Phase::Loading;
        let loaded = super::load::read::<M>(&self.partition.log(), buffer, goes_on);
        let mut core = self.core.lock();
        if core.phase != Phase::Loading {
            return;
        }
        let partition = &self.partition.id;
        match loaded {
            Err(error) => {
                tracing::error!(%partition, %error, "the coordinator cannot be loaded; it answers nobody");
                core.phase = Phase::Over;
            }
            Ok((state, end)) => {
                core.shard.restore(state, end);
                core.phase = Phase::Serving;
                tracing::debug!(%partition, %end, took_ms = begun.elapsed_ms(), "coordinator loaded");
                for event in std::iter::once(M::loaded()).chain(first()) {
                    self.step(&mut core, event);
                }
                drop(core);
                drop(host::task::spawn(keep_time(Arc::downgrade(self))));
            }
        }
    }

    /// Asks; whoever drops the answer's receiver has lost interest.
    ///
    /// # Errors
    /// COORDINATOR_LOAD_IN_PROGRESS and NOT_COORDINATOR.
    pub fn ask(&self, request: M::Request) -> Result<Pending<M>, ErrorCode> {
        let mut core = self.core.lock();
        core.serving()?;
        core.last_token += 1;
        let token = core.last_token;
        core.asking = Some((token, None));
        self.step(&mut core, M::ask(token, request));
        if let Some((_, Some(told))) = core.asking.take() {
            return Ok(Pending::Now(told));
        }
        core.serving()?;
        let (sender, receiver) = oneshot::channel();
        core.waiting.insert(token, sender);
        Ok(Pending::Later(receiver))
    }

    /// Tells the machine something that nobody waits for.
    pub fn tell(&self, event: M::Event) {
        let mut core = self.core.lock();
        if core.serving().is_ok() {
            self.step(&mut core, event);
        }
    }

    /// More of the partition is committed: what was decided upon it may be answered.
    fn on_committed(&self) {
        let mut core = self.core.lock();
        if core.serving().is_ok() {
            self.look(&mut core);
            self.watch(&mut core);
        }
    }

    fn look(&self, core: &mut Core<M>) {
        let effects = core.shard.on_committed(self.partition.log().high_watermark());
        core.release(effects);
    }

    /// Hears of what is committed while something waits for it, and only then.
    fn watch(&self, core: &mut Core<M>) {
        match (core.shard.is_settled(), core.parked) {
            (true, true) => {
                self.partition.writers.leave(&self.committed);
                core.parked = false;
            }
            (false, false) => {
                self.partition.writers.park(&self.committed);
                core.parked = true;
                // Parked first and looked at then, so that nothing that comes in between is missed.
                self.look(core);
            }
            _ => {}
        }
    }

    /// The reign is over: those who wait are sent away.
    pub fn resign(&self) {
        self.core.lock().end();
        self.alarm.notify_one();
    }

    fn step(&self, core: &mut Core<M>, event: M::Event) {
        let now = host::clock::steady();
        let written = core.shard.on_event_written(now, event, |append| {
            core.writer.append::<M>(&self.partition, append, now)?;
            Ok(self.partition.log().high_watermark())
        });
        match written {
            Ok(effects) => core.release(effects),
            Err((effects, Unwritten::Refused(error))) => core.refuse(effects, told(error)),
            Err((_, Unwritten::Lost(reason))) => {
                let partition = &self.partition.id;
                tracing::error!(%partition, reason, "the coordinator's log is not as it knows it; it answers nobody");
                core.end();
            }
        }
        self.watch(core);
        let deadline = core.shard.machine().next_deadline();
        if deadline.is_some_and(|deadline| core.armed.is_none_or(|armed| deadline < armed)) {
            core.armed = deadline;
            self.alarm.notify_one();
        }
    }

    /// When the machine wants to be woken; `None` when it is over.
    fn arm(&self) -> Option<Option<Timestamp>> {
        let mut core = self.core.lock();
        core.serving().ok()?;
        core.armed = core.shard.machine().next_deadline();
        Some(core.armed)
    }
}

impl<M: Resident> Pending<M> {
    /// The answer, however long it takes.
    ///
    /// # Errors
    /// What the coordinator had instead of a reply; NOT_COORDINATOR if it is over.
    pub async fn told(self) -> Told<M> {
        match self {
            Self::Now(told) => told,
            Self::Later(receiver) => receiver.await.unwrap_or(Err(ErrorCode::NotCoordinator)),
        }
    }
}

impl<M: Resident> Core<M> {
    fn serving(&self) -> Result<(), ErrorCode> {
        match self.phase {
            Phase::Loading => Err(ErrorCode::CoordinatorLoadInProgress),
            Phase::Serving => Ok(()),
            Phase::Over => Err(ErrorCode::NotCoordinator),
        }
    }

    fn release(&mut self, effects: Vec<M::Effect>) {
        for (to, reply) in effects.into_iter().map(M::addressed) {
            self.tell(to, Ok(reply));
        }
    }

    fn refuse(&mut self, effects: Vec<M::Effect>, error: ErrorCode) {
        for (to, _) in effects.into_iter().map(M::addressed) {
            self.tell(to, Err(error));
        }
    }

    fn tell(&mut self, to: u64, told: Told<M>) {
        match &mut self.asking {
            Some((asking, answer)) if *asking == to => *answer = Some(told),
            _ => {
                // Its connection may be gone.
                let _ = self.waiting.remove(&to).map(|waiter| waiter.send(told));
            }
        }
    }

    fn end(&mut self) {
        self.phase = Phase::Over;
        for (_, waiter) in std::mem::take(&mut self.waiting) {
            let _ = waiter.send(Err(ErrorCode::NotCoordinator));
        }
    }
}

/// An error of the log as clients of a coordinator know it (`CoordinatorOperationExceptionHelper`).
fn told(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::NotEnoughReplicas | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        _ => ErrorCode::UnknownServerError,
    }
}

/// Wakes the machine at its deadlines, until the coordinator is over or gone.
async fn keep_time<M: Resident>(coordinator: Weak<Coordinator<M>>) {
    while let Some(coordinator) = coordinator.upgrade() {
        coordinator.on_committed();
        let Some(deadline) = coordinator.arm() else { return };
        let woken = async {
            tokio::select! {
                () = coordinator.alarm.notified() => {}
                () = coordinator.committed.notified() => {}
            }
        };
        let now = host::clock::steady();
        match deadline.map(|deadline| deadline.ms_since(now)) {
            Some(..=0) => coordinator.tell(M::tick()),
            Some(left) => {
                let left = Duration::from_millis(left.unsigned_abs());
                // Too early or too late does no harm: the deadline is looked at again.
                let _ = host::task::timeout(left, woken).await;
            }
            None => woken.await,
        }
    }
}
