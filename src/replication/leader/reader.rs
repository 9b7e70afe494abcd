//! Which replica a consumer should read from (KIP-392, `RackAwareReplicaSelector`).

use model::{NodeId, Offset, Timestamp};

use super::Leader;

/// A replica that can serve a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its broker.
    pub node: NodeId,
    /// Where its log ends.
    pub end: Offset,
    /// Milliseconds since it had all that the leader had.
    pub behind_ms: i64,
}

impl Leader {
    /// The followers that can serve a reader from `from` on: in sync, and with that offset in their logs.
    pub fn candidates(&self, from: Offset, now: Timestamp) -> impl Iterator<Item = Candidate> + '_ {
        let in_sync = self.followers.iter().filter(|(id, _)| self.isr.contains(id));
        let able = in_sync.filter(move |(_, progress)| progress.end() >= from && progress.start() <= from);
        able.map(move |(id, progress)| Candidate {
            node: *id,
            end: progress.end(),
            behind_ms: now.ms_since(progress.caught_up_at()),
        })
    }
}

/// The replica in the reader's rack that has come furthest; none if the leader serves best: if it is in that rack, or if
/// nobody is.
pub fn closest_replica(
    rack: &str,
    leader_rack: Option<&str>,
    candidates: impl Iterator<Item = (Candidate, Option<String>)>,
) -> Option<NodeId> {
    if rack.is_empty() || leader_rack == Some(rack) {
        return None;
    }
    let near = candidates.filter(|(_, candidate)| candidate.as_deref() == Some(rack)).map(|(candidate, _)| candidate);
    near.max_by_key(|it| (it.end, std::cmp::Reverse(it.behind_ms), it.node)).map(|it| it.node)
}
