//! The quorum as the rest of the broker knows it: ask, and be answered when it is committed and published.

use std::sync::Arc;

use bytes::Bytes;
use controller::{Controller, Event, Reply};
use host::task;
use metadata::Image;
use model::{LeaderEpoch, NodeId, Offset};
use parking_lot::{Mutex, RwLock};
use storage::dirs::DirLock;
use tokio::sync::{mpsc, oneshot, watch};

use crate::driver::{Driver, Ended};
use crate::ledger::Applied;
use crate::publish::Publish;
use crate::raft::{Anew, Peers, Refused};
use crate::reign::Ask;
use crate::running::{Running, Shared};
use crate::settings::QuorumConfig;
use crate::start::{self, StartError, Started};
use crate::transport::Transport;

/// How many questions may wait; who asks then waits to ask.
const QUEUE: usize = 1024;

/// This node's part in the controllers' quorum. Dropping it ends it without [`Quorum::shutdown`]'s order.
pub struct Quorum {
    node: NodeId,
    asks: mpsc::Sender<Ask>,
    status: watch::Receiver<Status>,
    pub(crate) parts: Arc<Parts>,
    /// Ends with the task.
    over: watch::Receiver<()>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    pub(crate) task: Mutex<Option<task::JoinHandle<()>>>,
}

/// What the handle reads without asking the driver.
pub(crate) struct Parts {
    shared: Shared,
    running: RwLock<Arc<Running>>,
}

impl std::ops::Deref for Parts {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Parts {
    /// What there is of this voter since it last began.
    pub(crate) fn running(&self) -> Arc<Running> {
        self.running.read().clone()
    }
}

/// How the quorum is, as this node sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The leader of the epoch; `None` while none is known, and on a leader that hears no majority.
    pub leader: Option<NodeId>,
    /// The newest epoch known.
    pub epoch: LeaderEpoch,
    /// The end of what is committed and applied here.
    pub end: Offset,
    /// Whether this node decides: it leads, has applied everything of before, and hears a majority.
    pub active: bool,
    /// False on a leader that has heard no majority of the voters for a while: nothing can be decided.
    pub majority: bool,
    /// Why it no longer commits, if so. The node should end then, as Apache Kafka does.
    pub failure: Option<Arc<str>>,
}

