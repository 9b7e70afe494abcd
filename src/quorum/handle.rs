//! The quorum as the rest of the broker knows it: ask, and be answered when it is committed and published.

use std::sync::Arc;

use controller::{Controller, Event, Reply};
use host::task;
use machine::Shard;
use metadata::Image;
use model::{LeaderEpoch, NodeId, Offset};
use parking_lot::Mutex;
use storage::dirs::DirLock;
use tokio::sync::{mpsc, oneshot, watch};

use crate::cleaner::Snapshots;
use crate::format::METADATA_DIR;
use crate::settings::QuorumConfig;
use crate::start::{self, StartError, Started};
use crate::writer::{Applied, Ask, OnApplied, Writer};

/// How many questions may wait; who asks then waits to ask.
const QUEUE: usize = 1024;
/// How many questions share one fsync at most.
const GROUP: usize = 256;
/// How often snapshots, retention and deleted files are looked after.
const HOUSEKEEPING_MS: u64 = 5_000;

/// A quorum of one: this node is the only voter, and leads. Dropping it ends it without [`Quorum::shutdown`]'s order.
pub struct Quorum {
    node: NodeId,
    asks: mpsc::Sender<Ask>,
    status: watch::Receiver<Status>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    task: Mutex<Option<task::JoinHandle<()>>>,
}

/// How the quorum is.
#[derive(Clone, Debug)]
pub struct Status {
    /// The leader; here always this node.
    pub leader: NodeId,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// The end of the committed log.
    pub end: Offset,
    /// Why it no longer commits, if so. The node should end then, as Apache Kafka does.
    pub failure: Option<Arc<str>>,
}

/// Why a question has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SubmitError {
    /// The disk failed, or worse. What was asked may or may not have happened.
    #[error("the metadata log failed: {0}")]
    Failed(Arc<str>),
    /// The quorum was shut down.
    #[error("the controller is shutting down")]
    ShutDown,
}

impl Quorum {
    /// Takes up the metadata log of a formatted directory and leads it in a new epoch; gives the metadata as it is.
    ///
    /// `lock` is that of the directory if the caller has it already; without it, it is taken here.
    /// `on_applied` is called with each new image, in order, before those who asked for the change are answered; it must
    /// not block. It is not called with the image that this function returns.
    pub async fn start(
        config: QuorumConfig,
        lock: Option<DirLock>,
        controller: Controller,
        on_applied: impl FnMut(&Applied) + Send + 'static,
    ) -> Result<(Self, Arc<Image>), StartError> {
        let started = task::blocking(move || {
            let lock = match lock {
                Some(lock) => lock,
                None => DirLock::acquire(&config.dir)?,
            };
            let started = start::start(&config, host::clock::now())?;
            Ok::<_, StartError>((config, lock, started))
        });
        let (config, lock, started) = started.await.map_err(std::io::Error::other)??;
        Ok(Self::run(&config, lock, started, controller, Box::new(on_applied)))
    }

    fn run(
        config: &QuorumConfig,
        lock: DirLock,
        started: Started,
        controller: Controller,
        mut on_applied: OnApplied,
    ) -> (Self, Arc<Image>) {
        let Started { log, epoch, image, agreement, snapshots, bytes_since_snapshot, last_timestamp } = started;
        let end = log.end();
        let node = config.node_id;
        let (status, watched) = watch::channel(Status { leader: node, epoch, end, failure: None });
        let status = Arc::new(status);
        let shard = Shard::resume(controller, image, end);
        let ends = status.clone();
        let publish = Box::new(move |applied: &Applied| {
            ends.send_modify(|status| status.end = applied.end);
            on_applied(applied);
        });
        let writer = Writer::new(shard, log, epoch, publish, (bytes_since_snapshot, last_timestamp));
        let image = writer.applied().image;
        let dir = config.dir.join(METADATA_DIR);
        let snapshots = Snapshots::new(&dir, &config.log, agreement, snapshots, host::clock::monotonic());
        let (asks, queue) = mpsc::channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        let keeper = Keeper { writer, snapshots };
        let task = task::spawn(async move {
            let ended = drive(keeper, queue, stopped).await;
            if let Err(reason) = ended {
                tracing::error!(reason, "the metadata log failed; nothing more can be committed");
                status.send_modify(|status| status.failure = Some(reason.into()));
            }
            drop(lock);
        });
        let (stop, task) = (Mutex::new(Some(stop)), Mutex::new(Some(task)));
        (Self { node, asks, status: watched, stop, task }, image)
    }

