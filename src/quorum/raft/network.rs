//! openraft's way to the other voters: its messages through the transport, and what their answers tell.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use host::clock::{self, Moment};
use host::task::JoinSet;
use model::{ClusterId, DirectoryId, NodeId, Timestamp};
use openraft::error::{Fatal, NetworkError, RPCError, RaftError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse};
use openraft::storage::Snapshot;
use openraft::{AnyError, EmptyNode, OptionalSend, StorageIOError};
use parking_lot::Mutex;

use super::{Envelope, Journal, LogId, Message, Types, Vote, node_id};
use crate::ledger::{self, Capture, Ledger};
use crate::settings::ElectionConfig;
use crate::transport::Transport;

/// A piece of a snapshot (`controller.quorum.fetch.snapshot.max.bytes`).
const PIECE: usize = 1024 * 1024;

type Rpc<E> = RPCError<u64, EmptyNode, RaftError<u64, E>>;

/// This voter among the others: who it is, how it reaches them, what it knows of them.
pub(crate) struct Peers {
    pub(crate) cluster: ClusterId,
    pub(crate) me: NodeId,
    pub(crate) directory: DirectoryId,
    /// All voters, this one too.
    pub(crate) voters: Vec<NodeId>,
    pub(crate) election: ElectionConfig,
    transport: Arc<dyn Transport>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    contacts: BTreeMap<NodeId, Contact>,
    /// When a leader last spoke to this voter.
    heard: Option<Moment>,
    /// Whose process was seen to have ended, with nothing heard of a leader since.
    gone: Option<NodeId>,
    /// Who gave this voter their vote, in which term.
    granted: (u64, BTreeSet<NodeId>),
}

/// What a leader knows of another voter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contact {
    /// When it was last asked what it answered.
    pub(crate) at: Moment,
    /// The same by the wall clock, as DescribeQuorum tells it.
    pub(crate) fetched: Timestamp,
    /// When it last had all there was.
    pub(crate) caught_up: Option<Timestamp>,
    /// What is known to be on its disk.
    pub(crate) matched: Option<LogId>,
}

impl Peers {
    pub(crate) fn new(
        (cluster, me, directory): (ClusterId, NodeId, DirectoryId),
        voters: Vec<NodeId>,
        election: ElectionConfig,
        transport: Arc<dyn Transport>,
    ) -> Self {
        Self { cluster, me, directory, voters, election, transport, known: Mutex::default() }
    }

    /// Asks another voter, and waits for the answer for `patience` milliseconds.
    pub(crate) async fn ask(&self, target: NodeId, message: &Message, patience: u64) -> io::Result<Message> {
        let envelope = Envelope { cluster: self.cluster.clone(), from: self.me, directory: self.directory, to: target };
        let call = self.transport.call(target, message.encode(&envelope));
        let answer = host::task::timeout(Duration::from_millis(patience), call).await;
        let answer = answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let invalid = |reason| io::Error::new(io::ErrorKind::InvalidData, reason);
        let (from, message) = Message::decode(&answer).map_err(|e| invalid(e.to_string()))?;
        if from.cluster != self.cluster || from.from != target || from.to != self.me {
            return Err(invalid(format!("{target} does not answer as itself")));
        }
        Ok(message)
    }

    /// How many voters are more than half of them.
    pub(crate) fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    /// All voters but this one.
    pub(crate) fn others(&self) -> impl Iterator<Item = NodeId> {
        self.voters.iter().copied().filter(|node| *node != self.me)
    }

    /// A leader spoke.
    pub(crate) fn hear(&self) {
        let mut known = self.known.lock();
        (known.heard, known.gone) = (Some(clock::monotonic()), None);
    }

    /// A voter's process was seen to have ended; tells whether that is new.
    pub(crate) fn note_gone(&self, node: NodeId) -> bool {
        self.known.lock().gone.replace(node) != Some(node)
    }

    /// Whether a voter's process was seen to have ended, and no leader has spoken since.
    pub(crate) fn is_gone(&self, node: NodeId) -> bool {
        self.known.lock().gone == Some(node)
    }

    /// When a leader last spoke to this voter; none since its start.
    pub(crate) fn heard(&self) -> Option<Moment> {
        self.known.lock().heard
    }

    /// What is known of another voter, if it ever answered since this one leads.
    pub(crate) fn contact(&self, node: NodeId) -> Option<Contact> {
        self.known.lock().contacts.get(&node).copied()
    }

