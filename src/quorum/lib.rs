//! The controllers' agreed log of metadata.
//!
//! The voters agree by openraft on entries, which carry records that the active controller's [`controller`] decided on. What
//! is agreed is appended to `__cluster_metadata-0` in Kafka's own format, the same bytes on every controller, so that Apache
//! Kafka goes on from the same directory and the reverse. Then it is published, then whoever asked is answered.

mod base;
mod batches;
mod cleaner;
mod codec;
mod control;
mod describe;
mod driver;
mod features;
mod format;
mod handle;
mod ledger;
mod log;
mod observer;
mod publish;
mod quorum_state;
mod raft;
mod read;
mod received;
mod reign;
mod running;
mod settings;
mod snapshot;
mod start;
#[cfg(test)]
mod tests;
mod transport;

pub use batches::Damaged;
pub use codec::Malformed;
pub use control::{Endpoint, Voter};
pub use describe::{Description, VoterState};
pub use features::{Feature, SUPPORTED};
pub use format::{BOOTSTRAP_FILE, Format, FormatError, Levels, METADATA_DIR, format};
pub use handle::{Quorum, Status, SubmitError};
pub use ledger::Applied;
pub use log::LogError;
pub use observer::{Asked, Observer, ObserverConfig, Source, Told};
pub use quorum_state::QuorumState;
pub use raft::Refused;
pub use read::{Fetch, FetchError, Fetched, SnapshotPiece};
pub use settings::{ElectionConfig, MetadataLogConfig, QuorumConfig};
pub use snapshot::{SnapshotError, SnapshotId};
pub use start::StartError;
pub use transport::{Alone, Answer, Transport};
