//! Moves replicas between the directories of this broker, each in a task of its own (`ReplicaAlterLogDirsManager`,
//! `ReplicaAlterLogDirsThread`); `replication::moving` decides, `storage` copies.

use std::sync::{Arc, Weak};
use std::time::Duration;

use config::NodeConfig;
use host::task::JoinHandle;
use metadata::{MetadataVersion, Partition as Registration};
use model::{ErrorCode, TopicPartition};
use parking_lot::Mutex;
use replication::moving::{Known, Todo};
use storage::log::{Approach, ApproachError, StorageError};
use storage::manager::{ReplaceError, is_too_long_to_move};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tracing::{error, info, warn};

use crate::node::Node;
use crate::partition::{Future, NotReplaced, Partition};
use crate::waiters::Waiters;

/// How long an assignment may be unknown before the controller is told of it again.
const TELL_AGAIN: Duration = Duration::from_secs(1);

/// The moves that are under way.
pub struct Movers {
    /// Held while a request begins or ends moves.
    altering: Mutex<()>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
    /// `num.replica.alter.log.dirs.threads`: so many replicas are copied at one time.
    seats: Arc<Semaphore>,
    /// Those who wait for the metadata.
    pub waiting: Waiters,
}

impl Movers {
    /// None yet.
    pub fn new(config: &NodeConfig) -> Self {
        let threads = config.replication.alter_log_dirs_threads.and_then(|threads| usize::try_from(threads).ok());
        let seats = threads.unwrap_or(config.log_dirs.len()).max(1);
        Self {
            altering: Mutex::default(),
            tasks: Mutex::default(),
            stop: watch::Sender::new(false),
            seats: Arc::new(Semaphore::new(seats)),
            waiting: Waiters::default(),
        }
    }

    fn begin(&self, node: &Arc<Node>, partition: &Arc<Partition>, future: Arc<Future>) {
        partition.begin_move(future.clone());
        let moving = Moving {
            node: Arc::downgrade(node),
            partition: partition.clone(),
            future,
            stop: self.stop.subscribe(),
            waiter: Arc::default(),
        };
        let mut tasks = self.tasks.lock();
        tasks.retain(|task| !task.is_finished());
        tasks.push(host::task::spawn(moving.go(self.seats.clone())));
    }

    /// Ends all, after what is being done is done; the next start goes on with them.
    pub async fn stop(&self) {
        let _ = self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            if let Err(error) = task.await {
                warn!(%error, "a move did not end in order");
            }
        }
    }
}

