//! The controllers' agreed log of metadata.
//!
//! Today a quorum of one: the only voter drives the [`controller`] over `__cluster_metadata-0`, in Kafka's own
//! format, so that Apache Kafka goes on from the same directory and the reverse. A change counts when the log is
//! synced; then it is published, then whoever asked is answered.

mod batches;
mod cleaner;
mod codec;
mod control;
mod features;
mod format;
mod handle;
mod log;
mod quorum_state;
mod settings;
mod snapshot;
mod start;
#[cfg(test)]
mod tests;
mod writer;

pub use batches::Damaged;
pub use codec::Malformed;
pub use control::{Endpoint, Voter};
pub use features::{Feature, SUPPORTED};
pub use format::{BOOTSTRAP_FILE, Format, FormatError, Levels, METADATA_DIR, format};
pub use handle::{Quorum, Status, SubmitError};
pub use log::LogError;
pub use quorum_state::QuorumState;
pub use settings::{MetadataLogConfig, QuorumConfig};
pub use snapshot::{SnapshotError, SnapshotId};
pub use start::StartError;
pub use writer::Applied;
