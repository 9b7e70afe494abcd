//! The controllers' agreed log of metadata.

mod batches;
mod codec;
mod control;
mod quorum_state;
mod snapshot;

pub use batches::Damaged;
pub use codec::Malformed;
pub use control::{Endpoint, Voter};
pub use quorum_state::QuorumState;
pub use snapshot::{SnapshotError, SnapshotId};
