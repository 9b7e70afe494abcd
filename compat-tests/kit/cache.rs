//! Folders of the cache: made once from pinned sources, then taken as they are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::home;

/// The folder that was made from just these files, now or in an earlier run.
///
/// # Errors
/// Where it cannot be made; nothing is left of it then.
pub fn cached(name: &str, files: &[(&str, &str)], make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let cache = home::cache()?;
    let texts: Vec<&str> = files.iter().map(|(_, text)| *text).collect();
    let dir = cache.join(format!("{name}-{:016x}", fingerprint(&texts)));
    if dir.is_dir() {
        return Ok(dir);
    }
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    // Whole or not at all: a run that is broken off leaves only a folder that nobody looks into.
    let making = tempfile::Builder::new().prefix("making-").tempdir_in(&cache)?;
    for (file, text) in files {
        let path = making.path().join(file);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, text)?;
    }
    make(making.path())?;
    let here = making.keep();
    if let Err(error) = std::fs::rename(&here, &dir) {
        // Another run may have been quicker, which is as good.
        let _ = std::fs::remove_dir_all(&here);
        if !dir.is_dir() {
            return Err(error).with_context(|| format!("cannot make {}", dir.display()));
        }
    }
    Ok(dir)
}

/// Runs a program that makes something in this folder, and gives its stdout.
///
/// # Errors
/// Where it is missing or fails; its words are in the error.
pub fn run(mut command: Command, dir: &Path) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} cannot be run: `cargo x setup` installs it"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{program} failed ({}):\n{stdout}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(stdout)
}

/// FNV-1a, 64 bits: a changed pom or launcher is another folder.
fn fingerprint(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
