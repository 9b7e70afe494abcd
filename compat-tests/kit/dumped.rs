//! What Kafka's `DumpLogSegments` says of files that are not as they should be; its exit status says nothing.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

/// The tool's main class.
pub const MAIN: &str = "org.apache.kafka.tools.DumpLogSegments";

const COMPLAINTS: &[&str] = &[
    "Mismatches in",
    "mismatch",
    "out of order",
    "are not found in",
    "invalid bytes",
    "xception",
    "isvalid: false",
    "Could not",
    "could not",
    "Ignoring unknown file",
    "corrupt",
];

/// Where offsets may be missing: in front of this offset of a partition (`TOPIC-PARTITION`) compaction has been at work.
#[derive(Clone, Debug, Default)]
pub struct Compacted(BTreeMap<String, i64>);

impl Compacted {
    /// As the `cleaner-offset-checkpoint` of these directories say.
    ///
    /// # Errors
    /// Where one is damaged.
    pub fn of<'a>(log_dirs: impl IntoIterator<Item = &'a Path>) -> Result<Self> {
        let mut all = BTreeMap::new();
        for dir in log_dirs {
            all.extend(cleaned(dir)?);
        }
        Ok(Self(all))
    }

    /// Besides, all of these topics' partitions: after a kill the checkpoint may not say how far a compaction had come.
    #[must_use]
    pub fn and(mut self, topic: &str, partitions: i32) -> Self {
        self.0.extend((0..partitions).map(|n| (format!("{topic}-{n}"), i64::MAX)));
        self
    }

    fn may_miss(&self, file: &str, after: i64) -> bool {
        let partition = Path::new(file).parent().and_then(Path::file_name).map(|name| name.to_string_lossy());
        partition.and_then(|name| self.0.get(name.as_ref()).copied()).is_some_and(|end| after < end)
    }
}

/// Up to where each partition was compacted, by the directory's `cleaner-offset-checkpoint`.
///
/// # Errors
/// Where the file is none.
pub fn cleaned(log_dir: &Path) -> Result<BTreeMap<String, i64>> {
    let text = match std::fs::read_to_string(log_dir.join("cleaner-offset-checkpoint")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        text => text?,
    };
    let mut found = BTreeMap::new();
    for line in text.lines().skip(2) {
        let words: Vec<&str> = line.split(' ').collect();
        let [topic, partition, offset] = words.as_slice() else { bail!("{line:?} in cleaner-offset-checkpoint") };
        found.insert(format!("{topic}-{partition}"), offset.parse()?);
    }
    Ok(found)
}

/// The lines of the tool's words that tell of a fault.
pub fn faults<'a>(said: &'a str, compacted: &Compacted) -> Vec<&'a str> {
    let (mut faults, mut file) = (Vec::new(), "");
    for line in said.lines() {
        if let Some(name) = line.strip_prefix("Non-consecutive offsets in ") {
            file = name.trim();
        } else if let Some((before, _)) = line.split_once(" is followed by ") {
            // The tool takes every segment but a log's first for a gap after -1.
            let before = before.trim().parse().unwrap_or(i64::MAX);
            if before != -1 && !compacted.may_miss(file, before) {
                faults.push(line);
            }
        } else if COMPLAINTS.iter().any(|complaint| line.contains(complaint)) {
            faults.push(line);
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_fault_where_nothing_was_compacted() {
        let said = "Non-consecutive offsets in /data/raw-1/00000000000000156131.log\n  -1 is followed by 156131\n\
            \x20 156140 is followed by 156142\nNon-consecutive offsets in /data/raw-10/00000000000000000000.log\n\
            \x20 7 is followed by 9\nMismatches in :/data/raw-1/00000000000000156131.index\n| offset: 7 isvalid: false";
        let found = |compacted: &Compacted| faults(said, compacted).iter().map(|line| line.trim()).collect::<Vec<_>>();
        let always = ["Mismatches in :/data/raw-1/00000000000000156131.index", "| offset: 7 isvalid: false"];
        let gaps = ["156140 is followed by 156142", "7 is followed by 9"];
        assert_eq!(found(&Compacted::default()), [&gaps[..], &always].concat());
        assert_eq!(found(&Compacted::default().and("raw", 2)), [&gaps[1..], &always].concat());
        let upto = |end| Compacted(BTreeMap::from([("raw-1".to_owned(), end)]));
        assert_eq!(found(&upto(156_141)), [&gaps[1..], &always].concat());
        assert_eq!(found(&upto(156_140)), [&gaps[..], &always].concat(), "behind what was compacted");
    }

    #[test]
    fn the_checkpoint_is_read() {
        let dir = tempfile::tempdir().unwrap();
        assert!(cleaned(dir.path()).unwrap().is_empty());
        let file = dir.path().join("cleaner-offset-checkpoint");
        std::fs::write(&file, "0\n2\na 0 17\nb.c-d 11 4\n").unwrap();
        assert_eq!(cleaned(dir.path()).unwrap(), BTreeMap::from([("a-0".into(), 17), ("b.c-d-11".into(), 4)]));
        std::fs::write(&file, "0\n1\na 0\n").unwrap();
        assert!(cleaned(dir.path()).is_err());
    }
}
