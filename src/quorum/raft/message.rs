//! What voters say to each other, as bytes: versioned, checked, and bounded by the frame they came in.

use bytes::Bytes;
use model::{ClusterId, DirectoryId, NodeId, Uuid};
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, VoteRequest, VoteResponse};

use super::{Entry, LogId, Mark, Position, Types, Vote, entry};
use crate::codec::{Malformed, Reader, Writer};

/// The version of all messages; a voter that speaks another one is told so.
const VERSION: u8 = 1;

/// Why a voter does not answer another's message. The connection it came on is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The bytes are no message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The message is of a version that is not known.
    #[error("the message has version {0}, and only {VERSION} is known")]
    Version(u8),
    /// The sender belongs to another cluster.
    #[error("the message is of another cluster")]
    OtherCluster,
    /// The message is for another node.
    #[error("the message is for another node")]
    OtherNode,
    /// The sender is no voter, or has another directory than the voters' record says.
    #[error("the sender is none of the voters")]
    NoVoter,
    /// The quorum of this node has failed or is shutting down.
    #[error("this voter is not there")]
    Gone,
}

/// Who says something, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) cluster: ClusterId,
    pub(crate) from: NodeId,
    /// The directory of the sender's metadata log.
    pub(crate) directory: DirectoryId,
    pub(crate) to: NodeId,
}

/// What is said. Every question has its answer.
#[derive(Debug)]
pub(crate) enum Message {
    /// Would you vote for me in this term, my log being this long? Changes nothing (as KIP-996's pre-vote).
    PreVote {
        term: u64,
        last: Option<LogId>,
    },
    /// Whether the vote would be given.
    PreVoteAnswer {
        granted: bool,
    },
    Vote(VoteRequest<u64>),
    VoteAnswer(VoteResponse<u64>),
    Append(AppendEntriesRequest<Types>),
    AppendAnswer(AppendEntriesResponse<u64>),
    /// A piece of a snapshot, from `at` on.
    Snapshot {
        vote: Vote,
        mark: Mark,
        at: u64,
        bytes: Bytes,
        done: bool,
    },
    /// The newest vote known there, and how much of the snapshot is there.
    SnapshotAnswer {
        vote: Vote,
        have: u64,
    },
    /// The leader of this term goes: stand for election.
    TakeOver {
        term: u64,
    },
    TakeOverAnswer,
    /// The answer to entries that do not belong to the log this voter has from another program: bring yours as a whole.
    OtherWay,
}

impl Message {
    pub(crate) fn encode(&self, envelope: &Envelope) -> Bytes {
        let mut out = Writer::default();
        out.bytes(&[VERSION, self.kind()]);
        out.string(&envelope.cluster.0);
        out.i32(envelope.from.0);
        out.bytes(envelope.directory.as_bytes());
        out.i32(envelope.to.0);
        self.encode_body(&mut out);
        out.0.into()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<(Envelope, Self), Refused> {
        let mut from = Reader(bytes);
        match from.u8()? {
            VERSION => {}
            other => return Err(Refused::Version(other)),
        }
        let kind = from.u8()?;
        let envelope = Envelope {
            cluster: ClusterId(from.string()?),
            from: NodeId(from.i32()?),
            directory: Uuid::from_bytes(from.uuid()?),
            to: NodeId(from.i32()?),
        };
        let message = Self::decode_body(kind, &mut from)?;
        if from.0.is_empty() { Ok((envelope, message)) } else { Err(Malformed.into()) }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::PreVote { .. } => 0,
            Self::PreVoteAnswer { .. } => 1,
            Self::Vote(_) => 2,
            Self::VoteAnswer(_) => 3,
            Self::Append(_) => 4,
            Self::AppendAnswer(_) => 5,
            Self::Snapshot { .. } => 6,
            Self::SnapshotAnswer { .. } => 7,
            Self::TakeOver { .. } => 8,
            Self::TakeOverAnswer => 9,
            Self::OtherWay => 10,
        }
    }

