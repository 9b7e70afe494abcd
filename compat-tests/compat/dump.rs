//! Kafka's `DumpLogSegments` over every file that a broker wrote.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::kit::Tools;

const MAIN: &str = "org.apache.kafka.tools.DumpLogSegments";

/// What the tool says where a file is not as it should be; its exit status says nothing.
const COMPLAINTS: &[&str] = &[
    "Mismatches in",
    "Found timestamp mismatch",
    "Found out of order timestamp",
    "are not found in",
    "invalid bytes",
    "Exception",
    "isvalid: false",
    "Could not",
    "could not",
    "Ignoring unknown file",
    "corrupt",
];

/// Reads logs, snapshots and the metadata log; indexes only where the broker was stopped cleanly, for both brokers preallocate them.
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
    let offset_indexes: Vec<String> = indexes.iter().filter(|file| file.ends_with(".index")).cloned().collect();
    accepts(tools, &["--deep-iteration", "--print-data-log"], &logs)?;
    accepts(tools, &["--cluster-metadata-decoder", "--deep-iteration"], &metadata)?;
    accepts(tools, &["--deep-iteration"], &indexes)?;
    accepts(tools, &["--index-sanity-check"], &indexes)?;
    accepts(tools, &["--verify-index-only"], &offset_indexes)?;
    Ok(logs.len() + metadata.len() + indexes.len())
}

fn accepts(tools: &Tools, flags: &[&str], files: &[String]) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let list = files.join(",");
    let mut args = vec!["--files", &list];
    args.extend(flags);
    let output = tools.run(MAIN, &args)?;
    let text = format!("{}\n{}", output.stdout, output.stderr);
    // The tool takes every segment but a log's first for a gap after -1.
    let is_gap = |line: &str| line.contains(" is followed by ") && !line.trim_start().starts_with("-1 ");
    let is_wrong = |line: &&str| is_gap(line) || COMPLAINTS.iter().any(|complaint| line.contains(complaint));
    let wrong: Vec<&str> = text.lines().filter(is_wrong).take(20).collect();
    if output.status != 0 || !wrong.is_empty() {
        bail!("DumpLogSegments {flags:?} ended with {} and says\n{}", output.status, wrong.join("\n"));
    }
    Ok(())
}

/// Every file one folder below, folders of deleted partitions aside.
fn files(dir: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(dir)? {
        let folder = folder?.path();
        if !folder.is_dir() || folder.to_string_lossy().ends_with("-delete") {
            continue;
        }
        for file in std::fs::read_dir(folder)? {
            files.push(file?.path().display().to_string());
        }
    }
    files.sort();
    Ok(files)
}
