//! One member's next step towards its target (`CurrentAssignmentBuilder`): first it gives back, then it gets.
//!
//! A member stays in its epoch until it has given back all that is not its any more. Then it takes what is free of its
//! target, and waits for the rest until those who have it give it back.

use model::{PartitionIndex, TopicId};

use super::member::{Member, MemberState};
use super::partitions::{Held, Partitions};

/// Where a member is to go, and what it says of itself.
pub struct Goal<'a> {
    /// The epoch of the target.
    pub epoch: i32,
    /// What it shall have.
    pub target: &'a Partitions,
    /// Whether its subscription has just changed, so that topics must go that it does not subscribe to any more.
    pub subscription_changed: bool,
    /// Whether it subscribes to anything at all.
    pub subscribes: bool,
    /// Whether it subscribes to this topic, and the topic is there.
    pub subscribes_to: &'a dyn Fn(TopicId) -> bool,
    /// Whether some member has this partition.
    pub is_taken: &'a dyn Fn(TopicId, PartitionIndex) -> bool,
    /// What it says it owns, if it says so.
    pub owned: Option<&'a Partitions>,
}

/// The member of an unknown state must give up everything and join anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MustRejoin;

/// The member after its next step; as it was if there is none.
pub fn reconcile(member: &Member, goal: &Goal<'_>) -> Result<Member, MustRejoin> {
    match member.state {
        MemberState::Stable if member.epoch != goal.epoch => Ok(next(member, goal)),
        MemberState::Stable if goal.subscription_changed => Ok(unsubscribe(member, goal)),
        MemberState::Stable => Ok(member.clone()),
        MemberState::UnrevokedPartitions if owns_any(goal.owned, &member.revoking) => {
            Ok(if goal.subscription_changed { unsubscribe(member, goal) } else { member.clone() })
        }
        MemberState::UnrevokedPartitions | MemberState::UnreleasedPartitions => Ok(next(member, goal)),
        MemberState::Unknown if goal.owned.is_some_and(Partitions::is_empty) => {
            Ok(next(&Member { epoch: goal.epoch, ..member.clone() }, goal))
        }
        MemberState::Unknown => Err(MustRejoin),
    }
}

/// Whether the member still owns any of `held`. Without word from it, it does.
fn owns_any(owned: Option<&Partitions>, held: &Held) -> bool {
    owned.is_none_or(|owned| {
        let both = |(topic, partitions): (_, &std::collections::BTreeSet<_>)| {
            held.get(topic).is_some_and(|held| partitions.iter().any(|partition| held.contains_key(partition)))
        };
        owned.iter().any(both)
    })
}

/// Takes away topics that the member does not subscribe to any more, without looking at the target.
fn unsubscribe(member: &Member, goal: &Goal<'_>) -> Member {
    let mut next = member.clone();
    let kept = |topic: &TopicId| goal.subscribes && (goal.subscribes_to)(*topic);
    let gone: Vec<_> = member.assigned.keys().filter(|topic| !kept(topic)).copied().collect();
    if gone.is_empty() && (goal.subscribes || !member.revoking.is_empty()) {
        return next;
    }
    let mut revoking = member.revoking.clone();
    for topic in gone {
        let partitions = next.assigned.remove(&topic).unwrap_or_default();
        revoking.entry(topic).or_default().extend(partitions);
    }
    if !revoking.is_empty() && owns_any(goal.owned, &revoking) {
        next.state = MemberState::UnrevokedPartitions;
        next.revoking = revoking;
    }
    next.advance_to(member.epoch);
    next
}

/// One step towards the target.
fn next(member: &Member, goal: &Goal<'_>) -> Member {
    let mut kept = Held::new();
    let mut revoking = Held::new();
    for (topic, partitions) in &member.assigned {
        let target = goal.target.get(topic).filter(|_| (goal.subscribes_to)(*topic));
        for (partition, epoch) in partitions {
            let stays = target.is_some_and(|target| target.contains(partition));
            let to = if stays { &mut kept } else { &mut revoking };
            to.entry(*topic).or_default().insert(*partition, *epoch);
        }
    }
    let mut next = member.clone();
    if !revoking.is_empty() && owns_any(goal.owned, &revoking) {
        next.state = MemberState::UnrevokedPartitions;
        next.advance_to(member.epoch);
        next.assigned = kept;
        next.revoking = revoking;
        return next;
    }
    let mut unreleased = false;
    for (topic, partitions) in goal.target.iter().filter(|(topic, _)| (goal.subscribes_to)(**topic)) {
        for partition in partitions {
            if kept.get(topic).is_some_and(|kept| kept.contains_key(partition)) {
                continue;
            }
            // What the member itself is giving back is as good as free: nobody else can have it.
            let own = member.revoking.get(topic).is_some_and(|held| held.contains_key(partition));
            if own || !(goal.is_taken)(*topic, *partition) {
                kept.entry(*topic).or_default().insert(*partition, goal.epoch);
            } else {
                unreleased = true;
            }
        }
    }
    next.state = if unreleased { MemberState::UnreleasedPartitions } else { MemberState::Stable };
    next.advance_to(goal.epoch);
    next.assigned = kept;
    next.revoking = Held::new();
    next
}
