//! One story of groups on both sides, and what it leaves in `__consumer_offsets`, as `DumpLogSegments --offsets-decoder` prints it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::compare::difference;
use super::play::Play;
use super::text::Text;
use super::{consumer_groups, groups};
use crate::kit::{Broker, Tools, dumped};

/// Fields whose values hang on the moment or on ids that dice made.
const OF_THE_MOMENT: &[&str] = &[
    "assignmentTimestamp",
    "commitTimestamp",
    "expireTimestamp",
    "currentStateTimestamp",
    "timestamp",
    "metadataHash",
];

/// A record: its type with what of the key names it, and all that it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    kind: String,
    line: String,
}

/// The records of each partition, in their order.
pub type Partitions = BTreeMap<String, Vec<Stored>>;

/// Plays the story, stops the broker, and reads what it has written.
///
/// # Errors
/// Where the tool cannot read it.
pub fn play(broker: Broker, tools: &Tools) -> Result<Partitions> {
    let mut play = Play::open(broker)?;
    play.part("groups");
    // One group of each partition.
    groups::found(&mut play, &["", "a", "b", "c"])?;
    consumer_groups::story(&mut play)?;
    let (node, mut text) = play.stop()?;
    let mut partitions = Partitions::new();
    for dir in node.log_dirs() {
        for folder in std::fs::read_dir(&dir)? {
            let folder = folder?.path();
            let name = folder.file_name().context("a name")?.to_string_lossy().into_owned();
            if name.starts_with("__consumer_offsets-") {
                partitions.insert(name, Vec::new());
            }
        }
        for (name, records) in &mut partitions {
            let file = dir.join(name).join("00000000000000000000.log").display().to_string();
            let words = ["--files", &file, "--offsets-decoder", "--print-data-log"];
            let said = tools.run(dumped::MAIN, &words)?.ok()?;
            for line in said.lines().filter_map(|line| line.split_once(" key: ")) {
                records.push(stored(line.1, &mut text).with_context(|| format!("in {name}: {}", line.1))?);
            }
        }
    }
    Ok(partitions)
}

fn stored(line: &str, text: &mut Text) -> Result<Stored> {
    let (key, payload) = line.split_once(" payload: ").context("no payload")?;
    let key: Value = serde_json::from_str(key)?;
    let kind = format!("type {}", key["type"].as_str().context("no type")?);
    let payload = match payload.trim() {
        "<DELETE>" | "null" => Value::Null,
        payload => serde_json::from_str(payload)?,
    };
    let mut lines = Vec::new();
    for (name, mut value) in [("key", key), ("value", payload)] {
        plain(&mut value);
        lines.push(format!("{name} {}", text.normal(&value.to_string().replace("\\\"", "'"))));
    }
    // Ids stand in records as base64, which no other text looks like.
    Ok(Stored { kind, line: ids(&lines.join(", ")) })
}

/// Without what hangs on the moment, and with lists of structures in the order of what they say.
fn plain(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                // 0 means that there is none.
                if OF_THE_MOMENT.contains(&name.as_str()) && value.as_i64().is_some_and(|it| it != 0 && it != -1) {
                    *value = Value::from("SOME");
                } else {
                    plain(value);
                }
            }
            // The version of the metadata in which an expression was looked up.
            if fields.contains_key("topics") && fields.contains_key("version") {
                fields.insert("version".to_owned(), Value::from("SOME"));
            }
        }
        Value::Array(values) => {
            values.iter_mut().for_each(plain);
            if values.iter().all(Value::is_object) {
                values.sort_by_cached_key(Value::to_string);
            }
        }
        _ => {}
    }
}

/// Ids of topics and members in base64, all alike: which is which, answers have shown.
fn ids(line: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    for word in line.split_inclusive(|c: char| !is_part(c)) {
        let bare = word.trim_end_matches(|c: char| !is_part(c));
        let mixed =
            bare.bytes().any(|byte| byte.is_ascii_uppercase()) && bare.bytes().any(|byte| byte.is_ascii_lowercase());
        if bare.len() == 22 && mixed {
            out.push_str("ID");
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
    }
    out
}

/// # Errors
/// Where the partitions do not have the same records in the same order; within one decision Apache Kafka's order of members is that of a
/// hash map, so that of neighbours of one type the order does not count.
pub fn compare(theirs: &Partitions, ours: &Partitions) -> Result<String> {
    ensure!(theirs.keys().eq(ours.keys()), "partitions {:?} against {:?}", theirs.keys(), ours.keys());
    let (mut faults, mut all) = (Vec::new(), 0);
    for ((name, theirs), ours) in theirs.iter().zip(ours.values()) {
        let (theirs, ours) = (ordered(theirs), ordered(ours));
        all += ours.len();
        let found = difference(&theirs, &ours);
        if !found.is_empty() {
            let first = theirs.iter().zip(&ours).position(|(theirs, ours)| theirs != ours).unwrap_or_default();
            let around =
                |lines: &[String]| lines.iter().skip(first.saturating_sub(2)).take(6).cloned().collect::<Vec<_>>();
            let (theirs, ours) = (around(&theirs).join("\n    "), around(&ours).join("\n    "));
            faults.push(format!(
                "{name}:\n  {}\n  Apache Kafka:\n    {theirs}\n  judged:\n    {ours}",
                found.join("\n  ")
            ));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(format!("{all} records in the same order"))
}

fn ordered(records: &[Stored]) -> Vec<String> {
    let mut lines = Vec::new();
    // What deletes is one kind: of several members that go at once each has all its records deleted in its turn.
    let kind = |it: &Stored| if it.line.ends_with("value null") { "deleted".to_owned() } else { it.kind.clone() };
    for run in records.chunk_by(|one, next| kind(one) == kind(next)) {
        let mut run: Vec<String> = run.iter().map(|it| format!("{} {}", it.kind, it.line)).collect();
        run.sort();
        lines.append(&mut run);
    }
    lines
}