impl Status {
    /// Waits until a failure is told, and says why; for ever if it ends in order.
    pub(crate) async fn failure_in(mut status: watch::Receiver<Self>) -> Arc<str> {
        match status.wait_for(|status| status.failure.is_some()).await.map(|status| status.failure.clone()) {
            Ok(Some(reason)) => reason,
            _ => std::future::pending().await,
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Another node decides, or nobody does now. What was asked may still happen if this node lost the leadership in between.
    #[error("this is not the active controller")]
    NotController {
        /// Who is, if that is known.
        leader: Option<NodeId>,
    },
    /// The leader hears no majority of the voters. What was asked may or may not happen when they are back.
    #[error("a majority of the controllers cannot be reached, so nothing can be decided")]
    NoMajority,
    /// The disk failed, or worse. What was asked may or may not have happened.
    #[error("the metadata log failed: {0}")]
    Failed(Arc<str>),
    /// The quorum was shut down.
    #[error("the controller is shutting down")]
    ShutDown,
}

impl Quorum {
    /// Takes up the metadata log of a formatted directory, and gives the metadata as it is.
    ///
    /// The only voter leads, in a new epoch, when this returns. One of several returns at once, and finds out who leads.
    ///
    /// `lock` is that of the directory if the caller has it already; without it, it is taken here. `controller` makes the
    /// machine for each reign of this node. `on_applied` is called with each new image, in order, before those who asked
    /// for the change are answered; it must not block. It is not called with the image that this function returns.
    pub async fn start(
        config: QuorumConfig,
        lock: Option<DirLock>,
        controller: impl FnMut() -> Controller + Send + 'static,
        transport: Arc<dyn Transport>,
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
        let alone = started.voters.ids.len() == 1;
        let quorum = Self::run(config, lock, started, Box::new(controller), transport).await?;
        if alone {
            quorum.lead_alone().await?;
        }
        let parts = &quorum.parts;
        let applied = parts.publish.follow(&parts.ledger, Box::new(on_applied));
        Ok((quorum, applied.image))
    }

    async fn run(
        config: QuorumConfig,
        lock: DirLock,
        started: Started,
        controller: Box<dyn FnMut() -> Controller + Send>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, StartError> {
        let Started { ledger, journal, voters, cluster, directory } = started;
        let node = config.node_id;
        let applied = ledger.applied();
        let first = Status {
            leader: None,
            epoch: applied.epoch,
            end: applied.end,
            active: false,
            majority: true,
            failure: None,
        };
        let (status, watched) = watch::channel(first);
        let status = Arc::new(status);
        let publish = Arc::new(Publish::new(applied, status.clone()));
        let ledger = Arc::new(Mutex::new(ledger));
        let peers =
            Arc::new(Peers::new((cluster, node, directory), voters.ids.clone(), config.election.clone(), transport));
        let (anew, anew_asked) = mpsc::channel(1);
        let shared = Shared { config, ledger, peers, publish, voters, anew };
        let running = Arc::new(Running::begin(&shared, journal).await?);
        let parts = Parts { shared: shared.clone(), running: RwLock::new(running.clone()) };
        let parts = Arc::new(parts);
        let (asks, queue) = mpsc::channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        let driver = Driver {
            config: shared.config.clone(),
            raft: running.raft.clone(),
            store: running.store.clone(),
            ledger: shared.ledger.clone(),
            peers: shared.peers.clone(),
            voters: shared.voters.clone(),
            status: status.clone(),
            controller,
            since: None,
            reign: None,
            first: None,
        };
        let (alive, over) = watch::channel(());
        let inner = parts.clone();
        let task = task::spawn(async move {
            if let Err(reason) = keep_running(driver, &inner, (queue, stopped, anew_asked)).await {
                tracing::error!(reason, "the metadata log failed; nothing more can be committed");
                status.send_modify(|status| status.failure = Some(reason.into()));
            }
            let _ = inner.running().raft.shutdown().await;
            drop((lock, alive));
        });
        let (stop, task) = (Mutex::new(Some(stop)), Mutex::new(Some(task)));
        Ok(Self { node, asks, status: watched, parts, over, stop, task })
    }

    /// The only voter elects itself.
    async fn lead_alone(&self) -> Result<(), StartError> {
        let failed = |reason: &str| StartError::Agreement(reason.to_owned());
        self.parts.running().raft.trigger().elect().await.map_err(|e| failed(&e.to_string()))?;
        let mut status = self.status.clone();
        let settled = status.wait_for(|status| status.active || status.failure.is_some()).await;
        match settled.map(|status| status.failure.clone()) {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(failed(&reason)),
            Err(_) => Err(failed("it ended by itself")),
        }
    }

    /// Asks the controller. The answer comes when what was decided is committed, and the image that has it was published here.
    ///
    /// A caller that stops waiting does not undo what it asked for.
    pub async fn submit(&self, event: Event) -> Result<Reply, SubmitError> {
        let (reply, answer) = oneshot::channel();
        if self.asks.send(Ask { event, reply }).await.is_ok()
            && let Ok(reply) = answer.await
        {
            return reply;
        }
        Err(self.why_not().await)
    }

    /// Answers a message that another voter's [`Transport::call`] brought. An error costs whoever sent it the connection.
    pub async fn serve(&self, message: &[u8]) -> Result<Bytes, Refused> {
        self.parts.running().server.serve(message).await
    }

    /// A node's process was seen to have ended: its connections broke, and new ones are refused. If it led, another
    /// voter stands for election sooner than it would by silence alone; it stands by what it hears, so a wrong
    /// suspicion costs an election at most.
    pub fn suspect(&self, node: NodeId) {
        if self.parts.voters.ids.contains(&node) && node != self.node {
            self.parts.running().voting.suspect(node);
        }
    }

    /// How the quorum is now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// How the quorum is, and every change of that.
    pub fn watch_status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The latest image, and its successors; one may be passed over by the next.
    pub fn watch(&self) -> watch::Receiver<Applied> {
        self.parts.publish.watch()
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Waits until the quorum has failed, and says why; for ever if it ends in order.
    pub async fn failed(&self) -> Arc<str> {
        Status::failure_in(self.status.clone()).await
    }

    /// Answers what was asked already, lets another voter lead, closes the log in order, and gives the directory free.
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
        let mut over = self.over.clone();
        while over.changed().await.is_ok() {}
        match self.status().failure {
            Some(reason) => SubmitError::Failed(reason),
            None => SubmitError::ShutDown,
        }
    }
}

/// Runs the driver and the elections until they end, through every beginning anew.
async fn keep_running(
    mut driver: Driver,
    parts: &Parts,
    (mut asks, mut stopped, mut anew): (mpsc::Receiver<Ask>, oneshot::Receiver<()>, mpsc::Receiver<Anew>),
) -> Result<(), String> {
    let alone = driver.voters.ids.len() == 1;
    loop {
        let running = parts.running();
        let elections = async {
            if !alone {
                running.voting.run(&running.raft).await;
            }
            std::future::pending().await
        };
        let ended = tokio::select! {
            ended = driver.run((&mut asks, &mut stopped, &mut anew)) => ended?,
            never = elections => never,
        };
        let Ended::Anew(Anew { vote, mark, done }) = ended else { return Ok(()) };
        let next = running.begin_anew(&parts.shared, vote, mark).await.map_err(|e| e.to_string())?;
        (driver.raft, driver.store) = (next.raft.clone(), next.store.clone());
        *parts.running.write() = Arc::new(next);
        let _ = done.send(());
    }
}
