//! The list beside a suite: every test it has, one a line, with what is expected of it.
//!
//! `VERDICT SECONDS TEST [REASON]`; the seconds are how long the test may take. A test that begins to pass is taken off by
//! changing its verdict to `pass`.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// What is expected of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Pass,
    /// It passes, but takes so long that only `--all` runs it; with a reason it is racy besides.
    Long,
    /// It passes, but now and then loses a race of its own, against Apache Kafka as well: it may try a second time. The reason says
    /// what was seen.
    Racy,
    /// It passes against Apache Kafka and not yet against Ottla; the reason says what is missing. Such lines may only become fewer.
    NotYet,
    /// Apache Kafka itself does not pass it here, so it judges nobody; the reason says what was seen.
    NoTest,
    /// It talks to no broker that is started here, so it is not run.
    Local,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub verdict: Verdict,
    pub limit: Duration,
    pub test: &'static str,
    pub reason: &'static str,
}

/// Reads a list.
///
/// # Errors
/// Where a line is malformed, a reason is missing or superfluous, or a test stands there twice.
pub fn read(text: &'static str) -> Result<Vec<Row>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut rows: Vec<Row> = Vec::new();
    for line in lines {
        let row = row(line).with_context(|| format!("the line `{line}`"))?;
        ensure!(rows.iter().all(|other| other.test != row.test), "{} stands there twice", row.test);
        rows.push(row);
    }
    Ok(rows)
}

fn row(line: &'static str) -> Result<Row> {
    let (verdict, rest) = line.split_once(char::is_whitespace).context("a verdict alone")?;
    let (seconds, rest) = rest.trim_start().split_once(char::is_whitespace).context("no test")?;
    let (test, reason) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim_start(), ""));
    let reason = reason.trim_start();
    let verdict = match verdict {
        "pass" => Verdict::Pass,
        "long" => Verdict::Long,
        "racy" => Verdict::Racy,
        "not-yet" => Verdict::NotYet,
        "no-test" => Verdict::NoTest,
        "local" => Verdict::Local,
        other => bail!("`{other}` is none of pass, long, racy, not-yet, no-test, local"),
    };
    let wants_reason = matches!(verdict, Verdict::Racy | Verdict::NotYet | Verdict::NoTest);
    let said = verdict == Verdict::Long || wants_reason != reason.is_empty();
    ensure!(said, "a reason belongs to racy, not-yet and no-test, and may be with long");
    Ok(Row { verdict, limit: Duration::from_secs(seconds.parse()?), test, reason })
}

impl Row {
    /// Whether it may try a second time.
    pub fn is_racy(&self) -> bool {
        self.verdict == Verdict::Racy || (self.verdict == Verdict::Long && !self.reason.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_verdict_limit_test_and_reason() {
        let rows = read("# a remark\n\npass 30 one\nnot-yet  5   two   groups: JoinGroup\n").unwrap();
        let row = |verdict, seconds, test, reason| Row { verdict, limit: Duration::from_secs(seconds), test, reason };
        assert_eq!(rows, [row(Verdict::Pass, 30, "one", ""), row(Verdict::NotYet, 5, "two", "groups: JoinGroup")]);
    }

    #[test]
    fn a_long_one_with_a_reason_is_racy() {
        let rows = read("long 30 one\nlong 30 two it loses a race\nracy 30 three so does it\npass 30 four\n").unwrap();
        assert_eq!(rows.iter().map(Row::is_racy).collect::<Vec<_>>(), [false, true, true, false]);
    }

    #[test]
    fn refuses_what_says_too_little_or_too_much() {
        for text in
            ["pass 30 one\npass 30 one", "not-yet 30 one", "pass 30 one because", "maybe 30 one", "pass one", "pass"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
