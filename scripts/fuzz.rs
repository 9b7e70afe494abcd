//! Builds the fuzz targets with coverage counters, on the stable compiler, and runs each from its kept corpus.

use anyhow::{Context, Result, bail};

use crate::tally::Tally;
use crate::{paths, shell};

const TARGETS: &[&str] = &["frame", "batch"];

/// What cargo-fuzz would pass, but for the address sanitizer, which needs a nightly compiler: our code has no unsafe
/// outside `host`, and libFuzzer measures memory by itself.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// `cargo x fuzz [--seconds N] [TARGETS]`: each target for so long (30 s); what it crashes on is kept in `fuzz/artifacts`.
///
/// # Errors
/// Where it was asked wrongly, or a program cannot be run.
pub fn fuzz(words: &[String]) -> Result<Tally> {
    let (mut seconds, mut chosen) = (30u64, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--seconds" {
            seconds = words.next().context("--seconds needs a number")?.parse()?;
        } else if TARGETS.contains(&word.as_str()) {
            chosen.push(word.as_str());
        } else {
            bail!("there is no fuzz target {word}; there are {TARGETS:?}");
        }
    }
    let home = paths::checkout()?.join("fuzz");
    let triple = triple()?;
    let mut build = shell::cargo(&["build", "--quiet", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml"])?;
    // With a target named, build scripts stay without instrumentation.
    build.args(["--target", &triple]).arg("--target-dir").arg(home.join("target")).env("RUSTFLAGS", FLAGS);
    if !shell::succeeds(build)? {
        return Ok(Tally::one(false));
    }
    let mut tally = Tally::default();
    for target in TARGETS.iter().filter(|target| chosen.is_empty() || chosen.contains(*target)) {
        let (found, artifacts) = (home.join("target/corpus").join(target), home.join("artifacts").join(target));
        std::fs::create_dir_all(&found)?;
        std::fs::create_dir_all(&artifacts)?;
        let mut run = shell::program(home.join("target").join(&triple).join("release").join(target), &[])?;
        run.arg(format!("-max_total_time={seconds}"))
            .args(["-max_len=65536", "-timeout=10", "-rss_limit_mb=512", "-malloc_limit_mb=128", "-verbosity=0"])
            .arg("-print_final_stats=1")
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            // What is found goes to the first; the second is only read.
            .args([found, home.join("corpus").join(target)]);
        let well = shell::succeeds(run)?;
        println!("fuzz {target}: {}", if well { "ok" } else { "FAILED" });
        tally += Tally::one(well);
    }
    println!("{tally}");
    Ok(tally)
}

/// The triple of this machine, as the compiler says.
fn triple() -> Result<String> {
    let said = shell::output(shell::program("rustc", &["--version", "--verbose"])?)?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say its host")?.to_owned())
}
