//! Where things lie: the checkout, and the cache that outlives a run.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The top of this checkout.
pub fn checkout() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the scripts crate lies one folder below the checkout's top")
}

/// `$OTTLA_CACHE`, else `$XDG_CACHE_HOME/ottla`, else `~/.cache/ottla`: jars and tools, the same folder for `compat-tests`.
pub fn cache() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("OTTLA_CACHE") {
        return Ok(dir);
    }
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    Ok(base.context("neither OTTLA_CACHE, XDG_CACHE_HOME nor HOME is set")?.join("ottla"))
}

/// Where `cargo install` puts the tools of this project.
pub fn tools() -> Result<PathBuf> {
    Ok(cache()?.join("tools"))
}
