//! How a voter takes up its log, and what it writes first when it leads: the new epoch, and the end of what was left open
//! (`KafkaRaftClient.initialize`, `ActivationRecordsGenerator`).

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use metadata::records::{AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord};
use metadata::{Image, Record};
use model::batch::BatchError;
use model::{ClusterId, DirectoryId, LeaderEpoch, NodeId, Offset, Timestamp};
use storage::dirs::LockError;
use storage::meta_properties::{MetaProperties, MetaPropertiesError};

use crate::base;
use crate::batches::{self, Damaged, MAX_BATCH};
use crate::cleaner::Snapshots;
use crate::control::{Control, Voter};
use crate::format::{BOOTSTRAP_FILE, KRAFT_VERSIONS, METADATA_DIR};
use crate::ledger::{self, Applied, Capture, Doubt, Found, Ledger, LedgerError};
use crate::log::{LogError, MetadataLog};
use crate::raft::{self, Journal, Landed, Mark, Marks, Position, Proposal};
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
    /// This node is a controller, but none of the voters.
    #[error("node {0} is none of this quorum's voters, which are {1:?}")]
    NotAVoter(NodeId, Vec<NodeId>),
    /// Metadata is gone that was on disk once.
    #[error(
        "the metadata log ends at offset {end}, but it once went up to {expected}: what this voter promised is lost; \
         restore it, or remove it to fetch everything from the other voters"
    )]
    Short {
        /// Where it ends.
        end: Offset,
        /// Where it ended.
        expected: Offset,
    },
    /// openraft does not start.
    #[error("the quorum does not start: {0}")]
    Agreement(String),
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

impl From<LedgerError> for StartError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Log(error) => error.into(),
            LedgerError::Snapshot(error) => error.into(),
            LedgerError::Io(error) => error.into(),
            LedgerError::Damaged(error) => error.into(),
        }
    }
}

impl From<BatchError> for StartError {
    fn from(error: BatchError) -> Self {
        Self::Encode(error.to_string())
    }
}

/// A voter that has taken up what was on its disk, and has not spoken to anyone yet.
pub(crate) struct Started {
    pub(crate) ledger: Ledger,
    pub(crate) journal: Journal,
    pub(crate) voters: Voters,
    pub(crate) cluster: ClusterId,
    pub(crate) directory: DirectoryId,
}

/// What a log and its latest snapshot add up to.
pub(crate) struct Replayed {
    pub(crate) image: Image,
    pub(crate) agreement: Agreement,
    /// Where the voters' record stands; -1 if `format` wrote it.
    pub(crate) voters_at: Offset,
    pub(crate) bytes: u64,
    pub(crate) last_timestamp: Timestamp,
}

/// Who votes.
#[derive(Clone, Debug)]
pub(crate) struct Voters {
    /// All of them, in order.
    pub(crate) ids: Vec<NodeId>,
    /// With their directories, where voters are dynamic; this one's entry is as it should be now.
    pub(crate) named: Vec<Voter>,
}

impl Voters {
    /// What `quorum-state` says of voters: it names them where they are static.
    pub(crate) fn of_quorum_state(&self) -> Option<Vec<NodeId>> {
        self.named.is_empty().then(|| self.ids.clone())
    }
}

/// Reads the log of a formatted directory, and what the voters agreed on besides. Blocks on the disk.
pub(crate) fn start(config: &QuorumConfig, now: Timestamp) -> Result<Started, StartError> {
    let (meta, dir) = check_dir(&config.dir, config.node_id)?;
    let log = MetadataLog::open(&dir, &config.log, now)?;
    let marks = base::take_up(&dir, &log, now)?;
    let snapshots = usable_snapshots(&dir, &log, now)?;
    let latest = snapshots.last().copied();
    let waits = marks.as_ref().is_some_and(|marks| base::waits(marks, ledger::here(&log, latest)));
    let (journal, mut at) = match marks {
        Some(Marks { base, .. }) if waits => (Journal::open(&dir, (base.id, base.position))?, base),
        marks => reconcile(config, &dir, (&log, latest), marks, now)?,
    };
    let replayed = if waits { replay_waiting(&dir, latest, &at)? } else { replay(&dir, &log, latest)? };
    let doubt = if at.is_settled() { None } else { Some(doubt(&dir, latest, waits)?) };
    let directory = meta.directory_id.unwrap_or(DirectoryId::ZERO);
    let voters = check_voters(config, directory, &replayed.agreement)?;
    if at.members.log_id().is_none() {
        at.members = raft::members(&voters.ids);
    }
    let Replayed { image, agreement, voters_at, bytes, last_timestamp } = replayed;
    let snapshots = Snapshots::new(&dir, &config.log, snapshots, host::clock::monotonic());
    let found =
        Found { log, image, at, agreement, voters_at, bytes_since_snapshot: bytes, last_timestamp, snapshots, doubt };
    Ok(Started { ledger: Ledger::new(&dir, found), journal, voters, cluster: meta.cluster_id, directory })
}

