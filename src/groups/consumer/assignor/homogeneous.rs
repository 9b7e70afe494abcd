//! `uniform` where all members subscribe to the same topics (`UniformHomogeneousAssignmentBuilder`).
//!
//! Everybody keeps what fits into a fair share; what is left over goes to those below theirs. Shares differ by one
//! partition at most, and only then partitions stay where they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{PartitionIndex, TopicId};

use super::{Shares, Spec, Subscriber};

pub(super) fn assign(spec: &Spec) -> Shares {
    let topics = spec.members.values().next().map(|first| first.topics.clone()).unwrap_or_default();
    if topics.is_empty() {
        return Shares::new();
    }
    let mut free = unassigned(spec, topics.iter().copied());
    let total: i64 = topics.iter().map(|topic| i64::from(spec.count(*topic))).sum();
    let members = spec.members.len() as i64;
    let quota = total / members;
    let mut with_extra = total % members;

    let mut shares = Shares::new();
    let mut unfilled = Vec::new();
    for (left, (id, member)) in (1..=members).rev().zip(&spec.members) {
        let mut extra = with_extra > 0;
        let mut room = quota + i64::from(extra);
        shares.insert(id.clone(), keep(member, &mut room, &mut free));
        // Somebody else may want the extra partition, unless so few members are left that each must take one.
        if room > 0 && extra && left > with_extra {
            room -= 1;
            extra = false;
        }
        if room > 0 {
            unfilled.push((id.clone(), room));
        }
        with_extra -= i64::from(extra);
    }

    let mut free = free.into_iter();
    for (id, room) in unfilled {
        let Some(share) = shares.get_mut(&id).map(Arc::make_mut) else { continue };
        for (topic, partition) in free.by_ref().take(room as usize) {
            share.entry(topic).or_default().insert(partition);
        }
    }
    shares
}

/// What nobody has, in the order of the topics.
fn unassigned(spec: &Spec, topics: impl Iterator<Item = TopicId>) -> Vec<(TopicId, PartitionIndex)> {
    let mut taken: BTreeMap<_, _> = topics.map(|topic| (topic, vec![false; spec.count(topic) as usize])).collect();
    for (topic, partitions) in spec.members.values().flat_map(|member| member.current.iter()) {
        let Some(taken) = taken.get_mut(topic) else { continue };
        for partition in partitions {
            if let Some(taken) = taken.get_mut(partition.0 as usize) {
                *taken = true;
            }
        }
    }
    let free = |(topic, taken): (TopicId, Vec<bool>)| {
        let numbered = taken.into_iter().zip(0..);
        numbered.filter(|(taken, _)| !taken).map(move |(_, number)| (topic, PartitionIndex(number)))
    };
    taken.into_iter().flat_map(free).collect()
}

/// The part of a member's share that it may keep, which takes up `room`; what does not fit becomes free.
fn keep(member: &Subscriber, room: &mut i64, free: &mut Vec<(TopicId, PartitionIndex)>) -> Arc<super::Partitions> {
    let mut share = member.current.clone();
    for (topic, partitions) in member.current.iter() {
        if !member.topics.contains(topic) {
            Arc::make_mut(&mut share).remove(topic);
            continue;
        }
        let kept = (*room).min(partitions.len() as i64);
        *room -= kept;
        let Some(first_out) = partitions.iter().nth(kept as usize) else { continue };
        let share = Arc::make_mut(&mut share);
        let too_many = share.get_mut(topic).map(|partitions| partitions.split_off(first_out)).unwrap_or_default();
        share.retain(|_, partitions| !partitions.is_empty());
        free.extend(too_many.into_iter().map(|partition| (*topic, partition)));
    }
    share
}
