//! The offset checkpoints of a log directory: one offset a partition, as text (`OffsetCheckpointFile`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use model::{Offset, TopicPartition};

/// How far each log is known to be on disk, so that recovery begins there.
pub const RECOVERY_POINT: &str = "recovery-point-offset-checkpoint";
/// The high watermark of each log.
pub const HIGH_WATERMARK: &str = "replication-offset-checkpoint";
/// The start of each log whose start does not coincide with a segment's.
pub const LOG_START: &str = "log-start-offset-checkpoint";
/// Up to where each log was compacted.
pub const CLEANED: &str = "cleaner-offset-checkpoint";

const VERSION: &str = "0";

/// Offsets by partition.
pub type Offsets = BTreeMap<TopicPartition, Offset>;

/// Why a checkpoint cannot be used. Whoever reads one goes on without it, which only costs time.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The text is not a checkpoint.
    #[error("{0} is malformed at line {1}")]
    Malformed(String, usize),
}

/// Reads the checkpoint `name` of a directory; a missing or empty file has no offsets.
pub fn read(dir: &Path, name: &str) -> Result<Offsets, CheckpointError> {
    match host::fs::read_to_string(dir.join(name)) {
        Ok(text) => parse(&text).map_err(|line| CheckpointError::Malformed(dir.join(name).display().to_string(), line)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Offsets::new()),
        Err(error) => Err(error.into()),
    }
}

/// Replaces the checkpoint `name` of a directory; a crash leaves the old one or the new one.
pub fn write(dir: &Path, name: &str, offsets: &Offsets) -> Result<(), CheckpointError> {
    Ok(host::fs::write_atomically(dir.join(name), to_text(offsets).as_bytes())?)
}

/// The text of a checkpoint: version, number of lines, and a line for each partition.
pub fn to_text(offsets: &Offsets) -> String {
    let mut out = format!("{VERSION}\n{}\n", offsets.len());
    for (at, offset) in offsets {
        let _ = writeln!(out, "{} {} {offset}", at.topic, at.partition);
    }
    out
}

/// The offsets in a text, or the number of the line, from 1, that is wrong.
fn parse(text: &str) -> Result<Offsets, usize> {
    let mut lines = text.lines();
    match lines.next() {
        None => return Ok(Offsets::new()),
        Some(VERSION) => {}
        Some(_) => return Err(1),
    }
    let expected: usize = lines.next().and_then(|n| n.parse().ok()).ok_or(2usize)?;
    let mut offsets = Offsets::new();
    let mut count = 0;
    for line in lines {
        count += 1;
        let mut words = line.split_whitespace();
        let entry = (|| {
            let topic = words.next()?;
            let partition: i32 = words.next()?.parse().ok()?;
            let offset = words.next()?.parse().ok()?;
            words.next().is_none().then(|| (TopicPartition::new(topic, partition), Offset(offset)))
        })();
        let (at, offset) = entry.ok_or(count + 2)?;
        offsets.insert(at, offset);
    }
    if count == expected { Ok(offsets) } else { Err(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_kafkas() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path(), RECOVERY_POINT).unwrap().is_empty());
        let offsets: Offsets =
            [(TopicPartition::new("foo", 2), Offset(0)), (TopicPartition::new("foo", 1), Offset(7))].into();
        write(dir.path(), RECOVERY_POINT, &offsets).unwrap();
        let text = host::fs::read_to_string(dir.path().join(RECOVERY_POINT)).unwrap();
        assert_eq!(text, "0\n2\nfoo 1 7\nfoo 2 0\n");
        assert_eq!(read(dir.path(), RECOVERY_POINT).unwrap(), offsets);
    }

    #[test]
    fn damage_is_noticed() {
        assert!(parse("").unwrap().is_empty());
        for (text, line) in
            [("1\n0\n", 1), ("0\nx\n", 2), ("0\n2\na 0 1\n", 2), ("0\n1\na 0\n", 3), ("0\n1\na 0 1 2\n", 3)]
        {
            assert_eq!(parse(text), Err(line), "{text:?}");
        }
    }
}
