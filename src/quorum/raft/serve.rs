//! The other end of the transport: what this voter answers to the others.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use model::{DirectoryId, NodeId};
use openraft::ServerState;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse};
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::{Envelope, Journal, LogId, Mark, Message, Peers, Raft, Refused, Types, Vote, Voting};
use crate::base;
use crate::control::Voter;
use crate::ledger::{self, Capture, Ledger};
use crate::received::Received;

/// Answers other voters.
pub(crate) struct Server {
    raft: Raft,
    peers: Arc<Peers>,
    journal: Arc<Journal>,
    ledger: Arc<Mutex<Ledger>>,
    voting: Arc<Voting>,
    /// The voters with their directories, where the log names them.
    named: Vec<Voter>,
    incoming: AsyncMutex<Option<Incoming>>,
    /// Where it is told that this voter is to begin anew.
    anew: mpsc::Sender<Anew>,
}

/// This voter is to begin anew behind another log, which is on disk.
pub(crate) struct Anew {
    /// The leader's.
    pub(crate) vote: Vote,
    pub(crate) mark: Mark,
    /// Told when that is done.
    pub(crate) done: oneshot::Sender<()>,
}

/// A snapshot that is coming in.
struct Incoming {
    vote: Vote,
    part: Received,
}

impl Server {
    pub(crate) fn new(
        raft: Raft,
        peers: Arc<Peers>,
        journal: Arc<Journal>,
        ledger: Arc<Mutex<Ledger>>,
        (voting, named): (Arc<Voting>, Vec<Voter>),
        anew: mpsc::Sender<Anew>,
    ) -> Self {
        Self { raft, peers, journal, ledger, voting, named, incoming: AsyncMutex::new(None), anew }
    }

    /// Answers a message. An error costs the sender its connection and this voter nothing.
    pub(crate) async fn serve(&self, bytes: &[u8]) -> Result<Bytes, Refused> {
        let (envelope, message) = Message::decode(bytes)?;
        self.admit(&envelope)?;
        let answer = match message {
            Message::PreVote { term, last } => {
                Message::PreVoteAnswer { granted: self.voting.would_vote(&self.raft, term, last) }
            }
            Message::Vote(request) => Message::VoteAnswer(self.raft.vote(request).await.map_err(|_| Refused::Gone)?),
            Message::Append(request) => self.append(request).await?,
            Message::Snapshot { vote, mark, at, bytes, done } => {
                self.note_leader(&vote);
                self.take_piece((vote, mark), at, bytes, done).await?
            }
            Message::TakeOver { term } => {
                self.voting.take_over(&self.raft, envelope.from, term);
                Message::TakeOverAnswer
            }
            _ => return Err(crate::codec::Malformed.into()),
        };
        let back = Envelope { from: self.peers.me, directory: self.peers.directory, to: envelope.from, ..envelope };
        Ok(answer.encode(&back))
    }

    fn admit(&self, envelope: &Envelope) -> Result<(), Refused> {
        if envelope.cluster != self.peers.cluster {
            return Err(Refused::OtherCluster);
        }
        if envelope.to != self.peers.me {
            return Err(Refused::OtherNode);
        }
        let sender: NodeId = envelope.from;
        // A voter with another directory was wiped or exchanged, and has forgotten its promises (KIP-853).
        let same = |voter: &Voter| voter.directory_id == envelope.directory || voter.directory_id == DirectoryId::ZERO;
        let is_voter = match self.named.iter().find(|voter| voter.id == sender) {
            Some(voter) => same(voter),
            None => self.named.is_empty() && self.peers.voters.contains(&sender),
        };
        if is_voter { Ok(()) } else { Err(Refused::NoVoter) }
    }

    /// Whether what a leader sends does not go on from the log that another program left here, which is in doubt.
    fn is_other_way(&self, request: &AppendEntriesRequest<Types>) -> bool {
        let Some(base) = self.journal.base().0 else { return false };
        let other = |id: LogId| id.index <= base.index && id != base;
        let sent = request.entries.iter().map(|entry| entry.log_id).chain(request.prev_log_id);
        sent.into_iter().any(other) && self.ledger.lock().in_doubt()
    }

    /// Takes a leader for what it is without its entries: the vote is on disk, and nothing else has changed. The answer is
    /// the vote that this voter keeps to if it knows a newer one.
    async fn accept(&self, vote: Vote) -> Result<Option<Vote>, Refused> {
        let nothing = AppendEntriesRequest { vote, prev_log_id: None, entries: Vec::new(), leader_commit: None };
        match self.raft.append_entries(nothing).await.map_err(|_| Refused::Gone)? {
            AppendEntriesResponse::HigherVote(newer) => Ok(Some(newer)),
            _ => Ok(None),
        }
    }

