//! Kafka's metadata records, the image they fold into, its changes and snapshots.

pub mod delta;
pub mod features;
pub mod image;
mod record;
pub mod records;
mod snapshot;
#[cfg(test)]
mod tests;
mod version;

pub use delta::Delta;
pub use features::Feature;
pub use image::{ConfigResource, Image, Partition, ResourceType, Topic};
pub use record::{Record, RecordError};
pub use version::MetadataVersion;

/// A persistent ordered map: a clone shares everything with its original.
pub type Map<K, V> = rpds::RedBlackTreeMapSync<K, V>;
