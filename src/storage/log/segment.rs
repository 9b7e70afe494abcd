//! One segment: its `.log` file, its indexes, and what is known of them without asking the disk (`LogSegment`).

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use host::fs::File;
use model::{Offset, Timestamp};
use parking_lot::{Mutex, RwLock};

use super::files::{self, INDEX, LOG, Place, TIME_INDEX, TXN_INDEX};
use super::index::{Entry, Index};
use super::offset_index::OffsetEntry;
use super::scan::{Head, Heads};
use super::time_index::TimeEntry;
use super::txn_index::{self, AbortedTxn};
use super::whereabouts::Whereabouts;

/// A segment. Readers share it with the one writer, who holds the log's lock.
#[derive(Debug)]
pub(super) struct Segment {
    /// The offset in its name, not larger than that of its first record.
    pub(super) base: Offset,
    files: Whereabouts,
    /// Opened when needed.
    file: Mutex<Option<Arc<File>>>,
    /// Bytes of whole batches.
    size: AtomicU64,
    offsets: RwLock<Index<OffsetEntry>>,
    times: RwLock<Index<TimeEntry>>,
    largest: Mutex<TimeEntry>,
    has_txns: AtomicBool,
    pub(super) created: Timestamp,
    /// The largest timestamp of the first batch; `UNKNOWN` if nobody has looked.
    first_timestamp: AtomicI64,
}

const UNKNOWN: i64 = i64::MIN;

impl Segment {
    /// Makes the files of a new segment; remains of an earlier one with the same base are removed first.
    pub(super) fn create(place: &Arc<Place>, base: Offset, now: Timestamp, allocate: Option<u64>) -> io::Result<Self> {
        let segment = Self::create_named(place, base, now, "")?;
        if let Some(bytes) = allocate {
            segment.file()?.allocate(bytes)?;
        }
        Ok(segment)
    }

    /// As [`Segment::create`], with `behind` behind the names of all files.
    pub(super) fn create_named(
        place: &Arc<Place>,
        base: Offset,
        now: Timestamp,
        behind: &'static str,
    ) -> io::Result<Self> {
        let files = Whereabouts::new(place, base, behind);
        for suffix in files::OF_SEGMENT {
            files::remove_if_there(&files.path(suffix))?;
        }
        let file = File::create_new(files.path(LOG))?;
        for suffix in [INDEX, TIME_INDEX] {
            File::create_new(files.path(suffix))?;
        }
        let segment = Self::of(files, base, 0, Index::empty(base), Index::empty(base), now);
        *segment.file.lock() = Some(Arc::new(file));
        Ok(segment)
    }

    pub(super) fn known(
        place: &Arc<Place>,
        base: Offset,
        size: u64,
        offsets: Index<OffsetEntry>,
        times: Index<TimeEntry>,
        now: Timestamp,
    ) -> Self {
        Self::of(Whereabouts::new(place, base, ""), base, size, offsets, times, now)
    }

    fn of(
        files: Whereabouts,
        base: Offset,
        size: u64,
        offsets: Index<OffsetEntry>,
        times: Index<TimeEntry>,
        now: Timestamp,
    ) -> Self {
        let none = TimeEntry { timestamp: Timestamp::NONE, offset: base };
        Self {
            base,
            file: Mutex::new(None),
            size: AtomicU64::new(size),
            largest: Mutex::new(times.last().unwrap_or(none)),
            offsets: RwLock::new(offsets),
            times: RwLock::new(times),
            has_txns: AtomicBool::new(host::fs::exists(files.path(TXN_INDEX))),
            files,
            created: now,
            first_timestamp: AtomicI64::new(UNKNOWN),
        }
    }

    /// Bytes of whole batches in it.
    pub(super) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    pub(super) fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    /// Whether `.log` is open now.
    pub(super) fn is_open(&self) -> bool {
        self.file.lock().is_some()
    }

    /// The `.log` file.
    pub(super) fn file(&self) -> io::Result<Arc<File>> {
        let mut file = self.file.lock();
        if let Some(open) = &*file {
            return Ok(open.clone());
        }
        let opened = self.files.open(LOG, File::open_rw)?;
        *file = Some(opened.clone());
        Ok(opened)
    }

    /// Gives the handle back; whoever reads with it goes on.
    pub(super) fn close_file(&self) {
        *self.file.lock() = None;
    }

