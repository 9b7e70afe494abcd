//! The segments that compaction makes, under names with `.cleaned` behind until they are swapped in.

use std::io;
use std::sync::Arc;

use model::batch::{Batch, BatchError};
use model::{Offset, Timestamp};

use crate::log::files::{CLEANED, LOG, Place};
use crate::log::segment::Segment;
use crate::log::{AbortedTxn, files};

/// What indexes can count, of bytes and of offsets.
pub(super) const MOST: u64 = i32::MAX as u64;

/// One segment in the making, and those that became full before it. Their files go when it is dropped, unless they
/// were swapped in.
pub(super) struct Output {
    place: Arc<Place>,
    index_interval_bytes: u64,
    /// Bytes of a segment, at most.
    most: u64,
    now: Timestamp,
    full: Vec<Arc<Segment>>,
    current: Arc<Segment>,
    /// Batches that are not written yet.
    waiting: Vec<u8>,
    bytes_since_index: u64,
    swapped: bool,
}

impl Output {
    pub(super) fn begin(
        place: &Arc<Place>,
        base: Offset,
        index_interval_bytes: u64,
        most: u64,
        now: Timestamp,
    ) -> io::Result<Self> {
        Ok(Self {
            place: place.clone(),
            index_interval_bytes,
            most,
            now,
            full: Vec::new(),
            current: Arc::new(Segment::create_named(place, base, now, CLEANED)?),
            waiting: Vec::new(),
            bytes_since_index: 0,
            swapped: false,
        })
    }

    /// Puts a batch behind the others, and `aborted` into the index beside it.
    pub(super) fn append(&mut self, bytes: &[u8], aborted: Option<AbortedTxn>) -> io::Result<()> {
        let damaged = |error: BatchError| io::Error::new(io::ErrorKind::InvalidData, error);
        let batch = Batch::first(bytes).map_err(damaged)?;
        let (len, last) = (bytes.len() as u64, batch.last_offset());
        let mut position = self.position();
        let is_far = u64::try_from(last.0 - self.current.base.0).unwrap_or(0) > MOST;
        // Compressed anew, records may take more than they did. The first batch always has room.
        if position > 0 && (position + len > self.most || is_far) {
            self.next_segment(batch.base_offset())?;
            position = 0;
        }
        self.current.note_timestamp(batch.max_timestamp(), last);
        if self.bytes_since_index > self.index_interval_bytes {
            self.current.add_to_indexes(last, position)?;
            self.bytes_since_index = 0;
        }
        self.bytes_since_index += len;
        self.waiting.extend_from_slice(bytes);
        if let Some(txn) = aborted {
            self.current.add_aborted(txn)?;
        }
        Ok(())
    }

    /// Writes what waits; answers how many bytes that were.
    pub(super) fn write(&mut self) -> io::Result<u64> {
        let len = self.waiting.len() as u64;
        self.current.file()?.write_all_at(&self.waiting, self.current.size())?;
        self.current.set_size(self.current.size() + len);
        self.waiting.clear();
        Ok(len)
    }

    fn position(&self) -> u64 {
        self.current.size() + self.waiting.len() as u64
    }

    fn next_segment(&mut self, base: Offset) -> io::Result<()> {
        self.write()?;
        let next = Arc::new(Segment::create_named(&self.place, base, self.now, CLEANED)?);
        self.full.push(std::mem::replace(&mut self.current, next));
        self.bytes_since_index = 0;
        Ok(())
    }

    /// Makes all of it durable, as old as what it replaces. Answers the segments.
    pub(super) fn finish(&mut self, modified: Timestamp) -> io::Result<Vec<Arc<Segment>>> {
        self.write()?;
        let all: Vec<_> = self.full.iter().chain([&self.current]).cloned().collect();
        for segment in &all {
            segment.complete_indexes()?;
            segment.file()?.set_modified(modified)?;
            segment.sync(true)?;
            segment.close_file();
        }
        Ok(all)
    }

    /// Says that the log has the segments now.
    pub(super) fn keep(mut self) {
        self.swapped = true;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.swapped {
            return;
        }
        for segment in self.full.iter().chain([&self.current]) {
            // The log itself last: without it the next start removes the others anyway.
            for suffix in files::OF_SEGMENT.iter().rev() {
                if let Err(error) = files::remove_if_there(&segment.path(suffix)) {
                    tracing::debug!(path = %segment.path(LOG).display(), %error, "an unfinished compaction stays");
                }
            }
        }
    }
}
