//! The journal: entries that the voters agree on, on disk until the metadata log has them for good.
//!
//! Files are named by the first entry they begin with and hold chunks, each with its length and checksum in front. A chunk is what one call
//! appended and synced, so only the last can be torn; entries that a new leader takes back are taken back by another
//! chunk. Nothing is ever written over.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::RangeBounds;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use host::fs::File;
use parking_lot::{Mutex, RwLock};

use super::{Entry, Landed, LogId, Position, entry};
use crate::codec::{Malformed, Reader, Writer};

/// The begin of the files' names. Apache Kafka passes over names that end like none of its own.
const PREFIX: &str = "raft-entries-";
/// A new file is begun behind this many bytes, so that old ones can go.
const ROLL: u64 = 1024 * 1024;
/// A chunk's length and checksum.
const HEAD: usize = 8;
/// The longest chunk; a longer one on disk is damage. Batches that must not be cut may be large.
const MAX_CHUNK: usize = 1 << 30;

const APPENDED: u8 = 1;
const TAKEN_BACK: u8 = 2;

/// An entry, and how the metadata log ends when it was applied.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) entry: Entry,
    pub(crate) after: Position,
    pub(crate) landed: Landed,
}

/// The entries behind a known place. Reading never waits for the disk.
pub(crate) struct Journal {
    dir: PathBuf,
    files: Mutex<Files>,
    /// Whether there are other voters, to whom even an entry without records is a promise.
    alone: AtomicBool,
    memory: RwLock<Memory>,
}

/// The entries in memory: they are few, for what is applied for good is let go.
#[derive(Default)]
struct Memory {
    /// The last entry that was let go, and how the metadata log ended behind it.
    base: (Option<LogId>, Position),
    entries: BTreeMap<u64, Kept>,
    bytes: usize,
}

#[derive(Default)]
struct Files {
    /// Oldest first; the last one is written to.
    all: VecDeque<Written>,
    open: Option<File>,
    /// Entries that go to disk with the next ones.
    later: Vec<Entry>,
}

struct Written {
    path: PathBuf,
    len: u64,
    /// The highest entry that was ever in it.
    last: u64,
}

impl Journal {
    /// Opens the journal of a directory; what a crash left half-written at its end is cut off. Entries up to `base` are not
    /// wanted. `InvalidData` if it is damaged in the middle.
    pub(crate) fn open(dir: &Path, base: (Option<LogId>, Position)) -> io::Result<Self> {
        let mut files = Files::default();
        let mut found: BTreeMap<u64, Entry> = BTreeMap::new();
        let names = file_names(dir)?;
        let count = names.len();
        for (at, path) in names.into_iter().enumerate() {
            let file = File::open_rw(&path)?;
            let mut last = 0;
            let len = read_chunks(&path, &file, at + 1 == count, |chunk| match chunk {
                Chunk::Appended(entries) => {
                    for entry in entries {
                        last = last.max(entry.log_id.index);
                        found.insert(entry.log_id.index, entry);
                    }
                }
                Chunk::TakenBack(since) => drop(found.split_off(&since)),
            })?;
            files.all.push_back(Written { path, len, last });
        }
        let journal = Self {
            dir: dir.to_owned(),
            files: Mutex::new(files),
            alone: AtomicBool::new(false),
            memory: RwLock::new(Memory { base, ..Memory::default() }),
        };
        let first = base.0.map_or(0, |id| id.index + 1);
        let mut memory = journal.memory.write();
        for (expected, (index, entry)) in (first..).zip(found.split_off(&first)) {
            // What does not follow on the base is of before it, from a time before a snapshot was installed.
            if index != expected {
                break;
            }
            memory.insert(entry);
        }
        drop(memory);
        Ok(journal)
    }

    /// Says that nobody but this voter votes, so that entries without records need not be on disk before others are.
    pub(crate) fn set_alone(&self) {
        self.alone.store(true, Ordering::Relaxed);
    }

    /// Removes the journal of a directory, the newest entries first, so that what is left by a crash is one.
    pub(crate) fn remove(dir: &Path) -> io::Result<()> {
        for path in file_names(dir)?.into_iter().rev() {
            host::fs::remove_file(path)?;
        }
        host::fs::sync_dir(dir)
    }

    /// Whether a directory has a journal.
    pub(crate) fn exists(dir: &Path) -> io::Result<bool> {
        Ok(!file_names(dir)?.is_empty())
    }

    /// Forgets everything, to go on behind `base`.
    pub(crate) fn restart(&self, base: (Option<LogId>, Position)) -> io::Result<()> {
        let mut files = self.files.lock();
        files.open = None;
        files.later.clear();
        while let Some(file) = files.all.pop_front() {
            host::fs::remove_file(&file.path)?;
        }
        *self.memory.write() = Memory { base, ..Memory::default() };
        host::fs::sync_dir(&self.dir)
    }

