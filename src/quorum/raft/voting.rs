//! When this voter stands for election. openraft counts votes and keeps promises; the timers are here, with a round of asking first.
//!
//! A voter asks whether the others would vote for it before it begins a term (as KIP-996 has it), so that one who was
//! cut off for a while does not topple a leader when it comes back.

use std::sync::Arc;

use host::clock::{self, Moment};
use host::task::{self, JoinSet};
use model::NodeId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Journal, LogId, Message, Peers, Raft, node_id, raft_id, serve};

/// The timers of elections.
pub(crate) struct Voting {
    peers: Arc<Peers>,
    journal: Arc<Journal>,
    /// A leader that goes asked this voter to stand at that moment.
    asked: Mutex<Option<Moment>>,
    /// Another was told that it would be voted for: until that moment it is let go first.
    gives_way: Mutex<Option<Moment>>,
    wake: Notify,
}

impl Voting {
    pub(crate) fn new(peers: Arc<Peers>, journal: Arc<Journal>) -> Self {
        Self { peers, journal, asked: Mutex::new(None), gives_way: Mutex::new(None), wake: Notify::new() }
    }

    /// Stands for election whenever no leader is heard of, until it is dropped.
    pub(crate) async fn run(&self, raft: &Raft) {
        let election = &self.peers.election;
        // Nobody was heard yet: the first wait is short, for those who have a leader will not vote.
        let mut next = clock::monotonic().plus_ms(host::dice::below(election.spread_ms() / 2 + 1));
        let mut votes_until = clock::monotonic();
        loop {
            let is_time = tokio::select! {
                () = task::sleep_until(next) => true,
                () = self.wake.notified() => false,
            };
            let now = clock::monotonic();
            let asked = *self.asked.lock();
            if let Some(at) = asked
                && at > now
            {
                next = at;
                continue;
            }
            let leader = raft.server_metrics().borrow().current_leader.map(node_id);
            let silence = self.silence_ms(leader);
            let gives_way = self.gives_way.lock().filter(|until| *until > now);
            let in_time = self.peers.heard().map(|heard| heard.plus_ms(silence)).filter(|end| *end > now);
            if serve::leads(raft) {
                next = now.plus_ms(election.silence_ms());
            } else if let (Some(end), None) = (in_time, asked) {
                next = end.plus_ms(self.turn_ms(leader));
            } else if let (Some(until), None) = (gives_way, asked) {
                next = until.plus_ms(self.turn_ms(leader));
            } else if let (false, None) = (is_time, asked) {
                // The others have learned at this very moment, too, that the leader is gone; and votes may be on their way.
                next = next.min(now.plus_ms(self.turn_ms(leader)).max(votes_until));
            } else {
                let stands = asked.is_some() || self.majority_would_vote(raft).await;
                *self.asked.lock() = None;
                if stands {
                    tracing::info!(node = self.peers.me.0, "stands for election as the active controller");
                    if raft.trigger().elect().await.is_err() {
                        return;
                    }
                }
                let pause = if stands { election.vote_ms() } else { election.heartbeat_ms() };
                votes_until = clock::monotonic().plus_ms(pause);
                next = votes_until.plus_ms(self.turn_ms(leader));
            }
        }
    }

    /// Another voter's process has ended, as far as can be seen from here. If it led, it is not waited for any longer
    /// than the others keep their promise to it. It may be told again and again.
    pub(crate) fn suspect(&self, node: NodeId) {
        if self.peers.note_gone(node) {
            self.wake.notify_one();
        }
    }

    /// How long nothing is heard of a leader before it is taken for gone.
    fn silence_ms(&self, leader: Option<NodeId>) -> u64 {
        let election = &self.peers.election;
        match leader {
            Some(leader) if self.peers.is_gone(leader) => election.lease_ms() + 10,
            _ => election.silence_ms(),
        }
    }

    /// How long this voter lets others go first. They take turns in their order, beginning behind the leader that is gone, so
    /// that no two of three stand at once and neither wins; the dice are for those who know different leaders.
    fn turn_ms(&self, leader: Option<NodeId>) -> u64 {
        let voters = &self.peers.voters;
        let spread = self.peers.election.spread_ms();
        let place = |node: NodeId| voters.iter().position(|voter| *voter == node).unwrap_or(0);
        let behind = leader.map_or(0, |leader| place(leader) + 1);
        let turn = (place(self.peers.me) + voters.len() - behind % voters.len().max(1)) % voters.len().max(1);
        let slot = spread / voters.len().max(1) as u64;
        slot * turn as u64 + host::dice::below(slot / 2 + 1)
    }

    /// Whether this voter would vote for another: it hears of no leader, and the other's log is no shorter.
    pub(crate) fn would_vote(&self, raft: &Raft, term: u64, last: Option<LogId>) -> bool {
        let election = &self.peers.election;
        let now = clock::monotonic();
        let leader = raft.server_metrics().borrow().current_leader.map(node_id);
        let patience = match leader {
            Some(leader) if self.peers.is_gone(leader) => election.lease_ms(),
            _ => election.silence_ms() * 3 / 4,
        };
        let hears = self.peers.heard().is_some_and(|heard| now.ms_since(heard) < patience);
        let known = raft.server_metrics().borrow().vote.leader_id.term;
        let leads = serve::leads(raft) && self.peers.majority_within(now, election.silence_ms());
        let would = !hears && !leads && term >= known && last >= self.journal.last();
        if would {
            // Else both stand in the same term, and neither wins it. Not for long: it may fail all the same.
            *self.gives_way.lock() = Some(now.plus_ms(election.spread_ms() / 2));
        }
        would
    }

    /// A leader that goes wants this voter to follow it. Who else hears that leader gives no vote until its lease ends.
    pub(crate) fn take_over(&self, raft: &Raft, from: NodeId, term: u64) {
        let known = raft.server_metrics().borrow().clone();
        if known.current_leader == Some(raft_id(from)) && known.vote.leader_id.term == term {
            let lease = self.peers.election.lease_ms();
            *self.asked.lock() = Some(clock::monotonic().plus_ms(lease + 10));
            self.wake.notify_one();
        }
    }

    async fn majority_would_vote(&self, raft: &Raft) -> bool {
        let term = raft.server_metrics().borrow().vote.leader_id.term + 1;
        let last = self.journal.last();
        let mut asked = JoinSet::new();
        for node in self.peers.others() {
            let peers = self.peers.clone();
            asked.spawn(async move {
                let question = Message::PreVote { term, last };
                let patience = peers.election.vote_ms();
                matches!(peers.ask(node, &question, patience).await, Ok(Message::PreVoteAnswer { granted: true }))
            });
        }
        let mut granted = 1;
        while granted < self.peers.majority()
            && let Some(answer) = asked.join_next().await
        {
            granted += usize::from(answer.unwrap_or(false));
        }
        granted >= self.peers.majority()
    }
}