impl Node {
    /// Has the replica of a partition move to the directory of that path, or remembers the wish until it is created here
    /// (`ReplicaManager.alterReplicaLogDirs`). Blocks on the disk.
    ///
    /// # Errors
    /// As Apache Kafka's: INVALID_TOPIC_EXCEPTION, LOG_DIR_NOT_FOUND, KAFKA_STORAGE_ERROR, INVALID_REPLICA_ASSIGNMENT for a
    /// directory that is cordoned, REPLICA_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION.
    pub fn alter_log_dir(&self, at: &TopicPartition, path: &str) -> Result<(), ErrorCode> {
        let _altering = self.movers.altering.lock();
        if is_too_long_to_move(at) {
            return Err(ErrorCode::InvalidTopicException);
        }
        let dir = self.logs.dir_at(path).ok_or(ErrorCode::LogDirNotFound)?;
        if !dir.is_online() {
            return Err(ErrorCode::KafkaStorageError);
        }
        if self.config().cordoned_log_dirs.iter().any(|cordoned| cordoned == path) {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        let partition = match self.replica_by_name(&at.topic, at.partition) {
            Ok(partition) => partition,
            Err(ErrorCode::KafkaStorageError) => return Err(ErrorCode::KafkaStorageError),
            Err(error) => {
                self.logs.wish(at, dir);
                let is_known = error == ErrorCode::NotLeaderOrFollower;
                return Err(if is_known { ErrorCode::ReplicaNotAvailable } else { error });
            }
        };
        match partition.future() {
            Some(future) if Arc::ptr_eq(&future.dir, dir) => return Ok(()),
            Some(_) => self.give_up(&partition),
            None => {}
        }
        if self.logs.dir_of(at).is_some_and(|current| Arc::ptr_eq(&current, dir)) {
            return Ok(());
        }
        let config = partition.log().config();
        let log = self.logs.create_future(at, partition.topic_id, dir, &config).map_err(|error| {
            warn!(partition = %at, to = path, %error, "the replica is not moved");
            error.code()
        })?;
        let Some(node) = self.me() else { return Err(ErrorCode::KafkaStorageError) };
        info!(partition = %at, to = path, "the replica moves");
        self.movers.begin(&node, &partition, Arc::new(Future::new(log, dir.clone())));
        Ok(())
    }

    /// Goes on with a move that was under way when the broker stopped.
    pub fn resume_move(&self, partition: &Arc<Partition>) {
        let (Some((log, dir)), Some(node)) = (self.logs.future(&partition.id), self.me()) else { return };
        info!(partition = %partition.id, to = %dir.path().display(), from = %log.end_offset(), "the replica moves on");
        self.movers.begin(&node, partition, Arc::new(Future::new(log, dir)));
    }

    /// The replica moves no more. What was copied goes, but where the original failed it is kept for the next start.
    pub fn give_up(&self, partition: &Partition) {
        if partition.end_move().is_none() {
            return;
        }
        if !partition.log().is_offline() {
            self.logs.discard_future(&partition.id);
        }
        let published = self.published();
        let topic = published.image.topic_by_id(partition.topic_id);
        if let Some(registered) = topic.and_then(|topic| topic.partitions.get(&partition.id.partition)) {
            self.settle_directory(partition, registered);
        }
    }

    /// Has the controller told where the replica lies, or is about to, if the metadata says otherwise.
    pub fn settle_directory(&self, partition: &Partition, registered: &Registration) {
        let Some(dir) = self.logs.dir_of(&partition.id) else { return };
        let wanted = partition.future().and_then(|future| future.directory()).unwrap_or(dir.id());
        if registered.directory(self.id()) != Some(wanted) && !wanted.is_zero() {
            let key = (partition.topic_id, partition.id.partition);
            self.unassigned.lock().insert(key, wanted);
        }
    }

    fn known_directory(&self, partition: &Partition) -> Known {
        let image = &self.published().image;
        if !image.metadata_version().is_some_and(MetadataVersion::has_directories) {
            return Known::Nothing;
        }
        let topic = image.topic_by_id(partition.topic_id);
        let registered = topic.and_then(|topic| topic.partitions.get(&partition.id.partition));
        Known::Directory(registered.and_then(|registered| registered.directory(self.id())))
    }
}

/// One move.
struct Moving {
    node: Weak<Node>,
    partition: Arc<Partition>,
    future: Arc<Future>,
    stop: watch::Receiver<bool>,
    waiter: Arc<Notify>,
}

/// What comes after a step.
enum Then {
    /// The next one.
    On,
    /// As soon as something changes, but after this time in any case.
    Wait(Duration),
    /// Nothing: it has arrived, was given up, or the node stops.
    End,
}

impl Moving {
    async fn go(mut self, seats: Arc<Semaphore>) {
        self.partition.followers.park(&self.waiter);
        let mut seat = None;
        let (mut has_been_level, mut is_parked) = (false, false);
        while let Some(node) = self.node.upgrade() {
            if *self.stop.borrow() || !self.is_wanted(&node) {
                return;
            }
            if !is_parked {
                node.movers.waiting.park(&self.waiter);
                is_parked = true;
            }
            let then = if !has_been_level && seat.is_none() {
                drop(node);
                seat = self.sit(&seats).await;
                Then::On
            } else if let Some(free) = node.throttles.moved.free_at() {
                // Looked at again after a while, for somebody may have raised the rate.
                let ms = free.min(node.backoff().at_most()).ms_since(host::clock::uptime());
                drop(node);
                self.rest(Duration::from_millis(ms.max(1).unsigned_abs())).await;
                Then::On
            } else {
                self.step(&node, &mut has_been_level).await
            };
            if has_been_level {
                seat = None;
            }
            match then {
                Then::On => {}
                Then::End => return,
                Then::Wait(most) => {
                    let ended = &self.future.ended;
                    tokio::select! {
                        _ = host::task::timeout(most, self.waiter.notified()) => {}
                        () = ended.notified() => {}
                        _ = self.stop.changed() => {}
                    }
                }
            }
        }
    }

    /// Whether the partition is still here, and on its way there.
    fn is_wanted(&self, node: &Node) -> bool {
        let here = node.partitions.get(self.partition.topic_id, self.partition.id.partition);
        here.is_some_and(|here| Arc::ptr_eq(&here, &self.partition)) && self.partition.is_moving_to(&self.future)
    }

    /// Waits until fewer replicas are copied; none if the move has ended meanwhile.
    async fn sit(&mut self, seats: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            seat = seats.clone().acquire_owned() => seat.ok(),
            () = self.future.ended.notified() => None,
            _ = self.stop.changed() => None,
        }
    }

    async fn rest(&mut self, time: Duration) {
        tokio::select! {
            () = host::task::sleep(time) => {}
            () = self.future.ended.notified() => {}
            _ = self.stop.changed() => {}
        }
    }