    /// Appends entries, which follow on the last; they are on disk when this returns, but for those that promise nothing.
    pub(crate) fn append(&self, entries: Vec<Entry>) -> io::Result<()> {
        let mut files = self.files.lock();
        let empty = entries.iter().all(|entry| matches!(entry.payload, openraft::EntryPayload::Blank));
        let mut chunked = std::mem::take(&mut files.later);
        chunked.extend(entries.iter().cloned());
        if empty && self.alone.load(Ordering::Relaxed) {
            files.later = chunked;
        } else if let (Some(first), Some(last)) = (chunked.first(), chunked.last()) {
            let mut out = chunk(APPENDED);
            out.length(chunked.len());
            for one in &chunked {
                entry::encode(one, &mut out);
            }
            files.write(&self.dir, (first.log_id.index, last.log_id.index), out)?;
        }
        drop(files);
        let mut memory = self.memory.write();
        entries.into_iter().for_each(|entry| memory.insert(entry));
        Ok(())
    }

    /// Takes back all entries from `since` on.
    pub(crate) fn take_back(&self, since: u64) -> io::Result<()> {
        let mut out = chunk(TAKEN_BACK);
        out.u64(since);
        self.files.lock().write(&self.dir, (since, 0), out)?;
        let mut memory = self.memory.write();
        let gone = memory.entries.split_off(&since);
        memory.bytes -= gone.values().map(|kept| entry::size(&kept.entry)).sum::<usize>();
        Ok(())
    }

    /// Lets entries up to `base` go, in memory and, file by file, on disk. The caller has noted elsewhere what they
    /// amounted to.
    pub(crate) fn let_go(&self, base: (LogId, Position)) -> io::Result<()> {
        let mut memory = self.memory.write();
        if memory.base.0 >= Some(base.0) {
            return Ok(());
        }
        memory.base = (Some(base.0), base.1);
        let kept = memory.entries.split_off(&(base.0.index + 1));
        memory.entries = kept;
        memory.bytes = memory.entries.values().map(|kept| entry::size(&kept.entry)).sum();
        drop(memory);
        let mut files = self.files.lock();
        // The last one stays, as it is open.
        while files.all.len() > 1
            && let Some(file) = files.all.pop_front_if(|file| file.last <= base.0.index)
        {
            host::fs::remove_file(&file.path)?;
        }
        Ok(())
    }

    /// The last entry that was let go, and how the metadata log ended behind it.
    pub(crate) fn base(&self) -> (Option<LogId>, Position) {
        self.memory.read().base
    }

    /// The last entry there is or was.
    pub(crate) fn last(&self) -> Option<LogId> {
        let memory = self.memory.read();
        memory.entries.last_key_value().map_or(memory.base.0, |(_, kept)| Some(kept.entry.log_id))
    }

    /// Whether there are entries of a leader's own term already, so that all before them are the leader's, too.
    pub(crate) fn follows(&self, leader: &super::Vote) -> bool {
        self.last().is_some_and(|last| super::term(&last) >= leader.leader_id.term)
    }

    /// How the metadata log ends when all entries are applied.
    pub(crate) fn end(&self) -> Position {
        self.memory.read().end()
    }

    /// Entries in order, of at most `limit` bytes but for the first.
    pub(crate) fn read(&self, range: impl RangeBounds<u64>, limit: usize) -> Vec<Entry> {
        let memory = self.memory.read();
        let mut size = 0;
        let within = memory.entries.range(range).map(|(_, kept)| &kept.entry).take_while(|entry| {
            let first = size == 0;
            size += entry::size(entry);
            first || size <= limit
        });
        within.cloned().collect()
    }

    /// All entries that are kept.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        self.memory.read().entries.values().cloned().collect()
    }

    /// How the metadata log ends behind an entry; `None` for one that is not here.
    pub(crate) fn position_of(&self, id: LogId) -> Option<Position> {
        let memory = self.memory.read();
        match memory.entries.get(&id.index) {
            Some(kept) => (kept.entry.log_id == id).then_some(kept.after),
            None => (memory.base.0 == Some(id)).then_some(memory.base.1),
        }
    }

    /// The highest entry that may be let go, where at most `count` entries and `bytes` are to be kept.
    pub(crate) fn superfluous(&self, count: usize, bytes: usize) -> Option<u64> {
        let memory = self.memory.read();
        if memory.entries.len() <= count && memory.bytes <= bytes {
            return None;
        }
        let (mut count_left, mut bytes_left) = (count, bytes);
        for (index, kept) in memory.entries.iter().rev() {
            let size = entry::size(&kept.entry);
            if count_left == 0 || bytes_left < size {
                return Some(*index);
            }
            (count_left, bytes_left) = (count_left - 1, bytes_left - size);
        }
        None
    }
}

impl Memory {
    fn end(&self) -> Position {
        self.entries.last_key_value().map_or(self.base.1, |(_, kept)| kept.after)
    }

    fn insert(&mut self, entry: Entry) {
        let (after, landed) = self.end().after(&entry);
        self.bytes += entry::size(&entry);
        self.entries.insert(entry.log_id.index, Kept { entry, after, landed });
    }
}

