//! Holds two records of the same script against each other and against the list of differences.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use regex::Regex;

use super::differences::{Difference, LISTED};
use super::play::Step;
use crate::kit::Kind;

/// How many kinds of differences are printed.
const PRINTED: usize = 400;

/// Every line that only one side has must be listed, and every entry of the list must be of use somewhere in the script.
///
/// # Errors
/// With the lines that are not listed, and the entries without use.
#[expect(clippy::print_stdout, reason = "--show is for the person at the terminal")]
pub fn compare(theirs: &[Step], ours: &[Step], judged: Kind, show: bool) -> Result<String> {
    ensure!(theirs.len() == ours.len(), "{} steps against {}", theirs.len(), ours.len());
    let listed: Vec<(Regex, Regex)> =
        LISTED.iter().map(|it| Ok((Regex::new(it.step)?, Regex::new(it.line)?))).collect::<Result<_>>()?;
    let mut used = vec![false; listed.len()];
    let mut faults = Vec::new();
    let mut differ = 0;
    for (theirs, ours) in theirs.iter().zip(ours) {
        ensure!(theirs.label == ours.label, "`{}` against `{}`", theirs.label, ours.label);
        if show {
            println!("> {}\n{}", ours.label, ours.lines.join("\n"));
        }
        let mut lines = difference(&theirs.lines, &ours.lines);
        if show && !lines.is_empty() {
            println!("~ {}\n    {}", ours.label, lines.join("\n    "));
        }
        let all = lines.len();
        lines.retain(|line| {
            let found = listed.iter().position(|(step, it)| step.is_match(&ours.label) && it.is_match(&line[2..]));
            if let Some(at) = found.and_then(|at| used.get_mut(at)) {
                *at = true;
            }
            found.is_none()
        });
        differ += usize::from(all > 0);
        if !lines.is_empty() {
            let same = faults.iter_mut().find(|(_, of, _): &&mut (String, Vec<String>, usize)| *of == lines);
            match same {
                Some((_, _, times)) => *times += 1,
                None => faults.push((ours.label.clone(), lines, 1)),
            }
        }
    }
    let slow: Vec<&Step> = theirs.iter().chain(ours).filter(|step| step.took > 2000).collect();
    if show {
        slow.iter().for_each(|step| println!("slow: {} ms `{}`", step.took, step.label));
    }
    let differing: usize = faults.iter().map(|(_, _, times)| times).sum();
    let mut faults: Vec<String> = faults
        .into_iter()
        .map(|(label, lines, times)| format!("`{label}` and {} more like it\n    {}", times - 1, lines.join("\n    ")))
        .collect();
    let has = |part: &str| theirs.iter().any(|step| step.label.starts_with(part));
    // Those of three nodes and of controllers have scripts of their own.
    let own = ["three:", "controller:"].into_iter().find(|part| has(part));
    if judged == Kind::Ottla && (own.is_some() || has("cluster:")) {
        let of = |it: &Difference| {
            ["three:", "controller:"].into_iter().find(|part| it.step.trim_start_matches('^').starts_with(part))
        };
        let mine = |it: &Difference| of(it) == own;
        for (it, _) in LISTED.iter().zip(&used).filter(|(it, used)| mine(it) && !**used) {
            faults.push(format!("the listed difference `{}` `{}` ({}) is none any more", it.step, it.line, it.reason));
        }
    }
    if faults.is_empty() {
        return Ok(format!("{} answers compared, {differ} with listed differences", ours.len()));
    }
    faults.truncate(PRINTED);
    bail!("{differing} of {} answers differ (-: Apache Kafka, +: judged)\n{}", ours.len(), faults.join("\n"))
}

/// What is told is asked: every version of every API.
///
/// # Errors
/// With what is not asked.
pub fn coverage(steps: &[Step], advertised: &[(i16, i16, i16)]) -> Result<()> {
    let asked: BTreeSet<(i16, i16)> = steps.iter().filter_map(|step| step.asked).collect();
    let told = advertised.iter().flat_map(|(key, low, high)| (*low..=*high).map(|version| (*key, version)));
    // Produce is told from 0 on, and served from 3 (KIP-896).
    let served = told.filter(|(key, version)| *key != 0 || *version >= 3);
    let missing: Vec<_> = served.filter(|it| !asked.contains(it)).collect();
    ensure!(missing.is_empty(), "served and not asked (API key, version): {missing:?}");
    Ok(())
}

/// Lines of one side only; where both have the same in another order, that.
pub fn difference(theirs: &[String], ours: &[String]) -> Vec<String> {
    if theirs == ours {
        return Vec::new();
    }
    let only = |these: &[String], others: &[String], sign: char| -> Vec<String> {
        let mut others = others.to_vec();
        let mut rest = Vec::new();
        for line in these {
            match others.iter().position(|other| other == line) {
                Some(at) => drop(others.swap_remove(at)),
                None => rest.push(format!("{sign} {line}")),
            }
        }
        rest
    };
    let mut lines = only(theirs, ours, '-');
    lines.extend(only(ours, theirs, '+'));
    if lines.is_empty() {
        lines.push("~ the same lines in another order".to_owned());
    }
    lines
}