/// The properties of a formatted directory, which must be this node's, and the directory of the metadata log in it.
pub(crate) fn check_dir(dir: &Path, node: NodeId) -> Result<(MetaProperties, PathBuf), StartError> {
    let meta = MetaProperties::read(dir)?.ok_or_else(|| StartError::NotFormatted(dir.to_owned()))?;
    if meta.node_id != node {
        return Err(StartError::OtherNode(dir.to_owned(), meta.node_id));
    }
    let dir = dir.join(METADATA_DIR);
    host::fs::create_dir_all(&dir)?;
    Ok((meta, dir))
}

/// Brings the journal and the log together: says which entry the log stands at, and cuts off what is no whole entry.
///
/// Where another program wrote the log since (a new epoch, or no journal at all), the journal begins anew behind it, in doubt.
fn reconcile(
    config: &QuorumConfig,
    dir: &Path,
    (log, latest): (&MetadataLog, Option<SnapshotId>),
    marks: Option<Marks>,
    now: Timestamp,
) -> Result<(Journal, Mark), StartError> {
    let here = ledger::here(log, latest);
    let anew = |journal: Option<Journal>| {
        let base = Mark { id: raft::derived(here), position: here, ..Mark::default() };
        if base.id.is_some() {
            Marks { base: base.clone(), coming: None, replaces: None }.write(dir)?;
        }
        let behind = (base.id, base.position);
        match journal {
            None => Ok((Journal::open(dir, behind)?, base)),
            Some(journal) => {
                journal.restart(behind)?;
                Ok((journal, base))
            }
        }
    };
    if marks.is_none() && !Journal::exists(dir)? {
        return anew(None);
    }
    let marks = marks.unwrap_or_default();
    if marks.replaces.is_some() {
        tracing::info!(end = here.end.0, epoch = here.epoch.0, "the metadata log was written by another program");
        return anew(Some(Journal::open(dir, (None, Position::default()))?));
    }
    let base = marks.coming.filter(|coming| coming.position.id() <= here.id()).unwrap_or(marks.base);
    let journal = Journal::open(dir, (base.id, base.position))?;
    let reach = journal.end();
    let newest = journal.last().map_or(LeaderEpoch(0), |id| raft::epoch_of(raft::term(&id))).max(reach.epoch);
    if here.epoch > newest || here.end > reach.end && is_alone(config, dir, log, latest)? {
        tracing::info!(end = here.end.0, epoch = here.epoch.0, "the metadata log was written by another program");
        return anew(Some(journal));
    }
    if here.end > reach.end {
        tracing::warn!(end = here.end.0, agreed = reach.end.0, "cut off metadata that the journal does not know");
        log.truncate(reach.end, now)?;
    }
    if here.end < base.position.end {
        return Err(StartError::Short { end: here.end, expected: base.position.end });
    }
    let mut at = base;
    for kept in journal.kept() {
        let openraft::EntryPayload::Normal(proposal) = &kept.entry.payload else { continue };
        match kept.landed {
            Landed::At(end) if end <= log.end() => (at.id, at.position) = (Some(kept.entry.log_id), kept.after),
            Landed::At(_) => {
                // A part of it may be there.
                log.truncate(proposal.base, now)?;
                break;
            }
            Landed::Nothing => {}
        }
    }
    Ok((journal, at))
}

/// Whether this node is the only voter, so that nobody can know better what was agreed on.
fn is_alone(
    config: &QuorumConfig,
    dir: &Path,
    log: &MetadataLog,
    latest: Option<SnapshotId>,
) -> Result<bool, StartError> {
    let agreement = replay(dir, log, latest)?.agreement;
    let named = agreement.voters.unwrap_or_default();
    let mut ids = named.iter().map(|voter| voter.id).chain(config.static_voters.iter().copied());
    Ok(ids.all(|voter| voter == config.node_id))
}

/// The snapshots that fit to the log, oldest first; a log that ends before the latest begins anew behind it
/// (`KafkaRaftLog.recoverSnapshots`, `truncateToLatestSnapshot`).
pub(crate) fn usable_snapshots(dir: &Path, log: &MetadataLog, now: Timestamp) -> Result<Vec<SnapshotId>, StartError> {
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
    let mut replayed = replay_snapshot(dir, latest)?;
    let Replayed { image, agreement, voters_at, last_timestamp, .. } = &mut replayed;
    replayed.bytes = log.for_each(latest.map_or(Offset(0), |id| id.end), |offset, batch, entry| {
        *last_timestamp = batch.max_timestamp();
        ledger::fold(offset, entry, image, agreement, voters_at)
    })?;
    Ok(replayed)
}