impl Files {
    fn write(&mut self, dir: &Path, (first, last): (u64, u64), out: Writer) -> io::Result<()> {
        let bytes = sealed(out)?;
        if self.all.back().is_none_or(|file| file.len >= ROLL) {
            // A name may be taken, by a file whose entries were all taken back.
            let path =
                (0..).map(|turn| dir.join(format!("{PREFIX}{first:020}-{turn}"))).find(|path| !host::fs::exists(path));
            let path = path.unwrap_or_else(|| dir.join(PREFIX));
            self.open = Some(File::create_new(&path)?);
            self.all.push_back(Written { path, len: 0, last: 0 });
            host::fs::sync_dir(dir)?;
        }
        let Some(file) = self.all.back_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let open = match &self.open {
            Some(open) => open,
            None => self.open.insert(File::open_rw(&file.path)?),
        };
        open.write_all_at(&bytes, file.len)?;
        open.sync_data()?;
        file.len += bytes.len() as u64;
        file.last = file.last.max(last);
        Ok(())
    }
}

enum Chunk {
    Appended(Vec<Entry>),
    TakenBack(u64),
}

/// The files of a journal, oldest first.
fn file_names(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let order = |name: &str| -> Option<(u64, u64)> {
        let (first, turn) = name.strip_prefix(PREFIX)?.split_once('-')?;
        Some((first.parse().ok()?, turn.parse().ok()?))
    };
    let mut found: Vec<_> =
        host::fs::list_dir(dir)?.into_iter().filter_map(|file| Some((order(&file.name)?, file.path))).collect();
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// A chunk to be filled, with room for its head.
fn chunk(kind: u8) -> Writer {
    Writer([&[0; HEAD][..], &[kind]].concat())
}

/// Puts length and checksum in front.
fn sealed(out: Writer) -> io::Result<Vec<u8>> {
    let mut bytes = out.0;
    let body = bytes.get(HEAD..).unwrap_or_default();
    let len = u32::try_from(body.len()).ok().filter(|len| *len as usize <= MAX_CHUNK);
    let len = len.ok_or_else(|| io::Error::other("a decision is too large for the journal"))?;
    let head = [len.to_be_bytes(), crc32c::crc32c(body).to_be_bytes()].concat();
    if let Some(place) = bytes.get_mut(..HEAD) {
        place.copy_from_slice(&head);
    }
    Ok(bytes)
}

/// Reads a file chunk by chunk, and cuts a torn end off the last file. Returns its length.
fn read_chunks(path: &Path, file: &File, is_last: bool, mut each: impl FnMut(Chunk)) -> io::Result<u64> {
    let bytes = host::fs::read(path)?;
    let mut at = 0;
    while let Some((chunk, len)) = bytes.get(at..).and_then(whole_chunk) {
        let chunk = parse(chunk).map_err(|_| damaged(path, at))?;
        each(chunk);
        at += len;
    }
    let torn = bytes.get(at..).unwrap_or_default();
    if torn.is_empty() {
        return Ok(at as u64);
    }
    // Each chunk was synced before the next was written: only the very last one can be torn by a crash.
    let behind = torn.get(..4).and_then(|len| <[u8; 4]>::try_from(len).ok()).map(u32::from_be_bytes);
    let goes_on = behind.and_then(|len| torn.get(HEAD + len as usize..)).and_then(whole_chunk).is_some();
    if !is_last || goes_on {
        return Err(damaged(path, at));
    }
    tracing::warn!(path = %path.display(), bytes = torn.len(), "cut off what a crash left half-written");
    file.set_len(at as u64)?;
    file.sync_all()?;
    Ok(at as u64)
}

/// The first chunk's content, and its length with its head; `None` if it is not whole.
fn whole_chunk(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let number = |at: usize| bytes.get(at..at + 4).and_then(|n| n.try_into().ok()).map(u32::from_be_bytes);
    let (len, sum) = (number(0)? as usize, number(4)?);
    let body = bytes.get(HEAD..HEAD.checked_add(len)?)?;
    (len > 0 && crc32c::crc32c(body) == sum).then_some((body, HEAD + len))
}

fn parse(body: &[u8]) -> Result<Chunk, Malformed> {
    let mut from = Reader(body);
    let chunk = match from.u8()? {
        APPENDED => Chunk::Appended(from.array(entry::decode)?),
        TAKEN_BACK => Chunk::TakenBack(from.u64()?),
        _ => return Err(Malformed),
    };
    if from.0.is_empty() { Ok(chunk) } else { Err(Malformed) }
}

fn damaged(path: &Path, at: usize) -> io::Error {
    let reason = format!(
        "{}: damaged at byte {at}, before its end. What this voter promised is lost: remove {METADATA} to fetch it all from \
         the other voters anew",
        path.display(),
        METADATA = crate::format::METADATA_DIR,
    );
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
