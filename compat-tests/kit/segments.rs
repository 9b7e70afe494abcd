//! The segments of a partition, as its folder has them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The segments' paths, by their base offsets.
///
/// # Errors
/// Where there is none.
pub fn segments(partition: &Path) -> Result<BTreeMap<i64, PathBuf>> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(partition)? {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == "log") {
            let stem = path.file_stem().context("a file without a name")?.to_string_lossy();
            found.insert(stem.parse()?, path);
        }
    }
    ensure!(!found.is_empty(), "no segment in {}", partition.display());
    Ok(found)
}

/// Where the active segment begins.
///
/// # Errors
/// Where there is none.
pub fn active_base(partition: &Path) -> Result<i64> {
    segments(partition)?.pop_last().map(|(base, _)| base).context("no segment")
}
