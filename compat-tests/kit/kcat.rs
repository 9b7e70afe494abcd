//! Runs kcat, librdkafka's command.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::tools::Output;

/// kcat with these words; what it is given to read, it reads.
///
/// # Errors
/// Where kcat cannot be run; that it fails is in the output's status.
pub fn kcat(address: &str, args: &[&str], input: &[u8]) -> Result<Output> {
    let mut child = Command::new("timeout")
        .args(["60", "kcat", "-b", address])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("kcat cannot be run: `cargo x setup` installs it")?;
    let mut stdin = child.stdin.take().context("kcat has no stdin")?;
    let input = input.to_owned();
    // It may end before it has read everything; its status tells.
    let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output()?;
    // The thread does nothing that panics.
    let _ = feed.join();
    Ok(Output {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
