//! How a quorum of one takes up its log: read what is there, begin an epoch, mend what was left open
//! (`KafkaRaftClient.initialize`, `ActivationRecordsGenerator`).

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use metadata::records::{AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord};
use metadata::{Image, Record};
use model::batch::BatchError;
use model::{DirectoryId, LeaderEpoch, NodeId, Offset, Timestamp};
use storage::dirs::LockError;
use storage::meta_properties::{MetaProperties, MetaPropertiesError};

use crate::batches::{self, Damaged, Entry, MAX_BATCH};
use crate::control::{Control, Voter};
use crate::format::{BOOTSTRAP_FILE, KRAFT_VERSIONS, METADATA_DIR};
use crate::log::{LogError, MetadataLog};
use crate::quorum_state::QuorumState;
use crate::settings::QuorumConfig;
use crate::snapshot::{self, Agreement, SnapshotError, SnapshotId};

/// Why a quorum does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The directory is in use.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The directory is not formatted.
    #[error("{} is not formatted: run `ottla format` first", .0.display())]
    NotFormatted(PathBuf),
    /// The directory's `meta.properties` is unreadable.
    #[error(transparent)]
    MetaProperties(#[from] MetaPropertiesError),
    /// The directory belongs to another node.
    #[error("{path} belongs to node {node}: use its node.id or another directory", path = .0.display(), node = .1)]
    OtherNode(PathBuf, NodeId),
    /// The metadata log cannot be opened or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A snapshot cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The log is damaged where it was committed long ago.
    #[error("the metadata log is damaged: {0}")]
    Damaged(#[from] Damaged),
    /// The log begins after 0, and no snapshot has what came before.
    #[error("the metadata log begins at offset {0}, and there is no snapshot of what came before")]
    NoSnapshot(Offset),
    /// There are other voters, with whom this version cannot agree yet.
    #[error("the voters of this quorum are {0:?}; a quorum of several voters is not supported yet")]
    SeveralVoters(Vec<NodeId>),
    /// The voter that the log names has another directory: it was wiped, or exchanged.
    #[error("voter {node} has its metadata in directory {expected}, but this is directory {found}")]
    OtherDirectory {
        /// The voter.
        node: NodeId,
        /// The directory that the voters' record names.
        expected: DirectoryId,
        /// The directory that is here.
        found: DirectoryId,
    },
    /// Nothing says who votes.
    #[error("no voters are known: set controller.quorum.voters, or format the directory with --standalone")]
    NoVoters,
    /// A first record cannot be written.
    #[error("the first records cannot be written: {0}")]
    Encode(String),
}

impl From<BatchError> for StartError {
    fn from(error: BatchError) -> Self {
        Self::Encode(error.to_string())
    }
}

/// A quorum of one that leads, with everything in its log committed.
pub(crate) struct Started {
    pub(crate) log: MetadataLog,
    pub(crate) epoch: LeaderEpoch,
    pub(crate) image: Image,
    pub(crate) agreement: Agreement,
    pub(crate) snapshots: Vec<SnapshotId>,
    /// Bytes of log that no snapshot has.
    pub(crate) bytes_since_snapshot: u64,
    /// The time of the last record.
    pub(crate) last_timestamp: Timestamp,
}

/// What a log and its latest snapshot add up to.
struct Replayed {
    image: Image,
    agreement: Agreement,
    /// Where the voters' record stands; -1 if `format` wrote it.
    voters_at: Offset,
    epoch: LeaderEpoch,
    bytes: u64,
}

/// Reads the log of a formatted directory, and begins a new epoch as its leader. Blocks on the disk.
pub(crate) fn start(config: &QuorumConfig, now: Timestamp) -> Result<Started, StartError> {
    let meta = MetaProperties::read(&config.dir)?.ok_or_else(|| StartError::NotFormatted(config.dir.clone()))?;
    if meta.node_id != config.node_id {
        return Err(StartError::OtherNode(config.dir.clone(), meta.node_id));
    }
    let dir = config.dir.join(METADATA_DIR);
    host::fs::create_dir_all(&dir)?;
    let mut log = MetadataLog::open(&dir, &config.log, now)?;
    let snapshots = usable_snapshots(&dir, &mut log, now)?;
    let mut replayed = replay(&dir, &log, snapshots.last().copied())?;
    let directory = meta.directory_id.unwrap_or(DirectoryId::ZERO);
    let voter = check_voters(config, directory, &replayed.agreement)?;

    let epoch = begin_epoch(config, &dir, &mut replayed, &mut log, voter, now)?;
    let first = activation(config, &replayed.image)?;
    let version = replayed.image.metadata_version().unwrap_or_else(|| crate::features::metadata_version(&first));
    let encode = |record: &Record| record.encode(version).map_err(|e| StartError::Encode(e.to_string()));
    let encoded: Vec<Bytes> = first.iter().map(encode).collect::<Result<_, _>>()?;
    for batch in batches::record_batches(log.end(), epoch, now, encoded, (MAX_BATCH, i32::MAX))? {
        log.append(batch)?;
    }
    log.commit()?;
    for record in &first {
        replayed.image.replay(record);
    }
    let Replayed { image, agreement, bytes, .. } = replayed;
    Ok(Started { log, epoch, image, agreement, snapshots, bytes_since_snapshot: bytes, last_timestamp: now })
}

/// The snapshots that fit to the log, oldest first; a log that ends before the latest begins anew behind it
/// (`KafkaRaftLog.recoverSnapshots`, `truncateToLatestSnapshot`).
fn usable_snapshots(dir: &Path, log: &mut MetadataLog, now: Timestamp) -> Result<Vec<SnapshotId>, StartError> {
    let mut found = snapshot::list(dir)?;
    let start = log.start();
    if start > Offset(0) && found.iter().all(|id| id.end < start) {
        return Err(StartError::NoSnapshot(start));
    }
    for id in found.extract_if(.., |id| id.end < start) {
        snapshot::remove(dir, id)?;
    }
    if let Some(latest) = found.last().copied()
        && latest > (SnapshotId { epoch: log.last_epoch(), end: log.end() })
        && latest.end > Offset(0)
    {
        log.restart_at(latest.end, now)?;
        for id in found.extract_if(.., |id| *id < latest) {
            snapshot::remove(dir, id)?;
        }
    }
    Ok(found)
}

fn replay(dir: &Path, log: &MetadataLog, latest: Option<SnapshotId>) -> Result<Replayed, StartError> {
    let mut image = Image::default();
    let (mut agreement, mut from) = (Agreement::default(), Offset(0));
    if let Some(id) = latest {
        let head = snapshot::read(&dir.join(id.file_name()), |at, bytes| {
            image.replay(&decode(at, bytes)?);
            Ok(())
        })?;
        (agreement, from) = (head.agreement, id.end);
    }
    let mut voters_at = from.plus(-1);
    let mut epoch = latest.map_or(LeaderEpoch(0), |id| id.epoch);
    let bytes = log.for_each(from, |offset, batch, entry| {
        epoch = epoch.max(batch.leader_epoch());
        match entry {
            Entry::Record(bytes) => image.replay(&decode(offset, bytes)?),
            Entry::Control(Control::KraftVersion(version)) => agreement.kraft_version = version,
            Entry::Control(Control::Voters(voters)) => {
                agreement.voters = Some(voters);
                voters_at = offset;
            }
            Entry::Control(_) => {}
        }
        Ok(())
    })?;
    Ok(Replayed { image, agreement, voters_at, epoch, bytes })
}

fn decode(at: Offset, bytes: &[u8]) -> Result<Record, Damaged> {
    Record::decode(&Bytes::copy_from_slice(bytes)).map_err(|e| Damaged::Record(at, e.to_string()))
}

/// Whether this node is the only voter; gives its own entry as it should be, where voters are dynamic.
fn check_voters(config: &QuorumConfig, found: DirectoryId, agreement: &Agreement) -> Result<Option<Voter>, StartError> {
    let node = config.node_id;
    if agreement.kraft_version == 0 {
        return match config.static_voters.as_slice() {
            [only] if *only == node => Ok(None),
            [] => Err(StartError::NoVoters),
            several => Err(StartError::SeveralVoters(several.to_vec())),
        };
    }
    match agreement.voters.as_deref() {
        None | Some([]) => Err(StartError::NoVoters),
        Some([only]) if only.id == node => {
            // The zero id stands for a voter of before directories had ids.
            let expected = only.directory_id;
            if expected != found && !expected.is_zero() {
                return Err(StartError::OtherDirectory { node, expected, found });
            }
            let endpoints = config.endpoints.clone();
            Ok(Some(Voter { id: node, directory_id: found, endpoints, kraft_versions: KRAFT_VERSIONS }))
        }
        Some(several) => Err(StartError::SeveralVoters(several.iter().map(|voter| voter.id).collect())),
    }
}

/// Begins the next epoch: first in `quorum-state`, so that no epoch is ever led twice, then in the log.
fn begin_epoch(
    config: &QuorumConfig,
    dir: &Path,
    replayed: &mut Replayed,
    log: &mut MetadataLog,
    voter: Option<Voter>,
    now: Timestamp,
) -> Result<LeaderEpoch, StartError> {
    let known = QuorumState::read(dir)?.map_or(LeaderEpoch(0), |state| state.epoch);
    let epoch = LeaderEpoch(known.max(replayed.epoch).0.saturating_add(1));
    let me = config.node_id;
    let state = QuorumState {
        leader: me,
        epoch,
        voted: NodeId::NONE,
        voted_directory: DirectoryId::ZERO,
        static_voters: voter.is_none().then(|| vec![me]),
    };
    state.write(dir)?;
    let mut records = vec![Control::LeaderChange { leader: me, voters: vec![me], granting: vec![me] }];
    if let Some(voter) = voter {
        let now_voters = Some(vec![voter]);
        // The log itself must name the voters once, and again when this one moved (`LeaderState`).
        if replayed.voters_at < Offset(0) || replayed.agreement.voters != now_voters {
            records.push(Control::KraftVersion(replayed.agreement.kraft_version));
            records.extend(now_voters.clone().map(Control::Voters));
        }
        replayed.agreement.voters = now_voters;
    }
    log.append(batches::control_batch(log.end(), epoch, now, &records)?)?;
    Ok(epoch)
}

/// The records that a new leader writes first: those of a new cluster, or the end of a transaction left open.
fn activation(config: &QuorumConfig, image: &Image) -> Result<Vec<Record>, StartError> {
    let mut records: Vec<Record> = Vec::new();
    if image.in_transaction() {
        let reason = Some("Controller failover".to_owned());
        records.push(AbortTransactionRecord { reason, ..Default::default() }.into());
    }
    if image.visible().metadata_version().is_some() {
        return Ok(records);
    }
    let mut first = Vec::new();
    let path = config.dir.join(BOOTSTRAP_FILE);
    if host::fs::exists(&path) {
        snapshot::read(&path, |at, bytes| {
            first.push(decode(at, bytes)?);
            Ok(())
        })?;
    } else {
        first = crate::features::bootstrap(&[]).unwrap_or_default();
    }
    if crate::features::level_of(&first, "eligible.leader.replicas.version").is_some_and(|level| level > 0) {
        first.push(min_insync_replicas(config.min_insync_replicas));
    }
    if crate::features::metadata_version(&first).has_transactions() {
        let name = Some("Bootstrap records".to_owned());
        records.push(BeginTransactionRecord { name, ..Default::default() }.into());
        records.append(&mut first);
        records.push(EndTransactionRecord::default().into());
    }
    records.append(&mut first);
    Ok(records)
}

/// Eligible leader replicas need a value that holds for the whole cluster (KIP-966).
fn min_insync_replicas(value: i32) -> Record {
    const BROKER: i8 = 4;
    ConfigRecord {
        resource_type: BROKER,
        resource_name: String::new(),
        name: "min.insync.replicas".to_owned(),
        value: Some(value.to_string()),
        ..Default::default()
    }
    .into()
}
