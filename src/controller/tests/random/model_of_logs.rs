//! What the logs of the brokers would hold: who has all that was committed.

use std::collections::{BTreeMap, BTreeSet};

use metadata::{Image, Partition, Record};
use model::{NodeId, PartitionIndex, TopicId};

/// The topic's key that allows an unclean leader.
pub(super) const UNCLEAN: &str = "unclean.leader.election.enable";

/// What was asked for besides.
#[derive(Clone, Copy)]
pub(super) struct Why {
    pub(super) is_cancel: bool,
    pub(super) is_unclean: bool,
}

/// Who has all that was committed of each partition, as the logs of the brokers would.
#[derive(Default)]
pub(super) struct Model {
    holders: BTreeMap<(TopicId, PartitionIndex), BTreeSet<NodeId>>,
}

impl Model {
    /// Follows one record; `asked` is whom the leader asks to be in sync, who therefore have what it has.
    pub(super) fn follow(&mut self, before: &Image, after: &Image, record: &Record, asked: &[NodeId], why: Why) {
        match record {
            Record::Partition(it) => {
                self.holders.insert((it.topic_id, it.partition_id), it.isr.iter().copied().collect());
            }
            Record::PartitionChange(it) => {
                let at = (it.topic_id, it.partition_id);
                let of = |image: &Image| image.topic_by_id(at.0).unwrap().partitions[&at.1].clone();
                let (old, new) = (of(before), of(after));
                let entered = new.isr.iter().filter(|id| asked.contains(id) && !old.isr.contains(id));
                assert!(entered.clone().all(|id| after.is_active(*id)), "who comes in sync is alive: {new:?}");
                let name = after.topic_by_id(at.0).unwrap().name.to_string();
                let unclean = why.is_unclean || after.topic_config(&name, UNCLEAN) == Some("true");
                self.changed(at, (&old, &new), asked, why.is_cancel, unclean);
            }
            // It lost its last writes, unless it stopped in order.
            Record::RegisterBroker(it) => {
                let clean = before.brokers.get(&it.broker_id).is_some_and(|_| asked.contains(&it.broker_id));
                for holders in self.holders.values_mut().filter(|_| !clean) {
                    holders.remove(&it.broker_id);
                }
            }
            _ => {}
        }
        for topic in after.topics() {
            let min = after.topic_config(&topic.name, "min.insync.replicas").map_or(1, |it| it.parse().unwrap());
            for (index, it) in &topic.partitions {
                if it.leader != NodeId::NONE && it.isr.len() >= it.replicas.len().min(min) {
                    // Something is committed now and then.
                    self.holders.insert((topic.id, *index), it.isr.iter().copied().collect());
                }
            }
        }
    }

    fn changed(
        &mut self,
        at: (TopicId, PartitionIndex),
        (old, new): (&Partition, &Partition),
        asked: &[NodeId],
        is_cancel: bool,
        unclean_allowed: bool,
    ) {
        let holders = self.holders.entry(at).or_default();
        if holders.contains(&old.leader) && !asked.is_empty() {
            holders.extend(asked);
        }
        if is_cancel && !new.isr.iter().any(|id| old.isr.contains(id)) {
            *holders = new.isr.iter().copied().collect(); // To go back was worth the loss.
        }
        if new.leader == NodeId::NONE || new.leader == old.leader {
            return;
        }
        let is_clean = [&*old.isr, &*old.elr, asked].concat().contains(&new.leader);
        let last_leader = old.last_known_elr == [new.leader] && new.elr.is_empty();
        if is_clean && !new.recovering {
            assert!(holders.contains(&new.leader), "a clean election loses nothing: {holders:?} {old:?} {new:?}");
            return;
        }
        assert!(unclean_allowed || last_leader || old.recovering, "an unclean leader is allowed: {old:?} {new:?}");
        assert!(new.recovering || is_cancel, "an unclean leader recovers: {old:?} {new:?}");
        *holders = BTreeSet::from([new.leader]);
    }
}
