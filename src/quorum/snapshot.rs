//! Snapshots of the metadata: `<end offset>-<epoch>.checkpoint` (`Snapshots`, `RecordsSnapshotWriter`, KIP-630).

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use model::{LeaderEpoch, Offset, Timestamp};

use crate::batches::{self, Damaged, Entry};
use crate::control::{Control, Voter};

/// The end of a snapshot's name.
pub(crate) const SUFFIX: &str = ".checkpoint";
const PART: &str = ".checkpoint.part";
const DELETED: &str = ".checkpoint.deleted";

/// The records of one batch: as many as Kafka puts there, and not too many bytes at once in memory.
const BATCH: (usize, i32) = (1024 * 1024, 1024);

/// Names a snapshot: it holds what all records before `end` amount to, the last of which was of `epoch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotId {
    /// The epoch of the last record in it. Comes first, so that ids compare as in Kafka.
    pub epoch: LeaderEpoch,
    /// The offset after the last record in it.
    pub end: Offset,
}

/// What the quorum itself must know, besides the controller's records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// kraft.version: 0 has static voters, 1 dynamic ones.
    pub(crate) kraft_version: i16,
    /// The dynamic voters.
    pub(crate) voters: Option<Vec<Voter>>,
}

/// A file that belongs to a snapshot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole one.
    Whole,
    /// One that was being written, or one to be deleted.
    Leftover,
}

impl SnapshotId {
    /// The snapshot that `format` writes for dynamic voters.
    pub const BOOTSTRAP: Self = Self { epoch: LeaderEpoch(0), end: Offset(0) };

    /// The file's name.
    pub fn file_name(self) -> String {
        format!("{:020}-{:010}{SUFFIX}", self.end.0, self.epoch.0)
    }

    /// The id in a file's name, if it is a snapshot's, and whether the snapshot counts.
    pub(crate) fn parse(name: &str) -> Option<(Self, Kind)> {
        let kind = if name.ends_with(PART) || name.ends_with(DELETED) { Kind::Leftover } else { Kind::Whole };
        if kind == Kind::Whole && !name.ends_with(SUFFIX) {
            return None;
        }
        let number = |range: std::ops::Range<usize>| name.get(range).filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let end = number(0..20)?.parse().ok()?;
        let epoch = (name.get(20..21)? == "-").then(|| number(21..31))??.parse().ok()?;
        Some((Self { epoch: LeaderEpoch(epoch), end: Offset(end) }, kind))
    }
}

/// The whole snapshots of a directory, oldest first. Removes what was left half-written or half-deleted.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<SnapshotId>> {
    let mut found = Vec::new();
    for entry in host::fs::list_dir(dir)? {
        match SnapshotId::parse(&entry.name) {
            Some((id, Kind::Whole)) => found.push(id),
            Some((_, Kind::Leftover)) => host::fs::remove_file(&entry.path)?,
            None => {}
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Writes a snapshot; when this returns it is on disk, whole. Returns its length in bytes.
pub(crate) fn write(
    dir: &Path,
    id: SnapshotId,
    (last_contained, now): (Timestamp, Timestamp),
    agreement: &Agreement,
    records: impl IntoIterator<Item = Bytes>,
) -> io::Result<u64> {
    let part = dir.join(id.file_name().replace(SUFFIX, PART));
    let written = write_file(&part, id.epoch, (last_contained, now), agreement, records)?;
    host::fs::rename(&part, dir.join(id.file_name()))?;
    host::fs::sync_dir(dir)?;
    Ok(written)
}

/// Writes the content of a snapshot to a path, and syncs it.
pub(crate) fn write_file(
    path: &Path,
    epoch: LeaderEpoch,
    (last_contained, now): (Timestamp, Timestamp),
    agreement: &Agreement,
    records: impl IntoIterator<Item = Bytes>,
) -> io::Result<u64> {
    let mut head = vec![Control::SnapshotHeader { last_contained }];
    if agreement.kraft_version > 0 {
        head.push(Control::KraftVersion(agreement.kraft_version));
        head.extend(agreement.voters.clone().map(Control::Voters));
    }
    let invalid = |e| io::Error::new(io::ErrorKind::InvalidData, e);
    let file = host::fs::File::open_append_rw(path)?;
    file.set_len(0)?;
    let (mut position, mut next) = (0, Offset(0));
    let mut put = |batch: &Bytes, records: i64| {
        file.write_all_at(batch, position)?;
        position += batch.len() as u64;
        next = next.plus(records);
        io::Result::Ok(next)
    };
    let first = put(&batches::control_batch(Offset(0), epoch, now, &head).map_err(invalid)?, head.len() as i64)?;
    let mut next = first;
    for batch in batches::record_batches(first, epoch, now, records, BATCH).map_err(invalid)? {
        let count = model::batch::Batch::first(&batch).map_err(invalid)?.count();
        next = put(&batch, count.into())?;
    }
    put(&batches::control_batch(next, epoch, now, &[Control::SnapshotFooter]).map_err(invalid)?, 1)?;
    file.sync_all()?;
    Ok(position)
}

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The content is damaged.
    #[error("{path}: {damage}", path = .0.display(), damage = .1)]
    Damaged(PathBuf, Damaged),
    /// The end of it is missing.
    #[error("{} has no end: it was not written whole", .0.display())]
    Unfinished(PathBuf),
}

/// What a snapshot says besides the controller's records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The time of the last record in it.
    pub(crate) last_contained: Timestamp,
    /// The quorum's rules and voters.
    pub(crate) agreement: Agreement,
}

