//! Where things lie: the checkout, the cache that outlives a run, the program under test.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The top of this checkout.
pub fn checkout() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate lies one folder below the checkout's top")
}

/// `$OTTLA_CACHE`, else `$XDG_CACHE_HOME/ottla`, else `~/.cache/ottla`; as `cargo x` has it.
pub fn cache() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("OTTLA_CACHE") {
        return Ok(dir);
    }
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    Ok(base.context("neither OTTLA_CACHE, XDG_CACHE_HOME nor HOME is set")?.join("ottla"))
}

/// The `ottla` to be judged: `$OTTLA`, else the release build, else the debug build, whichever is there.
///
/// # Errors
/// Where none is there.
pub fn ottla() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("OTTLA") {
        return Ok(path.into());
    }
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => checkout()?.join("target"),
    };
    for profile in ["release", "debug"] {
        let path = target.join(profile).join("ottla");
        if path.is_file() {
            return Ok(path);
        }
    }
    bail!("there is no ottla in {}: build it with `cargo build --release`", target.display())
}
