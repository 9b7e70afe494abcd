//! The control records of the metadata log and of snapshots (`ControlRecordType`, KIP-595, KIP-630, KIP-853).

use model::batch::{ControlRecord, ControlType};
use model::{DirectoryId, NodeId, Timestamp, Uuid};

use crate::codec::{Malformed, Reader, Writer};

/// A controller that may vote, as the voters' control record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Its `node.id`.
    pub id: NodeId,
    /// The directory of its metadata log.
    pub directory_id: DirectoryId,
    /// Where it listens as a controller.
    pub endpoints: Vec<Endpoint>,
    /// The lowest and the highest kraft.version it knows.
    pub kraft_versions: (i16, i16),
}

/// Where a voter listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name, in capitals.
    pub listener: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// A control record that the quorum writes and reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// The first record of each epoch.
    LeaderChange { leader: NodeId, voters: Vec<NodeId>, granting: Vec<NodeId> },
    /// The first record of a snapshot.
    SnapshotHeader { last_contained: Timestamp },
    /// The last record of a snapshot: without it, it is not whole.
    SnapshotFooter,
    /// The version of the agreement's own rules: 0 has static voters, 1 dynamic ones.
    KraftVersion(i16),
    /// Who may vote from here on.
    Voters(Vec<Voter>),
}

impl Control {
    /// The record's key and value.
    pub(crate) fn encode(&self) -> ([u8; 4], Vec<u8>) {
        let mut value = Writer::default();
        value.i16(0);
        let kind = match self {
            Self::LeaderChange { leader, voters, granting } => {
                value.i32(leader.0);
                for nodes in [voters, granting] {
                    value.length(nodes.len());
                    for node in nodes {
                        value.i32(node.0);
                        value.no_tags();
                    }
                }
                ControlType::LeaderChange
            }
            Self::SnapshotHeader { last_contained } => {
                value.i64(last_contained.0);
                ControlType::SnapshotHeader
            }
            Self::SnapshotFooter => ControlType::SnapshotFooter,
            Self::KraftVersion(version) => {
                value.i16(*version);
                ControlType::KRaftVersion
            }
            Self::Voters(voters) => {
                value.length(voters.len());
                for voter in voters {
                    voter.encode(&mut value);
                }
                ControlType::KRaftVoters
            }
        };
        value.no_tags();
        (kind.key(), value.0)
    }

    /// What a control record says; `None` for kinds that mean nothing here.
    pub(crate) fn decode(record: ControlRecord<'_>) -> Result<Option<Self>, Malformed> {
        let mut value = Reader(record.value);
        let version = value.i16()?;
        Ok(match record.kind {
            ControlType::LeaderChange => {
                let leader = NodeId(value.i32()?);
                let mut nodes = || {
                    value.array(|v| {
                        let node = NodeId(v.i32()?);
                        if version >= 1 {
                            v.uuid()?;
                        }
                        v.skip_tags()?;
                        Ok(node)
                    })
                };
                Some(Self::LeaderChange { leader, voters: nodes()?, granting: nodes()? })
            }
            ControlType::SnapshotHeader => Some(Self::SnapshotHeader { last_contained: Timestamp(value.i64()?) }),
            ControlType::SnapshotFooter => Some(Self::SnapshotFooter),
            ControlType::KRaftVersion => Some(Self::KraftVersion(value.i16()?)),
            ControlType::KRaftVoters => Some(Self::Voters(value.array(Voter::decode)?)),
            ControlType::Abort | ControlType::Commit | ControlType::Unknown(_) => None,
        })
    }
}

impl Voter {
    fn encode(&self, out: &mut Writer) {
        out.i32(self.id.0);
        out.bytes(self.directory_id.as_bytes());
        out.length(self.endpoints.len());
        for endpoint in &self.endpoints {
            out.string(&endpoint.listener);
            out.string(&endpoint.host);
            out.bytes(&endpoint.port.to_be_bytes());
            out.no_tags();
        }
        out.i16(self.kraft_versions.0);
        out.i16(self.kraft_versions.1);
        out.no_tags();
        out.no_tags();
    }

    fn decode(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let id = NodeId(from.i32()?);
        let directory_id = Uuid::from_bytes(from.uuid()?);
        let endpoints = from.array(|from| {
            let (listener, host, port) = (from.string()?, from.string()?, from.i16()? as u16);
            from.skip_tags()?;
            Ok(Endpoint { listener, host, port })
        })?;
        let kraft_versions = (from.i16()?, from.i16()?);
        from.skip_tags()?;
        from.skip_tags()?;
        Ok(Self { id, directory_id, endpoints, kraft_versions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn decode(kind: u8, value: &[u8]) -> Result<Option<Control>, Malformed> {
        Control::decode(ControlRecord { kind: ControlType::from_id(kind.into()), value })
    }

    #[test]
    fn the_bytes_are_those_of_apache_kafka() {
        let me = NodeId(7);
        let voter = Voter {
            id: me,
            directory_id: "Ou_g5_SlSPWt8nAMT5WQMQ".parse().unwrap(),
            endpoints: vec![Endpoint { listener: "CONTROLLER".into(), host: "127.0.0.1".into(), port: 29093 }],
            kraft_versions: (0, 1),
        };
        for (record, key, value) in [
            (
                Control::LeaderChange { leader: me, voters: vec![me], granting: vec![me] },
                "0000 0002",
                "0000 00000007 02 00000007 00 02 00000007 00 00",
            ),
            (
                Control::SnapshotHeader { last_contained: Timestamp(0x1a2_0b9c_90fd) },
                "0000 0003",
                "0000 000001a20b9c90fd 00",
            ),
            (Control::SnapshotFooter, "0000 0004", "0000 00"),
            (Control::KraftVersion(1), "0000 0005", "0000 0001 00"),
            (
                Control::Voters(vec![voter]),
                "0000 0006",
                "0000 02 00000007 3aefe0e7f4a548f5adf2700c4f959031 02 0b434f4e54524f4c4c4552 \
                 0a3132372e302e302e31 71a5 00 0000 0001 00 00 00",
            ),
        ] {
            let (found_key, found_value) = record.encode();
            assert_eq!((found_key.to_vec(), &found_value), (hex(key), &hex(value)), "{record:?}");
            assert_eq!(decode(hex(key)[3], &found_value).unwrap(), Some(record));
        }
    }

    #[test]
    fn newer_leader_changes_and_other_kinds_are_understood() {
        let newer = "0001 00000007 02 00000007 3aefe0e7f4a548f5adf2700c4f959031 00 01 00";
        let change = decode(2, &hex(newer)).unwrap();
        assert_eq!(
            change,
            Some(Control::LeaderChange { leader: NodeId(7), voters: vec![NodeId(7)], granting: vec![] })
        );
        assert_eq!(decode(1, &hex("0000")).unwrap(), None);
        assert!(decode(6, &hex("0000 ff ff ff ff 0f")).is_err());
    }
}
