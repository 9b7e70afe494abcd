//! A sorted index beside a segment: most of it in its file, the newest entries in memory (`AbstractIndex`).
//!
//! Entries of the active segment reach the file in lots, at a flush, a roll and at closing: after a crash they are
//! built anew from the log, so nothing depends on when.

use std::io;
use std::path::Path;
use std::sync::Arc;

use host::fs::File;
use model::Offset;

/// Entries that wait in memory before they are written.
const LOT: usize = 128;
/// Entries that are searched in one read instead of one by one.
const BLOCK: usize = 512;

/// One entry; its offset is stored relative to the segment's base.
pub(super) trait Entry: Copy {
    /// Bytes in the file.
    const LEN: usize;
    fn write(self, base: Offset, out: &mut Vec<u8>);
    fn read(bytes: &[u8], base: Offset) -> Option<Self>;
}

/// The entries of one index.
#[derive(Debug)]
pub(super) struct Index<E> {
    base: Offset,
    /// Entries `kept_from` to the last.
    kept: Vec<E>,
    kept_from: usize,
    /// How many are in the file; at least `kept_from`.
    written: usize,
    last: Option<E>,
}

impl<E: Entry> Index<E> {
    pub(super) fn empty(base: Offset) -> Self {
        Self { base, kept: Vec::new(), kept_from: 0, written: 0, last: None }
    }

    /// The index in a file. `None` if that is no whole number of entries.
    pub(super) fn load(base: Offset, path: &Path) -> io::Result<Option<Self>> {
        let len = host::fs::metadata_len(path)?;
        let entries = usize::try_from(len).unwrap_or(usize::MAX) / E::LEN;
        if entries as u64 * E::LEN as u64 != len {
            return Ok(None);
        }
        let mut index = Self { kept_from: entries, written: entries, ..Self::empty(base) };
        if entries > 0 {
            let file = File::open_read(path)?;
            index.last = Some(index.in_file(&file, entries - 1)?);
        }
        Ok(Some(index))
    }

    pub(super) fn len(&self) -> usize {
        self.kept_from + self.kept.len()
    }

    pub(super) fn last(&self) -> Option<E> {
        self.last
    }

    /// The first entry.
    pub(super) fn first(&self, path: &Path) -> io::Result<Option<E>> {
        match (self.kept_from, self.kept.first()) {
            (0, first) => Ok(first.copied()),
            _ => self.in_file(&File::open_read(path)?, 0).map(Some),
        }
    }

    pub(super) fn push(&mut self, entry: E) {
        self.kept.push(entry);
        self.last = Some(entry);
    }

    /// Whether so much waits in memory that it should be written.
    pub(super) fn is_due(&self) -> bool {
        self.len() - self.written >= LOT
    }

    /// Writes what waits, and keeps the newest entries in memory, where most readers look.
    pub(super) fn spill(&mut self, path: &Path) -> io::Result<()> {
        if self.len() > self.written {
            let mut bytes = Vec::new();
            for entry in self.kept.iter().skip(self.written - self.kept_from) {
                entry.write(self.base, &mut bytes);
            }
            File::open_append_rw(path)?.write_all_at(&bytes, (self.written * E::LEN) as u64)?;
            self.written = self.len();
        }
        let surplus = self.kept.len().saturating_sub(LOT);
        self.kept.drain(..surplus);
        self.kept_from += surplus;
        Ok(())
    }

    /// Writes what waits and keeps nothing in memory: the segment is not the active one any more.
    pub(super) fn seal(&mut self, path: &Path) -> io::Result<()> {
        self.spill(path)?;
        self.kept_from = self.len();
        self.kept = Vec::new();
        Ok(())
    }

    /// Forgets all entries and makes the file an empty one.
    pub(super) fn reset(&mut self, path: &Path) -> io::Result<()> {
        *self = Self::empty(self.base);
        File::open_append_rw(path)?.set_len(0)
    }

    /// The last entry of those, at the front, for which `before` holds. `open` opens the file, if it is needed.
    pub(super) fn floor(
        &self,
        open: impl FnOnce() -> io::Result<Arc<File>>,
        before: impl Fn(&E) -> bool,
    ) -> io::Result<Option<E>> {
        if self.kept.first().is_some_and(&before) {
            let at = self.kept.partition_point(before);
            return Ok(at.checked_sub(1).and_then(|at| self.kept.get(at)).copied());
        }
        if self.kept_from == 0 {
            return Ok(None);
        }
        let file = open()?;
        let (count, found) = self.search(&file, self.kept_from, before)?;
        Ok(if count == 0 { None } else { found })
    }

    /// Keeps only the entries, at the front, for which `keep` holds, in the file too.
    pub(super) fn truncate(&mut self, path: &Path, keep: impl Fn(&E) -> bool) -> io::Result<()> {
        self.seal(path)?;
        let file = File::open_append_rw(path)?;
        let (count, last) = self.search(&file, self.written, keep)?;
        file.set_len((count * E::LEN) as u64)?;
        *self = Self { kept_from: count, written: count, last, ..Self::empty(self.base) };
        Ok(())
    }

    /// How many of the first `entries` in the file satisfy `before`, and the last that does.
    fn search(&self, file: &File, entries: usize, before: impl Fn(&E) -> bool) -> io::Result<(usize, Option<E>)> {
        let (mut low, mut high, mut found) = (0, entries, None);
        while high - low > BLOCK {
            let middle = low + (high - low) / 2;
            let entry = self.in_file(file, middle)?;
            if before(&entry) {
                found = Some(entry);
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut block = vec![0; (high - low) * E::LEN];
        file.read_exact_at(&mut block, (low * E::LEN) as u64)?;
        for bytes in block.chunks_exact(E::LEN) {
            match E::read(bytes, self.base) {
                Some(entry) if before(&entry) => {
                    found = Some(entry);
                    low += 1;
                }
                _ => break,
            }
        }
        Ok((low, found))
    }

    fn in_file(&self, file: &File, at: usize) -> io::Result<E> {
        let mut bytes = vec![0; E::LEN];
        file.read_exact_at(&mut bytes, (at * E::LEN) as u64)?;
        E::read(&bytes, self.base).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}
