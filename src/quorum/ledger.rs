//! The ledger: the metadata log of this controller with the image it amounts to, changed only by what is committed.
//!
//! On every controller the same entries are applied in the same order, and nothing here asks a clock what to write, so the logs are
//! equal byte by byte.

pub(crate) mod ahead;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use metadata::{Image, MetadataVersion, Record};
use model::batch::Batches;
use model::{LeaderEpoch, Offset, Timestamp};
use parking_lot::Mutex;

use crate::base;
use crate::batches::{self, Damaged, Entry};
use crate::cleaner::Snapshots;
use crate::control::Control;
use crate::log::{LogError, MetadataLog};
use crate::raft::{Landed, Mark, Marks, Members, Position};
use crate::snapshot::{self, Agreement, SnapshotError, SnapshotId};

/// The metadata as of an offset of its log, all of it committed.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The metadata.
    pub image: Arc<Image>,
    /// The offset after the last record in it.
    pub end: Offset,
    /// The epoch of the last record in it.
    pub epoch: LeaderEpoch,
}

/// Why a ledger cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A committed record is one that this version does not know.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// The ledger as it was at some entry: what a snapshot is made of.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub(crate) mark: Mark,
    pub(crate) image: Arc<Image>,
    pub(crate) agreement: Agreement,
    pub(crate) last_contained: Timestamp,
}

pub(crate) struct Ledger {
    dir: PathBuf,
    log: Arc<MetadataLog>,
    image: Image,
    /// The last entry that was applied, and where the log ends since.
    at: Mark,
    agreement: Agreement,
    /// Where the voters' record stands in the log; in front of its start if only a snapshot has it.
    voters_at: Offset,
    /// Bytes of log that no snapshot has.
    bytes_since_snapshot: u64,
    last_timestamp: Timestamp,
    pub(crate) snapshots: Snapshots,
    /// Held by whoever writes a snapshot, so that no two write the same.
    writing: Arc<Mutex<()>>,
    capture: Option<Capture>,
    /// While it is not known that all of this is agreed on.
    doubt: Option<Doubt>,
}

/// What a ledger tells of while it is not known that it is agreed on to its end; see [`crate::base`].
pub(crate) struct Doubt {
    /// What was agreed on for certain.
    pub(crate) told: Applied,
    /// Whether it came from a leader, and the log that is here is another one, which goes when it is agreed on.
    pub(crate) replaces: bool,
}

/// A ledger as it was found on disk.
pub(crate) struct Found {
    pub(crate) log: MetadataLog,
    pub(crate) image: Image,
    pub(crate) at: Mark,
    pub(crate) agreement: Agreement,
    pub(crate) voters_at: Offset,
    pub(crate) bytes_since_snapshot: u64,
    pub(crate) last_timestamp: Timestamp,
    pub(crate) snapshots: Snapshots,
    pub(crate) doubt: Option<Doubt>,
}

impl Ledger {
    pub(crate) fn new(dir: &Path, found: Found) -> Self {
        let Found { log, image, at, agreement, voters_at, bytes_since_snapshot, last_timestamp, snapshots, doubt } =
            found;
        let log = Arc::new(log);
        Self {
            dir: dir.to_owned(),
            log,
            image,
            at,
            agreement,
            voters_at,
            bytes_since_snapshot,
            last_timestamp,
            snapshots,
            writing: Arc::default(),
            capture: None,
            doubt,
        }
    }

