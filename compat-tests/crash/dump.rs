//! Has Kafka's DumpLogSegments read every file that is left.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::kit::Tools;

/// Files for one call of the tool.
const AT_ONCE: usize = 50;
/// What it says of files that are not well.
const FAULTS: [&str; 6] = ["mismatch", "Mismatches", " is followed by ", "isvalid: false", "out of order", "xception"];

/// # Errors
/// With what the tool found.
pub fn all(log_dir: &Path) -> Result<String> {
    let mut files = Vec::new();
    for partition in std::fs::read_dir(log_dir)? {
        let partition = partition?.path();
        if partition.is_dir() && !partition.ends_with("__cluster_metadata-0") {
            for file in std::fs::read_dir(&partition)? {
                files.push(file?.path());
            }
        }
    }
    files.sort();
    let with = |ends: &[&str]| -> Vec<PathBuf> {
        let fits = |path: &&PathBuf| path.extension().is_some_and(|end| ends.iter().any(|it| end == *it));
        files.iter().filter(fits).cloned().collect()
    };
    let tools = Tools::start()?;
    let (logs, indexes) = (with(&["log"]), with(&["index", "timeindex", "txnindex", "snapshot"]));
    ensure!(!logs.is_empty(), "no logs in {}", log_dir.display());
    // Of logs, the entries of each index beside them are looked up too.
    for (files, how) in [(&logs, &["--deep-iteration"][..]), (&indexes, &["--index-sanity-check"]), (&indexes, &[])] {
        for some in files.chunks(AT_ONCE) {
            let list: Vec<String> = some.iter().map(|path| path.display().to_string()).collect();
            let list = list.join(",");
            let said = tools.run("org.apache.kafka.tools.DumpLogSegments", &[how, &["--files", &list]].concat())?;
            let text = format!("{}{}", said.stdout, said.stderr);
            let fault = text.lines().find(|line| is_fault(line));
            ensure!(said.status == 0 && fault.is_none(), "DumpLogSegments {how:?}: {}", fault.unwrap_or(&text));
        }
    }
    Ok(format!("DumpLogSegments: {} logs, {} indexes and snapshots are well", logs.len(), indexes.len()))
}

/// A segment's first offset it always finds to follow -1, which is no gap.
fn is_fault(line: &str) -> bool {
    FAULTS.iter().any(|fault| line.contains(fault)) && !line.trim_start().starts_with("-1 is followed by ")
}

#[cfg(test)]
mod tests {
    use super::is_fault;

    #[test]
    fn a_gap_is_a_fault_and_a_beginning_is_not() {
        for (line, expected) in [
            ("Non-consecutive offsets in /data/raw-1/00000000000000156131.log", false),
            ("  -1 is followed by 156131", false),
            ("  156140 is followed by 156142", true),
            ("Mismatches in :/data/raw-1/00000000000000156131.index", true),
            ("| offset: 7 isvalid: false", true),
        ] {
            assert_eq!(is_fault(line), expected, "{line}");
        }
    }
}
