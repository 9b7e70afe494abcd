//! Builds the program as it is shipped and hands it to the judges of `compat-tests`.

use anyhow::Result;

use crate::setup;
use crate::shell;
use crate::tally::Tally;

/// `cargo x compat|bench|crash|hostile WORDS`; the words go to the judges as they are.
///
/// # Errors
/// Where a program cannot be run at all.
pub fn judge(chore: &str, words: &[String]) -> Result<Tally> {
    let away = words.iter().any(|word| word == "--address" || word == "--list")
        || words.windows(2).any(|pair| pair == ["--against", "kafka"]) && chore == "compat";
    if !words.iter().any(|word| word == "--list") && !setup::setup()? {
        return Ok(Tally::one(false));
    }
    if !away && !shell::succeeds(shell::cargo(&["build", "--quiet", "--release", "--package", "cli"])?)? {
        return Ok(Tally::one(false));
    }
    // Load must come from optimised clients, or the bench would measure its own client.
    let release: &[&str] = if chore == "bench" { &["--release"] } else { &[] };
    let mut command = shell::cargo(&["run", "--quiet", "--package", "compat-tests", "--bin", "judge"])?;
    command.args(release).arg("--").arg(chore).args(words);
    let mut last = None;
    let succeeded = shell::watched(command, |line| last = Tally::read(line).or(last))?;
    Ok(last.unwrap_or_default().with_exit(succeeded))
}
