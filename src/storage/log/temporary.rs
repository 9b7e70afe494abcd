//! What an interrupted deletion or compaction has left in a directory (`LogLoader.removeTempFilesAndCollectSwapFiles`).

use std::io;
use std::ops::Range;
use std::path::Path;

use host::fs::{DirEntryInfo, File};
use model::Offset;

use super::files::{self, CLEANED, DELETED, LOG, SNAPSHOT, SWAP};
use super::scan::Heads;

/// The snapshots of the metadata log have their own life.
const KEPT: &str = ".checkpoint.deleted";

/// Removes `.deleted` and `.cleaned` files and finishes a swap that was complete but for its renames. Answers the
/// files that are there then.
pub(super) fn tidy(dir: &Path) -> io::Result<Vec<DirEntryInfo>> {
    let found = files_in(dir)?;
    let base = |entry: &DirEntryInfo| files::parse(&entry.name).map_or(Offset::NONE, |(base, _)| base);
    let cleaned = found.iter().filter(|entry| entry.name.ends_with(CLEANED));
    // A swap at or behind a file that is still being cleaned belongs to a split that did not end.
    let unfinished = cleaned.map(base).min().unwrap_or(Offset(i64::MAX));
    let (mut changed, mut replaced) = (false, Offset(i64::MAX)..Offset(i64::MIN));
    let is_unfinished = |entry: &DirEntryInfo| entry.name.ends_with(SWAP) && base(entry) >= unfinished;
    // What says that these are unfinished goes after them.
    for entry in found.iter().filter(|entry| is_unfinished(entry)) {
        files::remove_if_there(&entry.path)?;
    }
    for entry in &found {
        let name = entry.name.as_str();
        let is_deleted = name.ends_with(DELETED) && !name.ends_with(KEPT);
        if is_unfinished(entry) {
            changed = true;
        } else if is_deleted || name.ends_with(CLEANED) {
            files::remove_if_there(&entry.path)?;
            changed = true;
        } else if let Some((offset, suffix)) = files::parse(name)
            && suffix.strip_suffix(SWAP) == Some(LOG)
        {
            replaced = replaced.start.min(offset)..replaced.end.max(end_of(entry, offset)?);
        }
    }
    if !changed && !found.iter().any(|entry| entry.name.ends_with(SWAP)) {
        return Ok(found);
    }
    finish_swaps(dir, &replaced)?;
    files_in(dir)
}

fn files_in(dir: &Path) -> io::Result<Vec<DirEntryInfo>> {
    Ok(host::fs::list_dir(dir)?.into_iter().filter(|entry| !entry.is_dir).collect())
}

/// Removes the segments that the swapped ones replace, and gives those their names.
fn finish_swaps(dir: &Path, replaced: &Range<Offset>) -> io::Result<()> {
    for entry in files_in(dir)? {
        let Some((offset, suffix)) = files::parse(&entry.name) else { continue };
        let is_part = files::OF_SEGMENT.contains(&suffix) || suffix == SNAPSHOT;
        if is_part && replaced.contains(&offset) {
            files::remove_if_there(&entry.path)?;
        }
    }
    for entry in files_in(dir)? {
        if let Some(name) = entry.name.strip_suffix(SWAP) {
            tracing::info!(path = %entry.path.display(), "finishing an interrupted swap");
            host::fs::rename(&entry.path, dir.join(name))?;
        }
    }
    host::fs::sync_dir(dir)
}

/// The offset behind the last batch in a file.
fn end_of(entry: &DirEntryInfo, base: Offset) -> io::Result<Offset> {
    let file = File::open_read(&entry.path)?;
    let mut heads = Heads::new(&file, 0, entry.len);
    let mut end = base;
    while let Some(head) = heads.next()? {
        end = head.last_offset.plus(1);
    }
    Ok(end)
}