    /// Asks the controller. The answer comes when what was decided is on disk, and the image that has it was published.
    ///
    /// A caller that stops waiting does not undo what it asked for.
    pub async fn submit(&self, event: Event) -> Result<Reply, SubmitError> {
        let (reply, answer) = oneshot::channel();
        if self.asks.send(Ask { event, reply }).await.is_ok()
            && let Ok(reply) = answer.await
        {
            return Ok(reply);
        }
        Err(self.why_not().await)
    }

    /// How the quorum is now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Waits until the quorum has failed, and says why; for ever if it ends in order.
    pub async fn failed(&self) -> Arc<str> {
        let mut status = self.status.clone();
        match status.wait_for(|status| status.failure.is_some()).await.map(|status| status.failure.clone()) {
            Ok(Some(reason)) => reason,
            _ => std::future::pending().await,
        }
    }

    /// Answers what was asked already, closes the log in order, and gives the directory free.
    pub async fn shutdown(&self) {
        if let Some(stop) = self.stop.lock().take() {
            let _ = stop.send(());
        }
        let task = self.task.lock().take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the metadata log did not end in order");
        }
    }

    async fn why_not(&self) -> SubmitError {
        // The reason is told a moment after the questions were dropped; the end of the task ends the wait.
        let mut status = self.status.clone();
        match status.wait_for(|status| status.failure.is_some()).await.map(|status| status.failure.clone()) {
            Ok(Some(reason)) => SubmitError::Failed(reason),
            _ => SubmitError::ShutDown,
        }
    }
}

/// All that touches the disk, handed to a thread that may block and back.
struct Keeper {
    writer: Writer,
    snapshots: Snapshots,
}

async fn drive(
    mut keeper: Keeper,
    mut queue: mpsc::Receiver<Ask>,
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), String> {
    let mut tick = host::clock::monotonic().plus_ms(HOUSEKEEPING_MS);
    let mut running = true;
    loop {
        let mut group = Vec::new();
        tokio::select! {
            biased;
            _ = &mut stopped, if running => {
                running = false;
                queue.close();
            }
            count = queue.recv_many(&mut group, GROUP) => if count == 0 { break },
            () = task::sleep_until(tick) => {}
        }
        if !group.is_empty() {
            keeper =
                on_disk(keeper, |keeper| keeper.writer.commit(group, host::clock::now()).map_err(|e| e.to_string()))
                    .await?;
        }
        let now = host::clock::monotonic();
        if let Some(job) = keeper.snapshots.due(&mut keeper.writer, now) {
            // Commits wait for it: it is rare, and as small as the metadata.
            keeper = on_disk(keeper, |keeper| {
                let id = job.run(host::clock::now()).map_err(|e| e.to_string())?;
                keeper.snapshots.written(id);
                Ok(())
            })
            .await?;
            tick = now;
        }
        if now >= tick {
            keeper = on_disk(keeper, housekeeping).await?;
            tick = host::clock::monotonic().plus_ms(HOUSEKEEPING_MS);
        }
    }
    on_disk(keeper, |keeper| keeper.writer.log().close().map_err(|e| e.to_string())).await?;
    Ok(())
}

fn housekeeping(keeper: &mut Keeper) -> Result<(), String> {
    let now = host::clock::now();
    if let Err(error) = keeper.snapshots.clean(&mut keeper.writer, now) {
        tracing::warn!(%error, "old snapshots could not be removed");
    }
    keeper.writer.log().tick(now).map_err(|e| e.to_string())
}

/// Runs work on a thread that may block. A panic there is told as a failure.
async fn on_disk(
    mut keeper: Keeper,
    work: impl FnOnce(&mut Keeper) -> Result<(), String> + Send + 'static,
) -> Result<Keeper, String> {
    let done = task::blocking(move || {
        let result = work(&mut keeper);
        (keeper, result)
    });
    let (keeper, result) = done.await.map_err(|e| e.to_string())?;
    result.map(|()| keeper)
}
