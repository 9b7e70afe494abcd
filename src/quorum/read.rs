//! The metadata log as brokers fetch it: Kafka's batches, all of them committed, and snapshots piece by piece
//! (`KafkaRaftClient.handleFetchRequest`, `ReplicatedLog.validateOffsetAndEpoch`, KIP-630).

use bytes::Bytes;
use model::{LeaderEpoch, Offset};

use crate::format::METADATA_DIR;
use crate::handle::Quorum;
use crate::ledger::LedgerError;
use crate::log::LogError;
use crate::raft::Position;
use crate::snapshot::SnapshotId;

/// What a fetch of the metadata log gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Whole batches from the asked offset on; empty at the end.
    Batches(Bytes),
    /// The reader went another way: it must cut its log back to here, or to its own end of that epoch.
    Diverging {
        /// The epoch.
        epoch: LeaderEpoch,
        /// Where it ends here.
        end: Offset,
    },
    /// What is asked for is in a snapshot only.
    Snapshot(SnapshotId),
}

/// A fetch of the metadata log, and how far the log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// What there is.
    pub fetched: Fetched,
    /// The first offset of the log.
    pub log_start: Offset,
    /// The end of what is committed; nothing behind it is ever given.
    pub high_watermark: Offset,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no snapshot of this name, or it is gone already.
    #[error("there is no such snapshot")]
    NoSnapshot,
    /// The position lies behind the snapshot's end.
    #[error("position {0} is behind the end of the snapshot")]
    Position(u64),
    /// The disk failed.
    #[error("the metadata log cannot be read: {0}")]
    Failed(String),
}

/// A piece of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotPiece {
    /// The snapshot's whole length in bytes.
    pub size: u64,
    /// The bytes from the asked position on.
    pub bytes: Bytes,
}

impl From<LedgerError> for FetchError {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Quorum {
    /// Reads committed batches of the metadata log from `from` on, of at most `max_bytes` but for the first.
    /// `last_epoch` is the epoch of the reader's last record, 0 if it has none. Blocks on the disk.
    pub fn fetch(&self, from: Offset, last_epoch: LeaderEpoch, max_bytes: usize) -> Result<Fetch, FetchError> {
        let (log, earliest, latest, at) = {
            let ledger = self.parts.ledger.lock();
            (ledger.log().clone(), ledger.snapshots.earliest(), ledger.snapshots.latest(), ledger.told())
        };
        let (log_start, high_watermark) = (log.start(), at.end);
        let answer = |fetched| Ok(Fetch { fetched, log_start, high_watermark });
        let begins = log_start == Offset(0) && from == Offset(0) && last_epoch == LeaderEpoch(0);
        if !begins {
            let too_old = |first: SnapshotId| {
                from < log_start || from == log_start && last_epoch != first.epoch || last_epoch < first.epoch
            };
            if let (Some(first), Some(latest)) = (earliest, latest)
                && too_old(first)
            {
                return answer(Fetched::Snapshot(latest));
            }
            let known = end_of_epoch(&log, earliest, at, last_epoch);
            if known.epoch != last_epoch || known.end < from {
                return answer(Fetched::Diverging { epoch: known.epoch, end: known.end });
            }
        }
        let bytes = log.reader().read(from, max_bytes, high_watermark, true).and_then(|slice| Ok(slice.read_all()?));
        answer(Fetched::Batches(bytes.map_err(|e| LedgerError::from(LogError::Read(e)))?))
    }

    /// The latest snapshot, if there is one.
    pub fn latest_snapshot(&self) -> Option<SnapshotId> {
        self.parts.ledger.lock().snapshots.latest()
    }

    /// Reads a piece of a snapshot. Blocks on the disk.
    pub fn fetch_snapshot(&self, id: SnapshotId, position: u64, max_bytes: usize) -> Result<SnapshotPiece, FetchError> {
        let dir = {
            let ledger = self.parts.ledger.lock();
            if !ledger.snapshots.has(id) {
                return Err(FetchError::NoSnapshot);
            }
            ledger.dir().to_owned()
        };
        debug_assert!(dir.ends_with(METADATA_DIR));
        // It may be removed in between, as any snapshot that is no longer the latest.
        let file = host::fs::File::open_read(dir.join(id.file_name())).map_err(|_| FetchError::NoSnapshot)?;
        let failed = |error: std::io::Error| FetchError::Failed(error.to_string());
        let size = file.len().map_err(failed)?;
        let rest = size.checked_sub(position).ok_or(FetchError::Position(position))?;
        let len = usize::try_from(rest).unwrap_or(max_bytes).min(max_bytes);
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, position).map_err(failed)?;
        Ok(SnapshotPiece { size, bytes: bytes.into() })
    }
}

/// Where an epoch ends, or the last one before it that wrote anything.
fn end_of_epoch(
    log: &crate::log::MetadataLog,
    earliest: Option<SnapshotId>,
    at: Position,
    epoch: LeaderEpoch,
) -> Position {
    let (found, end) = log.reader().end_offset_for_epoch(epoch);
    if found.0 < 0 {
        return Position { end: at.end, epoch: at.epoch };
    }
    match earliest {
        // The log begins with the next epoch; the snapshot has this one's end.
        Some(first) if first.end == end && found == epoch => Position { end: first.end, epoch: first.epoch },
        _ => Position { end, epoch: found },
    }
}