    /// A new term: what was known of the others was of an earlier one.
    pub(crate) fn forget_contacts(&self) {
        self.known.lock().contacts.clear();
    }

    /// Whether a majority, with this voter, answered in the last `window` milliseconds.
    pub(crate) fn majority_within(&self, now: Moment, window: u64) -> bool {
        let known = self.known.lock();
        let fresh = |node: &NodeId| known.contacts.get(node).is_some_and(|one| now.ms_since(one.at) < window);
        self.others().filter(fresh).count() + 1 >= self.majority()
    }

    /// Who voted for this one in a term, as far as it heard.
    pub(crate) fn granted(&self, term: u64) -> Vec<NodeId> {
        let known = self.known.lock();
        let others = known.granted.1.iter().copied().filter(|_| known.granted.0 == term);
        others.chain([self.me]).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn note_grant(&self, term: u64, by: NodeId) {
        let mut known = self.known.lock();
        if known.granted.0 != term {
            known.granted = (term, BTreeSet::new());
        }
        known.granted.1.insert(by);
    }

    /// Another voter took this one for its leader when it was asked, `at` that moment or later.
    fn note_contact(&self, node: NodeId, at: Moment, matched: Option<LogId>, last: Option<LogId>) {
        let fetched = clock::now();
        let mut known = self.known.lock();
        let before = known.contacts.get(&node).copied();
        let matched = matched.max(before.and_then(|one| one.matched));
        let caught_up = if matched >= last { Some(fetched) } else { before.and_then(|one| one.caught_up) };
        known.contacts.insert(node, Contact { at, fetched, caught_up, matched });
    }
}

/// Gives openraft a link to each voter.
#[derive(Clone)]
pub(crate) struct Network {
    peers: Arc<Peers>,
    journal: Arc<Journal>,
    ledger: Arc<Mutex<Ledger>>,
}

/// The way to one other voter.
pub(crate) struct Link {
    network: Network,
    target: NodeId,
    /// The log on its way as a whole, to a voter that went another way.
    whole: JoinSet<()>,
}

impl Network {
    pub(crate) fn new(peers: Arc<Peers>, journal: Arc<Journal>, ledger: Arc<Mutex<Ledger>>) -> Self {
        Self { peers, journal, ledger }
    }
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: u64, _: &EmptyNode) -> Link {
        Link { network: self.clone(), target: node_id(target), whole: JoinSet::new() }
    }
}

impl Link {
    async fn ask<E: std::error::Error>(&self, message: &Message, option: &RPCOption) -> Result<Message, Rpc<E>> {
        let patience = u64::try_from(option.hard_ttl().as_millis()).unwrap_or(u64::MAX);
        self.network.peers.ask(self.target, message, patience).await.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => RPCError::Network(NetworkError::new(&error)),
            _ => RPCError::Unreachable(Unreachable::new(&error)),
        })
    }

    /// Brings the log as it is now, unless that is under way. It ends with the leadership.
    fn bring_whole(&mut self, vote: Vote) {
        while self.whole.try_join_next().is_some() {}
        if !self.whole.is_empty() {
            return;
        }
        let link = Self { network: self.network.clone(), target: self.target, whole: JoinSet::new() };
        let capture = self.network.ledger.lock().copy();
        self.whole.spawn(async move {
            let target = link.target.0;
            match link.send(vote, capture).await {
                Ok(_) => tracing::info!(target, "brought the metadata log to a voter that had another one"),
                Err(Sending::Here(error) | Sending::There(error)) => {
                    tracing::warn!(target, %error, "the metadata log could not be brought to a voter");
                }
            }
        });
    }

    /// Sends a snapshot piece by piece, from where the other voter says it is.
    async fn send(&self, vote: Vote, capture: Capture) -> Result<Vote, Sending> {
        let (ledger, job) = (self.network.ledger.clone(), capture.clone());
        let file = host::task::blocking(move || on_disk(&ledger, &job)).await.map_err(io::Error::other);
        let file = Arc::new(file.and_then(|file| file).map_err(Sending::Here)?);
        let mut at = 0;
        loop {
            let from = file.clone();
            let piece = host::task::blocking(move || piece(from.as_ref().as_ref(), at)).await.map_err(io::Error::other);
            let (bytes, done) = piece.and_then(|piece| piece).map_err(Sending::Here)?;
            let message = Message::Snapshot { vote, mark: capture.mark.clone(), at, bytes, done };
            let patience = self.network.peers.election.request_timeout_ms;
            let answer = self.network.peers.ask(self.target, &message, patience).await.map_err(Sending::There)?;
            let Message::SnapshotAnswer { vote: theirs, have } = answer else {
                return Err(Sending::There(unexpected()));
            };
            // It has a newer leader, or it is installed.
            if theirs > vote || done {
                return Ok(theirs);
            }
            at = have;
        }
    }
}

