//! How voters come together on a log that another program wrote, whose end may never have been agreed on.
//!
//! Apache Kafka's voters may leave three logs that differ: all begin with what was agreed on, but behind that each may
//! have records that no majority ever had, in epochs that the others know nothing of. No voter can see in its own log
//! where the one ends and the other begins. So a journal that begins behind such a log is *in doubt*:
//!
//! - The entry derived from the log's end stands for all of it. Derived entries compare as Raft compares logs, by epoch
//!   and end, so openraft gives and counts votes as it always does, and whoever is elected has all that was agreed on.
//! - Until an entry behind the derived one is agreed on, nothing of the log is told to anyone but what the latest
//!   snapshot has, for a snapshot holds only what was agreed on. With that entry, which is of the leader's own term, all
//!   before it is agreed on (Raft, 5.4.2), and the doubt is over.
//! - A leader's log that is not this voter's own comes as a whole (a voter says `OtherWay`, or openraft finds that it has
//!   nothing in common), and the voter begins anew behind the leader's derived entry. That is what Raft has a follower do
//!   which cuts its log for a leader that it accepts; but as the leader may fall before its log is agreed on, the log that
//!   was here stays, untouched, until it is. What came is in a file of ours that Apache Kafka passes over, and this
//!   voter's word is that log from then on: it votes by it, and a restart goes on with it.
//!
//! Should Apache Kafka take the directory up meanwhile, it finds its own log as it left it. Where it has written since,
//! what was to take the log's place is void.

use std::io;
use std::path::{Path, PathBuf};

use model::{Offset, Timestamp};

use crate::ledger::{Capture, LedgerError};
use crate::log::MetadataLog;
use crate::raft::{Journal, Mark, Marks, Position, Replaced, Stage};
use crate::snapshot::{SUFFIX, SnapshotError, SnapshotId};

/// What came from a leader, and is to take the log's place.
const BASE: &str = "raft-base-";
/// What this voter gives to others of a log in doubt.
const OFFER: &str = "raft-offer-";

fn named(dir: &Path, kind: &str, id: SnapshotId) -> PathBuf {
    dir.join(format!("{kind}{}", id.file_name().trim_end_matches(SUFFIX)))
}

/// Where a log comes to lie that is to take the place of the one that is here.
pub(crate) fn received(dir: &Path, id: SnapshotId) -> PathBuf {
    named(dir, BASE, id)
}

/// Where a log in doubt is written for others.
pub(crate) fn offer(dir: &Path, id: SnapshotId) -> PathBuf {
    named(dir, OFFER, id)
}

/// Notes that a log that came from a leader is this voter's word from now on. `here` is how the log that is here ends.
pub(crate) fn begin(dir: &Path, base: Mark, here: Position) -> io::Result<()> {
    let before = Marks::read(dir)?.and_then(|marks| marks.replaces);
    let position = before.map_or(here, |replaced| replaced.position);
    let marks = Marks { base, coming: None, replaces: Some(Replaced { position, stage: Stage::Begun }) };
    marks.write(dir)
}

/// The log that came is agreed on: it takes the place of the one that is here. Every step can be repeated.
pub(crate) fn take_place(dir: &Path, log: &MetadataLog, now: Timestamp) -> Result<(), LedgerError> {
    let Some(mut marks) = Marks::read(dir)? else { return Ok(()) };
    let Some(replaced) = marks.replaces else { return Ok(()) };
    let id = marks.base.position.id();
    if replaced.stage != Stage::Agreed {
        marks.replaces = Some(Replaced { stage: Stage::Agreed, ..replaced });
        marks.write(dir)?;
    }
    let came = received(dir, id);
    if host::fs::exists(&came) {
        host::fs::rename(&came, dir.join(id.file_name()))?;
        host::fs::sync_dir(dir)?;
    }
    if (log.start(), log.end()) != (id.end, id.end) {
        log.restart_at(id.end, now)?;
    }
    marks.replaces = None;
    marks.write(dir)?;
    Ok(())
}

/// Goes on at a start with what was begun: says what the marks are, and removes what is of no use any more.
pub(crate) fn take_up(dir: &Path, log: &MetadataLog, now: Timestamp) -> Result<Option<Marks>, LedgerError> {
    let mut marks = Marks::read(dir)?;
    if let Some(marks) = &mut marks
        && let Some(replaced) = marks.replaces
    {
        if replaced.stage == Stage::Begun {
            Journal::remove(dir)?;
            marks.replaces = Some(Replaced { stage: Stage::Waits, ..replaced });
            marks.write(dir)?;
        }
        // Where another program has written since, its epochs are newer.
        let untouched = log.last_epoch() <= replaced.position.epoch.max(marks.base.position.epoch);
        if untouched && (replaced.stage == Stage::Agreed || marks.base.is_settled()) {
            take_place(dir, log, now)?;
            marks.replaces = None;
        }
    }
    let wanted = marks.as_ref().filter(|marks| marks.replaces.is_some()).map(|marks| marks.base.position.id());
    let wanted = wanted.map(|id| received(dir, id));
    for file in host::fs::list_dir(dir)? {
        let ours = file.name.starts_with(BASE) || file.name.starts_with(OFFER);
        if ours && wanted.as_ref() != Some(&file.path) {
            host::fs::remove_file(&file.path)?;
        }
    }
    Ok(marks)
}

/// Whether a log that came waits to take the place of the one that is here, which ends `here`: not where another program has
/// written since.
pub(crate) fn waits(marks: &Marks, here: Position) -> bool {
    marks.replaces.is_some_and(|replaced| replaced.position == here)
}

/// Reads the log that waits; `None` if it is one without records.
pub(crate) fn waiting(dir: &Path, base: &Mark) -> Result<Option<Capture>, SnapshotError> {
    if base.position.end == Offset(0) {
        return Ok(None);
    }
    Capture::read(&received(dir, base.position.id()), base.clone()).map(Some)
}
