//! Whatever happens in whatever order, the image stays sound, no clean election loses what was committed, and every
//! reassignment ends.

use std::collections::{BTreeMap, BTreeSet};

use metadata::{Image, Partition, Record};
use model::{BrokerEpoch, NodeId, PartitionIndex, TopicId, Uuid};
use proptest::prelude::*;

use super::kit::*;
use crate::*;

const BROKERS: std::ops::RangeInclusive<i32> = 1..=5;

#[derive(Clone, Debug)]
enum Step {
    Live(i32),
    Fence(i32),
    Restart(i32, bool),
    Stop(i32),
    DiskFails(i32, u8),
    Unregister(i32),
    Create(u8, i32, i16),
    Delete(u8),
    Grow(u8, i32),
    MinIsr(u8, i32),
    Unclean(u8, bool),
    /// The leader asks for those of the replicas that are in the mask; for the living ones alone where it is even.
    Isr(u8, i32, u8),
    Reassign(u8, i32, Vec<i32>),
    Cancel(u8, i32),
    Elect(ElectionKind),
    Time(i64),
    Unreachable(i32, Evidence),
    NewReign,
    Directory(i32, u8, i32, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let broker = BROKERS;
    let replicas = (Just(BROKERS.collect::<Vec<_>>()).prop_shuffle(), 1..4usize);
    let replicas = replicas.prop_map(|(ids, n)| ids.into_iter().take(n).collect::<Vec<_>>());
    let kind = prop_oneof![Just(ElectionKind::Preferred), Just(ElectionKind::Unclean)];
    let evidence = prop_oneof![Just(Evidence::HungUp), Just(Evidence::Refused)];
    let topic = 0..2u8;
    let index = 0..3i32;
    prop_oneof![
        6 => broker.clone().prop_map(Step::Live),
        4 => broker.clone().prop_map(Step::Fence),
        3 => (broker.clone(), any::<bool>()).prop_map(|(id, clean)| Step::Restart(id, clean)),
        1 => broker.clone().prop_map(Step::Stop),
        1 => (broker.clone(), 0..2u8).prop_map(|(id, dir)| Step::DiskFails(id, dir)),
        1 => broker.clone().prop_map(Step::Unregister),
        2 => (topic.clone(), 1..4i32, 1..4i16).prop_map(|(n, partitions, factor)| Step::Create(n, partitions, factor)),
        1 => topic.clone().prop_map(Step::Delete),
        1 => (topic.clone(), 2..6i32).prop_map(|(n, count)| Step::Grow(n, count)),
        3 => (topic.clone(), 1..4i32).prop_map(|(n, min)| Step::MinIsr(n, min)),
        1 => (topic.clone(), any::<bool>()).prop_map(|(n, allow)| Step::Unclean(n, allow)),
        8 => (topic.clone(), index.clone(), any::<u8>()).prop_map(|(n, index, mask)| Step::Isr(n, index, mask)),
        3 => (topic.clone(), index.clone(), replicas).prop_map(|(n, index, ids)| Step::Reassign(n, index, ids)),
        1 => (topic.clone(), index.clone()).prop_map(|(n, index)| Step::Cancel(n, index)),
        1 => kind.prop_map(Step::Elect),
        1 => prop_oneof![Just(1_000i64), Just(3_000), Just(400_000)].prop_map(Step::Time),
        2 => (broker.clone(), evidence).prop_map(|(id, evidence)| Step::Unreachable(id, evidence)),
        1 => Just(Step::NewReign),
        1 => (broker, topic, index, 0..3u8).prop_map(|(id, n, index, dir)| Step::Directory(id, n, index, dir)),
    ]
}

fn name(n: u8) -> String {
    format!("t{n}")
}

fn dirs(broker: i32) -> [Uuid; 2] {
    [id(100 + broker as u8), id(110 + broker as u8)]
}

fn two_dirs(broker: i32) -> RegisterBroker {
    RegisterBroker { log_dirs: dirs(broker).to_vec(), ..registration(broker) }
}

fn find(image: &Image, n: u8, index: i32) -> Option<(TopicId, &Partition)> {
    let topic = image.topic(&name(n))?;
    Some((topic.id, topic.partitions.get(&PartitionIndex(index))?))
}

fn isr_of(image: &Image, (topic_id, index): (TopicId, i32), it: &Partition, mask: u8) -> Event {
    let wanted =
        |id: &&NodeId| **id == it.leader || (mask >> id.0 & 1 == 1 && (mask & 1 == 1 || image.is_active(**id)));
    let epoch = |id: &NodeId| image.brokers.get(id).map_or(BrokerEpoch(-1), |it| it.broker_epoch);
    let isr: Vec<_> = it.replicas.iter().filter(wanted).map(|id| (*id, epoch(id))).collect();
    let partition = NewIsr {
        topic_id,
        partition: PartitionIndex(index),
        leader_epoch: it.leader_epoch,
        partition_epoch: it.partition_epoch,
        recovering: it.recovering && isr.len() == 1 && mask & 1 == 1,
        isr,
    };
    Event::AlterPartition(AlterPartition { broker: it.leader, epoch: epoch(&it.leader), partitions: vec![partition] })
}

fn reassignment(n: u8, index: i32, replicas: Option<Vec<i32>>) -> Event {
    let replicas = replicas.map(|ids| ids.into_iter().map(NodeId).collect());
    let topics = vec![(name(n), vec![ReassignedPartition { partition: PartitionIndex(index), replicas }])];
    Event::AlterReassignments(AlterReassignments { topics, allow_replication_factor_change: true })
}

fn event(script: &mut Script, step: Step, dice: u8) -> Option<Event> {
    let image = script.shard.latest().clone();
    Some(match step {
        Step::Live(id) => Event::BrokerHeartbeat(heartbeat(script, id)),
        Step::Fence(id) => Event::FenceBroker(NodeId(id)),
        Step::Restart(broker, clean) => {
            let previous_epoch = if clean { heartbeat(script, broker).epoch } else { (-1).into() };
            Event::RegisterBroker(RegisterBroker { incarnation: id(dice), previous_epoch, ..two_dirs(broker) })
        }
        Step::Stop(id) => Event::BrokerHeartbeat(BrokerHeartbeat { want_shut_down: true, ..heartbeat(script, id) }),
        Step::DiskFails(broker, dir) => Event::BrokerHeartbeat(BrokerHeartbeat {
            offline_log_dirs: vec![dirs(broker)[dir as usize]],
            ..heartbeat(script, broker)
        }),
        Step::Unregister(id) => Event::UnregisterBroker(NodeId(id)),
        Step::Create(n, partitions, factor) => create(vec![topic(&name(n), dice, partitions, factor)]),
        Step::Delete(n) => {
            let topic = TopicRef { name: Some(name(n)), id: Uuid::ZERO };
            Event::DeleteTopics(DeleteTopics { topics: vec![topic] })
        }
        Step::Grow(n, count) => Event::CreatePartitions(CreatePartitions {
            topics: vec![MorePartitions { topic: name(n), count, assignments: None }],
            validate_only: false,
            seed: u64::from(dice),
        }),
        Step::MinIsr(n, min) => alter(2, &name(n), &[("min.insync.replicas", 0, Some(&min.to_string()))]),
        Step::Unclean(n, allow) => {
            alter(2, &name(n), &[("unclean.leader.election.enable", 0, Some(&allow.to_string()))])
        }
        Step::Isr(n, index, mask) => {
            let (topic, partition) = find(&image, n, index).filter(|(_, it)| it.leader != NodeId::NONE)?;
            isr_of(&image, (topic, index), partition, mask)
        }
        Step::Reassign(n, index, replicas) => reassignment(n, index, Some(replicas)),
        Step::Cancel(n, index) => reassignment(n, index, None),
        Step::Elect(kind) => Event::ElectLeaders(ElectLeaders { kind, partitions: None }),
        Step::Time(ms) => {
            script.now.0 += ms;
            Event::Tick
        }
        Step::Unreachable(id, evidence) => {
            let epoch = heartbeat(script, id).epoch;
            Event::BrokerUnreachable(BrokerUnreachable { broker: NodeId(id), epoch, evidence })
        }
        Step::NewReign => {
            script.shard.machine().begin_reign();
            Event::Tick
        }
        Step::Directory(broker, n, index, dir) => {
            let (topic, _) = find(&image, n, index)?;
            let dir = dirs(broker).get(dir as usize).copied().unwrap_or(Uuid::LOST_DIR);
            let replicas = vec![(dir, topic, PartitionIndex(index))];
            let epoch = heartbeat(script, broker).epoch;
            Event::AssignReplicas(AssignReplicas { broker: NodeId(broker), epoch, replicas })
        }
    })
}

/// What was asked for besides.
#[derive(Clone, Copy)]
struct Why {
    is_cancel: bool,
    is_unclean: bool,
}

/// Who has all that was committed of each partition, as the logs of the brokers would.
#[derive(Default)]
struct Model {
    holders: BTreeMap<(TopicId, PartitionIndex), BTreeSet<NodeId>>,
}

impl Model {
    /// Follows one record; `asked` is whom the leader asks to be in sync, who therefore have what it has.
    fn follow(&mut self, before: &Image, after: &Image, record: &Record, asked: &[NodeId], why: Why) {
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

const UNCLEAN: &str = "unclean.leader.election.enable";

fn check(before: &Image, after: &Image) {
    let mut ids = BTreeSet::new();
    for topic in after.topics() {
        assert!(ids.insert(topic.id), "ids are unique");
        for (index, now) in &topic.partitions {
            let at = format!("{}-{index}: {now:?}", topic.name);
            assert!(now.leader == NodeId::NONE || now.isr.contains(&now.leader), "the leader is in sync: {at}");
            assert!(now.isr.iter().chain(&now.elr).all(|id| now.replicas.contains(id)), "only replicas: {at}");
            assert!(now.isr.iter().all(|id| !now.elr.contains(id)), "in sync or eligible, not both: {at}");
            assert!(!now.recovering || now.isr.len() <= 1, "a leader recovers alone: {at}");
            let moving = now.adding_replicas.iter().chain(&now.removing_replicas);
            assert!(moving.clone().all(|id| now.replicas.contains(id)), "only replicas move: {at}");
            assert_eq!(now.replicas.iter().collect::<BTreeSet<_>>().len(), now.replicas.len(), "each once: {at}");
            assert_eq!(now.directories.len(), now.replicas.len(), "{at}");
            let Some(old) = before.topic_by_id(topic.id).and_then(|topic| topic.partitions.get(index)) else {
                continue;
            };
            assert!(now.leader_epoch >= old.leader_epoch && now.partition_epoch >= old.partition_epoch, "{at}");
            assert!(now.leader == old.leader || now.leader_epoch > old.leader_epoch, "a new leader, a new epoch: {at}");
            assert!(now == old || now.partition_epoch > old.partition_epoch, "a change, a new epoch: {at}");
            let left = old.replicas.iter().any(|id| !now.replicas.contains(id));
            assert!(!left || now.leader_epoch > old.leader_epoch, "who is no replica any more is fenced: {at}");
        }
    }
}

fn check_snapshot(image: &Image) {
    let mut again = Image::default();
    image.to_records().iter().for_each(|record| again.replay(record));
    assert_eq!(again, *image, "the snapshot tells all");
    for record in image.to_records() {
        let bytes = record.encode(image.metadata_version().unwrap()).unwrap();
        assert_eq!(metadata::Record::decode(&bytes).unwrap(), record);
    }
}

fn run(script: &mut Script, model: &mut Model, event: Event) {
    let mut image = script.shard.latest().clone();
    let asked = match &event {
        Event::AlterPartition(it) => it.partitions.iter().flat_map(|it| &it.isr).map(|(id, _)| *id).collect(),
        Event::RegisterBroker(it) => {
            let stored = image.brokers.get(&it.broker).map(|it| it.broker_epoch);
            Vec::from_iter((stored == Some(it.previous_epoch)).then_some(it.broker))
        }
        _ => vec![],
    };
    let is_isr = matches!(event, Event::AlterPartition(_));
    let why = Why {
        is_cancel: matches!(&event, Event::AlterReassignments(it) if it.topics[0].1[0].replicas.is_none()),
        is_unclean: matches!(&event, Event::ElectLeaders(it) if it.kind == ElectionKind::Unclean),
    };
    let step = script.shard.on_event(script.now, Asked { to: Token(7), event });
    for record in step.append.iter().flat_map(|it| &it.records) {
        let before = image.clone();
        image.replay(record);
        let relevant = is_isr || matches!(record, Record::RegisterBroker(_));
        model.follow(&before, &image, record, if relevant { &asked } else { &[] }, why);
        check(&before, &image);
    }
    assert_eq!(image, *script.shard.latest());
    for it in image.topics().flat_map(|topic| topic.partitions.values()) {
        assert!(it.leader == NodeId::NONE || image.is_active(it.leader), "the leader is alive: {it:?}");
    }
    script.shard.on_committed(script.shard.next_offset());
}

/// Everybody comes back in order and catches up: then every reassignment is done, or can be cancelled.
fn heal(script: &mut Script, model: &mut Model) {
    for broker in BROKERS {
        let previous_epoch = heartbeat(script, broker).epoch;
        let back = RegisterBroker { incarnation: id(50 + broker as u8), previous_epoch, ..two_dirs(broker) };
        run(script, model, Event::RegisterBroker(back));
        let event = Event::BrokerHeartbeat(heartbeat(script, broker));
        run(script, model, event);
        assert!(script.shard.latest().is_active(NodeId(broker)));
    }
    for round in 0..3 {
        for (n, index) in (0..2).flat_map(|n| (0..6).map(move |index| (n, index))) {
            let image = script.shard.latest().clone();
            let Some((topic, it)) = find(&image, n, index) else { continue };
            if it.leader != NodeId::NONE {
                // A recovering leader says first that it has recovered.
                let mask = if it.recovering && round == 0 { 0 } else { 0xfe };
                run(script, model, isr_of(&image, (topic, index), it, mask));
            } else if it.is_reassigning() {
                let allow = alter(2, &name(n), &[(UNCLEAN, 0, Some("true"))]);
                run(script, model, allow);
                run(script, model, reassignment(n, index, None));
            }
        }
    }
    assert_eq!(list_reassignments(script.shard.latest(), None), [], "every reassignment ends");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_image_stays_sound(steps in proptest::collection::vec(step(), 1..120)) {
        let mut script = cluster(0);
        let mut model = Model::default();
        for broker in BROKERS {
            ask(&mut script, "", Event::RegisterBroker(two_dirs(broker)));
            live(&mut script, broker);
        }
        for (dice, step) in steps.into_iter().enumerate() {
            if let Some(event) = event(&mut script, step, 120 + dice as u8) {
                run(&mut script, &mut model, event);
            }
        }
        check_snapshot(script.shard.latest());
        heal(&mut script, &mut model);
    }
}
