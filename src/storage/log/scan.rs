//! Walks over the batches of a segment: by their headers only, or whole ones through a large buffer.

use std::io;
use std::ops::ControlFlow;

use host::fs::File;
use model::batch::{Batch, BatchError, HEADER_LENGTH, LOG_OVERHEAD};
use model::{LeaderEpoch, Offset, Timestamp};

/// Bytes read at a time when only headers are wanted; more than lie between two entries of the index, mostly.
const WINDOW: u64 = 4096 + 1024;
/// Bytes read at a time when everything is wanted.
const LARGE: u64 = 1 << 20;

/// What a reader needs to know of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Where it starts.
    pub(super) position: u64,
    /// Its length in bytes.
    pub(super) len: u64,
    pub(super) base_offset: Offset,
    pub(super) last_offset: Offset,
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) max_timestamp: Timestamp,
}

impl Head {
    /// Where the next one starts.
    pub(super) fn end(&self) -> u64 {
        self.position + self.len
    }
}

/// The headers of the batches between two positions.
pub(super) struct Heads<'f> {
    file: &'f File,
    position: u64,
    limit: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'f> Heads<'f> {
    /// From the batch that starts at `position`, up to `limit`, where a batch ends.
    pub(super) fn new(file: &'f File, position: u64, limit: u64) -> Self {
        Self { file, position, limit, window: Vec::new(), window_at: 0 }
    }

    /// The next header; `None` at the limit, or where the file ends because it was cut meanwhile.
    pub(super) fn next(&mut self) -> io::Result<Option<Head>> {
        if self.position >= self.limit {
            return Ok(None);
        }
        let Some(header) = self.header()? else { return Ok(None) };
        let length = i32::from_be_bytes(part(&header, 8));
        let delta = i32::from_be_bytes(part(&header, 23));
        let base_offset = Offset(i64::from_be_bytes(part(&header, 0)));
        let whole = LOG_OVERHEAD as u64 + u64::try_from(length).unwrap_or(0);
        if header[16] != 2 || whole < HEADER_LENGTH as u64 || delta < 0 {
            let message = format!("no batch at position {} of a segment", self.position);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let head = Head {
            position: self.position,
            len: whole,
            base_offset,
            last_offset: base_offset.plus(i64::from(delta)),
            leader_epoch: LeaderEpoch(i32::from_be_bytes(part(&header, 12))),
            max_timestamp: Timestamp(i64::from_be_bytes(part(&header, 35))),
        };
        self.position = head.end();
        Ok((self.position <= self.limit).then_some(head))
    }

    fn header(&mut self) -> io::Result<Option<[u8; HEADER_LENGTH]>> {
        if let Some(header) = self.in_window() {
            return Ok(Some(header));
        }
        self.window.resize(WINDOW.min(self.limit - self.position) as usize, 0);
        self.window_at = self.position;
        let mut filled = 0;
        while filled < self.window.len() {
            match self.file.read_at(&mut self.window[filled..], self.position + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        self.window.truncate(filled);
        Ok(self.in_window())
    }

    fn in_window(&self) -> Option<[u8; HEADER_LENGTH]> {
        let at = usize::try_from(self.position.checked_sub(self.window_at)?).ok()?;
        self.window.get(at..)?.first_chunk().copied()
    }
}

fn part<const N: usize>(header: &[u8; HEADER_LENGTH], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}

/// Calls `visit` for each whole batch from `position` on, until it breaks, no batch follows, or `limit`. Returns where
/// the last batch ended that it did not break on, and why no batch follows there, if not because of the limit.
///
/// Only lengths and magic are checked: the CRC is the visitor's business.
pub(super) fn batches(
    file: &File,
    mut position: u64,
    limit: u64,
    mut visit: impl FnMut(u64, Batch<'_>) -> io::Result<ControlFlow<()>>,
) -> io::Result<(u64, Option<BatchError>)> {
    let mut size = LARGE;
    let mut buffer = Vec::new();
    while position < limit {
        buffer.resize(size.min(limit - position) as usize, 0);
        match file.read_exact_at(&mut buffer, position) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok((position, Some(BatchError::Truncated)));
            }
            read => read?,
        }
        let start = position;
        loop {
            let rest = buffer.get((position - start) as usize..).unwrap_or_default();
            match Batch::first(rest) {
                Ok(batch) => {
                    if visit(position, batch)?.is_break() {
                        return Ok((position, None));
                    }
                    position += batch.len() as u64;
                }
                Err(BatchError::Truncated) => break,
                Err(error) => return Ok((position, Some(error))),
            }
        }
        if position == start {
            // Not even one fits: read all of it, unless the log ends before it does.
            let wanted = buffer.get(8..LOG_OVERHEAD).and_then(|b| b.first_chunk()).map(|b| i32::from_be_bytes(*b));
            let wanted = wanted.and_then(|len| u64::try_from(len).ok()).map(|len| len + LOG_OVERHEAD as u64);
            match wanted {
                Some(wanted) if wanted > size && wanted <= limit - position => size = wanted,
                _ => return Ok((position, Some(BatchError::Truncated))),
            }
        }
    }
    Ok((position, None))
}