    /// The `.log` file for one who reads all of it once: not kept open for others.
    pub(super) fn file_once(&self) -> io::Result<Arc<File>> {
        let open = self.file.lock().clone();
        open.map_or_else(|| self.files.open(LOG, File::open_read), Ok)
    }

    fn open(&self, suffix: &str) -> io::Result<Arc<File>> {
        self.files.open(suffix, File::open_read)
    }

    pub(super) fn path(&self, suffix: &str) -> PathBuf {
        self.files.path(suffix)
    }

    /// Puts another suffix behind the names of its files; readers go on.
    pub(super) fn rename(&self, behind: &'static str) -> io::Result<()> {
        self.files.rename(behind)
    }

    /// Renames its files to be deleted; readers go on. Answers their new names.
    pub(super) fn retire(&self) -> io::Result<Vec<String>> {
        self.files.retire()
    }

    /// The largest timestamp and its batch; -1 if no record has any.
    pub(super) fn largest(&self) -> TimeEntry {
        *self.largest.lock()
    }

    /// Takes note of a batch that has been written.
    pub(super) fn note_timestamp(&self, timestamp: Timestamp, last_offset: Offset) {
        let mut largest = self.largest.lock();
        if timestamp > largest.timestamp {
            *largest = TimeEntry { timestamp, offset: last_offset };
        }
    }

    /// The time by which the segment is rolled: that of its first batch.
    pub(super) fn first_timestamp(&self) -> io::Result<Option<Timestamp>> {
        let known = self.first_timestamp.load(Ordering::Relaxed);
        if known != UNKNOWN {
            return Ok(Some(Timestamp(known)));
        }
        if self.size() == 0 {
            return Ok(None);
        }
        let head = Heads::new(&*self.file_once()?, 0, self.size()).next()?;
        if let Some(head) = head {
            self.first_timestamp.store(head.max_timestamp.0, Ordering::Relaxed);
        }
        Ok(head.map(|head| head.max_timestamp))
    }

    /// The age that retention goes by: the largest timestamp, or when the file was last written if no record has one.
    pub(super) fn retention_timestamp(&self) -> io::Result<Timestamp> {
        match self.largest().timestamp {
            Timestamp(..0) => self.modified(),
            timestamp => Ok(timestamp),
        }
    }

    /// When the log was last written.
    pub(super) fn modified(&self) -> io::Result<Timestamp> {
        self.files.modified()
    }

    /// Adds an entry to both indexes, for a batch that starts at `position`.
    pub(super) fn add_to_indexes(&self, last_offset: Offset, position: u64) -> io::Result<()> {
        let mut offsets = self.offsets.write();
        offsets.push(OffsetEntry { last_offset, position });
        if offsets.is_due() {
            offsets.spill(&self.path(INDEX))?;
        }
        drop(offsets);
        let mut times = self.times.write();
        times.push_if_larger(self.largest());
        if times.is_due() {
            times.spill(&self.path(TIME_INDEX))?;
        }
        Ok(())
    }

    /// Bytes that the offset index and the time index take.
    pub(super) fn index_bytes(&self) -> (u64, u64) {
        (
            self.offsets.read().len() as u64 * OffsetEntry::LEN as u64,
            self.times.read().len() as u64 * TimeEntry::LEN as u64,
        )
    }

    /// Whether an index has no room for another entry below `most` bytes.
    pub(super) fn is_index_full(&self, most: u64) -> bool {
        // One entry of the time index is kept free for the one that is added at the roll.
        self.offsets.read().len() as u64 >= most / 8 || self.times.read().len() as u64 + 1 >= most / 12
    }

    /// Writes the indexes in full, with the last entry that says how old the segment is; the segment may still go on.
    pub(super) fn complete_indexes(&self) -> io::Result<()> {
        self.offsets.write().seal(&self.path(INDEX))?;
        let mut times = self.times.write();
        times.push_if_larger(self.largest());
        times.seal(&self.path(TIME_INDEX))
    }

