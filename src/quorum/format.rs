//! Makes fresh directories ready for a node, as `kafka-storage format` does (`Formatter`, KIP-631, KIP-853).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use metadata::Record;
use model::{ClusterId, DirectoryId, NodeId, Timestamp};
use storage::meta_properties::{self, MetaProperties, MetaPropertiesError};

use crate::control::{Endpoint, Voter};
use crate::features;
use crate::snapshot::{self, Agreement, SnapshotId};

/// The file with the first records of a cluster, in each log directory.
pub const BOOTSTRAP_FILE: &str = "bootstrap.checkpoint";
/// The directory of the metadata log.
pub const METADATA_DIR: &str = "__cluster_metadata-0";
/// The versions of kraft.version that a voter of ours knows.
pub(crate) const KRAFT_VERSIONS: (i16, i16) = (0, 1);

/// What is to be formatted.
#[derive(Clone, Debug)]
pub struct Format {
    /// The cluster's id.
    pub cluster_id: ClusterId,
    /// The node's id.
    pub node_id: NodeId,
    /// All log directories (`log.dirs`).
    pub log_dirs: Vec<PathBuf>,
    /// The directory of the metadata log (`metadata.log.dir`), if it is not the first of them.
    pub metadata_log_dir: Option<PathBuf>,
    /// `--standalone`: where this node listens as a controller, being the only voter of a dynamic quorum.
    /// `None` where `controller.quorum.voters` names the voters, or this node is none.
    pub standalone: Option<Endpoint>,
    /// `--ignore-formatted`: pass over directories that are formatted already.
    pub ignore_formatted: bool,
    /// Feature levels other than the default ones (`--feature`).
    pub features: Vec<(String, i16)>,
}

/// Why nothing, or not everything, was formatted.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A directory's `meta.properties` is unreadable.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    MetaProperties(PathBuf, MetaPropertiesError),
    /// A directory was formatted before.
    #[error(
        "Log directory {} is already formatted. Use --ignore-formatted to ignore this directory and format the others.",
        .0.display()
    )]
    AlreadyFormatted(PathBuf),
    /// A directory belongs to another cluster.
    #[error("{} belongs to cluster {found}, not to {expected}: use its cluster id or another directory", .dir.display())]
    OtherCluster {
        /// The directory.
        dir: PathBuf,
        /// Its cluster.
        found: ClusterId,
        /// The cluster that was asked for.
        expected: ClusterId,
    },
    /// A directory belongs to another node.
    #[error("{} belongs to node {found}, not to node {expected}: use its node.id or another directory", .dir.display())]
    OtherNode {
        /// The directory.
        dir: PathBuf,
        /// Its node.
        found: NodeId,
        /// The node that was asked for.
        expected: NodeId,
    },
    /// A feature that does not exist, or not at this level.
    #[error("feature {0} has no level {1}: {2}")]
    Feature(String, i16, Levels),
    /// kraft.version follows from the way the voters are given.
    #[error(
        "kraft.version cannot be {0} here: it is 1 with dynamic voters (--standalone) and 0 with controller.quorum.voters"
    )]
    KraftVersion(i16),
    /// A first record cannot be told at the metadata version that was asked for.
    #[error("the first records cannot be written: {0}")]
    Encode(String),
    /// No directory was given.
    #[error("You must specify at least one directory to format")]
    NoDirectories,
}

/// The lowest and the highest level of a feature, or none if there is no such feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels(Option<(i16, i16)>);

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((min, max)) => write!(f, "its levels are {min} to {max}"),
            None => {
                let names: Vec<_> = features::SUPPORTED.iter().map(|feature| feature.name).collect();
                write!(f, "there is no such feature, only {}", names.join(", "))
            }
        }
    }
}

