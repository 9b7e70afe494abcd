//! One script of requests goes to Apache Kafka and to the judged broker; their decoded answers must be the same.

mod admin;
mod batches;
mod cluster;
mod compare;
mod configs;
mod consumer_groups;
mod controllers;
mod differences;
mod fetches;
mod groups;
mod headers;
mod leaders;
mod make;
mod offsets;
mod play;
mod produces;
mod quorums;
mod random;
mod records;
mod restart;
mod shapes;
mod story;
mod text;
mod three;
mod topics;

use std::path::Path;

use anyhow::{Context, Result, anyhow};

use crate::kit::{Broker, Cluster, Kind, Layout, Tools};
use play::Play;

/// A part of the script; it sees only its own side.
type Part = fn(&mut Play) -> Result<()>;

/// In this order: a part may use the topics of those before it.
const PARTS: &[(&str, Part)] = &[
    ("headers", headers::play),
    ("topics", topics::play),
    ("produce", produces::play),
    ("fetch", fetches::play),
    ("offsets", offsets::play),
    ("admin", admin::play),
    ("cluster", cluster::play),
    ("leaders", leaders::play),
    ("quorum", quorums::play),
    ("groups", groups::play),
    ("consumers", consumer_groups::play),
    ("story", story::play),
    ("shapes", shapes::play),
    // Last: its retention would take the records of the others.
    ("configs", configs::play),
];

/// Plays the whole script on a fresh pair and compares.
///
/// # Errors
/// Where answers differ and the list of differences does not say why, or says so without need.
pub fn script(folder: &Path, judged: Kind, show: bool) -> Result<String> {
    let (ours, theirs) = both(folder, judged, layout(), |broker| {
        let mut play = Play::open(broker)?;
        for (name, part) in PARTS {
            play.part(name);
            part(&mut play).with_context(|| format!("in the part {name}"))?;
        }
        Ok((play.take_steps(), play.advertised()?))
    })?;
    let ((theirs, _), (ours, advertised)) = (theirs, ours);
    if judged == Kind::Ottla {
        compare::coverage(&ours, &advertised)?;
    }
    compare::compare(&theirs, &ours, judged, show)
}

/// Writes, ends the broker, starts it again, and asks what it still knows.
///
/// # Errors
/// As [`script`].
pub fn restarted(folder: &Path, judged: Kind, show: bool) -> Result<String> {
    let (ours, theirs) = both(folder, judged, layout(), restart::play)?;
    compare::compare(&theirs, &ours, judged, show)
}

/// Groups whose deadlines pass.
///
/// # Errors
/// As [`script`].
pub fn deadlines(folder: &Path, judged: Kind, show: bool) -> Result<String> {
    let (ours, theirs) = both(folder, judged, groups::deadlines::layout(layout()), groups::deadlines::play)?;
    compare::compare(&theirs, &ours, judged, show)
}

/// Committed offsets whose time runs out.
///
/// # Errors
/// As [`script`].
pub fn retention(folder: &Path, judged: Kind, show: bool) -> Result<String> {
    let (ours, theirs) = both(folder, judged, groups::retention::layout(layout()), groups::retention::play)?;
    compare::compare(&theirs, &ours, judged, show)
}

/// Seeded sequences on fresh topics of one pair.
///
/// # Errors
/// Where one differs, with the shortest sequence that still does.
pub fn dice(folder: &Path, judged: Kind) -> Result<String> {
    let theirs = Broker::start(Kind::Kafka, &folder.join("kafka"), layout())?;
    let ours = Broker::start(judged, &folder.join("judged"), layout())?;
    random::play(&theirs, &ours)
}

/// The records that groups leave in the offsets topic, as Kafka's own tool reads them.
///
/// # Errors
/// Where they differ.
pub fn records(folder: &Path, judged: Kind, tools: &Tools) -> Result<String> {
    let (ours, theirs) = both(folder, judged, layout(), |broker| records::play(broker, tools))?;
    records::compare(&theirs, &ours)
}

/// The controllers' listener of one node of each.
///
/// # Errors
/// As [`script`].
pub fn controller(folder: &Path, judged: Kind, show: bool) -> Result<String> {
    let (ours, theirs) = both(folder, judged, layout(), controllers::play)?;
    compare::compare(&theirs, &ours, judged, show)
}

/// Three nodes of each.
///
/// # Errors
/// As [`script`].
pub fn cluster(folder: &Path, judged: Kind, show: bool) -> Result<String> {
    let side = |kind, name| -> Result<_> {
        let cluster = Cluster::start(kind, &folder.join(name), &layout())?;
        three::play(cluster).with_context(|| format!("{name} side"))
    };
    let (ours, theirs) = std::thread::scope(|scope| -> Result<_> {
        let theirs = scope.spawn(|| side(Kind::Kafka, "kafka"));
        let ours = side(judged, "judged");
        let theirs = theirs.join().map_err(|_| anyhow!("the script panicked"))?;
        Ok((ours?, theirs?))
    })?;
    compare::compare(&theirs, &ours, judged, show)
}

/// What both are started with: nothing that a clock decides, and little that dice do.
fn layout() -> Layout {
    Layout::default()
        .with("log.retention.ms", "-1")
        .with("transaction.state.log.num.partitions", "4")
        .with("offsets.topic.num.partitions", "4")
        // What changes who shall have what is seen at once.
        .with("group.consumer.assignment.interval.ms", "0")
}

/// The same play on both sides at once: what the judged said, then what Apache Kafka said.
fn both<T: Send>(
    folder: &Path,
    judged: Kind,
    layout: Layout,
    play: impl Fn(Broker) -> Result<T> + Sync,
) -> Result<(T, T)> {
    let start = |kind, name| Broker::start(kind, &folder.join(name), layout.clone());
    let side = |kind, name| play(start(kind, name)?).with_context(|| format!("{name} side"));
    std::thread::scope(|scope| {
        let theirs = scope.spawn(|| side(Kind::Kafka, "kafka"));
        let ours = side(judged, "judged");
        let theirs = theirs.join().map_err(|_| anyhow!("the script panicked"))?;
        Ok((ours?, theirs?))
    })
}
