//! Keeps a voter going: takes up and gives up reigns as openraft sees them, answers who asks, and looks after the files.

use std::sync::Arc;

use controller::Controller;
use host::clock::{self, Moment};
use host::task;
use model::NodeId;
use openraft::ServerState;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use crate::cleaner::{self, HOUSEKEEPING_MS};
use crate::handle::{Status, SubmitError};
use crate::ledger::Ledger;
use crate::raft::{self, Anew, Peers, Raft, Store};
use crate::reign::{Ask, Reign, Written};
use crate::settings::QuorumConfig;
use crate::start::{self, Voters};

/// How many questions share one proposal at most.
const GROUP: usize = 256;
/// How much of what is applied stays in the journal, for voters that lag a little: entries and bytes.
const KEPT: (usize, usize) = (2_000, 8 * 1024 * 1024);

/// Everything that one voter consists of, behind its handle.
pub(crate) struct Driver {
    pub(crate) config: QuorumConfig,
    pub(crate) raft: Raft,
    pub(crate) store: Store,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) voters: Voters,
    pub(crate) status: Arc<watch::Sender<Status>>,
    pub(crate) controller: Box<dyn FnMut() -> Controller + Send>,
    /// Since when the present term is led, where it is.
    pub(crate) since: Option<Moment>,
    pub(crate) reign: Option<Reign>,
    /// The first records of a term that is led, on their way.
    pub(crate) first: Option<(u64, Written)>,
}

/// Why a driver's run ended.
pub(crate) enum Ended {
    /// Somebody stopped it.
    InOrder,
    /// It is to be run again, behind another log.
    Anew(Anew),
}

type Metrics = openraft::RaftMetrics<u64, openraft::EmptyNode>;

impl Driver {
    /// Runs until the questions end, somebody stops it, or it is to begin anew; an error is what it cannot go on after.
    pub(crate) async fn run(
        &mut self,
        (asks, stopped, anew): (&mut mpsc::Receiver<Ask>, &mut oneshot::Receiver<()>, &mut mpsc::Receiver<Anew>),
    ) -> Result<Ended, String> {
        let mut metrics = self.raft.metrics();
        let heartbeat = self.peers.election.heartbeat_ms();
        let mut tick = clock::monotonic().plus_ms(heartbeat);
        let mut next_housekeeping = clock::monotonic().plus_ms(HOUSEKEEPING_MS);
        let mut running = true;
        loop {
            let seen = metrics.borrow_and_update().clone();
            self.follow(&seen).await?;
            // Without a majority nothing lands, and who asks is told so.
            let room = !self.status.borrow().majority || self.reign.as_ref().is_none_or(Reign::has_room);
            let mut group = Vec::new();
            tokio::select! {
                biased;
                _ = &mut *stopped, if running => {
                    running = false;
                    asks.close();
                }
                Some(next) = anew.recv(), if running => {
                    self.end_reign();
                    return Ok(Ended::Anew(next));
                }
                landed = landing(&mut self.reign) => if !landed { self.end_reign() },
                changed = metrics.changed() => if changed.is_err() { return Err("it ended by itself".to_owned()) },
                count = asks.recv_many(&mut group, GROUP), if room => {
                    if count == 0 { break }
                    self.decide(group).await?;
                }
                () = task::sleep_until(tick) => tick = clock::monotonic().plus_ms(heartbeat),
            }
            self.watch_majority();
            self.look_after_journal(&seen).await?;
            let now = clock::monotonic();
            let taken = cleaner::take_snapshot(&self.ledger, now).await?;
            if taken || now >= next_housekeeping {
                self.housekeeping().await?;
                next_housekeeping = clock::monotonic().plus_ms(HOUSEKEEPING_MS);
            }
        }
        self.finish().await.map(|()| Ended::InOrder)
    }

    /// Makes of what openraft says what this node is.
    async fn follow(&mut self, seen: &Metrics) -> Result<(), String> {
        seen.running_state.as_ref().map_err(ToString::to_string)?;
        let leads = seen.state == ServerState::Leader && seen.current_leader == Some(seen.id);
        let epoch = raft::epoch_of(seen.current_term);
        if self.reign.as_ref().is_some_and(|reign| !leads || reign.epoch() != epoch) {
            self.end_reign();
        }
        if !leads {
            self.since = None;
        } else if self.since.is_none() || self.status.borrow().epoch != epoch {
            self.peers.forget_contacts();
            self.since = Some(clock::monotonic());
        }
        let leader = seen.current_leader.map(raft::node_id);
        self.tell(|status| {
            status.epoch = epoch;
            status.leader = leader.filter(|_| status.majority || !leads);
        });
        // The first entry of the term is applied: nothing of an earlier one can come behind it.
        if leads && self.reign.is_none() && seen.last_applied.is_some_and(|id| raft::term(&id) == seen.current_term) {
            self.begin_reign(epoch, seen.current_term).await?;
        }
        Ok(())
    }