/// Where the sending of a snapshot failed.
enum Sending {
    Here(io::Error),
    There(io::Error),
}

/// The file of a snapshot, written if it is not there yet. A log without records needs none.
fn on_disk(ledger: &Mutex<Ledger>, capture: &Capture) -> io::Result<Option<host::fs::File>> {
    if capture.id().end.0 == 0 {
        return Ok(None);
    }
    let path = ledger::write_snapshot(ledger, capture, clock::now())?;
    host::fs::File::open_read(path).map(Some)
}

/// The bytes of a file from `at` on, and whether they are the last.
fn piece(file: Option<&host::fs::File>, at: u64) -> io::Result<(Bytes, bool)> {
    let Some(file) = file else { return Ok((Bytes::new(), true)) };
    let rest = file.len()?.checked_sub(at).ok_or(io::ErrorKind::InvalidInput)?;
    let len = usize::try_from(rest).unwrap_or(PIECE).min(PIECE);
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, at)?;
    Ok((bytes.into(), len as u64 == rest))
}

fn unexpected() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is none to this question")
}

impl RaftNetwork<Types> for Link {
    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, Rpc<openraft::error::Infallible>> {
        let (vote, asked) = (rpc.vote, clock::monotonic());
        let sent = rpc.entries.last().map(|entry| entry.log_id).or(rpc.prev_log_id);
        // What there is now; who has it when this answer comes has caught up with when this was asked.
        let last = self.network.journal.last();
        match self.ask(&Message::Append(rpc), &option).await? {
            Message::AppendAnswer(answer) => {
                let matched = match &answer {
                    AppendEntriesResponse::Success => sent,
                    AppendEntriesResponse::PartialSuccess(upto) => *upto,
                    AppendEntriesResponse::Conflict | AppendEntriesResponse::HigherVote(_) => None,
                };
                if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
                    self.network.peers.note_contact(self.target, asked, matched, last);
                }
                Ok(answer)
            }
            Message::OtherWay => {
                self.network.peers.note_contact(self.target, asked, None, last);
                self.bring_whole(vote);
                let error = io::Error::other("this voter has another log, and is brought this one");
                Err(RPCError::Unreachable(Unreachable::new(&error)))
            }
            _ => Err(RPCError::Unreachable(Unreachable::new(&unexpected()))),
        }
    }

    async fn vote(
        &mut self,
        rpc: VoteRequest<u64>,
        option: RPCOption,
    ) -> Result<VoteResponse<u64>, Rpc<openraft::error::Infallible>> {
        let asked = rpc.vote;
        match self.ask(&Message::Vote(rpc), &option).await? {
            Message::VoteAnswer(answer) => {
                if answer.vote_granted && answer.vote == asked {
                    self.network.peers.note_grant(asked.leader_id.term, self.target);
                }
                Ok(answer)
            }
            _ => Err(RPCError::Unreachable(Unreachable::new(&unexpected()))),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot<Types>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<u64>, StreamingError<Types, Fatal<u64>>> {
        let last = snapshot.meta.last_log_id;
        tokio::select! {
            closed = cancel => Err(closed.into()),
            sent = self.send(vote, *snapshot.snapshot) => match sent {
                Ok(theirs) => {
                    if theirs <= vote {
                        self.network.peers.note_contact(self.target, clock::monotonic(), last, self.network.journal.last());
                    }
                    Ok(SnapshotResponse::new(theirs))
                }
                Err(Sending::There(error)) => Err(Unreachable::new(&error).into()),
                Err(Sending::Here(error)) => {
                    let error = StorageIOError::read_snapshot(None, AnyError::new(&error));
                    Err(openraft::StorageError::from(error).into())
                }
            },
        }
    }

    fn backoff(&self) -> Backoff {
        let pause = Duration::from_millis(self.network.peers.election.heartbeat_ms());
        Backoff::new(std::iter::repeat(pause))
    }
}
