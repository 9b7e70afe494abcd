//! Runs programs: shown to the reader, captured for us, or both.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::paths;

/// A program to be run at the checkout's top, without anything to read.
pub fn program(name: impl AsRef<OsStr>, args: &[&str]) -> Result<Command> {
    let mut command = Command::new(name);
    command.args(args).current_dir(paths::checkout()?).stdin(Stdio::null());
    Ok(command)
}

/// The cargo that runs us.
pub fn cargo(args: &[&str]) -> Result<Command> {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args)
}

/// Whether the program ended well; its output goes where ours goes.
pub fn succeeds(mut command: Command) -> Result<bool> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    Ok(status.success())
}

/// The program's stdout; an error where it fails.
pub fn output(mut command: Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{command:?} did not print UTF-8"))
}

/// Shows the program's stdout line by line as it comes, tells each line to `see`, and says whether it ended well.
pub fn watched(mut command: Command, mut see: impl FnMut(&str)) -> Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {command:?}"))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            see(&line);
        }
    }
    Ok(child.wait()?.success())
}

/// Whether a program of this name is to be found in PATH.
pub fn is_installed(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| is_executable(&dir.join(name))))
}

/// Whether this file is there for us to run.
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
