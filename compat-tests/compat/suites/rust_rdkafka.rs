//! rust-rdkafka's integration tests: a crate, built as it was published.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Call, Outcome, Suite};
use crate::kit::Layout;
use crate::kit::cache::{cached, run};

const WISH: &str = include_str!("rust_rdkafka/wish.toml");

/// The file whose tests all others include.
const SHARED: &str = "utils";

pub struct RustRdkafka;

impl Suite for RustRdkafka {
    fn name(&self) -> &'static str {
        "rust-rdkafka"
    }

    fn list(&self) -> &'static str {
        include_str!("rust_rdkafka/tests.txt")
    }

    fn path(&self) -> &'static str {
        "compat-tests/compat/suites/rust_rdkafka/tests.txt"
    }

    fn tests(&self) -> Result<Vec<String>> {
        let mut tests = Vec::new();
        for program in std::fs::read_dir(programs()?)? {
            let program = program?;
            let file = program.file_name().to_string_lossy().into_owned();
            let mut list = Command::new(program.path());
            list.args(["--list", "--format", "terse"]);
            let text = run(list, &programs()?)?;
            let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
            let own = names.filter(|name| !name.starts_with(&format!("{SHARED}::")));
            tests.extend(own.map(|name| format!("{file}::{name}")));
        }
        Ok(tests)
    }

    fn broker(&self, _: &str) -> (&'static str, Layout) {
        // Its tests name broker 0 and expect three partitions, and to find records of 1970, which are due for deletion.
        let layout = Layout { node_id: 0, ..Layout::default() }.with("log.retention.ms", "-1");
        ("rust-rdkafka", layout.with("num.partitions", "3").with("broker.rack", "RACK1"))
    }

    fn run(&self, call: &Call<'_>) -> Result<BTreeMap<String, Outcome>> {
        let (file, test) = call.check.split_once("::").context("FILE::TEST")?;
        let mut command = Command::new(programs()?.join(file));
        command
            .args(["--exact", test, "--nocapture", "--test-threads", "1"])
            .env("KAFKA_HOST", call.address)
            .env("KAFKA_VERSION", "4.3")
            .env("RUST_LOG", "warn")
            .env("RUST_BACKTRACE", "0");
        let output = call.finish(command)?;
        Ok(outcome(&output).map(|outcome| (call.check.to_owned(), outcome)).into_iter().collect())
    }
}

/// What libtest says at the end of a run of one test.
fn outcome(output: &str) -> Option<Outcome> {
    let result = output.lines().rev().find_map(|line| line.strip_prefix("test result: "))?;
    Some(match result {
        _ if result.starts_with("ok. 1 passed") => Outcome::Passed,
        _ if result.starts_with("ok. ") => Outcome::Skipped,
        _ => Outcome::Failed,
    })
}

/// The folder of test programs, one a file of tests.
fn programs() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(dir) => Ok(dir.clone()),
        Err(error) => bail!("rust-rdkafka's tests cannot be had: {error}"),
    }
}

fn build() -> Result<PathBuf> {
    let dir = cached("suite-rust-rdkafka", &[("Cargo.toml", WISH), ("wish.rs", "")], |here| {
        let metadata = run(cargo(&["metadata", "--format-version", "1"]), here)?;
        let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata printed no JSON")?;
        let packages = metadata.get("packages").and_then(Value::as_array).context("no packages")?;
        let rdkafka = packages.iter().find(|it| it["name"] == "rdkafka").context("no package rdkafka")?;
        let manifest = Path::new(rdkafka["manifest_path"].as_str().context("no manifest")?);
        let mut copy = Command::new("cp");
        copy.arg("-R").arg(manifest.parent().context("a manifest in no folder")?).arg("crate");
        run(copy, here)?;
        let mut test = cargo(&["test", "--locked", "--no-run", "--test", "*", "--message-format", "json"]);
        // It lies in the cache, so nobody must find a build folder of somebody else there.
        test.env("CARGO_TARGET_DIR", here.join("target"));
        let messages = run(test, &here.join("crate"))?;
        std::fs::create_dir(here.join("bin"))?;
        for message in messages.lines() {
            let message: Value = serde_json::from_str(message)?;
            if let (Some(program), Some(name)) = (message["executable"].as_str(), message["target"]["name"].as_str()) {
                std::fs::copy(program, here.join("bin").join(name))?;
            }
        }
        std::fs::remove_dir_all(here.join("target"))?;
        Ok(std::fs::remove_dir_all(here.join("crate"))?)
    })?;
    Ok(dir.join("bin"))
}

fn cargo(words: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(words).env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_or_not_there_is_not_passed() {
        let cases = [
            ("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured", Some(Outcome::Passed)),
            ("test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured", Some(Outcome::Skipped)),
            ("test result: FAILED. 0 passed; 1 failed; 0 ignored", Some(Outcome::Failed)),
            ("running 1 test\n", None),
        ];
        for (output, expected) in cases {
            assert_eq!(outcome(output), expected, "{output}");
        }
    }
}
