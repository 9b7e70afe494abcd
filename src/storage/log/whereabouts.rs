//! Where a segment's files are: their names change while others read, who must never meet another segment's content.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use host::fs::File;
use model::{Offset, Timestamp};
use parking_lot::RwLock;

use super::files::{self, DELETED, LOG, OF_SEGMENT, Place};

/// The files of one segment.
#[derive(Debug)]
pub(super) struct Whereabouts {
    base: Offset,
    place: Arc<Place>,
    state: RwLock<State>,
}

#[derive(Debug)]
enum State {
    /// Under their names with this behind: nothing, `.cleaned` or `.swap`.
    Named(&'static str),
    /// Renamed to be deleted. Whoever still reads has these, for the names may be another segment's by now.
    Retired(Vec<(&'static str, Arc<File>)>),
}

impl Whereabouts {
    pub(super) fn new(place: &Arc<Place>, base: Offset, behind: &'static str) -> Self {
        Self { base, place: place.clone(), state: RwLock::new(State::Named(behind)) }
    }

    /// The path of a file, for the one who may rename it too.
    pub(super) fn path(&self, suffix: &str) -> PathBuf {
        match &*self.state.read() {
            State::Named(behind) => self.named(suffix, behind),
            State::Retired(_) => self.named(suffix, DELETED),
        }
    }

    fn named(&self, suffix: &str, behind: &str) -> PathBuf {
        self.place.path(&format!("{}{behind}", files::name(self.base, suffix)))
    }

    /// Opens a file, whatever its name is now. Nobody renames it in between.
    pub(super) fn open(&self, suffix: &str, open: impl FnOnce(PathBuf) -> io::Result<File>) -> io::Result<Arc<File>> {
        match &*self.state.read() {
            State::Named(behind) => open(self.named(suffix, behind)).map(Arc::new),
            State::Retired(kept) => {
                let kept = kept.iter().find(|(of, _)| *of == suffix);
                kept.map(|(_, file)| file.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }

    /// When the log was last written.
    pub(super) fn modified(&self) -> io::Result<Timestamp> {
        self.open(LOG, File::open_read)?.modified()
    }

    /// The names of the files when the suffix is `behind`, in the order in which they are renamed: the log comes first.
    pub(super) fn names(base: Offset, behind: &str) -> [String; 4] {
        OF_SEGMENT.map(|suffix| format!("{}{behind}", files::name(base, suffix)))
    }

    /// Puts another suffix behind the names.
    pub(super) fn rename(&self, to: &'static str) -> io::Result<()> {
        let mut state = self.state.write();
        let State::Named(from) = *state else { return Err(io::ErrorKind::NotFound.into()) };
        self.move_files(from, to)?;
        *state = State::Named(to);
        Ok(())
    }

    /// Renames the files to be deleted later, and keeps them open for those who still read. Answers their new names.
    pub(super) fn retire(&self) -> io::Result<Vec<String>> {
        let mut state = self.state.write();
        let State::Named(from) = *state else { return Ok(Vec::new()) };
        let mut kept = Vec::new();
        for suffix in OF_SEGMENT {
            match File::open_rw(self.named(suffix, from)) {
                Ok(file) => kept.push((suffix, Arc::new(file))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let moved = self.move_files(from, DELETED)?;
        *state = State::Retired(kept);
        Ok(moved)
    }

    fn move_files(&self, from: &str, to: &str) -> io::Result<Vec<String>> {
        let mut moved = Vec::new();
        for (from, to) in Self::names(self.base, from).iter().zip(Self::names(self.base, to)) {
            match host::fs::rename(self.place.path(from), self.place.path(&to)) {
                Ok(()) => moved.push(to),
                // Not every segment has aborted transactions.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(moved)
    }
}