    async fn append(&self, request: AppendEntriesRequest<Types>) -> Result<Message, Refused> {
        self.note_leader(&request.vote);
        if self.is_other_way(&request) {
            return Ok(match self.accept(request.vote).await? {
                Some(newer) => Message::AppendAnswer(AppendEntriesResponse::HigherVote(newer)),
                None => Message::OtherWay,
            });
        }
        Ok(Message::AppendAnswer(self.raft.append_entries(request).await.map_err(|_| Refused::Gone)?))
    }

    /// Who leads in the newest term there is has spoken.
    fn note_leader(&self, vote: &Vote) {
        let known = self.raft.server_metrics().borrow().vote.leader_id.term;
        if vote.committed && vote.leader_id.term >= known {
            self.peers.hear();
        }
    }

    async fn take_piece(
        &self,
        (vote, mark): (Vote, Mark),
        at: u64,
        bytes: Bytes,
        done: bool,
    ) -> Result<Message, Refused> {
        let known = self.raft.server_metrics().borrow().vote;
        if known > vote {
            return Ok(Message::SnapshotAnswer { vote: known, have: 0 });
        }
        let mut incoming = self.incoming.lock().await;
        // Whoever is in doubt, or is given what is, begins anew behind it, unless it goes on from there already.
        let anew = !mark.is_settled() || self.ledger.lock().in_doubt();
        if anew && (mark.id == self.journal.base().0 || self.journal.follows(&vote)) {
            return Ok(Message::SnapshotAnswer { vote, have: u64::MAX });
        }
        if anew && mark.position.end.0 == 0 {
            return self.begin_anew(vote, mark, None).await;
        }
        if mark.position.end.0 == 0 {
            let nothing = Capture {
                mark,
                image: Default::default(),
                agreement: Default::default(),
                last_contained: model::Timestamp(0),
            };
            return self.install(vote, nothing).await;
        }
        let fresh = at == 0 || !incoming.as_ref().is_some_and(|one| *one.part.mark() == mark && one.vote == vote);
        if fresh {
            // Somebody who goes on where we know of no beginning begins anew.
            let dir = self.ledger.lock().dir().to_owned();
            let part = Received::begin(&dir, mark.clone()).map_err(|error| self.broken(&error))?;
            *incoming = Some(Incoming { vote, part });
        }
        let Some(coming) = incoming.as_mut() else { return Err(Refused::Gone) };
        if at != coming.part.have() {
            return Ok(Message::SnapshotAnswer { vote, have: coming.part.have() });
        }
        coming.part.append(bytes).await.map_err(|error| self.broken(&error))?;
        if !done {
            return Ok(Message::SnapshotAnswer { vote, have: coming.part.have() });
        }
        let Some(Incoming { part, .. }) = incoming.take() else { return Err(Refused::Gone) };
        if anew {
            return self.begin_anew(vote, mark, Some(part)).await;
        }
        let ledger = self.ledger.clone();
        // First which entry it stands for, then the file that takes the place of the log.
        let whole = host::task::blocking(move || part.finish(&ledger, ledger::announce)).await;
        let whole = whole.map_err(io::Error::other).and_then(|result| result);
        let capture = whole.map_err(|error| self.broken(&error))?;
        self.install(vote, capture).await
    }

    /// Goes on behind a leader's log that has come whole, in place of what this voter had.
    async fn begin_anew(&self, vote: Vote, mark: Mark, part: Option<Received>) -> Result<Message, Refused> {
        if let Some(newer) = self.accept(vote).await? {
            return Ok(Message::SnapshotAnswer { vote: newer, have: 0 });
        }
        if let Some(part) = part {
            let path = base::received(self.ledger.lock().dir(), mark.position.id());
            let kept = host::task::blocking(move || part.keep(&path)).await;
            kept.map_err(io::Error::other).and_then(|result| result).map_err(|error| self.broken(&error))?;
        }
        let (done, begun) = oneshot::channel();
        self.anew.send(Anew { vote, mark, done }).await.map_err(|_| Refused::Gone)?;
        begun.await.map_err(|_| Refused::Gone)?;
        Ok(Message::SnapshotAnswer { vote, have: u64::MAX })
    }

    async fn install(&self, vote: Vote, capture: Capture) -> Result<Message, Refused> {
        let meta = openraft::SnapshotMeta {
            last_log_id: capture.mark.id,
            last_membership: capture.mark.members.clone(),
            snapshot_id: capture.id().file_name(),
        };
        let snapshot = openraft::Snapshot { meta, snapshot: Box::new(capture) };
        let answer = self.raft.install_full_snapshot(vote, snapshot).await.map_err(|_| Refused::Gone)?;
        Ok(Message::SnapshotAnswer { vote: answer.vote, have: u64::MAX })
    }

    fn broken(&self, error: &io::Error) -> Refused {
        tracing::warn!(%error, "a snapshot of the metadata could not be received");
        Refused::Gone
    }
}

/// Whether this voter leads, as openraft sees it.
pub(crate) fn leads(raft: &Raft) -> bool {
    raft.server_metrics().borrow().state == ServerState::Leader
}
