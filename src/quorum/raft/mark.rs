//! The mark: which agreed entry the metadata log stood at when earlier entries were let go.
//!
//! Indexes of entries and offsets of records differ; the mark is one pair of them that belong together, and all others
//! follow from the entries behind it. While a snapshot comes in there are two. Where a leader's log is to take the place of
//! this voter's, the mark is that log's already while this one is still there, see [`crate::base`].

use std::io;
use std::path::Path;

use model::{LeaderEpoch, Offset};

use super::{LogId, Members, Position, derived, entry};
use crate::codec::{Malformed, Reader, Writer};

const FILE: &str = "raft-mark";
const VERSION: u8 = 1;

/// An entry, and what the metadata log is behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) id: Option<LogId>,
    pub(crate) position: Position,
    /// The voters, if an entry named them.
    pub(crate) members: Members,
}

impl Mark {
    /// Whether the log up to here is known to be agreed on. Where another program wrote it, only a later entry tells.
    pub(crate) fn is_settled(&self) -> bool {
        self.id.is_none() || self.id != derived(self.position)
    }
}

/// The mark that holds, and that of a snapshot which is being installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) base: Mark,
    pub(crate) coming: Option<Mark>,
    /// The log in whose place the base is to be put.
    pub(crate) replaces: Option<Replaced>,
}

/// A log that is still there, and is not this voter's word any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// How it ends. One that ends otherwise was written by another program since.
    pub(crate) position: Position,
    pub(crate) stage: Stage,
}

/// How far the replacement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The journal of before may still be there, and is void.
    Begun,
    /// The log stays until it is known that the other one is agreed on.
    Waits,
    /// It is known: the log goes.
    Agreed,
}

impl Marks {
    /// Reads the file; `None` if there is none.
    pub(crate) fn read(dir: &Path) -> io::Result<Option<Self>> {
        let path = dir.join(FILE);
        let bytes = match host::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let broken = |_| io::Error::new(io::ErrorKind::InvalidData, format!("{}: the file is damaged", path.display()));
        Self::parse(&bytes).map(Some).map_err(broken)
    }

    /// Replaces the file; it is on disk when this returns.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        host::fs::write_atomically(dir.join(FILE), &self.to_bytes())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        let stage = match self.replaces.map(|replaced| replaced.stage) {
            None => 0,
            Some(Stage::Begun) => 1,
            Some(Stage::Waits) => 2,
            Some(Stage::Agreed) => 3,
        };
        out.bytes(&[VERSION, u8::from(self.coming.is_some()) | stage << 1]);
        for mark in std::iter::once(&self.base).chain(&self.coming) {
            entry::encode_optional_id(mark.id.as_ref(), &mut out);
            out.i64(mark.position.end.0);
            out.i32(mark.position.epoch.0);
            entry::encode_members(&mark.members, &mut out);
        }
        if let Some(Replaced { position, .. }) = self.replaces {
            out.i64(position.end.0);
            out.i32(position.epoch.0);
        }
        let sum = crc32c::crc32c(&out.0);
        out.bytes(&sum.to_be_bytes());
        out.0
    }

    fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let (body, sum) = bytes.split_last_chunk::<4>().ok_or(Malformed)?;
        if crc32c::crc32c(body) != u32::from_be_bytes(*sum) {
            return Err(Malformed);
        }
        let mut from = Reader(body);
        if from.u8()? != VERSION {
            return Err(Malformed);
        }
        let kinds = from.u8()?;
        let stage = match kinds >> 1 {
            0 => None,
            1 => Some(Stage::Begun),
            2 => Some(Stage::Waits),
            3 => Some(Stage::Agreed),
            _ => return Err(Malformed),
        };
        let mut one = || {
            let id = entry::decode_optional_id(&mut from)?;
            let position = Position { end: Offset(from.i64()?), epoch: LeaderEpoch(from.i32()?) };
            Ok(Mark { id, position, members: entry::decode_members(&mut from)? })
        };
        let (base, coming) = (one()?, if kinds & 1 == 1 { Some(one()?) } else { None });
        let replaces = match stage {
            None => None,
            Some(stage) => {
                let position = Position { end: Offset(from.i64()?), epoch: LeaderEpoch(from.i32()?) };
                Some(Replaced { position, stage })
            }
        };
        if from.0.is_empty() { Ok(Self { base, coming, replaces }) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{log_id, members};
    use super::*;

    #[test]
    fn it_comes_back_and_damage_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Marks::read(dir.path()).unwrap(), None);
        let mark = |index| Mark {
            id: Some(log_id(3, index)),
            position: Position { end: Offset(99), epoch: LeaderEpoch(3) },
            members: members(&[model::NodeId(1), model::NodeId(2)]),
        };
        let replaced = |stage| Some(Replaced { position: mark(1).position, stage });
        let all = [
            (None, None),
            (Some(mark(9)), None),
            (None, replaced(Stage::Begun)),
            (None, replaced(Stage::Waits)),
            (Some(mark(9)), replaced(Stage::Agreed)),
        ];
        for (coming, replaces) in all {
            let marks = Marks { base: mark(5), coming, replaces };
            marks.write(dir.path()).unwrap();
            assert_eq!(Marks::read(dir.path()).unwrap(), Some(marks.clone()));
            let bytes = marks.to_bytes();
            for cut in 0..bytes.len() {
                assert!(Marks::parse(&bytes[..cut]).is_err());
            }
        }
    }
}
