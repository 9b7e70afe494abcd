//! The log storage that openraft writes through: the journal for entries, Kafka's `quorum-state` for the vote.

use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{DirectoryId, NodeId};
use openraft::storage::{LogFlushed, LogState, RaftLogStorage};
use openraft::{AnyError, OptionalSend, RaftLogReader, StorageError, StorageIOError};
use parking_lot::Mutex;

use super::{Entry, Journal, LogId, Mark, Marks, Types, Vote, epoch_of, node_id, raft_id};
use crate::ledger::Ledger;
use crate::quorum_state::QuorumState;

type Failed = StorageError<u64>;

/// How many bytes of entries go into one message at most, but for the first.
const READ: usize = 1024 * 1024;

/// Entries and vote of this voter. Clones are the same store.
#[derive(Clone)]
pub(crate) struct Store {
    dir: PathBuf,
    journal: Arc<Journal>,
    ledger: Arc<Mutex<Ledger>>,
    votes: Arc<Mutex<Votes>>,
}

/// What `quorum-state` says, and what it is to say when there is time.
struct Votes {
    static_voters: Option<Vec<NodeId>>,
    written: Option<QuorumState>,
    latest: Option<Vote>,
}

impl Store {
    /// A store over what was found in a directory. `static_voters` go into `quorum-state`, if voters are static.
    pub(crate) fn new(
        dir: &Path,
        journal: Journal,
        ledger: Arc<Mutex<Ledger>>,
        static_voters: Option<Vec<NodeId>>,
    ) -> io::Result<Self> {
        let written = QuorumState::read(dir)?;
        // No term of the log may be led a second time, also where `quorum-state` is missing.
        let floor = journal.last().map(|id| Vote {
            leader_id: openraft::LeaderId { term: super::term(&id), voted_for: None },
            committed: false,
        });
        let latest = match (written.as_ref().map(vote_of), floor) {
            (Some(vote), Some(floor)) if floor.leader_id.term > vote.leader_id.term => Some(floor),
            (vote, floor) => vote.or(floor.filter(|floor| floor.leader_id.term > 0)),
        };
        let votes = Arc::new(Mutex::new(Votes { static_voters, written, latest }));
        Ok(Self { dir: dir.to_owned(), journal: Arc::new(journal), ledger, votes })
    }

    pub(crate) fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Writes who leads into `quorum-state`, for Apache Kafka and for people. No promise hangs on it: a voter that starts
    /// again asks for votes again.
    pub(crate) fn write_leader(&self) -> io::Result<()> {
        let mut votes = self.votes.lock();
        let Some(vote) = votes.latest else { return Ok(()) };
        votes.write(&self.dir, &vote)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        wrap: fn(AnyError) -> StorageIOError<u64>,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Failed> {
        let this = self.clone();
        let done = host::task::blocking(move || work(&this)).await.map_err(io::Error::other);
        done.and_then(|result| result).map_err(|error| wrap(AnyError::new(&error)).into())
    }

    fn let_go(&self, upto: LogId) -> io::Result<()> {
        // A snapshot that comes in is announced under the same lock.
        let ledger = self.ledger.lock();
        let marks = Marks::read(&self.dir)?.unwrap_or_default();
        let kept = marks.coming.clone().filter(|mark| mark.id > Some(upto));
        let coming = marks.coming.filter(|mark| mark.id == Some(upto));
        let known = self.journal.position_of(upto).or(coming.as_ref().map(|mark| mark.position));
        let position = known.unwrap_or(ledger.at().position);
        let members = coming.map_or_else(|| ledger.at().members.clone(), |mark| mark.members);
        // What the journal forgets must not be in the page cache only.
        ledger.flush().map_err(io::Error::other)?;
        let base = Mark { id: Some(upto), position, members };
        Marks { base, coming: kept, replaces: marks.replaces }.write(&self.dir)?;
        drop(ledger);
        self.journal.let_go((upto, position))
    }
}

impl Votes {
    fn write(&mut self, dir: &Path, vote: &Vote) -> io::Result<()> {
        let node = vote.leader_id.voted_for.map_or(NodeId::NONE, node_id);
        let state = QuorumState {
            leader: if vote.committed { node } else { NodeId::NONE },
            epoch: epoch_of(vote.leader_id.term),
            voted: if vote.committed { NodeId::NONE } else { node },
            voted_directory: DirectoryId::ZERO,
            static_voters: self.static_voters.clone(),
        };
        if self.written.as_ref() != Some(&state) {
            state.write(dir)?;
            self.written = Some(state);
        }
        Ok(())
    }
}

/// Whom this voter is bound to, as of a restart: who led is not sure to lead any more, so it counts as voted for.
fn vote_of(state: &QuorumState) -> Vote {
    let term = u64::try_from(state.epoch.0).unwrap_or(0);
    let bound = [state.leader, state.voted].into_iter().find(|node| *node != NodeId::NONE).map(raft_id);
    Vote { leader_id: openraft::LeaderId { term, voted_for: bound }, committed: false }
}

impl RaftLogReader<Types> for Store {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry>, Failed> {
        Ok(self.journal.read(range, usize::MAX))
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, Failed> {
        Ok(self.journal.read(start..end, READ))
    }
}

impl RaftLogStorage<Types> for Store {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, Failed> {
        Ok(LogState { last_purged_log_id: self.journal.base().0, last_log_id: self.journal.last() })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), Failed> {
        let vote = *vote;
        let work = move |this: &Self| {
            let mut votes = this.votes.lock();
            let bound = votes.written.as_ref().map(|state| vote_of(state).leader_id);
            votes.latest = Some(vote);
            // That the vote was won is news, but no promise.
            if vote.committed && bound == Some(vote.leader_id) { Ok(()) } else { votes.write(&this.dir, &vote) }
        };
        self.blocking(StorageIOError::write_vote, work).await
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, Failed> {
        Ok(self.votes.lock().latest)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<Types>) -> Result<(), Failed>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        self.blocking(StorageIOError::write_logs, move |this| this.journal.append(entries)).await?;
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, since: LogId) -> Result<(), Failed> {
        self.blocking(StorageIOError::write_logs, move |this| this.journal.take_back(since.index)).await
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), Failed> {
        self.blocking(StorageIOError::write_logs, move |this| this.let_go(upto)).await
    }
}
