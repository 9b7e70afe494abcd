//! What there is of a voter from one beginning to the next: openraft with its store, and who speaks for it.
//!
//! A voter begins when its process does, and anew where a leader's log takes the place of its own, see [`crate::base`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use host::{clock, task};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::base;
use crate::format::METADATA_DIR;
use crate::ledger::Ledger;
use crate::publish::Publish;
use crate::raft::{self, Anew, Journal, Mark, Network, Peers, Raft, Server, StateMachine, Store, Vote, Voting};
use crate::settings::QuorumConfig;
use crate::start::{self, StartError, Voters};

/// What stays from one beginning to the next.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) config: QuorumConfig,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) publish: Arc<Publish>,
    pub(crate) voters: Voters,
    pub(crate) anew: mpsc::Sender<Anew>,
}

/// What does not.
pub(crate) struct Running {
    pub(crate) raft: Raft,
    pub(crate) store: Store,
    pub(crate) voting: Arc<Voting>,
    pub(crate) server: Server,
    over: Arc<AtomicBool>,
}

impl Running {
    /// Begins over a ledger and a journal that were brought together.
    pub(crate) async fn begin(shared: &Shared, journal: Journal) -> Result<Self, StartError> {
        let Shared { config, ledger, peers, publish, voters, anew } = shared;
        let dir = config.dir.join(METADATA_DIR);
        let store = Store::new(&dir, journal, ledger.clone(), voters.of_quorum_state())?;
        if voters.ids.len() == 1 {
            store.journal().set_alone();
        }
        let network = Network::new(peers.clone(), store.journal().clone(), ledger.clone());
        let over: Arc<AtomicBool> = Arc::default();
        let machine = StateMachine::new(ledger.clone(), publish.clone(), over.clone());
        let settings = Arc::new(raft::settings(&config.election).map_err(StartError::Agreement)?);
        let raft = Raft::new(raft::raft_id(config.node_id), settings, network, store.clone(), machine).await;
        let raft = raft.map_err(|e| StartError::Agreement(e.to_string()))?;
        let voting = Arc::new(Voting::new(peers.clone(), store.journal().clone()));
        let server = Server::new(
            raft.clone(),
            peers.clone(),
            store.journal().clone(),
            ledger.clone(),
            (voting.clone(), voters.named.clone()),
            anew.clone(),
        );
        Ok(Self { raft, store, voting, server, over })
    }

    /// Ends, and begins anew behind a leader's log that is on disk.
    pub(crate) async fn begin_anew(&self, shared: &Shared, vote: Vote, mark: Mark) -> Result<Self, StartError> {
        let _ = self.raft.shutdown().await;
        let (config, ledger) = (shared.config.clone(), shared.ledger.clone());
        let publish = shared.publish.clone();
        let (over, journal) = (self.over.clone(), self.store.journal().clone());
        let journal = task::blocking(move || {
            let mut ledger = ledger.lock();
            over.store(true, Ordering::Release);
            // What goes on from the leader's log already was promised to it.
            if !journal.follows(&vote) {
                ledger.flush()?;
                tracing::info!(log = mark.position.id().file_name(), "begins anew behind the log of a leader");
                base::begin(ledger.dir(), mark, ledger.on_disk())?;
            }
            ledger.log().close()?;
            let started = start::start(&config, clock::now())?;
            *ledger = started.ledger;
            let applied = (!ledger.in_doubt()).then(|| ledger.applied());
            drop(ledger);
            if let Some(applied) = applied {
                publish.tell(applied);
            }
            Ok::<_, StartError>(started.journal)
        });
        Self::begin(shared, journal.await.map_err(std::io::Error::other)??).await
    }
}
