//! Has Kafka's DumpLogSegments read every file that is left.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::kit::Tools;
use crate::kit::dumped::{self, Compacted};

/// Files for one call of the tool.
const AT_ONCE: usize = 50;

/// Offsets may be missing where the directory's checkpoint tells of compaction, and in the topics that `and` names.
///
/// # Errors
/// With what the tool found.
pub fn all(log_dir: &Path, and: &[(&str, i32)]) -> Result<String> {
    let mut files = Vec::new();
    for partition in std::fs::read_dir(log_dir)? {
        let partition = partition?.path();
        // Of what is deleted or on its way nobody reads the indexes.
        let is_current = partition.extension().is_none_or(|end| {
            !end.to_string_lossy().ends_with("-delete") && !end.to_string_lossy().ends_with("-future")
        });
        if partition.is_dir() && is_current && !partition.ends_with("__cluster_metadata-0") {
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
    let compacted = and.iter().fold(Compacted::of([log_dir])?, |all, (topic, partitions)| all.and(topic, *partitions));
    let tools = Tools::start()?;
    let (logs, indexes) = (with(&["log"]), with(&["index", "timeindex", "txnindex", "snapshot"]));
    ensure!(!logs.is_empty(), "no logs in {}", log_dir.display());
    // Of logs, the entries of each index beside them are looked up too.
    for (files, how) in [(&logs, &["--deep-iteration"][..]), (&indexes, &["--index-sanity-check"]), (&indexes, &[])] {
        for some in files.chunks(AT_ONCE) {
            let list: Vec<String> = some.iter().map(|path| path.display().to_string()).collect();
            let list = list.join(",");
            let said = tools.run(dumped::MAIN, &[how, &["--files", &list]].concat())?;
            let text = format!("{}{}", said.stdout, said.stderr);
            let fault = dumped::faults(&text, &compacted).first().copied();
            ensure!(said.status == 0 && fault.is_none(), "DumpLogSegments {how:?}: {}", fault.unwrap_or(&text));
        }
    }
    Ok(format!("DumpLogSegments: {} logs, {} indexes and snapshots are well", logs.len(), indexes.len()))
}
