//! The `.index` file: which batch lies where, eight bytes an entry (`OffsetIndex`).

use model::Offset;

use super::index::Entry;

/// A batch: the offset of its last record, and where it starts in the segment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OffsetEntry {
    pub(super) last_offset: Offset,
    pub(super) position: u64,
}

impl Entry for OffsetEntry {
    const LEN: usize = 8;

    fn write(self, base: Offset, out: &mut Vec<u8>) {
        out.extend_from_slice(&((self.last_offset.0 - base.0) as i32).to_be_bytes());
        out.extend_from_slice(&(self.position as i32).to_be_bytes());
    }

    fn read(bytes: &[u8], base: Offset) -> Option<Self> {
        let relative = i32::from_be_bytes(*bytes.first_chunk()?);
        let position = i32::from_be_bytes(*bytes.get(4..)?.first_chunk()?);
        Some(Self { last_offset: base.plus(i64::from(relative)), position: u64::try_from(position).ok()? })
    }
}
