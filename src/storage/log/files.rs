//! The names of a log's files, the directory they are in, and files that wait to be removed (`LogFileUtils`).

use std::io;
use std::path::{Path, PathBuf};

use model::{Offset, Timestamp, TopicId};
use parking_lot::RwLock;

use super::error::OpenError;

pub(super) const LOG: &str = "log";
pub(super) const INDEX: &str = "index";
pub(super) const TIME_INDEX: &str = "timeindex";
pub(super) const TXN_INDEX: &str = "txnindex";
pub(super) const SNAPSHOT: &str = "snapshot";
/// The suffixes of the files that a segment has.
pub(super) const OF_SEGMENT: [&str; 4] = [LOG, INDEX, TIME_INDEX, TXN_INDEX];
pub(super) const DELETED: &str = ".deleted";
pub(super) const CLEANED: &str = ".cleaned";
pub(super) const SWAP: &str = ".swap";
/// The leader epochs (`LeaderEpochCheckpointFile`).
pub(super) const EPOCHS: &str = "leader-epoch-checkpoint";
/// The topic's id (`PartitionMetadataFile`, KIP-516).
pub(super) const METADATA: &str = "partition.metadata";

/// The name of a file of the segment or snapshot at `offset`.
pub(super) fn name(offset: Offset, suffix: &str) -> String {
    format!("{:020}.{suffix}", offset.0)
}

/// The offset that a file's name starts with, and what follows the first dot.
pub(super) fn parse(name: &str) -> Option<(Offset, &str)> {
    let (number, suffix) = name.split_once('.')?;
    let digits = number.len() >= 20 && number.bytes().all(|b| b.is_ascii_digit());
    let offset = number.parse().ok().filter(|_| digits)?;
    Some((Offset(offset), suffix))
}

/// The directory of a log, which gets another name when the log is deleted.
#[derive(Debug)]
pub(super) struct Place(RwLock<PathBuf>);

impl Place {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self(RwLock::new(dir))
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.0.read().clone()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.read().join(name)
    }

    pub(super) fn file(&self, offset: Offset, suffix: &str) -> PathBuf {
        self.path(&name(offset, suffix))
    }

    /// Renames the directory; nobody opens a file in between.
    pub(super) fn rename(&self, to: PathBuf) -> io::Result<()> {
        let mut dir = self.0.write();
        host::fs::rename(&*dir, &to)?;
        *dir = to;
        Ok(())
    }
}

/// Removes a file; false if there is none.
pub(super) fn remove_if_there(path: &Path) -> io::Result<bool> {
    match host::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Files that were renamed to `.deleted`, and when each is to be removed for good.
#[derive(Debug, Default)]
pub(super) struct Doomed(Vec<(String, Timestamp)>);

impl Doomed {
    /// Renames a file, if it is there, to be removed at `due`.
    pub(super) fn add(&mut self, place: &Place, name: &str, due: Timestamp) -> io::Result<()> {
        let to = format!("{name}{DELETED}");
        match host::fs::rename(place.path(name), place.path(&to)) {
            Ok(()) => self.0.push((to, due)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes note of files that have been renamed, to be removed at `due`.
    pub(super) fn renamed(&mut self, names: Vec<String>, due: Timestamp) {
        self.0.extend(names.into_iter().map(|name| (name, due)));
    }

    /// Takes out the names of those whose time has come.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<String> {
        self.0.extract_if(.., |(_, due)| *due <= now).map(|(name, _)| name).collect()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The topic id in `partition.metadata`; `None` if there is no such file, or it says none.
pub fn read_topic_id(dir: &Path) -> Result<Option<TopicId>, OpenError> {
    let path = dir.join(METADATA);
    let text = match host::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let wrong = |what: &str| OpenError::Metadata(path.clone(), what.to_owned());
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    match value("version:") {
        Some("0") => {}
        _ => return Err(wrong("only version 0 is known")),
    }
    let id: TopicId = value("topic_id:")
        .ok_or_else(|| wrong("there is no topic_id"))?
        .parse()
        .map_err(|_| wrong("the topic_id is not one"))?;
    Ok((!id.is_zero()).then_some(id))
}

pub(super) fn write_topic_id(dir: &Path, id: TopicId) -> io::Result<()> {
    host::fs::write_atomically(dir.join(METADATA), format!("version: 0\ntopic_id: {id}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kafkas() {
        assert_eq!(name(Offset(170_210), LOG), "00000000000000170210.log");
        assert_eq!(parse("00000000000000170210.log"), Some((Offset(170_210), "log")));
        assert_eq!(parse("00000000000000000000.timeindex.swap"), Some((Offset(0), "timeindex.swap")));
        for other in ["partition.metadata", "leader-epoch-checkpoint", "1.log", "0000000000000000000x.log"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_topic_id_survives() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_topic_id(dir.path()).unwrap(), None);
        let id = host::dice::uuid();
        write_topic_id(dir.path(), id).unwrap();
        assert_eq!(read_topic_id(dir.path()).unwrap(), Some(id));
        host::fs::write_atomically(dir.path().join(METADATA), b"version: 1\n").unwrap();
        assert!(read_topic_id(dir.path()).is_err());
    }
}
