//! The other end of the transport: what this voter answers to the others.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use model::{DirectoryId, NodeId};
use openraft::ServerState;
use openraft::raft::AppendEntriesRequest;
use parking_lot::Mutex;
use tokio::sync::Mutex as AsyncMutex;

use super::{Envelope, Journal, Mark, Message, Peers, Raft, Refused, Types, Vote, Voting};
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
    /// Where it is told that this voter cannot go on.
    fail: Box<dyn Fn(String) + Send + Sync>,
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
        fail: Box<dyn Fn(String) + Send + Sync>,
    ) -> Self {
        Self { raft, peers, journal, ledger, voting, named, incoming: AsyncMutex::new(None), fail }
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
            Message::Append(request) => {
                self.check(&request)?;
                self.note_leader(&request.vote);
                Message::AppendAnswer(self.raft.append_entries(request).await.map_err(|_| Refused::Gone)?)
            }
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

    /// A log that was taken over from another program may end with records that were never agreed on. Where the
    /// others went another way, this voter cannot know which of its records those are.
    fn check(&self, request: &AppendEntriesRequest<Types>) -> Result<(), Refused> {
        let Some(base) = self.journal.base().0 else { return Ok(()) };
        let other_way =
            |entry: &super::Entry| entry.log_id.index <= base.index && entry.log_id.leader_id > base.leader_id;
        if !request.entries.iter().any(other_way) {
            return Ok(());
        }
        let dir = self.ledger.lock().dir().display().to_string();
        (self.fail)(format!(
            "{dir} ends with records that the other voters never agreed on: remove it, without its quorum-state, to \
             fetch everything from them"
        ));
        Err(Refused::Gone)
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
            let part = Received::begin(&dir, mark).map_err(|error| self.broken(&error))?;
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
        let ledger = self.ledger.clone();
        // First which entry it stands for, then the file that takes the place of the log.
        let whole = host::task::blocking(move || part.finish(&ledger, ledger::announce)).await;
        let whole = whole.map_err(io::Error::other).and_then(|result| result);
        let capture = whole.map_err(|error| self.broken(&error))?;
        self.install(vote, capture).await
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
