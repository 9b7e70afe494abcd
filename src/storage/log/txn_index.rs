//! The `.txnindex` file: the aborted transactions whose markers a segment has (`TransactionIndex`, KIP-98).

use std::io;
use std::path::Path;

use bytes::{Buf, BufMut};
use host::fs::File;
use model::{Offset, ProducerId};

/// An aborted transaction: 34 bytes in the file, a version first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxn {
    /// Whose it was.
    pub producer_id: ProducerId,
    /// Its first record.
    pub first_offset: Offset,
    /// The marker that aborted it.
    pub last_offset: Offset,
    /// The last stable offset when it ended: what lies below is decided by this entry and those before it.
    pub last_stable_offset: Offset,
}

const VERSION: i16 = 0;
/// Bytes of an entry.
pub(super) const ENTRY: usize = 34;

impl AbortedTxn {
    fn encode(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let mut out = bytes.as_mut_slice();
        out.put_i16(VERSION);
        out.put_i64(self.producer_id.0);
        out.put_i64(self.first_offset.0);
        out.put_i64(self.last_offset.0);
        out.put_i64(self.last_stable_offset.0);
        bytes
    }

    fn decode(mut bytes: &[u8]) -> io::Result<Self> {
        let mut version_and = || -> Option<Self> {
            (bytes.try_get_i16().ok()? == VERSION).then_some(())?;
            Some(Self {
                producer_id: ProducerId(bytes.try_get_i64().ok()?),
                first_offset: Offset(bytes.try_get_i64().ok()?),
                last_offset: Offset(bytes.try_get_i64().ok()?),
                last_stable_offset: Offset(bytes.try_get_i64().ok()?),
            })
        };
        version_and().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an aborted transaction"))
    }
}

/// All entries of a file; none if it is not there.
pub(super) fn read(path: &Path) -> io::Result<Vec<AbortedTxn>> {
    match File::open_read(path) {
        Ok(file) => read_file(&file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// All entries of an open file.
pub(super) fn read_file(file: &File) -> io::Result<Vec<AbortedTxn>> {
    let mut bytes = vec![0; usize::try_from(file.len()?).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, 0)?;
    bytes.chunks(ENTRY).map(AbortedTxn::decode).collect()
}

/// Adds an entry, making the file if need be.
pub(super) fn append(path: &Path, txn: AbortedTxn) -> io::Result<()> {
    let file = File::open_append_rw(path)?;
    let len = file.len()? / ENTRY as u64 * ENTRY as u64;
    file.write_all_at(&txn.encode(), len)
}

/// Drops the transactions whose markers lie at `end` or behind it.
pub(super) fn truncate(path: &Path, end: Offset) -> io::Result<()> {
    let kept = read(path)?.iter().take_while(|txn| txn.last_offset < end).count();
    File::open_append_rw(path)?.set_len((kept * ENTRY) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_kafkas() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("00000000000000000000.txnindex");
        assert!(read(&path).unwrap().is_empty());
        let txn = |first: i64, last: i64| AbortedTxn {
            producer_id: ProducerId(7),
            first_offset: Offset(first),
            last_offset: Offset(last),
            last_stable_offset: Offset(last + 1),
        };
        append(&path, txn(1, 5)).unwrap();
        append(&path, txn(2, 9)).unwrap();
        let bytes = host::fs::read(&path).unwrap();
        assert_eq!((bytes.len(), &bytes[..10]), (68, &[0u8, 0, 0, 0, 0, 0, 0, 0, 0, 7][..]));
        assert_eq!(read(&path).unwrap(), [txn(1, 5), txn(2, 9)]);
        truncate(&path, Offset(9)).unwrap();
        assert_eq!(read(&path).unwrap(), [txn(1, 5)]);
        host::fs::File::open_append_rw(&path).unwrap().set_len(40).unwrap();
        assert!(read(&path).is_err());
    }
}