    /// An entry behind all that is here is agreed on, so all of this is. Tells whether that was in doubt.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Result<bool, LedgerError> {
        let Some(doubt) = self.doubt.take() else { return Ok(false) };
        if doubt.replaces {
            base::take_place(&self.dir, &self.log, now)?;
            let id = self.at.position.id();
            if id.end > Offset(0) {
                self.snapshots.written(id);
            }
            self.snapshots.forget_others(&self.dir, id)?;
        }
        self.log.publish_end();
        tracing::info!(end = self.at.position.end.0, "what another program wrote in the metadata log is agreed on");
        Ok(true)
    }

    /// Whether it is not known that all of this is agreed on.
    pub(crate) fn in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Applies the entry that comes next. Its records are not synced: the journal has them until they are.
    pub(crate) fn apply(&mut self, entry: &crate::raft::Entry) -> Result<Landed, LedgerError> {
        let (after, landed) = self.at.position.after(entry);
        if let (Landed::At(_), openraft::EntryPayload::Normal(proposal)) = (landed, &entry.payload) {
            self.append(&proposal.bytes)?;
        }
        if let openraft::EntryPayload::Membership(members) = &entry.payload {
            self.at.members = Members::new(Some(entry.log_id), members.clone());
        }
        self.at.position = after;
        self.at.id = Some(entry.log_id);
        Ok(landed)
    }

    fn append(&mut self, bytes: &Bytes) -> Result<(), LedgerError> {
        self.write(bytes)?;
        self.log.publish_end();
        self.take_in(bytes)
    }

    /// Appends batches to the log, and nothing else.
    fn write(&self, bytes: &Bytes) -> Result<(), LedgerError> {
        for batch in Batches::new(bytes) {
            let batch = batch.map_err(|e| Damaged::Batch(self.log.end(), e))?;
            self.log.append(bytes.slice_ref(batch.bytes()))?;
        }
        Ok(())
    }

    /// Folds committed batches of the log into what it amounts to.
    fn take_in(&mut self, bytes: &[u8]) -> Result<(), LedgerError> {
        let (image, agreement, voters_at) = (&mut self.image, &mut self.agreement, &mut self.voters_at);
        let last_timestamp = &mut self.last_timestamp;
        batches::for_each::<Damaged>(bytes, Offset(0), |offset, batch, entry| {
            *last_timestamp = batch.max_timestamp();
            fold(offset, entry, image, agreement, voters_at)
        })?;
        self.bytes_since_snapshot += bytes.len() as u64;
        Ok(())
    }

    /// What is committed and applied.
    pub(crate) fn applied(&self) -> Applied {
        if let Some(doubt) = &self.doubt {
            return doubt.told.clone();
        }
        let image = Arc::new(self.image.visible().clone());
        Applied { image, end: self.at.position.end, epoch: self.at.position.epoch }
    }

    /// How far what is told of goes.
    pub(crate) fn told(&self) -> Position {
        self.doubt.as_ref().map_or(self.at.position, |doubt| Position { end: doubt.told.end, epoch: doubt.told.epoch })
    }

    /// The last applied entry with its position and the voters.
    pub(crate) fn at(&self) -> &Mark {
        &self.at
    }

    /// The image with what an open transaction of records has done so far.
    pub(crate) fn image(&self) -> &Image {
        &self.image
    }

    /// What the log and its snapshots say of the quorum itself, and where the voters' record is.
    pub(crate) fn agreement(&self) -> (&Agreement, Offset) {
        (&self.agreement, self.voters_at)
    }

    pub(crate) fn log(&self) -> &Arc<MetadataLog> {
        &self.log
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Bytes of the log that no snapshot has yet, and the time of the last record.
    pub(crate) fn since_snapshot(&self) -> (u64, Timestamp) {
        (self.bytes_since_snapshot, self.last_timestamp)
    }

    /// A snapshot of what is applied now has begun.
    pub(crate) fn snapshot_begun(&mut self) {
        self.bytes_since_snapshot = 0;
    }

    /// Whether a transaction of records is open, so that the image is not that of the log's end.
    pub(crate) fn in_transaction(&self) -> bool {
        self.image.in_transaction()
    }

    /// The ledger as it is now, kept as what a voter gets that lags too far behind. Costs next to nothing: images share
    /// what they have in common, and a file is written when somebody asks for it.
    pub(crate) fn capture(&mut self) -> Capture {
        let capture = self.copy();
        self.capture = Some(capture.clone());
        capture
    }

    /// The ledger as it is now, for one voter that has another log.
    pub(crate) fn copy(&self) -> Capture {
        Capture {
            mark: self.at.clone(),
            image: Arc::new(self.image.visible().clone()),
            agreement: self.agreement.clone(),
            last_contained: self.last_timestamp,
        }
    }

    /// The latest capture.
    pub(crate) fn captured(&self) -> Option<Capture> {
        self.capture.clone()
    }

    /// Puts another ledger's state in place of this one's, whose log ends before it. A crash in the middle leaves one or
    /// the other: the snapshot is whole on disk before the log goes.
    pub(crate) fn install(&mut self, from: Capture, now: Timestamp) -> Result<(), LedgerError> {
        let id = from.mark.position.id();
        if id > self.at.position.id() {
            if !self.snapshots.has(id) {
                from.write(&self.dir, now)?;
                self.snapshots.written(id);
            }
            self.log.restart_at(id.end, now)?;
            self.snapshots.forget_before(&self.dir, id)?;
            self.image = Image::clone(&from.image);
            self.agreement = from.agreement.clone();
            self.voters_at = id.end.plus(-1);
            self.bytes_since_snapshot = 0;
            self.last_timestamp = from.last_contained;
        }
        self.at = from.mark.clone();
        self.capture = Some(from);
        Ok(())
    }

    /// How what is on disk ends, a snapshot being as good as the log before it.
    pub(crate) fn on_disk(&self) -> Position {
        here(&self.log, self.snapshots.latest())
    }

    /// Syncs the log. What is behind it in the journal may go then.
    pub(crate) fn flush(&self) -> Result<(), LedgerError> {
        Ok(self.log.flush()?)
    }
}

