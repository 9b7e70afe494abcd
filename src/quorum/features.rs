//! The feature levels that a new cluster begins with (`Feature`, KIP-584, KIP-1022).

pub(crate) use metadata::features::KRAFT_VERSION;
pub use metadata::features::{Feature, SUPPORTED};
use metadata::records::FeatureLevelRecord;
use metadata::{MetadataVersion, Record};

/// A level that was asked for and does not exist.
pub(crate) struct Unsupported {
    pub(crate) feature: String,
    pub(crate) level: i16,
    /// The levels there are; none if there is no such feature.
    pub(crate) known: Option<(i16, i16)>,
}

/// The records that a cluster begins with.
pub(crate) fn bootstrap(asked: &[(String, i16)]) -> Result<Vec<Record>, Unsupported> {
    for (name, level) in asked {
        let known = SUPPORTED.iter().find(|f| f.name == name).map(|f| (f.min, f.max));
        if !known.is_some_and(|(min, max)| (min..=max).contains(level)) {
            return Err(Unsupported { feature: name.clone(), level: *level, known });
        }
    }
    let level = |f: &Feature| asked.iter().rfind(|(name, _)| name == f.name).map_or(f.max, |(_, level)| *level);
    // Level 0 is that of a feature nobody mentions (`BootstrapMetadata.fromVersions`).
    let chosen =
        SUPPORTED.iter().map(|f| (f.name, level(f))).filter(|(name, level)| *name != KRAFT_VERSION && *level > 0);
    let record = |(name, level): (&str, i16)| FeatureLevelRecord {
        name: name.into(),
        feature_level: level,
        ..Default::default()
    };
    Ok(chosen.map(|chosen| record(chosen).into()).collect())
}

/// The level of a feature among records.
pub(crate) fn level_of(records: &[Record], feature: &str) -> Option<i16> {
    records.iter().rev().find_map(|record| match record {
        Record::FeatureLevel(level) if level.name == feature => Some(level.feature_level),
        _ => None,
    })
}

/// The metadata version among records; the newest if there is none.
pub(crate) fn metadata_version(records: &[Record]) -> MetadataVersion {
    level_of(records, MetadataVersion::FEATURE).map_or(MetadataVersion::LATEST, MetadataVersion)
}
