//! The Go toolchain that builds other projects' Go programs: the machine's own where it is able to, else one in the cache.

use anyhow::{Result, bail};

use crate::{paths, shell};

/// The oldest that builds what is judged with; the modules' `go.mod` say the same.
const OLDEST: (u32, u32) = (1, 26);

/// What is fetched where the machine has none: a module like others, as `go` itself fetches it when it switches toolchains.
const VERSION: &str = "1.26.8";
const MODULE: &str = "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64";
const URL: &str = "https://proxy.golang.org/golang.org/toolchain/@v/v0.0.1-go1.26.8.linux-amd64.zip";
const SHA256: &str = "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7";

/// A module that asks for that version, so that a `go` from 1.21 on fetches it by itself.
const ASKS: &str = "compat-tests/compat/suites/kgo";

/// Whether there is one in the end.
///
/// # Errors
/// Where files cannot be written, or the proxy's is another one than was pinned.
pub fn toolchain() -> Result<bool> {
    let (home, stamp) = (paths::tools()?.join("go"), paths::tools()?.join(format!("go-{VERSION}")));
    let ours = home.join("bin/go");
    if stamp.exists() && shell::is_executable(&ours) {
        return Ok(true);
    }
    if shell::is_installed("go") && of_the_machine() {
        return Ok(true);
    }
    println!("fetching Go {VERSION}");
    let making = paths::tools()?.join(format!("making-go-{}", std::process::id()));
    std::fs::create_dir_all(&making)?;
    let zip = making.join("go.zip");
    let mut curl = shell::program("curl", &["--fail", "--silent", "--show-error", "--retry", "3", URL, "--output"])?;
    curl.arg(&zip);
    if !shell::succeeds(curl)? {
        std::fs::remove_dir_all(&making)?;
        return Ok(false);
    }
    let mut sum = shell::program("sha256sum", &[])?;
    sum.arg(&zip);
    let sum = shell::output(sum)?;
    if !sum.starts_with(SHA256) {
        bail!("{URL} is not the pinned one: {sum}");
    }
    let mut unzip = shell::program("unzip", &["-q"])?;
    unzip.arg(&zip).arg("-d").arg(&making);
    let root = making.join(MODULE);
    // A module's files carry no modes; these are the folders of programs.
    let mut chmod = shell::program("chmod", &["-R", "a+x"])?;
    chmod.arg(root.join("bin")).arg(root.join("pkg/tool"));
    let made = shell::succeeds(unzip)? && shell::succeeds(chmod)?;
    if made {
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        std::fs::rename(&root, &home)?;
        std::fs::write(&stamp, "")?;
    }
    std::fs::remove_dir_all(&making)?;
    Ok(made)
}

/// Whether the `go` in PATH is new enough, or fetches one that is when a module asks for it.
fn of_the_machine() -> bool {
    let version = || -> Result<String> {
        let mut go = shell::program("go", &["version"])?;
        go.current_dir(paths::checkout()?.join(ASKS)).env("GOTOOLCHAIN", "auto");
        shell::output(go)
    };
    version().is_ok_and(|text| parse(&text).is_some_and(|version| version >= OLDEST))
}

/// `go version go1.26.8 linux/amd64`
fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(2)?.strip_prefix("go")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_says_of_itself() {
        assert_eq!(parse("go version go1.26.8 linux/amd64\n"), Some((1, 26)));
        assert_eq!(parse("go version go1.9 linux/amd64\n"), Some((1, 9)));
        assert_eq!(parse("go version devel +abc\n"), None);
    }
}
