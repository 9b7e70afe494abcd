//! The features whose levels a cluster agrees on, and the levels that this version knows (`Feature`, KIP-584, KIP-1022).

use crate::MetadataVersion;

/// A feature and the levels that this version knows. A new cluster begins with the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// The lowest level.
    pub min: i16,
    /// The highest level.
    pub max: i16,
}

impl Feature {
    /// The feature of this name, if this version knows it.
    pub fn named(name: &str) -> Option<Self> {
        SUPPORTED.iter().find(|feature| feature.name == name).copied()
    }
}

const fn feature(name: &'static str, min: i16, max: i16) -> Feature {
    Feature { name, min, max }
}

/// Eligible leader replicas (KIP-966).
pub const ELR_VERSION: &str = "eligible.leader.replicas.version";

/// The feature whose level the quorum keeps in a control record of its own: 1 has dynamic voters (KIP-853).
pub const KRAFT_VERSION: &str = "kraft.version";

/// Every feature; metadata.version comes first, as Kafka writes it.
pub const SUPPORTED: &[Feature] = &[
    feature(MetadataVersion::FEATURE, MetadataVersion::MINIMUM.0, MetadataVersion::LATEST.0),
    feature(ELR_VERSION, 0, 1),
    feature("group.version", 0, 1),
    feature(KRAFT_VERSION, 0, 1),
    feature("share.version", 0, 1),
    feature("streams.version", 0, 1),
    feature("transaction.version", 0, 2),
];
