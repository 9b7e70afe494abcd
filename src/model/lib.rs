//! The nouns of the broker. No I/O, no clocks, no API versions.
//!
//! Every noun has one type and one name here: an [`Offset`] is not a [`LeaderEpoch`], and the compiler
//! knows it. Record batches are borrowed bytes ([`batch`]); nothing here owns a client's data.

pub mod batch;
mod error;
mod ids;
mod numbers;
mod refusal;
mod topic;

pub use error::ErrorCode;
pub use ids::{ClusterId, DirectoryId, TopicId, Uuid};
pub use numbers::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, ProducerEpoch, ProducerId, Sequence,
    Timestamp,
};
pub use refusal::Refusal;
pub use topic::{CLUSTER_METADATA, InvalidTopicName, TopicName, TopicPartition, names_collide};
