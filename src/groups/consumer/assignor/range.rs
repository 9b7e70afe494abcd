//! `range`: of every topic each subscriber gets one contiguous range (`RangeAssignor`).
//!
//! Members come in the same order for every topic, so that where all subscribe to the same topics and these have equally
//! many partitions, a member has the same partition numbers everywhere and can join their streams.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::PartitionIndex;

use super::{Shares, Spec, Subscriber};
use crate::consumer::partitions::Partitions;

/// How far a topic is given away.
struct Topic {
    partitions: i32,
    next: i32,
    quota: i32,
    extra: i32,
}

pub(super) fn assign(spec: &Spec) -> Shares {
    let mut subscribers = BTreeMap::new();
    for topic in spec.members.values().flat_map(|member| member.topics.iter()) {
        *subscribers.entry(*topic).or_insert(0) += 1;
    }
    let mut topics: BTreeMap<_, _> = subscribers
        .into_iter()
        .map(|(topic, subscribers)| {
            let partitions = spec.count(topic);
            (topic, Topic { partitions, next: 0, quota: partitions / subscribers, extra: partitions % subscribers })
        })
        .collect();
    let mut shares = Shares::new();
    for (id, member) in in_order(spec) {
        let mut share = Partitions::new();
        for id in member.topics.iter() {
            let Some(topic) = topics.get_mut(id) else { continue };
            let quota = topic.quota + i32::from(topic.extra > 0);
            topic.extra = (topic.extra - 1).max(0);
            let range = topic.next..topic.partitions.min(topic.next + quota);
            topic.next = range.end;
            if !range.is_empty() {
                share.insert(*id, range.map(PartitionIndex).collect());
            }
        }
        shares.insert(id.clone(), Arc::new(share));
    }
    shares
}

/// Static members first, by instance id, then the others by member id: a static member that comes back under another
/// member id keeps its place, and so its ranges.
fn in_order(spec: &Spec) -> Vec<(&Arc<str>, &Subscriber)> {
    let mut members: Vec<_> = spec.members.iter().collect();
    members.sort_by_key(|(id, member)| match &member.instance {
        Some(instance) => (false, instance.clone()),
        None => (true, (*id).clone()),
    });
    members
}
