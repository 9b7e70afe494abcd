//! The mark: which agreed entry the metadata log stood at when earlier entries were let go.
//!
//! Indexes of entries and offsets of records differ; the mark is one pair of them that belong together, and all others
//! follow from the entries behind it. While a snapshot comes in there are two.

use std::io;
use std::path::Path;

use model::{LeaderEpoch, Offset};

use super::{LogId, Members, Position, entry};
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

/// The mark that holds, and that of a snapshot which is being installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) base: Mark,
    pub(crate) coming: Option<Mark>,
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
        out.bytes(&[VERSION, self.coming.is_some().into()]);
        for mark in std::iter::once(&self.base).chain(&self.coming) {
            entry::encode_optional_id(mark.id.as_ref(), &mut out);
            out.i64(mark.position.end.0);
            out.i32(mark.position.epoch.0);
            entry::encode_members(&mark.members, &mut out);
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
        let two = from.u8()? == 1;
        let mut one = || {
            let id = entry::decode_optional_id(&mut from)?;
            let position = Position { end: Offset(from.i64()?), epoch: LeaderEpoch(from.i32()?) };
            Ok(Mark { id, position, members: entry::decode_members(&mut from)? })
        };
        let (base, coming) = (one()?, if two { Some(one()?) } else { None });
        Ok(Self { base, coming })
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
        for coming in [None, Some(mark(9))] {
            let marks = Marks { base: mark(5), coming };
            marks.write(dir.path()).unwrap();
            assert_eq!(Marks::read(dir.path()).unwrap(), Some(marks.clone()));
            let bytes = marks.to_bytes();
            for cut in 0..bytes.len() {
                assert!(Marks::parse(&bytes[..cut]).is_err());
            }
        }
    }
}
