//! A script of commands, run against two brokers, whose answers must be the same.
//!
//! One command a line: the short name of one of Kafka's tools and its words, or one of
//! - `produce TOPIC PARTITION COUNT [CODEC]`: with kcat;
//! - `file NAME TEXT`: a file; `{dir}` in later words is its folder, `{data}` a broker's own `log.dirs` but for `-0` and `-1`;
//! - `save NAME COMMAND`: what the command says, also into a file;
//! - `member NAME WORDS`: a console consumer that goes on beside the following commands;
//! - `ended NAME`: what it said, once it has ended;
//! - `kill NODE`, `stop NODE`, `start NODE`: in a cluster;
//! - `await REGEX COMMAND`: the command again and again until it says that.

mod player;

use anyhow::{Result, bail};

use super::bench::{Bench, Side};
use super::differences::listed;
use player::Player;
pub use player::in_sync;

/// Kafka's own nodes answer from an image that may be a moment old, so a difference counts when it stays.
const LOOKS: usize = 6;

/// Runs the script line by line on both and reports every answer that differs.
#[expect(clippy::print_stdout, reason = "--show is for the person at the terminal")]
pub fn compare(bench: &Bench, name: &str, script: &str, judged: &Side, reference: &Side) -> Result<String> {
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#')).collect();
    let judged = Player::new(&bench.tools, judged, bench.folder(name)?);
    let reference = Player::new(&bench.tools, reference, bench.folder(name)?);
    let listed = listed(name)?;
    let mut faults = Vec::new();
    let mut compared = 0;
    for line in lines {
        let mut looks = 0;
        let (ours, theirs) = loop {
            looks += 1;
            let (ours, theirs) = std::thread::scope(|scope| {
                let theirs = scope.spawn(|| reference.answer(line, &listed));
                (judged.answer(line, &listed), theirs.join())
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
    match tool {
        "member" | "ended" => false,
        // In a group it commits.
        "consume" => !line.contains("--group"),
        "kill" | "stop" | "start" => false,
        "quorum" | "quorum-by" | "offsets" | "log-dirs" | "api-versions" | "transactions" => true,
        _ => {
            (line.contains(" describe") || line.contains("--describe") || line.contains("--list"))
                && !line.contains("--alter")
        }
    }
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
