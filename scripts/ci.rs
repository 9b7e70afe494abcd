//! The whole verdict, step by step, with one sum at the end.

use std::process::Command;

use anyhow::Result;

use crate::tally::Tally;
use crate::{fuzz, judges, paths, setup, shell, tidy};

/// Runs every step, also after one has failed, and prints `N passed, N failed` as its last line.
///
/// # Errors
/// Where a program cannot be run at all.
pub fn everything() -> Result<bool> {
    let mut total = Tally::default();
    step("setup", || Ok(Tally::one(setup::setup()?)), &mut total)?;
    step("format", || plain(shell::cargo(&["fmt", "--all", "--check"])?), &mut total)?;
    step("tidy", tidy::tidy, &mut total)?;
    step("licences and advisories", deny, &mut total)?;
    step("lints", || plain(clippy(&["--", "--deny", "warnings"])?), &mut total)?;
    step("unit tests", || unit_tests(&[]), &mut total)?;
    step("compat", || judges::judge("compat", &[]), &mut total)?;
    step("crash", || judges::judge("crash", &quick()), &mut total)?;
    let in_compactions = ["--compaction".to_owned(), "--quick".to_owned()];
    step("crash in compactions", || judges::judge("crash", &in_compactions), &mut total)?;
    let in_moves = ["--moves".to_owned(), "--quick".to_owned()];
    step("crash in moves", || judges::judge("crash", &in_moves), &mut total)?;
    let of_cluster = ["--cluster".to_owned(), "--quick".to_owned()];
    step("crash of a cluster", || judges::judge("crash", &of_cluster), &mut total)?;
    step("hostile", || judges::judge("hostile", &quick()), &mut total)?;
    step("fuzz", || fuzz::fuzz(&["--seconds".to_owned(), "30".to_owned()]), &mut total)?;
    println!("{total}");
    Ok(total.is_green())
}

fn quick() -> [String; 1] {
    ["--quick".to_owned()]
}

/// The Rust tests; all of them are run, whatever fails.
///
/// # Errors
/// Where cargo cannot be run.
pub fn unit_tests(words: &[String]) -> Result<Tally> {
    let mut command = shell::cargo(&["test", "--quiet", "--workspace", "--no-fail-fast"])?;
    command.args(words);
    let mut tally = Tally::default();
    let succeeded = shell::watched(command, |line| tally += Tally::read(line).unwrap_or_default())?;
    Ok(tally.with_exit(succeeded))
}

/// Mends what machines can mend.
///
/// # Errors
/// Where cargo cannot be run.
pub fn fix() -> Result<bool> {
    let mended = shell::succeeds(clippy(&["--fix", "--allow-dirty", "--allow-staged"])?)?;
    Ok(shell::succeeds(shell::cargo(&["fmt", "--all"])?)? && mended)
}

fn step(name: &str, run: impl FnOnce() -> Result<Tally>, total: &mut Tally) -> Result<()> {
    println!("== {name}");
    let tally = match run() {
        Ok(tally) => tally,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            Tally::one(false)
        }
    };
    println!("== {name}: {}", if tally.is_green() { "ok" } else { "FAILED" });
    *total += tally;
    Ok(())
}

fn plain(command: Command) -> Result<Tally> {
    Ok(Tally::one(shell::succeeds(command)?))
}

fn clippy(args: &[&str]) -> Result<Command> {
    let mut command = shell::cargo(&["clippy", "--quiet", "--workspace", "--all-targets"])?;
    command.args(args);
    Ok(command)
}

/// Advisories need a database from the net; where it cannot be had the rest is judged, and that is said.
fn deny() -> Result<Tally> {
    let deny = |args: &[&str]| -> Result<Command> {
        let mut command = shell::program(paths::tools()?.join("bin/cargo-deny"), &["--log-level", "error"])?;
        command.args(args);
        Ok(command)
    };
    let mut tally = plain(deny(&["check", "bans", "licenses", "sources"])?)?;
    if shell::succeeds(deny(&["fetch", "db"])?)? {
        tally += plain(deny(&["check", "--disable-fetch", "advisories"])?)?;
    } else {
        println!("NOT RUN: advisories, for the database at github.com cannot be reached from here");
    }
    Ok(tally)
}
