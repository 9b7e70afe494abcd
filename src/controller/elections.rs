//! Elections: those that follow when brokers come or go, and those that somebody asks for (ElectLeaders, KIP-460).

use metadata::records::PartitionChangeRecord;
use metadata::{Image, Partition, Record, Topic};
use model::{ErrorCode, NodeId, PartitionIndex, TopicId};

use crate::node::TopicRules;
use crate::partition_change::{Because, Change, Election};
use crate::topics::MAX_RECORDS;
use crate::{Controller, Decision, ElectLeaders, ElectionKind, ElectionResult, Refusal, Reply};

/// No more elections in one go, where nobody waits for them (`MAX_ELECTIONS_PER_IMBALANCE`).
const MAX_ELECTIONS: usize = 1_000;

impl Controller {
    /// Adds the changes of all partitions that `affected` picks (`generateLeaderAndIsrUpdates`).
    pub(crate) fn update_leaders(
        &mut self,
        image: &Image,
        because: Because,
        records: &mut Vec<Record>,
        affected: impl Fn(&Partition) -> bool,
    ) {
        let rules = self.node.topic_rules(image);
        for topic in image.topics() {
            let mut of_topic = None;
            for (index, partition) in topic.partitions.iter().filter(|(_, partition)| affected(partition)) {
                let of_topic = *of_topic.get_or_insert_with(|| rules.of(image, topic));
                records.extend(updated(image, because, of_topic, partition).record(topic.id, *index).map(Record::from));
            }
        }
    }

    /// Adds the change of one partition.
    pub(crate) fn update_leader(
        &mut self,
        image: &Image,
        because: Because,
        (topic, index): (TopicId, PartitionIndex),
        records: &mut Vec<Record>,
    ) {
        let Some(topic) = image.topic_by_id(topic) else { return };
        let Some(partition) = topic.partitions.get(&index) else { return };
        let of_topic = self.node.topic_rules(image).of(image, topic);
        records.extend(updated(image, because, of_topic, partition).record(topic.id, index).map(Record::from));
    }

    pub(crate) fn elect_leaders(&mut self, image: &Image, request: ElectLeaders) -> Decision {
        let rules = self.node.topic_rules(image);
        let mut records = Vec::new();
        let mut one = |name: &str, index: PartitionIndex| {
            let found = find(image, name, index);
            let result = found.and_then(|(topic, partition)| {
                let record = elect(image, &rules, topic, (index, partition), request.kind)?;
                if records.len() >= MAX_RECORDS {
                    return Err(Refusal::code(ErrorCode::UnknownServerError)); // Kafka's list is full.
                }
                records.push(Record::from(record));
                Ok(())
            });
            (index, result)
        };
        let results = match request.partitions {
            Some(asked) => asked
                .into_iter()
                .map(|(topic, indexes)| {
                    let partitions = indexes.into_iter().map(|index| one(&topic, index)).collect();
                    ElectionResult { topic, partitions }
                })
                .collect(),
            None => image
                .topics()
                .map(|topic| {
                    let all = topic.partitions.keys().map(|index| one(&topic.name, *index));
                    let partitions = all.filter(|(_, result)| !is_needless(result)).collect();
                    ElectionResult { topic: topic.name.to_string(), partitions }
                })
                .collect(),
        };
        Decision::of(records, Reply::ElectLeaders(results))
    }

    /// Gives partitions back to their first replica; true if there may be more to do.
    pub(crate) fn restore_preferred(&mut self, image: &Image, records: &mut Vec<Record>) -> bool {
        let rules = self.node.topic_rules(image);
        let done = records.len();
        for topic in image.topics() {
            for (index, partition) in topic.partitions.iter().filter(|(_, it)| !it.has_preferred_leader()) {
                if records.len() - done >= MAX_ELECTIONS {
                    return true;
                }
                let (min_isr, _) = rules.of(image, topic);
                let change = Change { election: Election::Preferred, ..Change::new(image, partition, min_isr) };
                records.extend(change.record(topic.id, *index).map(Record::from));
            }
        }
        false
    }

    /// Elects what lives for partitions without a leader, where that is allowed; true if there may be more to do.
    pub(crate) fn elect_unclean(&mut self, image: &Image, records: &mut Vec<Record>) -> bool {
        let rules = self.node.topic_rules(image);
        let done = records.len();
        for topic in image.topics() {
            let leaderless = topic.partitions.iter().filter(|(_, it)| it.leader == NodeId::NONE);
            for (index, partition) in leaderless {
                let (_, unclean) = rules.of(image, topic);
                if !unclean {
                    break;
                }
                if records.len() - done >= MAX_ELECTIONS {
                    return true;
                }
                let elected = elect(image, &rules, topic, (*index, partition), ElectionKind::Unclean);
                records.extend(elected.ok().map(Record::from));
            }
        }
        false
    }
}

/// Who asks for all does not want to hear of those that need nothing.
fn is_needless(result: &Result<(), Refusal>) -> bool {
    result.as_ref().is_err_and(|refusal| refusal.code == ErrorCode::ElectionNotNeeded)
}

/// A partition without the broker that goes.
fn updated<'a>(
    image: &'a Image,
    because: Because,
    (min_isr, unclean): (usize, bool),
    partition: &'a Partition,
) -> Change<'a> {
    Change {
        because,
        election: Election::allowing(unclean),
        isr: partition.isr.iter().copied().filter(|id| !because.removes(*id)).collect(),
        ..Change::new(image, partition, min_isr)
    }
}

fn find<'a>(image: &'a Image, name: &str, index: PartitionIndex) -> Result<(&'a Topic, &'a Partition), Refusal> {
    let unknown = |message| Refusal::new(ErrorCode::UnknownTopicOrPartition, message);
    let topic = image.topic(name).ok_or_else(|| unknown(format!("No such topic as {name}")))?;
    let partition = topic.partitions.get(&index);
    partition.map(|it| (topic, it)).ok_or_else(|| unknown(format!("No such partition as {name}-{index}")))
}

fn elect(
    image: &Image,
    rules: &TopicRules,
    topic: &Topic,
    (index, partition): (PartitionIndex, &Partition),
    kind: ElectionKind,
) -> Result<PartitionChangeRecord, Refusal> {
    let (needed, election, unavailable) = match kind {
        ElectionKind::Preferred => (
            !partition.has_preferred_leader(),
            Election::Preferred,
            Refusal::new(ErrorCode::PreferredLeaderNotAvailable, "The preferred leader was not available."),
        ),
        ElectionKind::Unclean => (
            partition.leader == NodeId::NONE,
            Election::Unclean,
            Refusal::new(ErrorCode::EligibleLeadersNotAvailable, "Eligible topic partition leaders are not available."),
        ),
    };
    if !needed {
        let message = "Leader election not needed for topic partition.";
        return Err(Refusal::new(ErrorCode::ElectionNotNeeded, message));
    }
    let (min_isr, _) = rules.of(image, topic);
    let change = Change { election, ..Change::new(image, partition, min_isr) };
    change.record(topic.id, index).ok_or(unavailable)
}