    /// Begins to lead a term: first its first records, and when they have landed, decisions.
    async fn begin_reign(&mut self, epoch: model::LeaderEpoch, term: u64) -> Result<(), String> {
        let at = { self.ledger.lock().at().position };
        if at.epoch == epoch && at.end != self.status.borrow().end {
            // It is told of in a moment: who sees this node lead sees also what it begins with.
            return Ok(());
        }
        if at.epoch != epoch {
            if self.first.as_ref().is_some_and(|(of, _)| *of == term) {
                return Ok(());
            }
            let first = {
                let ledger = self.ledger.lock();
                let granting = self.peers.granted(term);
                start::first_batches(&self.config, &ledger, &self.voters, granting, epoch, clock::now())
            };
            let first = first.map_err(|e| e.to_string())?;
            self.first = Some((term, self.raft.client_write_ff(first).await.map_err(|e| e.to_string())?));
            return Ok(());
        }
        self.first = None;
        let (image, end) = {
            let ledger = self.ledger.lock();
            (ledger.image().clone(), ledger.at().position.end)
        };
        self.reign = Some(Reign::begin(epoch, (self.controller)(), image, end));
        tracing::info!(node = self.config.node_id.0, epoch = epoch.0, "is the active controller");
        self.tell(|status| status.active = status.majority);
        Ok(())
    }

    fn end_reign(&mut self) {
        if let Some(mut reign) = self.reign.take() {
            tracing::info!(node = self.config.node_id.0, epoch = reign.epoch().0, "is no longer the active controller");
            let leader = self.leader();
            reign.give_up(&SubmitError::NotController { leader });
        }
        self.tell(|status| status.active = false);
    }

    async fn decide(&mut self, group: Vec<Ask>) -> Result<(), String> {
        let refusal = if !self.status.borrow().majority {
            Some(SubmitError::NoMajority)
        } else if self.reign.is_none() {
            Some(SubmitError::NotController { leader: self.leader() })
        } else {
            None
        };
        let (None, Some(mut reign)) = (&refusal, self.reign.take_if(|_| refusal.is_none())) else {
            for ask in group {
                let why = refusal.clone().unwrap_or(SubmitError::NotController { leader: None });
                let _ = ask.reply.send(Err(why));
            }
            return Ok(());
        };
        // Ten thousand partitions are decided on at once, too.
        let decided = task::blocking(move || {
            let proposal = reign.decide(group, clock::now());
            (reign, proposal)
        });
        let (mut reign, proposal) = decided.await.map_err(|e| e.to_string())?;
        if let Some(proposal) = proposal {
            let end = proposal.end;
            let written = self.raft.client_write_ff(proposal).await.map_err(|e| e.to_string())?;
            reign.proposed(end, written);
        }
        self.reign = Some(reign);
        Ok(())
    }

    /// A leader that hears no majority may be one that others have replaced.
    fn watch_majority(&mut self) {
        let Some(since) = self.since else {
            self.tell(|status| status.majority = true);
            return;
        };
        let now = clock::monotonic();
        let window = self.peers.election.majority_ms();
        let fresh =
            self.peers.voters.len() == 1 || now.ms_since(since) < window || self.peers.majority_within(now, window);
        let reigns = self.reign.is_some();
        if !fresh && let Some(reign) = &mut self.reign {
            reign.give_up(&SubmitError::NoMajority);
        }
        self.tell(|status| {
            if status.majority != fresh {
                tracing::warn!(fresh, "whether a majority of the voters is there has changed");
            }
            status.majority = fresh;
            // It is active again when a majority has answered it in this very term, not when it could ask one again.
            status.active = fresh && reigns;
            if !fresh {
                status.leader = None;
            }
        });
    }

