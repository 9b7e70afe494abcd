//! ConsumerGroupDescribe (KIP-848).

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{ErrorCode, PartitionIndex, TopicId, TopicName};

use super::Refusal;
use super::group::ConsumerGroup;
use super::member::Member;
use super::partitions::{Partitions, without_epochs};
use crate::{Group, Groups, State, Surroundings};

/// A consumer group as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedConsumerGroup {
    /// `Empty`, `Assigning`, `Reconciling` or `Stable`.
    pub state: &'static str,
    /// The group's epoch.
    pub epoch: i32,
    /// The epoch of the target.
    pub assignment_epoch: i32,
    /// The assignor that serves the group.
    pub assignor: String,
    /// The members.
    pub members: Vec<DescribedConsumer>,
}

/// A member of a consumer group as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedConsumer {
    /// The member itself: its ids, its epoch, its subscription.
    pub member: Arc<Member>,
    /// What it has, and what it still has to give back.
    pub assignment: Vec<NamedPartitions>,
    /// What it shall have.
    pub target: Vec<NamedPartitions>,
}

/// Partitions of a topic that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPartitions {
    /// Its id.
    pub id: TopicId,
    /// Its name.
    pub name: TopicName,
    /// The partitions.
    pub partitions: BTreeSet<PartitionIndex>,
}

impl Groups {
    /// Tells a consumer group.
    pub(crate) fn describe_consumer(&self, state: &State, id: &str) -> Result<DescribedConsumerGroup, Refusal> {
        let not_found = |message| Err(Refusal::new(ErrorCode::GroupIdNotFound, message));
        match state.group(id) {
            Some(Group::Consumer(group)) => Ok(self.described(group)),
            Some(_) => not_found(format!("Group {id} is not a consumer group.")),
            None => not_found(format!("Group {id} not found.")),
        }
    }

    fn described(&self, group: &ConsumerGroup) -> DescribedConsumerGroup {
        let surroundings = &self.surroundings;
        let members = group.members().map(|member| {
            let mut assignment = without_epochs(&member.assigned);
            for (topic, partitions) in without_epochs(&member.revoking) {
                assignment.entry(topic).or_default().extend(partitions);
            }
            let target = group.target(&member.id);
            DescribedConsumer {
                member: member.clone(),
                assignment: named(surroundings, &assignment),
                target: named(surroundings, &target),
            }
        });
        let assignor = group.preferred_assignor().unwrap_or(self.default_assignor().name()).to_owned();
        DescribedConsumerGroup {
            state: group.state().name(),
            epoch: group.epoch,
            assignment_epoch: group.assignment_epoch,
            assignor,
            members: members.collect(),
        }
    }
}

fn named(surroundings: &Surroundings, partitions: &Partitions) -> Vec<NamedPartitions> {
    let topic = |(id, partitions): (&TopicId, &BTreeSet<_>)| {
        let name = surroundings.name(*id)?.clone();
        Some(NamedPartitions { id: *id, name, partitions: partitions.clone() })
    };
    partitions.iter().filter_map(topic).collect()
}