impl Capture {
    /// Writes the capture as Kafka's checkpoint. Blocks on the disk.
    fn write(&self, dir: &Path, now: Timestamp) -> io::Result<u64> {
        let (id, encoded) = (self.id(), self.encode()?);
        let count = encoded.len();
        let len = snapshot::write(dir, id, (self.last_contained, now), &self.agreement, encoded)?;
        tracing::info!(snapshot = id.file_name(), bytes = len, records = count, "took a snapshot");
        Ok(len)
    }

    /// Writes the capture where nobody takes it for agreed on.
    fn write_offer(&self, path: &Path, now: Timestamp) -> io::Result<u64> {
        let times = (self.last_contained, now);
        snapshot::write_file(path, self.id().epoch, times, &self.agreement, self.encode()?)
    }

    fn encode(&self) -> io::Result<Vec<Bytes>> {
        let invalid = |e: String| io::Error::new(io::ErrorKind::InvalidData, e);
        let version = self.image.metadata_version().unwrap_or(MetadataVersion::LATEST);
        let encode = |record: &Record| record.encode(version).map_err(|e| invalid(e.to_string()));
        self.image.to_records().iter().map(encode).collect()
    }

    /// Reads a checkpoint, whose mark came with it.
    pub(crate) fn read(path: &Path, mark: Mark) -> Result<Self, SnapshotError> {
        let mut image = Image::default();
        let head = snapshot::read(path, |at, bytes| {
            image.replay(&decode(at, bytes)?);
            Ok(())
        })?;
        Ok(Self { mark, image: Arc::new(image), agreement: head.agreement, last_contained: head.last_contained })
    }

    /// The snapshot's name.
    pub(crate) fn id(&self) -> SnapshotId {
        self.mark.position.id()
    }
}

/// Writes a capture as a snapshot beside the log, unless it is there; under another name what is not known to be agreed on.
/// The ledger goes on meanwhile. Blocks on the disk.
pub(crate) fn write_snapshot(ledger: &Mutex<Ledger>, capture: &Capture, now: Timestamp) -> io::Result<PathBuf> {
    let (dir, writing) = {
        let ledger = ledger.lock();
        (ledger.dir.clone(), ledger.writing.clone())
    };
    let _alone = writing.lock();
    if !capture.mark.is_settled() {
        let path = base::offer(&dir, capture.id());
        if !host::fs::exists(&path) {
            capture.write_offer(&path, now)?;
        }
        return Ok(path);
    }
    let there = ledger.lock().snapshots.has(capture.id());
    if !there {
        capture.write(&dir, now)?;
        ledger.lock().snapshots.written(capture.id());
    }
    Ok(dir.join(capture.id().file_name()))
}

/// Notes that a snapshot is about to take the place of the log, so that a restart in the middle knows which entry it stands for.
pub(crate) fn announce(dir: &Path, coming: &Mark) -> io::Result<()> {
    let marks = Marks::read(dir)?.unwrap_or_default();
    Marks { coming: Some(coming.clone()), ..marks }.write(dir)
}

/// How a log with its latest snapshot ends.
pub(crate) fn here(log: &MetadataLog, latest: Option<SnapshotId>) -> Position {
    let covered = latest.filter(|id| id.end == log.end()).map_or(LeaderEpoch(0), |id| id.epoch);
    Position { end: log.end(), epoch: log.last_epoch().max(covered) }
}

/// Folds one record of the log into what it amounts to.
pub(crate) fn fold(
    offset: Offset,
    entry: Entry<'_>,
    image: &mut Image,
    agreement: &mut Agreement,
    voters_at: &mut Offset,
) -> Result<(), Damaged> {
    match entry {
        Entry::Record(bytes) => image.replay(&decode(offset, bytes)?),
        Entry::Control(Control::KraftVersion(version)) => agreement.kraft_version = version,
        Entry::Control(Control::Voters(voters)) => {
            agreement.voters = Some(voters);
            *voters_at = offset;
        }
        Entry::Control(_) => {}
    }
    Ok(())
}

pub(crate) fn decode(at: Offset, bytes: &[u8]) -> Result<Record, Damaged> {
    Record::decode(&Bytes::copy_from_slice(bytes)).map_err(|e| Damaged::Record(at, e.to_string()))
}