    async fn step(&self, node: &Arc<Node>, has_been_level: &mut bool) -> Then {
        let most = usize::try_from(node.config().replication.fetch_max_bytes).unwrap_or(0).max(1);
        let approached =
            self.on_disk(move |moving| moving.future.log.approach(&moving.partition.log(), most, host::clock::now()));
        let approached = match approached.await {
            Some(Ok(approached)) => approached,
            Some(Err(error)) => return self.failed(node, &error),
            None => return Then::End,
        };
        // Who waits until what was deleted is deleted everywhere waits for the copy too.
        self.partition.deleters.wake();
        match approached {
            Approach::Went(bytes) => {
                node.throttles.moved.record(usize::try_from(bytes).unwrap_or(usize::MAX));
                return Then::On;
            }
            Approach::Nothing => return Then::Wait(self.patience(node)),
            Approach::Level => {}
        }
        if !*has_been_level {
            *has_been_level = true;
            // Now, so that there is little to be made durable while nobody may append.
            let logs = node.logs.clone();
            let flushed = self.on_disk(move |moving| {
                logs.write_log_starts(&moving.future.dir);
                moving.future.log.flush(moving.future.log.end_offset())
            });
            match flushed.await {
                Some(Ok(())) => {}
                Some(Err(error)) => return self.failed(node, &ApproachError::Future(error)),
                None => return Then::End,
            }
        }
        match self.future.next(true, node.known_directory(&self.partition)) {
            Todo::Copy => Then::On,
            Todo::Assign => {
                self.assign(node).await;
                Then::On
            }
            Todo::Wait => {
                let mut stop = self.stop.clone();
                let is_unheard = tokio::select! {
                    told = host::task::timeout(TELL_AGAIN, self.waiter.notified()) => told.is_err(),
                    () = self.future.ended.notified() => false,
                    _ = stop.changed() => false,
                };
                if is_unheard {
                    self.assign(node).await;
                }
                Then::On
            }
            Todo::Replace => self.replace(node).await,
        }
    }

    /// Tells the controller of the directory in which the replica will be.
    async fn assign(&self, node: &Node) {
        let key = (self.partition.topic_id, self.partition.id.partition);
        node.unassigned.lock().insert(key, self.future.dir.id());
        node.assign_directories().await;
    }

    async fn replace(&self, node: &Arc<Node>) -> Then {
        let logs = node.logs.clone();
        let replaced = self.on_disk(move |moving| {
            let swap = || logs.replace_with_future(&moving.partition.id);
            let replaced = moving.partition.replace(&moving.future, swap, host::clock::now());
            logs.settle();
            replaced
        });
        match replaced.await {
            None => Then::End,
            Some(Ok(true)) => {
                info!(partition = %self.partition.id, to = %self.future.dir.path().display(), "the replica has moved");
                Then::End
            }
            Some(Ok(false)) => Then::On,
            Some(Err(NotReplaced::Approach(error))) => self.failed(node, &error),
            Some(Err(NotReplaced::Future(error))) => self.failed(node, &ApproachError::Future(error)),
            Some(Err(NotReplaced::Replace(error))) => {
                error!(partition = %self.partition.id, %error, "the replica is not moved");
                if let ReplaceError::Storage(_) = error {
                    node.lifecycle.wake();
                }
                node.give_up(&self.partition);
                Then::End
            }
        }
    }

    fn failed(&self, node: &Node, error: &ApproachError) -> Then {
        let partition = &self.partition;
        match error {
            ApproachError::Refused(error) => {
                warn!(partition = %partition.id, %error, "the copy of a replica does not go on; it is tried again");
                return Then::Wait(self.patience(node));
            }
            // It was deleted meanwhile, or the node stops.
            ApproachError::Current(StorageError::Closed) | ApproachError::Future(StorageError::Closed) => {}
            ApproachError::Current(cause) => {
                node.storage_failed(&partition.id, cause);
            }
            ApproachError::Future(cause) => node.logs.future_failed(&partition.id, &cause.to_string()),
        }
        if !*self.stop.borrow() && self.is_wanted(node) {
            error!(partition = %partition.id, %error, "the replica is not moved");
            node.lifecycle.wake();
            node.give_up(partition);
        }
        Then::End
    }

    fn patience(&self, node: &Node) -> Duration {
        let ms = node.config().replication.fetch_backoff_ms;
        Duration::from_millis(ms.max(1).unsigned_abs().into())
    }

    /// Work that may block; none if it panicked.
    async fn on_disk<T: Send + 'static>(&self, work: impl FnOnce(&Places) -> T + Send + 'static) -> Option<T> {
        let places = Places { partition: self.partition.clone(), future: self.future.clone() };
        match host::task::blocking(move || work(&places)).await {
            Ok(done) => Some(done),
            Err(error) => {
                error!(partition = %self.partition.id, %error, "the move of a replica did not go on");
                None
            }
        }
    }
}

/// From where to where.
struct Places {
    partition: Arc<Partition>,
    future: Arc<Future>,
}