    fn encode_body(&self, out: &mut Writer) {
        match self {
            Self::PreVote { term, last } => {
                out.u64(*term);
                entry::encode_optional_id(last.as_ref(), out);
            }
            Self::PreVoteAnswer { granted } => out.bytes(&[(*granted).into()]),
            Self::Vote(VoteRequest { vote, last_log_id }) => {
                encode_vote(vote, out);
                entry::encode_optional_id(last_log_id.as_ref(), out);
            }
            Self::VoteAnswer(VoteResponse { vote, vote_granted, last_log_id }) => {
                encode_vote(vote, out);
                out.bytes(&[(*vote_granted).into()]);
                entry::encode_optional_id(last_log_id.as_ref(), out);
            }
            Self::Append(AppendEntriesRequest { vote, prev_log_id, entries, leader_commit }) => {
                encode_vote(vote, out);
                entry::encode_optional_id(prev_log_id.as_ref(), out);
                entry::encode_optional_id(leader_commit.as_ref(), out);
                out.length(entries.len());
                entries.iter().for_each(|one| entry::encode(one, out));
            }
            Self::AppendAnswer(answer) => match answer {
                AppendEntriesResponse::Success => out.bytes(&[0]),
                AppendEntriesResponse::PartialSuccess(upto) => {
                    out.bytes(&[1]);
                    entry::encode_optional_id(upto.as_ref(), out);
                }
                AppendEntriesResponse::Conflict => out.bytes(&[2]),
                AppendEntriesResponse::HigherVote(vote) => {
                    out.bytes(&[3]);
                    encode_vote(vote, out);
                }
            },
            Self::Snapshot { vote, mark, at, bytes, done } => {
                encode_vote(vote, out);
                encode_mark(mark, out);
                out.u64(*at);
                out.bytes(&[(*done).into()]);
                out.blob(bytes);
            }
            Self::SnapshotAnswer { vote, have } => {
                encode_vote(vote, out);
                out.u64(*have);
            }
            Self::TakeOver { term } => out.u64(*term),
            Self::TakeOverAnswer | Self::OtherWay => {}
        }
    }

    fn decode_body(kind: u8, from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match kind {
            0 => Self::PreVote { term: from.u64()?, last: entry::decode_optional_id(from)? },
            1 => Self::PreVoteAnswer { granted: boolean(from)? },
            2 => Self::Vote(VoteRequest { vote: decode_vote(from)?, last_log_id: entry::decode_optional_id(from)? }),
            3 => Self::VoteAnswer(VoteResponse {
                vote: decode_vote(from)?,
                vote_granted: boolean(from)?,
                last_log_id: entry::decode_optional_id(from)?,
            }),
            4 => {
                let vote = decode_vote(from)?;
                let (prev_log_id, leader_commit) = (entry::decode_optional_id(from)?, entry::decode_optional_id(from)?);
                let entries = from.array(entry::decode)?;
                check_row(prev_log_id.as_ref(), &entries)?;
                Self::Append(AppendEntriesRequest { vote, prev_log_id, entries, leader_commit })
            }
            5 => Self::AppendAnswer(match from.u8()? {
                0 => AppendEntriesResponse::Success,
                1 => AppendEntriesResponse::PartialSuccess(entry::decode_optional_id(from)?),
                2 => AppendEntriesResponse::Conflict,
                3 => AppendEntriesResponse::HigherVote(decode_vote(from)?),
                _ => return Err(Malformed),
            }),
            6 => Self::Snapshot {
                vote: decode_vote(from)?,
                mark: decode_mark(from)?,
                at: from.u64()?,
                done: boolean(from)?,
                bytes: Bytes::copy_from_slice(from.blob()?),
            },
            7 => Self::SnapshotAnswer { vote: decode_vote(from)?, have: from.u64()? },
            8 => Self::TakeOver { term: from.u64()? },
            9 => Self::TakeOverAnswer,
            10 => Self::OtherWay,
            _ => return Err(Malformed),
        })
    }
}

/// Entries follow each other without a gap, and terms never fall.
fn check_row(prev: Option<&LogId>, entries: &[Entry]) -> Result<(), Malformed> {
    let mut before = prev.copied();
    for entry in entries {
        let next = before.map_or(0, |id| id.index.saturating_add(1));
        if entry.log_id.index != next || before.is_some_and(|id| entry.log_id.leader_id < id.leader_id) {
            return Err(Malformed);
        }
        before = Some(entry.log_id);
    }
    Ok(())
}

fn boolean(from: &mut Reader<'_>) -> Result<bool, Malformed> {
    match from.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Malformed),
    }
}

pub(super) fn encode_vote(vote: &Vote, out: &mut Writer) {
    out.u64(vote.leader_id.term);
    match vote.leader_id.voted_for {
        None => out.bytes(&[0]),
        Some(node) => {
            out.bytes(&[if vote.committed { 2 } else { 1 }]);
            out.u64(node);
        }
    }
}

