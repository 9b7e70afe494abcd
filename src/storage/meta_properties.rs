//! `meta.properties`: which cluster, node and directory a log directory belongs to (`MetaProperties`, KIP-858).

use std::path::Path;

use model::{ClusterId, DirectoryId, NodeId, Timestamp};

use crate::properties;

/// The file's name, in each log directory.
pub const FILE_NAME: &str = "meta.properties";

/// What a log directory says about itself. Version 1, the only one that KRaft writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// The node whose directory it is.
    pub node_id: NodeId,
    /// The directory; `None` in files of before Kafka 3.7, which get one at the next start.
    pub directory_id: Option<DirectoryId>,
}

/// Why a `meta.properties` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MetaPropertiesError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The file is of a version that this broker does not know.
    #[error("{FILE_NAME} has version {0:?}; only version 1 is known (version 0 belongs to a cluster with ZooKeeper)")]
    Version(String),
    /// A line that must be there is not.
    #[error("{FILE_NAME} has no {0}")]
    Missing(&'static str),
    /// A value is not what its key asks for.
    #[error("{FILE_NAME} has {key}={value:?}, which is not {expected}")]
    Malformed {
        /// The key.
        key: &'static str,
        /// The value that was found.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
}

impl MetaProperties {
    /// Reads the file of a directory; `None` if there is none, so the directory is not formatted.
    pub fn read(dir: &Path) -> Result<Option<Self>, MetaPropertiesError> {
        match host::fs::read_to_string(dir.join(FILE_NAME)) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the file of a directory, atomically. The time goes into the comment that Java's properties have.
    pub fn write(&self, dir: &Path, now: Timestamp) -> Result<(), MetaPropertiesError> {
        Ok(host::fs::write_atomically(dir.join(FILE_NAME), self.to_text(now).as_bytes())?)
    }

    /// The text of the file.
    pub fn parse(text: &str) -> Result<Self, MetaPropertiesError> {
        let found = properties::parse(text);
        let get = |key: &'static str| found.get(key).ok_or(MetaPropertiesError::Missing(key));
        let version = found.get("version").map_or("0", String::as_str);
        if version != "1" {
            return Err(MetaPropertiesError::Version(version.to_owned()));
        }
        let malformed =
            |key, value: &str, expected| MetaPropertiesError::Malformed { key, value: value.into(), expected };
        let node = get("node.id")?;
        let node_id = node.parse().map(NodeId).map_err(|_| malformed("node.id", node, "a number"))?;
        let directory_id = match found.get("directory.id") {
            Some(id) => Some(id.parse().map_err(|_| malformed("directory.id", id, "a directory's id"))?),
            None => None,
        };
        Ok(Self { cluster_id: ClusterId(get("cluster.id")?.clone()), node_id, directory_id })
    }

    /// The file as Kafka writes it, the order of the lines included.
    pub fn to_text(&self, now: Timestamp) -> String {
        let directory = self.directory_id.map(|id| format!("directory.id={id}\n")).unwrap_or_default();
        let cluster = properties::escape_value(&self.cluster_id.0);
        let (date, node) = (properties::java_date(now), self.node_id);
        format!("#\n#{date}\nnode.id={node}\n{directory}version=1\ncluster.id={cluster}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KAFKAS: &str = "#\n#Tue Nov 24 03:32:19 UTC 2026\nnode.id=7\ndirectory.id=Ou_g5_SlSPWt8nAMT5WQMQ\nversion=1\n\
                          cluster.id=MkU3OEVBNTcwNTJENDM2Qg\n";

    #[test]
    fn reads_and_writes_what_kafka_does() {
        let meta = MetaProperties::parse(KAFKAS).unwrap();
        assert_eq!(meta.node_id, NodeId(7));
        assert_eq!(meta.directory_id, Some("Ou_g5_SlSPWt8nAMT5WQMQ".parse().unwrap()));
        assert_eq!(meta.to_text(Timestamp(1_795_491_139_000)), KAFKAS);
    }

    #[test]
    fn survives_the_disk_and_a_strange_cluster_id() {
        let dir = tempfile::tempdir().unwrap();
        assert!(MetaProperties::read(dir.path()).unwrap().is_none());
        let meta = MetaProperties { cluster_id: ClusterId(" a=b:c#ü".into()), node_id: NodeId(0), directory_id: None };
        meta.write(dir.path(), Timestamp(0)).unwrap();
        assert_eq!(MetaProperties::read(dir.path()).unwrap(), Some(meta));
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            ("broker.id=1\n", "has version \"0\""),
            ("version=1\nnode.id=1\n", "has no cluster.id"),
            ("version=1\ncluster.id=x\n", "has no node.id"),
            ("version=1\ncluster.id=x\nnode.id=one\n", "node.id=\"one\", which is not a number"),
            ("version=1\ncluster.id=x\nnode.id=1\ndirectory.id=?\n", "which is not a directory's id"),
        ] {
            let error = MetaProperties::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
