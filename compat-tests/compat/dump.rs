//! Kafka's `DumpLogSegments` over every file that a broker wrote.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::kit::Tools;
use crate::kit::dumped::{self, Compacted};

/// Reads logs, snapshots and the metadata log; indexes only where the broker was stopped cleanly, for both brokers preallocate them.
/// Offsets may be missing where the directories' own checkpoints tell of compaction.
pub fn dump(tools: &Tools, log_dirs: &[PathBuf], clean: bool) -> Result<usize> {
    let (mut logs, mut indexes, mut metadata) = (Vec::new(), Vec::new(), Vec::new());
    for dir in log_dirs {
        for file in files(dir)? {
            let is_metadata = file.contains("__cluster_metadata");
            match file.rsplit('.').next() {
                Some("log" | "checkpoint") if is_metadata => metadata.push(file),
                Some("log" | "snapshot" | "txnindex") => logs.push(file),
                Some("index" | "timeindex") if clean => indexes.push(file),
                _ => {}
            }
        }
    }
    if logs.is_empty() || metadata.is_empty() {
        bail!("no logs in {log_dirs:?}: {logs:?} {metadata:?}");
    }
    let compacted = Compacted::of(log_dirs.iter().map(PathBuf::as_path))?;
    let accepts = |flags: &[&str], files: &[String]| accepts(tools, &compacted, flags, files);
    let offset_indexes: Vec<String> = indexes.iter().filter(|file| file.ends_with(".index")).cloned().collect();
    let of_groups: Vec<String> =
        logs.iter().filter(|file| file.contains("/__consumer_offsets-") && file.ends_with(".log")).cloned().collect();
    accepts(&["--deep-iteration", "--print-data-log"], &logs)?;
    accepts(&["--offsets-decoder", "--deep-iteration"], &of_groups)?;
    accepts(&["--cluster-metadata-decoder", "--deep-iteration"], &metadata)?;
    accepts(&["--deep-iteration"], &indexes)?;
    accepts(&["--index-sanity-check"], &indexes)?;
    accepts(&["--verify-index-only"], &offset_indexes)?;
    Ok(logs.len() + metadata.len() + indexes.len())
}

fn accepts(tools: &Tools, compacted: &Compacted, flags: &[&str], files: &[String]) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let list = files.join(",");
    let mut args = vec!["--files", &list];
    args.extend(flags);
    let output = tools.run(dumped::MAIN, &args)?;
    let text = format!("{}\n{}", output.stdout, output.stderr);
    let wrong = dumped::faults(&text, compacted);
    if output.status != 0 || !wrong.is_empty() {
        bail!(
            "DumpLogSegments {flags:?} ended with {} and says\n{}",
            output.status,
            wrong.get(..20).unwrap_or(&wrong).join("\n")
        );
    }
    Ok(())
}

/// Every file one folder below; folders of deleted partitions, and of those that were set aside as they were found, are not
/// looked into.
fn files(dir: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(dir)? {
        let folder = folder?.path();
        let name = folder.to_string_lossy();
        if !folder.is_dir() || name.ends_with("-delete") || name.ends_with("-stray") {
            continue;
        }
        for file in std::fs::read_dir(folder)? {
            files.push(file?.path().display().to_string());
        }
    }
    files.sort();
    Ok(files)
}
