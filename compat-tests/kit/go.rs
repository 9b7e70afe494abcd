//! The Go toolchain: the one that `cargo x setup` put into the cache, else the machine's own.

use std::process::Command;

use anyhow::Result;

use super::home;

/// `go`, which fetches the version that a module asks for where the machine's own is older.
///
/// # Errors
/// Where no cache can be named.
pub fn go() -> Result<Command> {
    let ours = home::cache()?.join("tools/go/bin/go");
    if ours.is_file() {
        let mut go = Command::new(ours);
        // It is what was pinned; nothing else is fetched.
        go.env("GOTOOLCHAIN", "local").env_remove("GOROOT");
        return Ok(go);
    }
    let mut go = Command::new("go");
    go.env("GOTOOLCHAIN", "auto");
    Ok(go)
}
