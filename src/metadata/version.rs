//! The cluster's metadata version: which records, and which versions of them, all its nodes can read.

use std::fmt;

/// A level of the feature `metadata.version` (`org.apache.kafka.server.common.MetadataVersion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataVersion(pub i16);

const NAMES: &[&str] = &[
    "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1",
    "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0",
    "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
];

/// The levels that brought another record, or another version of one.
const CHANGES: &[i16] = &[7, 8, 11, 13, 14, 15, 17, 23, 30];

impl MetadataVersion {
    /// The feature's name.
    pub const FEATURE: &str = "metadata.version";
    /// 3.3-IV3, the oldest that can be read.
    pub const MINIMUM: Self = Self(7);
    /// 4.3-IV0, what a new cluster gets.
    pub const LATEST: Self = Self(30);

    /// Its name, such as `4.3-IV0`.
    pub fn name(self) -> Option<&'static str> {
        NAMES.get(usize::try_from(self.0.checked_sub(Self::MINIMUM.0)?).ok()?).copied()
    }

    /// Since 3.6-IV0 a leader keeps its epoch when its ISR shrinks.
    pub fn keeps_epoch_on_isr_shrink(self) -> bool {
        self.0 >= 12
    }

    /// Since 3.6-IV1 records can be grouped to transactions (KIP-868).
    pub fn has_transactions(self) -> bool {
        self.0 >= 13
    }

    /// Since 3.7-IV0 controllers register themselves (KIP-919).
    pub fn has_controller_registration(self) -> bool {
        self.0 >= 15
    }

    /// Since 3.7-IV2 the directory of each replica is known (KIP-858).
    pub fn has_directories(self) -> bool {
        self.0 >= 17
    }

    /// Since 4.0-IV1 partitions can have eligible leader replicas (KIP-966).
    pub fn has_eligible_leader_replicas(self) -> bool {
        self.0 >= 23
    }

    /// Since 4.3-IV0 directories can be cordoned (KIP-1066).
    pub fn has_cordoned_directories(self) -> bool {
        self.0 >= 30
    }

    /// Whether an earlier level would lose something that this one can say (`MetadataVersion.checkIfMetadataChanged`).
    pub fn changed_metadata_since(self, earlier: Self) -> bool {
        CHANGES.iter().any(|level| (earlier.0 + 1..=self.0).contains(level))
    }

    pub(crate) fn partition_record(self) -> i16 {
        i16::from(self.has_directories()) + i16::from(self.has_eligible_leader_replicas())
    }

    pub(crate) fn register_broker_record(self) -> i16 {
        1 + i16::from(self.0 >= 8) + i16::from(self.has_directories()) + i16::from(self.has_cordoned_directories())
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "level {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MetadataVersion;

    #[test]
    fn levels_have_kafkas_names() {
        assert_eq!(MetadataVersion::MINIMUM.to_string(), "3.3-IV3");
        assert_eq!(MetadataVersion(21).to_string(), "3.9-IV0");
        assert_eq!(MetadataVersion::LATEST.to_string(), "4.3-IV0");
        assert_eq!(MetadataVersion(31).name(), None);
        assert_eq!(MetadataVersion(-1).name(), None);
    }
}
