//! Three nodes under load, one of them killed and brought back: what to look at first.

use anyhow::Result;

use crate::shell;

/// `cargo x cluster WORDS`; the words go to the program as they are. Needs nothing that must be installed first.
///
/// # Errors
/// Where cargo cannot be run.
pub fn cluster(words: &[String]) -> Result<bool> {
    let is_given = std::env::var_os("OTTLA").is_some();
    if !is_given && !shell::succeeds(shell::cargo(&["build", "--quiet", "--release", "--package", "cli"])?)? {
        return Ok(false);
    }
    let mut command = shell::cargo(&["run", "--quiet", "--package", "compat-tests", "--bin", "judge", "--"])?;
    command.arg("cluster").args(words);
    shell::succeeds(command)
}