/// Formats every directory that is not formatted yet. Returns a line for each, as Kafka's tool prints them.
pub fn format(what: &Format, now: Timestamp) -> Result<Vec<String>, FormatError> {
    let metadata_dir = what.metadata_log_dir.as_ref().or(what.log_dirs.first()).ok_or(FormatError::NoDirectories)?;
    let mut dirs: Vec<&PathBuf> = what.log_dirs.iter().collect();
    if !dirs.contains(&metadata_dir) {
        dirs.push(metadata_dir);
    }
    let records = features::bootstrap(&what.features)
        .map_err(|no| FormatError::Feature(no.feature, no.level, Levels(no.known)))?;
    let kraft_version = i16::from(what.standalone.is_some());
    if let Some((_, level)) =
        what.features.iter().find(|(name, level)| name == features::KRAFT_VERSION && *level != kraft_version)
    {
        return Err(FormatError::KraftVersion(*level));
    }
    let version = features::metadata_version(&records);
    let encode = |record: &Record| record.encode(version).map_err(|e| FormatError::Encode(e.to_string()));
    let encoded: Vec<Bytes> = records.iter().map(encode).collect::<Result<_, _>>()?;
    let mut fresh = Vec::new();
    for dir in dirs {
        let found = MetaProperties::read(dir).map_err(|e| FormatError::MetaProperties(dir.clone(), e))?;
        match found {
            None => fresh.push(dir),
            Some(found) => {
                check(dir, &found, &what.cluster_id, what.node_id)?;
                if !what.ignore_formatted {
                    return Err(FormatError::AlreadyFormatted(dir.clone()));
                }
            }
        }
    }
    if fresh.is_empty() {
        return Ok(vec!["All of the log directories are already formatted.".to_owned()]);
    }
    let mut lines = Vec::new();
    for dir in fresh {
        let kind = match (dir == metadata_dir, &what.standalone) {
            (false, _) => "data directory",
            (true, None) => "metadata directory",
            (true, Some(_)) => "dynamic metadata voter directory",
        };
        let voter = what.standalone.as_ref().filter(|_| dir == metadata_dir);
        format_dir(dir, what, voter, &encoded, now)?;
        lines.push(format!("Formatting {kind} {} with metadata.version {version}.", dir.display()));
    }
    Ok(lines)
}

fn format_dir(
    dir: &Path,
    what: &Format,
    voter: Option<&Endpoint>,
    records: &[Bytes],
    now: Timestamp,
) -> Result<(), FormatError> {
    let directory_id = host::dice::uuid();
    host::fs::create_dir_all(dir)?;
    write_bootstrap(dir, records, now)?;
    if let Some(endpoint) = voter {
        write_voters(dir, what.node_id, directory_id, endpoint, now)?;
    }
    // Comes last: a directory with it counts as formatted.
    let meta =
        MetaProperties { cluster_id: what.cluster_id.clone(), node_id: what.node_id, directory_id: Some(directory_id) };
    meta.write(dir, now).map_err(|e| FormatError::MetaProperties(dir.join(meta_properties::FILE_NAME), e))
}

/// The first snapshot of a dynamic quorum: it says only who may vote.
fn write_voters(
    dir: &Path,
    node: NodeId,
    directory_id: DirectoryId,
    endpoint: &Endpoint,
    now: Timestamp,
) -> io::Result<()> {
    let metadata = dir.join(METADATA_DIR);
    host::fs::create_dir_all(&metadata)?;
    let voter = Voter { id: node, directory_id, endpoints: vec![endpoint.clone()], kraft_versions: KRAFT_VERSIONS };
    let agreement = Agreement { kraft_version: KRAFT_VERSIONS.1, voters: Some(vec![voter]) };
    snapshot::write(&metadata, SnapshotId::BOOTSTRAP, (now, now), &agreement, [])?;
    host::fs::sync_dir(dir)
}

fn write_bootstrap(dir: &Path, records: &[Bytes], now: Timestamp) -> io::Result<()> {
    let none = Timestamp(0);
    let encoded = records.iter().cloned();
    let temporary = dir.join(format!("{BOOTSTRAP_FILE}.tmp"));
    snapshot::write_file(&temporary, SnapshotId::BOOTSTRAP.epoch, (none, now), &Agreement::default(), encoded)?;
    host::fs::rename(&temporary, dir.join(BOOTSTRAP_FILE))?;
    host::fs::sync_dir(dir)
}

