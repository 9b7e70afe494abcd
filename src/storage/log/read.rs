//! Plans a read: which bytes of which file, found by the indexes and a few headers, without touching the records.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use host::fs::File;
use model::Offset;

use super::scan::Heads;
use super::segment::Segment;
use super::{AbortedTxn, Log, ReadError, StorageError};

/// How many sealed segments of a log keep their file open for readers.
const KEPT_OPEN: usize = 2;

/// Some whole batches in a file. The file stays readable when the log deletes it meanwhile.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The segment's file; `None` if there is nothing to read.
    pub file: Option<Arc<File>>,
    /// Where the first batch starts, in bytes.
    pub position: u64,
    /// How many bytes.
    pub len: u32,
    /// The first batch does not fit into the limit, which was to be kept, so `len` is 0.
    pub first_batch_larger_than_max: bool,
    /// The offset that was asked for.
    pub from: Offset,
    /// No record of it has this offset or a later one; a reader goes on here.
    pub next_offset: Offset,
}

impl Slice {
    fn empty(from: Offset) -> Self {
        Self { file: None, position: 0, len: 0, first_batch_larger_than_max: false, from, next_offset: from }
    }

    /// The bytes, read into memory. Blocks on the disk.
    pub fn read_all(&self) -> io::Result<Bytes> {
        let mut bytes = vec![0; self.len as usize];
        if let Some(file) = &self.file {
            file.read_exact_at(&mut bytes, self.position)?;
        }
        Ok(bytes.into())
    }
}

impl Log {
    /// Whole batches from the one that holds `from` on, all of them in front of `upto`: the end, the high watermark or
    /// the last stable offset. At most `max_bytes` of them, but if `min_one_batch` is set the first one whatever its
    /// size. Where compaction left a gap it begins with the next batch there is. Empty if there is nothing.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`] for an offset in front of the log's start or behind its end.
    pub fn read(&self, from: Offset, max_bytes: usize, upto: Offset, min_one_batch: bool) -> Result<Slice, ReadError> {
        if let Some(reason) = self.failure() {
            return Err(StorageError::Failed(reason.to_owned()).into());
        }
        let tip = *self.tip.read();
        let start = self.start_offset();
        if from < start || from > tip.end {
            return Err(ReadError::OutOfRange { offset: from, start, end: tip.end });
        }
        let upto = upto.min(tip.end);
        if from >= upto {
            return Ok(Slice::empty(from));
        }
        let mut here = self.segment_with(from);
        while let Some((segment, next_base)) = here {
            if segment.base >= upto {
                break;
            }
            // Bytes that are published; more may come while we look.
            let whole = if segment.base == tip.base { tip.size } else { segment.size() };
            let file = self.file_of(&segment, tip.base)?;
            let Some(first) = segment.find(&file, from, whole)? else {
                // Nothing behind `from` here: the next segment has it. Skipping would lose records if it did not.
                here = next_base.and_then(|base| self.segment_with(base));
                continue;
            };
            let ends_here = segment.base != tip.base && next_base.is_some_and(|base| base <= upto);
            let (limit, limit_offset) = if ends_here {
                (whole, next_base.unwrap_or(upto))
            } else if segment.base == tip.base && upto == tip.end {
                (whole, upto)
            } else {
                (position_of(&segment, &file, upto, whole)?, upto)
            };
            if first.end() > limit {
                break;
            }
            let max = (max_bytes as u64).min(i32::MAX as u64);
            let (end, next_offset) = if limit - first.position <= max {
                (limit, limit_offset)
            } else if first.len > max {
                if !min_one_batch {
                    return Ok(Slice { first_batch_larger_than_max: true, ..Slice::empty(from) });
                }
                (first.end(), first.last_offset.plus(1))
            } else {
                whole_batches(&segment, &file, first.position, first.position + max, limit)?
            };
            let len = u32::try_from(end - first.position).unwrap_or(u32::MAX);
            return Ok(Slice {
                file: Some(file),
                position: first.position,
                len,
                first_batch_larger_than_max: false,
                from,
                next_offset,
            });
        }
        Ok(Slice::empty(from))
    }

    /// The aborted transactions that a reader of `slice` must know of (KIP-98), by the offset of their markers.
    pub fn aborted_in(&self, slice: &Slice) -> Result<Vec<AbortedTxn>, ReadError> {
        self.aborted_txns(slice.from, slice.next_offset)
    }

    /// The aborted transactions that have records at `from` or behind it and in front of `upto`
    /// (`UnifiedLog.collectAbortedTransactions`).
    pub fn aborted_txns(&self, from: Offset, upto: Offset) -> Result<Vec<AbortedTxn>, ReadError> {
        let segments = self.segments_from(from);
        let mut found = Vec::new();
        for segment in segments {
            for txn in segment.aborted()? {
                if txn.last_offset >= from && txn.first_offset < upto {
                    found.push(txn);
                }
                if txn.last_stable_offset >= upto {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// The segments from the one that may hold `offset` on.
    pub(super) fn segments_from(&self, offset: Offset) -> Vec<Arc<Segment>> {
        let segments = self.segments.read();
        let at = segments.partition_point(|segment| segment.base <= offset).saturating_sub(1);
        segments.get(at..).unwrap_or_default().to_vec()
    }

    /// The segment that may hold `offset`, and the base of the next one.
    fn segment_with(&self, offset: Offset) -> Option<(Arc<Segment>, Option<Offset>)> {
        let segments = self.segments.read();
        let after = segments.partition_point(|segment| segment.base <= offset).max(1);
        let segment = segments.get(after - 1)?.clone();
        Some((segment, segments.get(after).map(|next| next.base)))
    }

    /// The file of a segment; of the sealed ones only the lately read stay open.
    pub(super) fn file_of(&self, segment: &Arc<Segment>, active: Offset) -> io::Result<Arc<File>> {
        let was_open = segment.is_open();
        let file = segment.file()?;
        if !was_open && segment.base != active {
            self.remember(segment);
        }
        Ok(file)
    }

    /// Notes that a sealed segment is open, and closes the one that has been so for longest.
    pub(super) fn remember(&self, segment: &Arc<Segment>) {
        let mut lately = self.lately_read.lock();
        lately.push(segment.clone());
        if lately.len() > KEPT_OPEN {
            let oldest = lately.remove(0);
            if self.active().is_none_or(|active| active.base != oldest.base) {
                oldest.close_file();
            }
        }
    }
}

/// Where the batches in front of `upto` end.
fn position_of(segment: &Segment, file: &File, upto: Offset, whole: u64) -> io::Result<u64> {
    Ok(segment.find(file, upto, whole)?.map_or(whole, |head| head.position))
}

/// Where the last batch ends that does not reach behind `most`, and the offset behind it.
fn whole_batches(segment: &Segment, file: &File, from: u64, most: u64, limit: u64) -> io::Result<(u64, Offset)> {
    let mut heads = Heads::new(file, segment.boundary_before(most)?.max(from), limit);
    let mut end = None;
    while let Some(head) = heads.next()? {
        if head.end() > most {
            return Ok(end.unwrap_or((head.position, head.base_offset)));
        }
        end = Some((head.end(), head.last_offset.plus(1)));
    }
    end.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
