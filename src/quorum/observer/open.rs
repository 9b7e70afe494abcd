//! How an observer takes up its copy: the latest snapshot, which is committed for certain, and the log behind it.

use std::path::Path;

use model::Timestamp;

use super::ObserverConfig;
use crate::cleaner::Snapshots;
use crate::ledger::{Found, Ledger};
use crate::log::MetadataLog;
use crate::quorum_state::QuorumState;
use crate::raft::{Mark, Position};
use crate::snapshot::SnapshotId;
use crate::start::{self, Replayed, StartError};

/// Reads the directory, and makes it if it is a new node's. What a crash left half-written is cut off. Blocks on the disk.
pub(super) fn open(config: &ObserverConfig, now: Timestamp) -> Result<(Ledger, Option<QuorumState>), StartError> {
    let (_, dir) = start::check_dir(&config.dir, config.node_id)?;
    let log = MetadataLog::open(&dir, &config.log, now)?;
    let snapshots = start::usable_snapshots(&dir, &log, now)?;
    let latest = snapshots.last().copied();
    if let Some(id) = latest.filter(|id| !is_in(&log, *id)) {
        log.restart_at(id.end, now)?;
    }
    let ledger = take_up(config, &dir, log, snapshots)?;
    Ok((ledger, QuorumState::read(&dir)?))
}

/// Whether a log goes on from a snapshot. One that ends before it, or was in another epoch there, had records that were never
/// committed when the snapshot came in.
fn is_in(log: &MetadataLog, id: SnapshotId) -> bool {
    let last = id.end.plus(-1);
    log.end() >= id.end && (last < log.start() || log.reader().epoch_at(last).is_none_or(|epoch| epoch == id.epoch))
}

fn take_up(
    config: &ObserverConfig,
    dir: &Path,
    log: MetadataLog,
    snapshots: Vec<SnapshotId>,
) -> Result<Ledger, StartError> {
    let latest = snapshots.last().copied();
    let Replayed { image, agreement, voters_at, bytes, last_timestamp } = start::replay_snapshot(dir, latest)?;
    let position = latest.map_or_else(Position::default, |id| Position { end: id.end, epoch: id.epoch });
    let snapshots = Snapshots::new(dir, &config.log, snapshots, host::clock::monotonic());
    let at = Mark { position, ..Mark::default() };
    let found = Found {
        log,
        image,
        at,
        agreement,
        voters_at,
        bytes_since_snapshot: bytes,
        last_timestamp,
        snapshots,
        doubt: None,
    };
    Ok(Ledger::new(dir, found))
}