/// Whether a directory is of this cluster and node.
pub(crate) fn check(
    dir: &Path,
    found: &MetaProperties,
    cluster_id: &ClusterId,
    node_id: NodeId,
) -> Result<(), FormatError> {
    if found.cluster_id != *cluster_id {
        let (found, expected) = (found.cluster_id.clone(), cluster_id.clone());
        return Err(FormatError::OtherCluster { dir: dir.to_owned(), found, expected });
    }
    if found.node_id != node_id {
        return Err(FormatError::OtherNode { dir: dir.to_owned(), found: found.node_id, expected: node_id });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::batch::Batches;

    use super::*;

    /// The time in the voters' snapshot that Apache Kafka wrote.
    const NOW: Timestamp = Timestamp(0x1a2_0b9c_90fd);

    fn what(dir: &Path, standalone: bool) -> Format {
        let endpoint = Endpoint { listener: "CONTROLLER".into(), host: "127.0.0.1".into(), port: 29093 };
        Format {
            cluster_id: ClusterId("MkU3OEVBNTcwNTJENDM2Qg".into()),
            node_id: NodeId(7),
            log_dirs: vec![dir.join("a"), dir.join("b")],
            metadata_log_dir: None,
            standalone: standalone.then_some(endpoint),
            ignore_formatted: false,
            features: Vec::new(),
        }
    }

    /// The batches without what differs from run to run: the checksum and the two times in their headers.
    fn timeless(bytes: &[u8]) -> Vec<Vec<u8>> {
        let strip = |batch: &[u8]| [&batch[..17], &batch[21..27], &batch[43..]].concat();
        Batches::new(bytes).map(|batch| strip(batch.unwrap().bytes())).collect()
    }

    #[test]
    fn a_directory_is_formatted_byte_for_byte_as_apache_kafka_does() {
        let dir = tempfile::tempdir().unwrap();
        let lines = format(&what(dir.path(), true), NOW).unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        let expected = [("dynamic metadata voter directory", &a), ("data directory", &b)]
            .map(|(kind, dir)| format!("Formatting {kind} {} with metadata.version 4.3-IV0.", dir.display()));
        assert_eq!(lines, expected);

        let bootstrap = include_bytes!("testdata/kafka-4.3.1-bootstrap.checkpoint");
        for dir in [&a, &b] {
            assert_eq!(timeless(&host::fs::read(dir.join(BOOTSTRAP_FILE)).unwrap()), timeless(bootstrap));
        }
        let meta = MetaProperties::read(&a).unwrap().unwrap();
        assert_ne!(meta.directory_id, MetaProperties::read(&b).unwrap().unwrap().directory_id);
        let kafkas: DirectoryId = "Ou_g5_SlSPWt8nAMT5WQMQ".parse().unwrap();
        let voters = host::fs::read(a.join(METADATA_DIR).join(SnapshotId::BOOTSTRAP.file_name())).unwrap();
        let at = voters.windows(16).position(|w| w == meta.directory_id.unwrap().as_bytes()).unwrap();
        let voters = [&voters[..at], kafkas.as_bytes(), &voters[at + 16..]].concat();
        assert_eq!(timeless(&voters), timeless(include_bytes!("testdata/kafka-4.3.1-voters.checkpoint")));
        assert!(!host::fs::exists(b.join(METADATA_DIR)));
    }

    #[test]
    fn static_voters_have_no_first_snapshot() {
        let dir = tempfile::tempdir().unwrap();
        let lines = format(&what(dir.path(), false), NOW).unwrap();
        assert!(lines.first().unwrap().starts_with("Formatting metadata directory "), "{lines:?}");
        assert!(!host::fs::exists(dir.path().join("a").join(METADATA_DIR)));
    }

    #[test]
    fn what_is_formatted_is_not_formatted_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut what = what(dir.path(), true);
        format(&what, NOW).unwrap();
        assert!(matches!(format(&what, NOW), Err(FormatError::AlreadyFormatted(_))));
        what.ignore_formatted = true;
        assert_eq!(format(&what, NOW).unwrap(), ["All of the log directories are already formatted."]);
        what.log_dirs.push(dir.path().join("c"));
        assert_eq!(format(&what, NOW).unwrap().len(), 1);
        let other = Format { node_id: NodeId(8), ..what.clone() };
        assert!(matches!(format(&other, NOW), Err(FormatError::OtherNode { .. })));
        let other = Format { cluster_id: ClusterId("x".into()), ..what };
        assert!(matches!(format(&other, NOW), Err(FormatError::OtherCluster { .. })));
    }

    #[test]
    fn features_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let with = |feature: &str, level| Format { features: vec![(feature.into(), level)], ..what(dir.path(), true) };
        for (feature, level, message) in [
            ("group.version", 9, "feature group.version has no level 9: its levels are 0 to 1"),
            ("x", 1, "feature x has no level 1: there is no such feature, only metadata.version, "),
        ] {
            let error = format(&with(feature, level), NOW).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        assert!(matches!(format(&with("kraft.version", 0), NOW), Err(FormatError::KraftVersion(0))));
        let lines = format(&with("metadata.version", 25), NOW).unwrap();
        assert!(lines.iter().all(|line| line.ends_with("metadata.version 4.0-IV3.")), "{lines:?}");
    }
}
