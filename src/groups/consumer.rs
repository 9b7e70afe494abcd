//! Consumer groups: the coordinator divides the partitions among the members (KIP-848).
//!
//! A member tells in its heartbeats what it subscribes to and what it owns. Changes raise the group's epoch; for an epoch
//! a target is computed; each member goes to its target step by step, and gives back before others get.

pub mod assignor;
mod check;
mod classic_member;
mod commit;
mod describe;
mod embedded;
mod group;
mod hash;
mod heartbeat;
mod leave;
mod member;
mod migrate;
pub mod partitions;
mod pattern;
mod reconcile;
mod records;
mod session;
mod soft;
mod subscription;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use commit::{Committer, MayCommit};
pub use describe::{DescribedConsumer, DescribedConsumerGroup, NamedPartitions};
pub use group::{ConsumerGroup, Expression, GroupState, Subscribers};
pub use heartbeat::ConsumerBeat;
pub use member::{Member, MemberState};
pub use model::Refusal;
pub(crate) use soft::Soft;
