//! The `.timeindex` file: the largest timestamp so far and the batch that has it, twelve bytes an entry (`TimeIndex`).

use model::{Offset, Timestamp};

use super::index::{Entry, Index};

/// A timestamp that no record before has reached, and the offset of the last record of the batch that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeEntry {
    pub(super) timestamp: Timestamp,
    pub(super) offset: Offset,
}

impl Entry for TimeEntry {
    const LEN: usize = 12;

    fn write(self, base: Offset, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.0.to_be_bytes());
        out.extend_from_slice(&((self.offset.0 - base.0) as i32).to_be_bytes());
    }

    fn read(bytes: &[u8], base: Offset) -> Option<Self> {
        let timestamp = i64::from_be_bytes(*bytes.first_chunk()?);
        let relative = i32::from_be_bytes(*bytes.get(8..)?.first_chunk()?);
        Some(Self { timestamp: Timestamp(timestamp), offset: base.plus(i64::from(relative)) })
    }
}

impl Index<TimeEntry> {
    /// Adds an entry unless its timestamp is not larger than the last one's.
    pub(super) fn push_if_larger(&mut self, entry: TimeEntry) {
        if entry.timestamp > self.last().map_or(Timestamp::NONE, |last| last.timestamp) {
            self.push(entry);
        }
    }
}
