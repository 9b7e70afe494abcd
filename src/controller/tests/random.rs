//! Whatever happens in whatever order, the image stays sound, and a snapshot of it is the same image.

use std::collections::BTreeSet;

use metadata::Image;
use model::NodeId;
use proptest::prelude::*;

use super::kit::*;
use crate::*;

#[derive(Clone, Debug)]
enum Step {
    Live(i32),
    Fence(i32),
    Restart(i32, bool),
    Stop(i32),
    DiskFails(i32),
    Unregister(i32),
    Create(u8, i32, i16),
    Delete(u8),
    Grow(u8, i32),
    MinIsr(u8, i32),
}

fn step() -> impl Strategy<Value = Step> {
    let broker = 1..=4i32;
    prop_oneof![
        4 => broker.clone().prop_map(Step::Live),
        3 => broker.clone().prop_map(Step::Fence),
        3 => (broker.clone(), any::<bool>()).prop_map(|(id, clean)| Step::Restart(id, clean)),
        1 => broker.clone().prop_map(Step::Stop),
        1 => broker.clone().prop_map(Step::DiskFails),
        1 => broker.prop_map(Step::Unregister),
        2 => (0..6u8, 1..4i32, 1..4i16).prop_map(|(n, partitions, factor)| Step::Create(n, partitions, factor)),
        1 => (0..6u8).prop_map(Step::Delete),
        1 => (0..6u8, 2..6i32).prop_map(|(n, count)| Step::Grow(n, count)),
        1 => (0..6u8, 1..4i32).prop_map(|(n, min)| Step::MinIsr(n, min)),
    ]
}

fn event(script: &Script, step: Step, dice: u8) -> Event {
    let name = |n: u8| format!("t{n}");
    match step {
        Step::Live(id) => Event::BrokerHeartbeat(heartbeat(script, id)),
        Step::Fence(id) => Event::FenceBroker(NodeId(id)),
        Step::Restart(broker, clean) => {
            let previous_epoch = if clean { heartbeat(script, broker).epoch } else { (-1).into() };
            Event::RegisterBroker(RegisterBroker { incarnation: id(dice), previous_epoch, ..registration(broker) })
        }
        Step::Stop(id) => Event::BrokerHeartbeat(BrokerHeartbeat { want_shut_down: true, ..heartbeat(script, id) }),
        Step::DiskFails(broker) => Event::BrokerHeartbeat(BrokerHeartbeat {
            offline_log_dirs: vec![id(100 + broker as u8)],
            ..heartbeat(script, broker)
        }),
        Step::Unregister(id) => Event::UnregisterBroker(NodeId(id)),
        Step::Create(n, partitions, factor) => create(vec![topic(&name(n), dice, partitions, factor)]),
        Step::Delete(n) => {
            let topic = TopicRef { name: Some(name(n)), id: model::Uuid::ZERO };
            Event::DeleteTopics(DeleteTopics { topics: vec![topic] })
        }
        Step::Grow(n, count) => Event::CreatePartitions(CreatePartitions {
            topics: vec![MorePartitions { topic: name(n), count, assignments: None }],
            validate_only: false,
            seed: u64::from(dice),
        }),
        Step::MinIsr(n, min) => alter(2, &name(n), &[("min.insync.replicas", 0, Some(&min.to_string()))]),
    }
}

fn check(before: &Image, after: &Image) {
    let mut ids = BTreeSet::new();
    for topic in after.topics() {
        assert!(ids.insert(topic.id), "ids are unique");
        for (index, now) in &topic.partitions {
            let at = format!("{}-{index}: {now:?}", topic.name);
            assert!(now.leader == NodeId::NONE || now.isr.contains(&now.leader), "the leader is in sync: {at}");
            assert!(now.leader == NodeId::NONE || after.is_unfenced(now.leader), "the leader is alive: {at}");
            assert!(now.isr.iter().chain(&now.elr).all(|id| now.replicas.contains(id)), "only replicas: {at}");
            assert!(now.isr.iter().all(|id| !now.elr.contains(id)), "in sync or eligible, not both: {at}");
            assert_eq!(now.directories.len(), now.replicas.len(), "{at}");
            let Some(old) = before.topic_by_id(topic.id).and_then(|topic| topic.partitions.get(index)) else {
                continue;
            };
            assert!(now.leader_epoch >= old.leader_epoch && now.partition_epoch >= old.partition_epoch, "{at}");
            assert!(now.leader == old.leader || now.leader_epoch > old.leader_epoch, "a new leader, a new epoch: {at}");
            assert!(now == old || now.partition_epoch > old.partition_epoch, "a change, a new epoch: {at}");
        }
    }
    let mut again = Image::default();
    after.to_records().iter().for_each(|record| again.replay(record));
    assert_eq!(again, *after, "the snapshot tells all");
    for record in after.to_records() {
        let bytes = record.encode(after.metadata_version().unwrap()).unwrap();
        assert_eq!(metadata::Record::decode(&bytes).unwrap(), record);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_image_stays_sound(steps in proptest::collection::vec(step(), 1..80)) {
        let mut script = cluster(4);
        for (dice, step) in steps.into_iter().enumerate() {
            let before = script.shard.latest().clone();
            let event = event(&script, step, 120 + dice as u8);
            ask(&mut script, "", event);
            check(&before, script.shard.latest());
        }
    }
}
