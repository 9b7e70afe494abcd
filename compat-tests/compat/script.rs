//! A script of commands, run against two brokers, whose answers must be the same.
//!
//! One command a line: the short name of one of Kafka's tools and its words, or
//! `produce TOPIC PARTITION COUNT [CODEC]` (kcat), or `file NAME TEXT` (a file; `{dir}` in later words is its folder).

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use regex::Regex;

use super::bench::{Bench, Side};
use super::differences::listed;
use crate::kit::{Output, Tools, kcat};

/// Short name, main class, how the broker is named.
const TOOLS: &[(&str, &str, &str)] = &[
    ("topics", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server"),
    ("configs", "kafka.admin.ConfigCommand", "--bootstrap-server"),
    ("offsets", "org.apache.kafka.tools.GetOffsetShell", "--bootstrap-server"),
    ("delete-records", "org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server"),
    ("log-dirs", "org.apache.kafka.tools.LogDirsCommand", "--bootstrap-server"),
    ("api-versions", "org.apache.kafka.tools.BrokerApiVersionsCommand", "--bootstrap-server"),
    ("perf", "org.apache.kafka.tools.ProducerPerformance", "--bootstrap-server"),
    ("verifiable", "org.apache.kafka.tools.VerifiableProducer", "--bootstrap-server"),
    ("consume", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server"),
    ("transactions", "org.apache.kafka.tools.TransactionsCommand", "--bootstrap-server"),
];

/// Kafka's own nodes answer from an image that may be a moment old, so a difference counts when it stays.
const LOOKS: usize = 6;

/// One place for all that must differ: times, durations, ids made by dice.
const VOLATILE: &[(&str, &str)] = &[
    (r"adminclient-\d+", "adminclient"),
    (r"TopicId: [A-Za-z0-9_-]{22}", "TopicId: ID"),
    (r"\b1[78][0-9]{11}\b", "TIME"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d+", "TIME"),
    (r"(records sent, ).*", "$1 FIGURES"),
    (r#""(avg_throughput|target_throughput)":[-0-9.E]+"#, "FIGURES"),
];

/// Runs the script line by line on both and reports every answer that differs.
#[expect(clippy::print_stdout, reason = "--show is for the person at the terminal")]
pub fn compare(bench: &Bench, name: &str, script: &str) -> Result<String> {
    let (judged, reference) = (bench.judged()?, bench.reference()?);
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#')).collect();
    let folders = [bench.folder(name)?, bench.folder(name)?];
    let listed = listed(name)?;
    let mut faults = Vec::new();
    let mut compared = 0;
    for line in lines {
        let mut looks = 0;
        let (ours, theirs) = loop {
            looks += 1;
            let answer = |side, dir| answer(&bench.tools, side, dir, line, &listed);
            let (ours, theirs) = std::thread::scope(|scope| {
                let theirs = scope.spawn(|| answer(reference, &folders[1]));
                (answer(judged, &folders[0]), theirs.join())
            });
            let Ok(theirs) = theirs else { bail!("`{line}` panicked") };
            let (ours, theirs) = (ours?, theirs?);
            if ours == theirs || looks == LOOKS || !only_reads(line) {
                break (ours, theirs);
            }
        };
        compared += 1;
        if bench.options.show {
            println!("> {line}\n{ours}");
        }
        if ours != theirs {
            faults.push(format!("`{line}`\n{}", difference(&theirs, &ours)));
        }
    }
    if !faults.is_empty() {
        bail!("{} of {compared} answers differ (-: Apache Kafka, +: judged)\n{}", faults.len(), faults.join("\n"));
    }
    Ok(format!("{compared} answers alike"))
}

/// Whether asking again changes nothing.
fn only_reads(line: &str) -> bool {
    let tool = line.split_whitespace().next().unwrap_or_default();
    ["offsets", "log-dirs", "api-versions", "consume", "transactions"].contains(&tool)
        || ((line.contains("--describe") || line.contains("--list")) && !line.contains("--alter"))
}

fn answer(tools: &Tools, side: &Side, dir: &Path, line: &str, listed: &[Regex]) -> Result<String> {
    // Tools look for a broker that is gone for minutes.
    side.still_runs()?;
    let output = run(tools, side, dir, line)?;
    let text = format!("exit {}\n{}{}", output.status, output.stdout, output.stderr);
    let mut text = text.replace(&dir.display().to_string(), "FOLDER");
    for (value, name) in &side.local {
        text = text.replace(value.as_str(), name);
    }
    for (pattern, name) in volatile()? {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    let kept = text.lines().map(str::trim_end).filter(|it| !listed.iter().any(|difference| difference.is_match(it)));
    // A stack trace shows where in the tool an answer was read, and partitions are logged in no order, which no one promises.
    let (mut logged, said): (Vec<&str>, Vec<&str>) =
        kept.filter(|it| !it.starts_with("\tat ")).partition(|it| it.starts_with("TIME "));
    logged.sort_unstable();
    Ok([said, logged].concat().join("\n"))
}

fn run(tools: &Tools, side: &Side, dir: &Path, line: &str) -> Result<Output> {
    let line = line.replace("{dir}", &dir.display().to_string());
    let (tool, rest) = line.split_once(' ').unwrap_or((&line, ""));
    match tool {
        "file" => {
            let (name, text) = rest.split_once(' ').context("file NAME TEXT")?;
            std::fs::write(PathBuf::from(dir).join(name), text)?;
            Ok(Output { status: 0, stdout: String::new(), stderr: String::new() })
        }
        "produce" => {
            let words: Vec<&str> = rest.split_whitespace().collect();
            let [topic, partition, count, codec @ ..] = words.as_slice() else {
                bail!("produce TOPIC PARTITION COUNT")
            };
            let input: String = (0..count.parse::<u32>()?).map(|n| format!("key-{n}\tvalue-{n}\n")).collect();
            let codec = codec.first().copied().unwrap_or("none");
            let args = ["-P", "-t", topic, "-p", partition, "-K", "\t", "-H", "who=script", "-z", codec];
            kcat::kcat(&side.address, &args, input.as_bytes())
        }
        _ => {
            let (_, main, flag) =
                TOOLS.iter().find(|(name, ..)| *name == tool).with_context(|| format!("no tool {tool}"))?;
            let mut args = vec![*flag, &side.address];
            args.extend(rest.split_whitespace());
            tools.run(main, &args)
        }
    }
}

fn volatile() -> Result<&'static [(Regex, &'static str)]> {
    static PATTERNS: OnceLock<Result<Vec<(Regex, &'static str)>, regex::Error>> = OnceLock::new();
    let made = PATTERNS.get_or_init(|| VOLATILE.iter().map(|(it, name)| Ok((Regex::new(it)?, *name))).collect());
    made.as_ref().map(Vec::as_slice).map_err(|error| anyhow::anyhow!("{error}"))
}

/// The lines that only one side has, or where the same lines part.
pub fn difference(theirs: &str, ours: &str) -> String {
    let (theirs, ours): (Vec<&str>, Vec<&str>) = (theirs.lines().collect(), ours.lines().collect());
    let missing = theirs.iter().filter(|line| !ours.contains(line)).map(|line| format!("    - {line}"));
    let added = ours.iter().filter(|line| !theirs.contains(line)).map(|line| format!("    + {line}"));
    let mut lines: Vec<String> = missing.chain(added).collect();
    if lines.is_empty() {
        let parted = theirs.iter().zip(&ours).position(|(theirs, ours)| theirs != ours);
        let parted = parted.unwrap_or_else(|| theirs.len().min(ours.len()));
        let around = |sign: char, lines: &[&str]| -> Vec<String> {
            lines.iter().skip(parted.saturating_sub(3)).take(8).map(|line| format!("    {sign} {line}")).collect()
        };
        lines.push(format!("    the same lines in another order or number, from line {} on", parted + 1));
        lines.extend(around('-', &theirs));
        lines.extend(around('+', &ours));
    }
    let more = lines.len().saturating_sub(40);
    lines.truncate(40);
    if more > 0 {
        lines.push(format!("    and {more} more"));
    }
    lines.join("\n")
}