/// Reads a snapshot and calls `each` with every metadata record, framed.
pub(crate) fn read(
    path: &Path,
    mut each: impl FnMut(Offset, &[u8]) -> Result<(), Damaged>,
) -> Result<Head, SnapshotError> {
    let bytes = host::fs::read(path)?;
    let (mut head, mut whole) = (Head::default(), false);
    batches::for_each(&bytes, Offset(0), |at, _, entry| {
        match entry {
            Entry::Control(Control::SnapshotHeader { last_contained }) => head.last_contained = last_contained,
            Entry::Control(Control::SnapshotFooter) => whole = true,
            Entry::Control(Control::KraftVersion(version)) => head.agreement.kraft_version = version,
            Entry::Control(Control::Voters(voters)) => head.agreement.voters = Some(voters),
            Entry::Control(Control::LeaderChange { .. }) => {}
            Entry::Record(record) => each(at, record)?,
        }
        Ok(())
    })
    .map_err(|damage| SnapshotError::Damaged(path.to_owned(), damage))?;
    if whole { Ok(head) } else { Err(SnapshotError::Unfinished(path.to_owned())) }
}

/// The time in a snapshot's header, read from its first batch only.
pub(crate) fn last_contained(path: &Path) -> Result<Timestamp, SnapshotError> {
    let file = host::fs::File::open_read(path)?;
    let mut bytes = vec![0; file.len()?.min(64 * 1024) as usize];
    file.read_exact_at(&mut bytes, 0)?;
    let damaged = |e| SnapshotError::Damaged(path.to_owned(), Damaged::Batch(Offset(0), e));
    let first = model::batch::Batch::first(&bytes).map_err(damaged)?;
    let mut found = Timestamp::NONE;
    batches::for_each(first.bytes(), Offset(0), |_, _, entry| {
        if let Entry::Control(Control::SnapshotHeader { last_contained }) = entry {
            found = last_contained;
        }
        Ok(())
    })
    .map_err(|damage| SnapshotError::Damaged(path.to_owned(), damage))?;
    Ok(found)
}

/// Removes a snapshot; a crash in the middle leaves it or not, never half.
pub(crate) fn remove(dir: &Path, id: SnapshotId) -> io::Result<()> {
    host::fs::remove_file(dir.join(id.file_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafkas() {
        let id = SnapshotId { epoch: LeaderEpoch(3), end: Offset(1234) };
        assert_eq!(id.file_name(), "00000000000000001234-0000000003.checkpoint");
        assert_eq!(SnapshotId::parse(&id.file_name()), Some((id, Kind::Whole)));
        let part = "00000000000000001234-0000000003-8817.checkpoint.part";
        assert_eq!(SnapshotId::parse(part), Some((id, Kind::Leftover)));
        for other in ["bootstrap.checkpoint", "00000000000000001234.log", "quorum-state", "é.checkpoint"] {
            assert_eq!(SnapshotId::parse(other), None);
        }
    }

    #[test]
    fn what_is_written_is_read_and_half_of_it_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let id = SnapshotId { epoch: LeaderEpoch(1), end: Offset(9) };
        let agreement = Agreement { kraft_version: 1, voters: Some(Vec::new()) };
        let records: Vec<Bytes> = (0..2500u16).map(|i| i.to_be_bytes().to_vec().into()).collect();
        let times = (Timestamp(77), Timestamp(99));
        let len = write(dir.path(), id, times, &agreement, records.clone()).unwrap();
        let path = dir.path().join(id.file_name());
        assert_eq!(host::fs::metadata_len(&path).unwrap(), len);
        let mut found = Vec::new();
        let head = read(&path, |_, record| {
            found.push(Bytes::copy_from_slice(record));
            Ok(())
        });
        assert_eq!(head.unwrap(), Head { last_contained: Timestamp(77), agreement });
        assert_eq!(found, records);
        assert_eq!(last_contained(&path).unwrap(), Timestamp(77));

        host::fs::write_atomically(dir.path().join("00000000000000000009-0000000001-x.checkpoint.part"), b"").unwrap();
        assert_eq!(list(dir.path()).unwrap(), [id]);
        let footer = model::batch::HEADER_LENGTH as u64 + 14;
        host::fs::File::open_append_rw(&path).unwrap().set_len(len - footer).unwrap();
        assert!(matches!(read(&path, |_, _| Ok(())), Err(SnapshotError::Unfinished(_))));
        host::fs::File::open_append_rw(&path).unwrap().set_len(len - 3).unwrap();
        assert!(matches!(read(&path, |_, _| Ok(())), Err(SnapshotError::Damaged(..))));
    }
}
