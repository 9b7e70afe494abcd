//! What members that speak the classic protocol tell and are told, in the bytes of that protocol (`ConsumerProtocol`).

use bytes::{Buf, BufMut, Bytes, BytesMut};
use model::TopicName;
use wire::schema::Message;

use super::partitions::Partitions;
use crate::Surroundings;
use crate::protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicPartition};

/// The newest version of both messages. Later ones are read as this one.
const NEWEST: i16 = 3;

/// What such a member wants, and what it has.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Subscription {
    pub(crate) topics: Vec<TopicName>,
    pub(crate) rack: Option<String>,
    /// What it owns of topics that exist.
    pub(crate) owned: Partitions,
}

/// Why an assignment cannot be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is none.
    Malformed,
    /// An assignor of the users' own has put something into it that would be lost.
    HasUserData,
}

/// Reads a subscription; none if it is none.
pub(crate) fn subscription(bytes: &Bytes, surroundings: &Surroundings) -> Option<Subscription> {
    let mut bytes = bytes.clone();
    let version = version(&mut bytes)?;
    let told = ConsumerProtocolSubscription::decode_body(&mut bytes, version).ok()?;
    let rack = told.rack_id.filter(|rack| !rack.is_empty());
    Some(Subscription { topics: told.topics, rack, owned: ids(told.owned_partitions, surroundings) })
}

/// Reads an assignment. No bytes at all are none yet.
pub(crate) fn assignment(bytes: &Bytes, surroundings: &Surroundings) -> Result<Partitions, Unreadable> {
    if bytes.is_empty() {
        return Ok(Partitions::new());
    }
    let mut bytes = bytes.clone();
    let version = version(&mut bytes).ok_or(Unreadable::Malformed)?;
    let told = ConsumerProtocolAssignment::decode_body(&mut bytes, version).map_err(|_| Unreadable::Malformed)?;
    if told.user_data.is_some_and(|data| !data.is_empty()) {
        return Err(Unreadable::HasUserData);
    }
    Ok(ids(told.assigned_partitions, surroundings))
}

/// Writes an assignment, in the version of what the member told.
pub(crate) fn write_assignment(partitions: &Partitions, told: &Bytes, surroundings: &Surroundings) -> Option<Bytes> {
    let version = version(&mut told.clone())?;
    let topic = |(id, partitions): (&_, &std::collections::BTreeSet<_>)| {
        let topic = surroundings.name(*id)?.clone();
        Some(TopicPartition { topic, partitions: partitions.iter().copied().collect(), ..Default::default() })
    };
    let assigned_partitions = partitions.iter().filter_map(topic).collect();
    let assignment = ConsumerProtocolAssignment { assigned_partitions, user_data: None, ..Default::default() };
    let mut bytes = BytesMut::new();
    bytes.put_i16(version);
    assignment.encode_body(&mut bytes, version).ok()?;
    Some(bytes.freeze())
}

fn version(bytes: &mut Bytes) -> Option<i16> {
    let version = bytes.try_get_i16().ok()?;
    (version >= 0).then_some(version.min(NEWEST))
}

fn ids(topics: Vec<TopicPartition>, surroundings: &Surroundings) -> Partitions {
    let mut partitions = Partitions::new();
    for topic in topics {
        if let Some(known) = surroundings.topic(&topic.topic) {
            partitions.entry(known.id).or_default().extend(topic.partitions);
        }
    }
    partitions
}
