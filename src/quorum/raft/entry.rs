//! An entry of the agreed log as bytes: in the journal and on the wire.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use model::batch::Batches;
use model::{LeaderEpoch, Offset};
use openraft::{EntryPayload, Membership};

use super::{Entry, LogId, Members, log_id, term};
use crate::codec::{Malformed, Reader, Writer};

/// Records that a leader decided on: whole batches of Kafka's, with their offsets, their epoch and their timestamps, so
/// that applying them needs no clock and gives every controller the same bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proposal {
    /// Where the log must end for these batches to land.
    pub(crate) base: Offset,
    /// Where it ends then.
    pub(crate) end: Offset,
    /// The epoch they were decided in.
    pub(crate) epoch: LeaderEpoch,
    /// The batches.
    pub(crate) bytes: Bytes,
}

impl Proposal {
    /// Takes batches, which must be whole, follow each other and be of one epoch.
    pub(crate) fn new(bytes: Bytes) -> Result<Self, Malformed> {
        let mut span: Option<(Offset, Offset, LeaderEpoch)> = None;
        let mut length = 0;
        for batch in Batches::new(&bytes) {
            let batch = batch.map_err(|_| Malformed)?;
            batch.check_crc().map_err(|_| Malformed)?;
            length += batch.len();
            let (base, next, epoch) = (batch.base_offset(), batch.next_offset(), batch.leader_epoch());
            span = match span {
                None if base.0 >= 0 && next > base && epoch.0 >= 0 => Some((base, next, epoch)),
                Some((first, end, of)) if base == end && next > base && epoch == of => Some((first, next, of)),
                _ => return Err(Malformed),
            };
        }
        match span {
            Some((base, end, epoch)) if length == bytes.len() => Ok(Self { base, end, epoch, bytes }),
            _ => Err(Malformed),
        }
    }
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "records {}..{} of epoch {}", self.base, self.end, self.epoch)
    }
}

const BLANK: u8 = 0;
const RECORDS: u8 = 1;
const MEMBERSHIP: u8 = 2;

/// How many bytes an entry takes, about; for limits.
pub(crate) fn size(entry: &Entry) -> usize {
    const FRAME: usize = 32;
    match &entry.payload {
        EntryPayload::Normal(proposal) => FRAME + proposal.bytes.len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => FRAME,
    }
}

pub(crate) fn encode(entry: &Entry, out: &mut Writer) {
    encode_id(&entry.log_id, out);
    match &entry.payload {
        EntryPayload::Blank => out.bytes(&[BLANK]),
        EntryPayload::Normal(proposal) => {
            out.bytes(&[RECORDS]);
            out.blob(&proposal.bytes);
        }
        EntryPayload::Membership(members) => {
            out.bytes(&[MEMBERSHIP]);
            encode_membership(members, out);
        }
    }
}

pub(crate) fn decode(from: &mut Reader<'_>) -> Result<Entry, Malformed> {
    let log_id = decode_id(from)?;
    let payload = match from.u8()? {
        BLANK => EntryPayload::Blank,
        RECORDS => EntryPayload::Normal(Proposal::new(Bytes::copy_from_slice(from.blob()?))?),
        MEMBERSHIP => EntryPayload::Membership(decode_membership(from)?),
        _ => return Err(Malformed),
    };
    Ok(Entry { log_id, payload })
}

pub(crate) fn encode_id(id: &LogId, out: &mut Writer) {
    out.u64(term(id));
    out.u64(id.index);
}

pub(crate) fn decode_id(from: &mut Reader<'_>) -> Result<LogId, Malformed> {
    Ok(log_id(from.u64()?, from.u64()?))
}

pub(crate) fn encode_optional_id(id: Option<&LogId>, out: &mut Writer) {
    out.bytes(&[id.is_some().into()]);
    if let Some(id) = id {
        encode_id(id, out);
    }
}

pub(crate) fn decode_optional_id(from: &mut Reader<'_>) -> Result<Option<LogId>, Malformed> {
    match from.u8()? {
        0 => Ok(None),
        1 => decode_id(from).map(Some),
        _ => Err(Malformed),
    }
}

pub(crate) fn encode_members(members: &Members, out: &mut Writer) {
    encode_optional_id(members.log_id().as_ref(), out);
    encode_membership(members.membership(), out);
}

pub(crate) fn decode_members(from: &mut Reader<'_>) -> Result<Members, Malformed> {
    Ok(Members::new(decode_optional_id(from)?, decode_membership(from)?))
}

fn encode_membership(members: &Membership<u64, openraft::EmptyNode>, out: &mut Writer) {
    out.length(members.get_joint_config().len());
    for config in members.get_joint_config() {
        out.length(config.len());
        config.iter().for_each(|id| out.u64(*id));
    }
    let learners: Vec<u64> = members.learner_ids().collect();
    out.length(learners.len());
    learners.iter().for_each(|id| out.u64(*id));
}

fn decode_membership(from: &mut Reader<'_>) -> Result<Membership<u64, openraft::EmptyNode>, Malformed> {
    let configs: Vec<BTreeSet<u64>> = from.array(|from| Ok(from.array(Reader::u64)?.into_iter().collect()))?;
    let learners: BTreeSet<u64> = from.array(Reader::u64)?.into_iter().collect();
    // openraft wants every node named; an empty list of configurations is that of a node which knows none.
    let nodes: BTreeSet<u64> = configs.iter().flatten().copied().chain(learners).collect();
    Ok(Membership::new(configs, nodes))
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;
    use crate::batches;
    use crate::control::Control;

    fn proposal() -> Proposal {
        let batch = |base| {
            batches::control_batch(Offset(base), LeaderEpoch(3), Timestamp(7), &[Control::KraftVersion(1)]).unwrap()
        };
        Proposal::new([batch(10), batch(11)].concat().into()).unwrap()
    }

    fn round(entry: &Entry) {
        let mut out = Writer::default();
        encode(entry, &mut out);
        let mut from = Reader(&out.0);
        assert_eq!(format!("{:?}", decode(&mut from).unwrap()), format!("{entry:?}"));
        assert!(from.0.is_empty());
        for cut in 0..out.0.len() {
            assert!(decode(&mut Reader(&out.0[..cut])).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn entries_come_back_and_halves_are_refused() {
        let proposal = proposal();
        assert_eq!((proposal.base, proposal.end, proposal.epoch), (Offset(10), Offset(12), LeaderEpoch(3)));
        let members = Membership::new(vec![BTreeSet::from([1, 2, 3])], BTreeSet::from([1, 2, 3, 9]));
        for payload in [EntryPayload::Blank, EntryPayload::Normal(proposal), EntryPayload::Membership(members)] {
            round(&Entry { log_id: log_id(3, 77), payload });
        }
    }

    #[test]
    fn only_whole_batches_in_a_row_are_a_proposal() {
        let good = proposal().bytes;
        let half = good.len() / 2;
        assert!(Proposal::new(Bytes::new()).is_err());
        assert!(Proposal::new(good.slice(..good.len() - 1)).is_err());
        assert!(Proposal::new([&good[half..], &good[..half]].concat().into()).is_err(), "out of order");
        let mut flipped = good.to_vec();
        flipped[half - 1] ^= 1;
        assert!(Proposal::new(flipped.into()).is_err(), "the checksum");
    }
}
