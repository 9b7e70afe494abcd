//! The controllers' agreed log of metadata.

mod batches;
mod codec;
mod control;
mod features;
mod format;
mod quorum_state;
mod snapshot;

pub use batches::Damaged;
pub use codec::Malformed;
pub use control::{Endpoint, Voter};
pub use format::{BOOTSTRAP_FILE, Format, FormatError, Levels, METADATA_DIR, format};
pub use quorum_state::QuorumState;
pub use snapshot::{SnapshotError, SnapshotId};
