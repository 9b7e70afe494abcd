//! `quorum-state`: the epoch this voter has reached and whom it voted for (`FileQuorumStateStore`).

use std::io;
use std::path::Path;

use model::{DirectoryId, LeaderEpoch, NodeId};
use serde::{Deserialize, Serialize};

/// The file's name, in the directory of the metadata log.
pub const FILE_NAME: &str = "quorum-state";

/// What survives a restart of a voter's part in elections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumState {
    /// The leader of the epoch, or "none".
    pub leader: NodeId,
    /// The newest epoch this voter knows of.
    pub epoch: LeaderEpoch,
    /// Whom this voter gave its vote in the epoch, or "none".
    pub voted: NodeId,
    /// The directory of the one it voted for.
    pub voted_directory: DirectoryId,
    /// The voters, in the file of a quorum whose voters are static (data_version 0); `None` with dynamic ones (1).
    pub static_voters: Option<Vec<NodeId>>,
}

/// Both versions; what a version does not have is not written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster_id: Option<String>,
    leader_id: i32,
    leader_epoch: i32,
    voted_id: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    voted_directory_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    applied_offset: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current_voters: Option<Vec<VoterJson>>,
    #[serde(rename = "data_version")]
    data_version: i16,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VoterJson {
    voter_id: i32,
}

impl QuorumState {
    /// Reads the file; `None` if there is none. `InvalidData` if it is not what Kafka writes.
    pub fn read(dir: &Path) -> io::Result<Option<Self>> {
        let path = dir.join(FILE_NAME);
        match host::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text)
                .map(Some)
                .map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {reason}", path.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file; it is on disk when this returns.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        host::fs::write_atomically(dir.join(FILE_NAME), self.to_text()?.as_bytes())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if !(0..=1).contains(&json.data_version) {
            return Err(format!("data_version {} is not known", json.data_version));
        }
        let voted_directory = json.voted_directory_id.as_deref().map_or(Ok(DirectoryId::ZERO), str::parse);
        let voters = json.current_voters.unwrap_or_default().into_iter().map(|v| NodeId(v.voter_id)).collect();
        Ok(Self {
            leader: NodeId(json.leader_id),
            epoch: LeaderEpoch(json.leader_epoch),
            voted: NodeId(json.voted_id),
            voted_directory: voted_directory.map_err(|e| e.to_string())?,
            static_voters: (json.data_version == 0).then_some(voters),
        })
    }

    fn to_text(&self) -> io::Result<String> {
        let dynamic = self.static_voters.is_none();
        let voters = self.static_voters.as_ref();
        let json = Json {
            cluster_id: (!dynamic).then(String::new),
            leader_id: self.leader.0,
            leader_epoch: self.epoch.0,
            voted_id: self.voted.0,
            voted_directory_id: dynamic.then(|| self.voted_directory.to_string()),
            applied_offset: (!dynamic).then_some(0),
            current_voters: voters.map(|voters| voters.iter().map(|v| VoterJson { voter_id: v.0 }).collect()),
            data_version: dynamic.into(),
        };
        Ok(serde_json::to_string(&json)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATIC: &str = r#"{"clusterId":"","leaderId":7,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":7}],"data_version":0}"#;
    const DYNAMIC: &str =
        r#"{"leaderId":7,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#;

    #[test]
    fn both_versions_are_kafkas() {
        for (text, static_voters) in [(STATIC, Some(vec![NodeId(7)])), (DYNAMIC, None)] {
            let state = QuorumState::parse(text).unwrap();
            assert_eq!((state.leader, state.epoch, state.voted), (NodeId(7), LeaderEpoch(1), NodeId::NONE));
            assert_eq!(state.static_voters, static_voters);
            assert_eq!(state.to_text().unwrap(), text);
        }
        assert!(QuorumState::parse(&DYNAMIC.replace("n\":1}", "n\":2}")).is_err());
    }

    #[test]
    fn it_survives_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(QuorumState::read(dir.path()).unwrap(), None);
        let state = QuorumState::parse(DYNAMIC).unwrap();
        state.write(dir.path()).unwrap();
        assert_eq!(QuorumState::read(dir.path()).unwrap(), Some(state));
        host::fs::write_atomically(dir.path().join(FILE_NAME), b"{").unwrap();
        assert_eq!(QuorumState::read(dir.path()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
