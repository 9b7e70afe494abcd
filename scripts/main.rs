//! `cargo x`: the chores of this project, each one command.
#![allow(clippy::print_stdout, reason = "a chore talks to the person at the terminal")]

mod ci;
mod cluster;
mod fuzz;
mod judges;
mod paths;
mod setup;
mod shell;
mod tally;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "\
cargo x CHORE

  test      everything that judges Ottla, the long ones shortened (also called ci)
  unit      the Rust tests alone; further words go to `cargo test`
  fix       format, and let clippy mend what it can
  tidy      arrows between crates, banned dependencies, long files, stray words
  setup     install what the judges need, or name what is missing
  compat    real clients and Apache Kafka as judges: [NAMES] [--against kafka] [--address HOST:PORT] [--all] [--list] [--page]
  bench     Ottla, Apache Kafka and the floor side by side
  crash     rounds of SIGKILL under load, in compactions or in moves between directories: [--compaction] [--moves] [--quick] [--rounds N] [--seed N];
            --cluster kills, stops and brings back nodes of three under load, and prints for how long who was not served
  cluster   three nodes under load, one of them killed and brought back: [--kill leader|follower|controller] [--port N] [--dir DIR] [--stay]
  hostile   clients that mean harm, beside one that does not
  fuzz      decoders against bytes that learn, from a kept corpus: [--seconds N] [frame] [batch]
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match words.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("help", &[][..]),
    };
    match run(chore, rest) {
        Ok(Some(true)) => ExitCode::SUCCESS,
        Ok(Some(false)) => ExitCode::FAILURE,
        Ok(None) => {
            eprintln!("there is no chore `{chore}`\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("cargo x {chore}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the chore went well; `None` where there is no such chore.
fn run(chore: &str, rest: &[String]) -> Result<Option<bool>> {
    let well = match chore {
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            true
        }
        "test" | "ci" => ci::everything()?,
        "unit" => ci::unit_tests(rest)?.is_green(),
        "fix" => ci::fix()?,
        "tidy" => tidy::tidy()?.is_green(),
        "setup" => setup::setup()?,
        "compat" | "bench" | "crash" | "hostile" => judges::judge(chore, rest)?.is_green(),
        "cluster" => cluster::cluster(rest)?,
        "fuzz" => fuzz::fuzz(rest)?.is_green(),
        _ => return Ok(None),
    };
    Ok(Some(well))
}