/// What a log amounts to that came from a leader and waits to take the place of the one that is here.
fn replay_waiting(dir: &Path, latest: Option<SnapshotId>, at: &Mark) -> Result<Replayed, StartError> {
    let Some(Capture { image, agreement, last_contained, .. }) = base::waiting(dir, at)? else {
        return replay_snapshot(dir, latest);
    };
    let image = Image::clone(&image);
    let voters_at = at.position.end.plus(-1);
    Ok(Replayed { image, agreement, voters_at, bytes: 0, last_timestamp: last_contained })
}

/// What is told of a log in doubt: its latest snapshot.
fn doubt(dir: &Path, latest: Option<SnapshotId>, replaces: bool) -> Result<Doubt, StartError> {
    let image = Arc::new(replay_snapshot(dir, latest)?.image);
    let (end, epoch) = latest.map_or_else(Default::default, |id| (id.end, id.epoch));
    Ok(Doubt { told: Applied { image, end, epoch }, replaces })
}

/// What a snapshot amounts to, without the log behind it; nothing where there is none.
pub(crate) fn replay_snapshot(dir: &Path, latest: Option<SnapshotId>) -> Result<Replayed, StartError> {
    let mut replayed = Replayed {
        image: Image::default(),
        agreement: Agreement::default(),
        voters_at: Offset(-1),
        bytes: 0,
        last_timestamp: Timestamp(0),
    };
    if let Some(id) = latest {
        let head = snapshot::read(&dir.join(id.file_name()), |at, bytes| {
            replayed.image.replay(&ledger::decode(at, bytes)?);
            Ok(())
        })?;
        (replayed.agreement, replayed.last_timestamp) = (head.agreement, head.last_contained);
        replayed.voters_at = id.end.plus(-1);
    }
    Ok(replayed)
}

/// Who votes; this node must be among them.
fn check_voters(config: &QuorumConfig, found: DirectoryId, agreement: &Agreement) -> Result<Voters, StartError> {
    let node = config.node_id;
    let in_order = |ids: &mut dyn Iterator<Item = NodeId>| ids.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    if agreement.kraft_version == 0 {
        let ids = in_order(&mut config.static_voters.iter().copied());
        return match ids.as_slice() {
            [] => Err(StartError::NoVoters),
            ids if !ids.contains(&node) => Err(StartError::NotAVoter(node, ids.to_vec())),
            _ => Ok(Voters { ids, named: Vec::new() }),
        };
    }
    let mut named = agreement.voters.clone().unwrap_or_default();
    let ids = in_order(&mut named.iter().map(|voter| voter.id));
    if ids.is_empty() {
        return Err(StartError::NoVoters);
    }
    let Some(own) = named.iter_mut().find(|voter| voter.id == node) else {
        return Err(StartError::NotAVoter(node, ids));
    };
    // The zero id stands for a voter of before directories had ids.
    let expected = own.directory_id;
    if expected != found && !expected.is_zero() {
        return Err(StartError::OtherDirectory { node, expected, found });
    }
    let endpoints = config.endpoints.clone();
    *own = Voter { id: node, directory_id: found, endpoints, kraft_versions: KRAFT_VERSIONS };
    Ok(Voters { ids, named })
}

/// The batches that a new leader writes first: who leads, who votes where that is new, the records of a new cluster, or the
/// end of a transaction left open.
pub(crate) fn first_batches(
    config: &QuorumConfig,
    ledger: &Ledger,
    voters: &Voters,
    granting: Vec<NodeId>,
    epoch: LeaderEpoch,
    now: Timestamp,
) -> Result<Proposal, StartError> {
    let leader = config.node_id;
    let mut control = vec![Control::LeaderChange { leader, voters: voters.ids.clone(), granting }];
    let (agreement, voters_at) = ledger.agreement();
    // The log itself must name the voters once, and again when this one moved (`LeaderState`).
    if !voters.named.is_empty() && (voters_at < Offset(0) || agreement.voters.as_ref() != Some(&voters.named)) {
        control.push(Control::KraftVersion(agreement.kraft_version));
        control.push(Control::Voters(voters.named.clone()));
    }
    let base = ledger.at().position.end;
    let mut bytes = batches::control_batch(base, epoch, now, &control)?.to_vec();
    let first = activation(config, ledger.image())?;
    let version = ledger.image().metadata_version().unwrap_or_else(|| crate::features::metadata_version(&first));
    let encode = |record: &Record| record.encode(version).map_err(|e| StartError::Encode(e.to_string()));
    let encoded: Vec<Bytes> = first.iter().map(encode).collect::<Result<_, _>>()?;
    for batch in batches::record_batches(base.plus(control.len() as i64), epoch, now, encoded, (MAX_BATCH, i32::MAX))? {
        bytes.extend_from_slice(&batch);
    }
    Proposal::new(bytes.into()).map_err(|e| StartError::Encode(e.to_string()))
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
            first.push(ledger::decode(at, bytes)?);
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
