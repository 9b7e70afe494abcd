//! `uniform` where members subscribe to different topics (`UniformHeterogeneousAssignmentBuilder`).
//!
//! First everybody keeps what it still subscribes to, then free partitions go to the least loaded subscribers, the topics with
//! most partitions a subscriber first; at last partitions move from loaded members to idle ones, topic by topic, until nothing improves.

mod balancer;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use model::{PartitionIndex, TopicId};

use super::{Shares, Spec};
use balancer::Balancer;

/// How often all topics are gone through to even out loads. Where subscriptions overlap without being the same, each round
/// about halves what is uneven, and this many are enough.
const MAX_ROUNDS: usize = 16;

/// The work on one assignment. Members are numbered in the order of their ids.
struct Builder {
    topics: BTreeMap<TopicId, Topic>,
    /// How many partitions each member has.
    loads: Vec<usize>,
}

struct Topic {
    /// The members that subscribe to it, ascending.
    subscribers: Vec<usize>,
    /// Who has each partition.
    owners: Vec<Option<usize>>,
}

pub(super) fn assign(spec: &Spec) -> Shares {
    let mut builder = Builder::new(spec);
    if builder.topics.is_empty() {
        return Shares::new();
    }
    builder.assign_free();
    builder.balance();
    builder.shares(spec)
}

impl Builder {
    /// Everybody has what it had and still subscribes to.
    fn new(spec: &Spec) -> Self {
        let mut topics = BTreeMap::new();
        for (number, member) in spec.members.values().enumerate() {
            for topic in member.topics.iter() {
                let none = || Topic { subscribers: vec![], owners: vec![None; spec.count(*topic) as usize] };
                topics.entry(*topic).or_insert_with(none).subscribers.push(number);
            }
        }
        let mut loads = vec![0; spec.members.len()];
        for ((number, member), load) in spec.members.values().enumerate().zip(&mut loads) {
            let kept = member.current.iter().filter(|(topic, _)| member.topics.contains(topic));
            for (topic, partitions) in kept {
                let Some(topic) = topics.get_mut(topic) else { continue };
                for partition in partitions {
                    if let Some(owner @ None) = topic.owners.get_mut(partition.0 as usize) {
                        *owner = Some(number);
                        *load += 1;
                    }
                }
            }
        }
        Self { topics, loads }
    }

    fn assign_free(&mut self) {
        for id in self.in_order(|topic| topic.owners.contains(&None)) {
            let Some(topic) = self.topics.get_mut(&id) else { continue };
            let mut balancer = Balancer::new(&topic.subscribers, &self.loads);
            for owner in topic.owners.iter_mut().filter(|owner| owner.is_none()) {
                let Some(member) = balancer.next_least_loaded(&self.loads) else { break };
                *owner = Some(member);
                add(&mut self.loads, member, 1);
            }
        }
    }

    /// Goes round the topics until a whole round has moved nothing.
    fn balance(&mut self) {
        let ids = self.in_order(|topic| topic.subscribers.len() >= 2);
        let mut last_moved = None;
        for _ in 0..MAX_ROUNDS {
            for id in &ids {
                if last_moved == Some(*id) {
                    return;
                }
                if self.balance_topic(*id) > 0 || last_moved.is_none() {
                    last_moved = Some(*id);
                }
            }
        }
    }

    /// Moves partitions of one topic from its most to its least loaded subscribers; says how many moved.
    fn balance_topic(&mut self, id: TopicId) -> usize {
        let Some(topic) = self.topics.get_mut(&id) else { return 0 };
        let mut balancer = Balancer::new(&topic.subscribers, &self.loads);
        if balancer.imbalance(&self.loads) <= 1 {
            return 0;
        }
        // What each member may give away, from its last partition on. What it gets in this round it does not give away again.
        let mut giveable = BTreeMap::<usize, Vec<usize>>::new();
        for (partition, owner) in topic.owners.iter().enumerate() {
            if let Some(owner) = owner {
                giveable.entry(*owner).or_default().push(partition);
            }
        }
        let mut moved = 0;
        loop {
            let Some(giver) = balancer.next_most_loaded(&self.loads) else { return moved };
            let Some(partition) = giveable.get_mut(&giver).and_then(Vec::pop) else {
                balancer.exclude_most_loaded();
                continue;
            };
            let Some(taker) = balancer.next_least_loaded(&self.loads) else { return moved };
            if balancer.is_balanced() {
                return moved;
            }
            if let Some(owner) = topic.owners.get_mut(partition) {
                *owner = Some(taker);
            }
            add(&mut self.loads, giver, -1);
            add(&mut self.loads, taker, 1);
            moved += 1;
        }
    }

    /// Most partitions a subscriber first, then fewest subscribers, then by id as Java compares ids.
    fn in_order(&self, wanted: impl Fn(&Topic) -> bool) -> Vec<TopicId> {
        let mut topics: Vec<_> = self.topics.iter().filter(|(_, topic)| wanted(topic)).collect();
        topics.sort_by(|(id, topic), (other_id, other)| {
            let share = |topic: &Topic| topic.owners.len() as f64 / topic.subscribers.len() as f64;
            let by_share = share(other).partial_cmp(&share(topic)).unwrap_or(Ordering::Equal);
            by_share
                .then(topic.subscribers.len().cmp(&other.subscribers.len()))
                .then(signed(**id).cmp(&signed(**other_id)))
        });
        topics.into_iter().map(|(id, _)| *id).collect()
    }

    fn shares(self, spec: &Spec) -> Shares {
        let mut shares = vec![super::Partitions::new(); spec.members.len()];
        for (id, topic) in &self.topics {
            for (owner, partition) in topic.owners.iter().zip(0..) {
                if let Some(share) = owner.and_then(|owner| shares.get_mut(owner)) {
                    share.entry(*id).or_default().insert(PartitionIndex(partition));
                }
            }
        }
        spec.members.keys().cloned().zip(shares.into_iter().map(Arc::new)).collect()
    }
}

fn add(loads: &mut [usize], member: usize, change: isize) {
    if let Some(load) = loads.get_mut(member) {
        *load = load.saturating_add_signed(change);
    }
}

/// `Uuid.compareTo` compares the halves as signed numbers.
fn signed(id: TopicId) -> (i64, i64) {
    let (high, low) = id.0.as_u64_pair();
    (high as i64, low as i64)
}
