//! franz-go's suite of its client kgo: a Go module, compiled to one program of tests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Call, Outcome, Suite};
use crate::kit::Layout;
use crate::kit::cache::{cached, run};
use crate::kit::go::go;

const MODULE: &str = include_str!("kgo/go.mod");
const SUMS: &str = include_str!("kgo/go.sum");
const PACKAGE: &str = "github.com/twmb/franz-go/pkg/kgo";

/// How many records its transforming tests move; its own default is ten times as many.
const RECORDS: &str = "50000";

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
        command
            .args(["-test.run", &format!("^{}$", call.check), "-test.v", "-test.count", "1"])
            .args(["-test.timeout", &format!("{limit}s")])
            .env("KGO_SEEDS", call.address)
            .env("KGO_TEST_RF", "1")
            .env("KGO_TEST_RECORDS", RECORDS)
            .env("KGO_LOG_LEVEL", "none");
        let outcome = outcome(&call.finish(command)?, call.check);
        Ok(outcome.map(|outcome| (call.check.to_owned(), outcome)).into_iter().collect())
    }
}

/// What `go test -v` says of one test; a part of it that is skipped makes the whole skipped.
fn outcome(output: &str, test: &str) -> Option<Outcome> {
    let says = |what: &str, line: &str| {
        line.strip_prefix(what).and_then(|it| it.split_once(' ')).is_some_and(|it| it.0 == test)
    };
    if output.lines().any(|line| says("--- FAIL: ", line)) || output.contains("panic: ") {
        return Some(Outcome::Failed);
    }
    if output.lines().any(|line| line.trim_start().starts_with("--- SKIP: ")) {
        return Some(Outcome::Skipped);
    }
    output.lines().any(|line| says("--- PASS: ", line)).then_some(Outcome::Passed)
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
        let mut go = go()?;
        go.args(["test", "-c", "-mod=readonly", "-o", "kgo.test", PACKAGE]);
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
        ];
        for (output, expected) in cases {
            assert_eq!(outcome(output, "TestA"), expected, "{output}");
        }
    }
}
