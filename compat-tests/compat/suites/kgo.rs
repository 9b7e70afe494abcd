//! franz-go's suite of its client kgo: a Go module, compiled to one program of tests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Call, Outcome, Suite};
use crate::kit::cache::{cached, run};
use crate::kit::{Layout, go};

const MODULE: &str = include_str!("kgo/go.mod");
const SUMS: &str = include_str!("kgo/go.sum");
const PACKAGE: &str = "github.com/twmb/franz-go/pkg/kgo";

/// How many records its transforming tests move; its own default is ten times as many.
const RECORDS: &str = "50000";

/// Tests with a part that skips itself unless an earlier test of the same run has asked which APIs there are: they are run
/// twice, and the second time counts.
const TWICE: &[&str] = &["TestGroupSimple"];

pub struct Kgo;

impl Suite for Kgo {
    fn name(&self) -> &'static str {
        "kgo"
    }

    fn list(&self) -> &'static str {
        include_str!("kgo/tests.txt")
    }

    fn path(&self) -> &'static str {
        "compat-tests/compat/suites/kgo/tests.txt"
    }

    fn tests(&self) -> Result<Vec<String>> {
        let mut list = Command::new(program()?);
        // It asks for the broker's address before it lists anything; nobody is connected to.
        list.args(["-test.list", "^Test"]).env("KGO_SEEDS", "127.0.0.1:1").env("KGO_LOG_LEVEL", "none");
        let text = run(list, &std::env::temp_dir())?;
        Ok(text.lines().filter(|line| line.starts_with("Test")).map(str::to_owned).collect())
    }

    fn broker(&self, _: &str) -> (&'static str, Layout) {
        ("kgo", Layout::default().with("broker.rack", "RACK1"))
    }

    fn run(&self, call: &Call<'_>) -> Result<BTreeMap<String, Outcome>> {
        let mut command = Command::new(program()?);
        // Its own limit comes first, for then it tells where it hangs.
        let limit = call.limit.saturating_sub(Duration::from_secs(1)).as_secs().max(1);
        let count = if TWICE.contains(&call.check) { "2" } else { "1" };
        command
            .args(["-test.run", &format!("^{}$", call.check), "-test.v", "-test.count", count])
            .args(["-test.timeout", &format!("{limit}s")])
            .env("KGO_SEEDS", call.address)
            .env("KGO_TEST_RF", "1")
            .env("KGO_TEST_RECORDS", RECORDS)
            .env("KGO_LOG_LEVEL", "none");
        let outcome = outcome(&call.finish(command)?, call.check);
        Ok(outcome.map(|outcome| (call.check.to_owned(), outcome)).into_iter().collect())
    }
}

/// What `go test -v` says of one test; a part of it that is skipped the last time makes the whole skipped.
fn outcome(output: &str, test: &str) -> Option<Outcome> {
    if output.contains("panic: ") {
        return Some(Outcome::Failed);
    }
    let mut ends: BTreeMap<&str, Outcome> = BTreeMap::new();
    for line in output.lines().filter_map(|line| line.trim_start().strip_prefix("--- ")) {
        let Some((word, rest)) = line.split_once(": ") else { continue };
        let outcome = match word {
            "PASS" => Outcome::Passed,
            "SKIP" => Outcome::Skipped,
            "FAIL" => Outcome::Failed,
            _ => continue,
        };
        let name = rest.split_once(' ').map_or(rest, |(name, _)| name);
        // One failure is enough, whichever time it was.
        if ends.get(name) != Some(&Outcome::Failed) {
            ends.insert(name, outcome);
        }
    }
    ends.get(test)?;
    let any = |outcome| ends.values().any(|end| *end == outcome);
    Some(if any(Outcome::Failed) {
        Outcome::Failed
    } else if any(Outcome::Skipped) {
        Outcome::Skipped
    } else {
        Outcome::Passed
    })
}

fn program() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(program) => Ok(program.clone()),
        Err(error) => bail!("kgo's suite cannot be had: {error}"),
    }
}

fn build() -> Result<PathBuf> {
    let dir = cached("suite-kgo", &[("go.mod", MODULE), ("go.sum", SUMS)], |here| {
        let mut go = go::go()?;
        go.args(["test", "-c", "-mod=readonly", "-o", "kgo.test", PACKAGE]).env("GOFLAGS", "");
        run(go, here).map(drop)
    })?;
    Ok(dir.join("kgo.test"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_skipped_is_not_passed() {
        let cases = [
            ("=== RUN   TestA\n--- PASS: TestA (0.01s)\nPASS\n", Some(Outcome::Passed)),
            ("--- PASS: TestA (0.01s)\n    --- SKIP: TestA/b (0.00s)\n", Some(Outcome::Skipped)),
            ("--- SKIP: TestA (0.01s)\nPASS\n", Some(Outcome::Skipped)),
            ("--- FAIL: TestA (0.01s)\nFAIL\n", Some(Outcome::Failed)),
            ("panic: test timed out after 1s\n", Some(Outcome::Failed)),
            ("--- PASS: TestAB (0.01s)\n", None),
            (
                "--- PASS: TestA (0s)\n    --- SKIP: TestA/b (0s)\n--- PASS: TestA (0s)\n    --- PASS: TestA/b (0s)\n",
                Some(Outcome::Passed),
            ),
            ("--- FAIL: TestA (0s)\n--- PASS: TestA (0s)\n", Some(Outcome::Failed)),
        ];
        for (output, expected) in cases {
            assert_eq!(outcome(output, "TestA"), expected, "{output}");
        }
    }
}