    /// Lets entries go that are applied, and that no voter should want any more.
    async fn look_after_journal(&mut self, seen: &Metrics) -> Result<(), String> {
        let journal = self.store.journal();
        let Some(upto) = journal.superfluous(KEPT.0, KEPT.1) else { return Ok(()) };
        let applied = seen.last_applied.map_or(0, |id| id.index);
        let upto = upto.min(applied);
        if journal.base().0.is_some_and(|base| base.index >= upto) {
            return Ok(());
        }
        let trigger = self.raft.trigger();
        let done = if seen.snapshot.is_some_and(|id| id.index >= upto) {
            // Not for every single entry.
            if journal.superfluous(KEPT.0 * 5 / 4, KEPT.1 * 5 / 4).is_none() {
                return Ok(());
            }
            trigger.purge_log(upto).await
        } else {
            trigger.snapshot().await
        };
        done.map_err(|e| e.to_string())
    }

    async fn housekeeping(&mut self) -> Result<(), String> {
        let (ledger, store) = (self.ledger.clone(), self.store.clone());
        let done = task::blocking(move || {
            store.write_leader().map_err(|e| e.to_string())?;
            cleaner::look_after(&ledger).map_err(|e| e.to_string())
        });
        done.await.map_err(|e| e.to_string())?
    }

    /// Ends in order: the leadership goes to another first, and what is agreed on is in the metadata log.
    async fn finish(&mut self) -> Result<(), String> {
        let deadline = clock::monotonic().plus_ms(2_000);
        while self.reign.as_ref().is_some_and(Reign::is_busy) && self.status.borrow().majority {
            let Ok(landed) = task::timeout_at(deadline, landing(&mut self.reign)).await else { break };
            if !landed {
                self.end_reign();
            }
        }
        if self.since.is_some() && self.status.borrow().majority {
            self.hand_over().await;
        }
        if let Some(mut reign) = self.reign.take() {
            reign.give_up(&SubmitError::ShutDown);
        }
        self.tell(|status| status.active = false);
        self.settle().await;
        let _ = self.raft.shutdown().await;
        let (ledger, store) = (self.ledger.clone(), self.store.clone());
        let closed = task::blocking(move || {
            store.write_leader().map_err(|e| e.to_string())?;
            cleaner::close(&ledger).map_err(|e| e.to_string())
        });
        closed.await.map_err(|e| e.to_string())?
    }

    /// Asks the voter that has most to lead from here on, and waits until one does.
    async fn hand_over(&mut self) {
        let election = &self.peers.election;
        let contact = |node: NodeId| self.peers.contact(node).and_then(|contact| contact.matched);
        let Some(heir) = self.peers.others().max_by_key(|node| contact(*node)) else { return };
        let term = self.raft.server_metrics().borrow().vote.leader_id.term;
        let patience = election.vote_ms();
        let caught_up = async {
            while contact(heir) < self.store.journal().last() {
                task::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        let _ = task::timeout(std::time::Duration::from_millis(patience), caught_up).await;
        // Its heartbeats would have the others keep to this leader.
        self.raft.runtime_config().heartbeat(false);
        if let Err(error) = self.peers.ask(heir, &raft::Message::TakeOver { term }, patience).await {
            tracing::warn!(%error, heir = heir.0, "nobody takes over as the active controller; there will be an election");
            return;
        }
        let mut metrics = self.raft.server_metrics();
        let me = raft::raft_id(self.config.node_id);
        let other = metrics.wait_for(|seen| seen.current_leader.is_some_and(|leader| leader != me));
        let longest = election.lease_ms() + election.vote_ms() * 2;
        let _ = task::timeout(std::time::Duration::from_millis(longest), other).await;
    }

    /// Waits a moment until what this voter has is known to be agreed on, so that its log lacks nothing.
    async fn settle(&mut self) {
        let last = self.store.journal().last();
        let mut metrics = self.raft.metrics();
        let applied = metrics.wait_for(|seen| seen.last_applied >= last || seen.running_state.is_err());
        let _ = task::timeout(std::time::Duration::from_millis(self.peers.election.silence_ms()), applied).await;
    }

    fn leader(&self) -> Option<NodeId> {
        self.status.borrow().leader.filter(|leader| *leader != self.config.node_id)
    }

    fn tell(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }
}

async fn landing(reign: &mut Option<Reign>) -> bool {
    match reign {
        Some(reign) => reign.landing().await,
        None => std::future::pending().await,
    }
}
