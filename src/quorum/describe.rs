//! What DescribeQuorum tells: how far each voter is (KIP-595, KIP-836).

use model::{DirectoryId, LeaderEpoch, NodeId, Offset, Timestamp};

use crate::control::Voter;
use crate::handle::Quorum;

/// The quorum as its leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The leader, which is this node.
    pub leader: NodeId,
    /// Its epoch.
    pub epoch: LeaderEpoch,
    /// The end of what is committed.
    pub high_watermark: Offset,
    /// All voters, by node.
    pub voters: Vec<VoterState>,
}

/// How far one voter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterState {
    /// The voter.
    pub id: NodeId,
    /// The directory of its metadata log; zero where voters are static.
    pub directory_id: DirectoryId,
    /// Where its log ends, with what is not committed; -1 if that is not known.
    pub log_end: Offset,
    /// When it last answered the leader; -1 if it did not in this epoch, and for the leader itself now.
    pub last_fetch: Timestamp,
    /// When it last had all that the leader had; as above.
    pub last_caught_up: Timestamp,
}

impl Quorum {
    /// How the quorum is; `None` if another node leads, or this one cannot be sure that it does.
    pub fn describe(&self) -> Option<Description> {
        let status = self.status();
        if status.leader != Some(self.node()) {
            return None;
        }
        let parts = &self.parts;
        let running = parts.running();
        let journal = running.store.journal();
        let now = host::clock::now();
        let voters = parts.voters.ids.iter().map(|id| {
            let named = parts.voters.named.iter().find(|voter| voter.id == *id);
            let directory_id = named.map_or(DirectoryId::ZERO, |voter| voter.directory_id);
            if *id == self.node() {
                let log_end = journal.end().end;
                return VoterState { id: *id, directory_id, log_end, last_fetch: now, last_caught_up: now };
            }
            let contact = parts.peers.contact(*id);
            let matched = contact.and_then(|contact| contact.matched);
            VoterState {
                id: *id,
                directory_id,
                log_end: matched.and_then(|id| journal.position_of(id)).map_or(Offset(-1), |position| position.end),
                last_fetch: contact.map_or(Timestamp::NONE, |contact| contact.fetched),
                last_caught_up: contact.and_then(|contact| contact.caught_up).unwrap_or(Timestamp::NONE),
            }
        });
        let voters = voters.collect();
        Some(Description { leader: self.node(), epoch: status.epoch, high_watermark: status.end, voters })
    }

    /// All voters, by node.
    pub fn voters(&self) -> &[NodeId] {
        &self.parts.voters.ids
    }

    /// The voters with their directories and addresses, where voters are dynamic (KIP-853); else none.
    pub fn named_voters(&self) -> &[Voter] {
        &self.parts.voters.named
    }
}