    /// Empties the indexes, to build them anew.
    pub(super) fn reset_indexes(&self) -> io::Result<()> {
        self.offsets.write().reset(&self.path(INDEX))?;
        self.times.write().reset(&self.path(TIME_INDEX))?;
        files::remove_if_there(&self.path(TXN_INDEX))?;
        self.has_txns.store(false, Ordering::Release);
        *self.largest.lock() = TimeEntry { timestamp: Timestamp::NONE, offset: self.base };
        self.first_timestamp.store(UNKNOWN, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the segment durable; the indexes too if `whole`, else they are built anew after a crash anyway.
    pub(super) fn sync(&self, whole: bool) -> io::Result<()> {
        self.file()?.sync_data()?;
        if self.has_txns.load(Ordering::Acquire) {
            self.open(TXN_INDEX)?.sync_data()?;
        }
        if whole {
            for suffix in [INDEX, TIME_INDEX] {
                self.open(suffix)?.sync_data()?;
            }
        }
        Ok(())
    }

    /// A position from which a walk over the headers meets the batch with `offset` soon.
    pub(super) fn position_before(&self, offset: Offset) -> io::Result<u64> {
        let open = || self.open(INDEX);
        let entry = self.offsets.read().floor(open, |entry| entry.last_offset <= offset)?;
        Ok(entry.map_or(0, |entry| entry.position))
    }

    /// The start of a batch at `position` or not far before it.
    pub(super) fn boundary_before(&self, position: u64) -> io::Result<u64> {
        let open = || self.open(INDEX);
        let entry = self.offsets.read().floor(open, |entry| entry.position <= position)?;
        Ok(entry.map_or(0, |entry| entry.position))
    }

    /// The last entry of the offset index.
    pub(super) fn last_indexed(&self) -> Option<OffsetEntry> {
        self.offsets.read().last()
    }

    /// The newest entry of the time index that is not younger than `timestamp`.
    pub(super) fn offset_before(&self, timestamp: Timestamp) -> io::Result<Offset> {
        let open = || self.open(TIME_INDEX);
        let entry = self.times.read().floor(open, |entry| entry.timestamp <= timestamp)?;
        Ok(entry.map_or(self.base, |entry| entry.offset))
    }

    /// The first batch whose last record is not before `offset`, looking only below `limit`.
    pub(super) fn find(&self, file: &File, offset: Offset, limit: u64) -> io::Result<Option<Head>> {
        let mut heads = Heads::new(file, self.position_before(offset)?, limit);
        while let Some(head) = heads.next()? {
            if head.last_offset >= offset {
                return Ok(Some(head));
            }
        }
        Ok(None)
    }

    pub(super) fn aborted(&self) -> io::Result<Vec<AbortedTxn>> {
        match self.has_txns.load(Ordering::Acquire) {
            true => txn_index::read_file(&*self.open(TXN_INDEX)?),
            false => Ok(Vec::new()),
        }
    }

    pub(super) fn add_aborted(&self, txn: AbortedTxn) -> io::Result<()> {
        self.has_txns.store(true, Ordering::Release);
        txn_index::append(&self.path(TXN_INDEX), txn)
    }

    /// Drops everything from the batch with `end` on, from the indexes too.
    pub(super) fn truncate(&self, end: Offset) -> io::Result<()> {
        let file = self.file()?;
        let size = self.find(&file, end, self.size())?.map_or(self.size(), |head| head.position);
        self.offsets.write().truncate(&self.path(INDEX), |entry| entry.last_offset < end)?;
        let mut times = self.times.write();
        times.truncate(&self.path(TIME_INDEX), |entry| entry.offset < end)?;
        if self.has_txns.load(Ordering::Acquire) {
            txn_index::truncate(&self.path(TXN_INDEX), end)?;
        }
        file.set_len(size)?;
        self.set_size(size);
        let none = TimeEntry { timestamp: Timestamp::NONE, offset: self.base };
        *self.largest.lock() = times.last().unwrap_or(none);
        drop(times);
        if size == 0 {
            self.first_timestamp.store(UNKNOWN, Ordering::Relaxed);
        }
        self.walk_tail().map(|_| ())
    }

    /// Reads the headers behind the last entry of the index, for the largest timestamp.
    pub(super) fn walk_tail(&self) -> io::Result<Tail> {
        let mut tail = Tail { next_offset: self.base, end: 0 };
        if self.size() > 0 {
            let file = self.file()?;
            let from = self.last_indexed().map_or(0, |entry| entry.position);
            let mut heads = Heads::new(&file, from, self.size());
            while let Some(head) = heads.next()? {
                self.note_timestamp(head.max_timestamp, head.last_offset);
                tail = Tail { next_offset: head.last_offset.plus(1), end: head.end() };
            }
        }
        Ok(tail)
    }
}

/// Where the last whole batch of a segment ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    /// The offset behind it.
    pub(super) next_offset: Offset,
    /// The position behind it.
    pub(super) end: u64,
}