fn decode_vote(from: &mut Reader<'_>) -> Result<Vote, Malformed> {
    let term = from.u64()?;
    // A term is a leader epoch of Kafka's.
    if i32::try_from(term).is_err() {
        return Err(Malformed);
    }
    Ok(match from.u8()? {
        0 => Vote { leader_id: openraft::LeaderId { term, voted_for: None }, committed: false },
        1 => Vote::new(term, from.u64()?),
        2 => Vote::new_committed(term, from.u64()?),
        _ => return Err(Malformed),
    })
}

fn encode_mark(mark: &Mark, out: &mut Writer) {
    entry::encode_optional_id(mark.id.as_ref(), out);
    out.i64(mark.position.end.0);
    out.i32(mark.position.epoch.0);
    entry::encode_members(&mark.members, out);
}

fn decode_mark(from: &mut Reader<'_>) -> Result<Mark, Malformed> {
    let id = entry::decode_optional_id(from)?;
    let position = Position { end: model::Offset(from.i64()?), epoch: model::LeaderEpoch(from.i32()?) };
    if position.end.0 < 0 || position.epoch.0 < 0 {
        return Err(Malformed);
    }
    Ok(Mark { id, position, members: entry::decode_members(from)? })
}

#[cfg(test)]
mod tests {
    use model::{LeaderEpoch, Offset};
    use openraft::EntryPayload;

    use super::super::{log_id, members};
    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            cluster: ClusterId("c".into()),
            from: NodeId(1),
            directory: Uuid::from_bytes([7; 16]),
            to: NodeId(2),
        }
    }

    fn all() -> Vec<Message> {
        let vote = Vote::new_committed(3, 1);
        let entries = vec![
            Entry { log_id: log_id(3, 6), payload: EntryPayload::Blank },
            Entry { log_id: log_id(3, 7), payload: EntryPayload::Blank },
        ];
        let prev_log_id = Some(log_id(2, 5));
        let mark = Mark {
            id: prev_log_id,
            position: Position { end: Offset(9), epoch: LeaderEpoch(2) },
            members: members(&[NodeId(1), NodeId(2)]),
        };
        vec![
            Message::PreVote { term: 4, last: prev_log_id },
            Message::PreVoteAnswer { granted: true },
            Message::Vote(VoteRequest { vote: Vote::new(4, 2), last_log_id: None }),
            Message::VoteAnswer(VoteResponse { vote: Vote::default(), vote_granted: true, last_log_id: prev_log_id }),
            Message::Append(AppendEntriesRequest { vote, prev_log_id, entries, leader_commit: prev_log_id }),
            Message::AppendAnswer(AppendEntriesResponse::Success),
            Message::AppendAnswer(AppendEntriesResponse::PartialSuccess(None)),
            Message::AppendAnswer(AppendEntriesResponse::Conflict),
            Message::AppendAnswer(AppendEntriesResponse::HigherVote(vote)),
            Message::Snapshot { vote, mark, at: 17, bytes: Bytes::from_static(b"abc"), done: true },
            Message::SnapshotAnswer { vote, have: 20 },
            Message::TakeOver { term: 3 },
            Message::TakeOverAnswer,
            Message::OtherWay,
        ]
    }

    #[test]
    fn messages_come_back_and_halves_are_refused() {
        for message in all() {
            let bytes = message.encode(&envelope());
            let (from, back) = Message::decode(&bytes).unwrap();
            assert_eq!((from, format!("{back:?}")), (envelope(), format!("{message:?}")));
            for cut in 0..bytes.len() {
                assert!(Message::decode(&bytes[..cut]).is_err(), "{message:?} cut at {cut}");
            }
            assert!(Message::decode(&[&bytes[..], &[0]].concat()).is_err(), "{message:?} with a byte too many");
        }
    }

    #[test]
    fn nonsense_is_refused_and_reserves_nothing() {
        let good = all().remove(4).encode(&envelope());
        for at in 0..good.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = good.to_vec();
                bytes[at] ^= flip;
                // It is refused or it means something else; either is fine, and neither panics.
                let _ = Message::decode(&bytes);
            }
        }
        let gap = vec![Entry { log_id: log_id(3, 8), payload: EntryPayload::Blank }];
        let vote = Vote::new_committed(3, 1);
        let gap = AppendEntriesRequest { vote, prev_log_id: Some(log_id(2, 5)), entries: gap, leader_commit: None };
        assert!(Message::decode(&Message::Append(gap).encode(&envelope())).is_err());
        let mut newer = good.to_vec();
        newer[0] = 2;
        assert_eq!(Message::decode(&newer).unwrap_err(), Refused::Version(2));
    }
}
