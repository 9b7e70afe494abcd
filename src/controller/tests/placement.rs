//! Where new replicas go, as `StripedReplicaPlacer` has them go.

use std::collections::{BTreeMap, BTreeSet};

use model::{NodeId, PartitionIndex};

use super::kit::*;
use crate::*;

/// Brokers with their racks; those whose rack is in capitals stay fenced.
fn racks(racks: &[(i32, &str)]) -> Script {
    let mut script = cluster(0);
    for (broker, rack) in racks {
        let rack = (!rack.is_empty()).then(|| rack.to_lowercase());
        ask(&mut script, "", Event::RegisterBroker(RegisterBroker { rack, ..registration(*broker) }));
    }
    for (broker, _) in racks.iter().filter(|(_, rack)| rack.chars().all(char::is_lowercase)) {
        live(&mut script, *broker);
    }
    script.text();
    script
}

fn placed(script: &mut Script, partitions: i32, replicas: i16) -> Vec<Vec<i32>> {
    let n = script.shard.latest().topic_count() as u8 + 1;
    let name = format!("p{n}");
    let topics = vec![topic(&name, n, partitions, replicas)];
    ask(script, "create", Event::CreateTopics(CreateTopics { topics, validate_only: false, seed: u64::from(n) }));
    let Some(topic) = script.shard.latest().topic(&name) else { panic!("{}", script.text()) };
    topic.partitions.values().map(|it| it.replicas.iter().map(|id| id.0).collect()).collect()
}

fn count(ids: impl IntoIterator<Item = i32>) -> BTreeMap<i32, usize> {
    let mut counts = BTreeMap::new();
    ids.into_iter().for_each(|id| *counts.entry(id).or_default() += 1);
    counts
}

#[test]
fn leaders_and_followers_are_spread_evenly() {
    let mut script = racks(&[(1, ""), (2, ""), (3, ""), (4, ""), (5, "")]);
    let all = placed(&mut script, 100, 3);
    let leaders = count(all.iter().map(|replicas| replicas[0]));
    assert!(leaders.values().all(|n| *n == 20) && leaders.len() == 5, "{leaders:?}");
    let replicas = count(all.iter().flatten().copied());
    assert!(replicas.values().all(|n| (40..=80).contains(n)), "{replicas:?}");
    let followers: BTreeSet<_> = all.iter().filter(|it| it[0] == 1).map(|it| it[1..].to_vec()).collect();
    assert!(followers.len() > 3, "not always the same followers: {followers:?}");
}

#[test]
fn each_replica_is_in_another_rack_while_there_is_one() {
    let mut script = racks(&[(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "c")]);
    let rack = |id: &i32| (*id).clamp(3, 5);
    for replicas in placed(&mut script, 30, 3) {
        assert_eq!(replicas.iter().map(rack).collect::<BTreeSet<_>>().len(), 3, "{replicas:?}");
    }
    for replicas in placed(&mut script, 30, 5) {
        assert_eq!(replicas.iter().collect::<BTreeSet<_>>().len(), 5, "{replicas:?}");
    }
}

#[test]
fn a_fenced_broker_comes_last_and_never_first() {
    let mut script = racks(&[(1, ""), (2, ""), (3, "")]);
    fence(&mut script, 3);
    for replicas in placed(&mut script, 20, 2) {
        assert!(!replicas.contains(&3), "there are others: {replicas:?}");
    }
    for replicas in placed(&mut script, 20, 3) {
        assert_eq!(replicas[2], 3, "{replicas:?}");
    }
    let name = script.shard.latest().topics().last().unwrap().name.to_string();
    assert_eq!(partition(script.shard.latest(), &name, 0).isr.len(), 2, "not in sync while it is fenced");
    // A rack in which all are fenced gets replicas, but no leaders.
    let mut script = racks(&[(1, "a"), (2, "a"), (3, "B"), (4, "B")]);
    for replicas in placed(&mut script, 20, 2) {
        assert!(replicas[0] <= 2 && replicas[1] >= 3, "{replicas:?}");
    }
}

#[test]
fn who_stops_gets_nothing_new() {
    let mut script = racks(&[(1, ""), (2, ""), (3, "")]);
    ask(&mut script, "", create(vec![assigned("t", 99, &[(0, &[3, 1])])]));
    let stop = BrokerHeartbeat { want_shut_down: true, ..heartbeat(&script, 3) };
    ask(&mut script, "stop", Event::BrokerHeartbeat(stop));
    assert!(placed(&mut script, 20, 2).iter().flatten().all(|id| *id != 3));
    ask(&mut script, "create", create(vec![topic("big", 98, 1, 3)]));
    assert!(script.text().contains("because only 2 broker(s) are registered"));
    fence(&mut script, 3);
    assert!(placed(&mut script, 1, 3)[0][2] == 3, "as any fenced broker");
}

#[test]
fn nobody_is_alive() {
    let mut script = racks(&[(1, "A"), (2, "A")]);
    ask(&mut script, "create", create(vec![topic("t", 1, 1, 1), assigned("u", 2, &[(0, &[1])])]));
    let text = script.text();
    assert!(text.contains("All brokers are currently fenced, or have all their log directories cordoned."), "{text}");
    assert!(text.contains("for partition 0 are fenced or in controlled shutdown."), "{text}");
}

#[test]
fn a_topic_grows_over_all_brokers() {
    let mut script = cluster(4);
    ask(&mut script, "create", create(vec![topic("t", 1, 2, 3)]));
    let more = |count, assignments: Option<&[&[i32]]>| {
        let assignments =
            assignments.map(|all| all.iter().map(|ids| ids.iter().copied().map(NodeId).collect()).collect());
        let topics = vec![MorePartitions { topic: "t".into(), count, assignments }];
        Event::CreatePartitions(CreatePartitions { topics, validate_only: false, seed: 5 })
    };
    ask(&mut script, "more", more(42, None));
    ask(&mut script, "more", more(44, Some(&[&[1, 2, 3], &[4, 3, 2]])));
    let topic = script.shard.latest().topic("t").unwrap();
    let leaders =
        count(topic.partitions.iter().filter(|(index, _)| (2..42).contains(&index.0)).map(|(_, it)| it.leader.0));
    assert!(leaders.values().all(|n| *n == 10), "{leaders:?}");
    assert_eq!(topic.partitions[&PartitionIndex(43)].isr, [NodeId(4), NodeId(3), NodeId(2)]);
    script.text();
    fence(&mut script, 1);
    ask(&mut script, "more", more(45, Some(&[&[1, 2, 3]])));
    assert_eq!(partition(script.shard.latest(), "t", 44).leader, NodeId(2), "the first that lives");
    ask(&mut script, "more", more(46, Some(&[&[1, 2]])));
    let text = script.text();
    assert!(text.contains("not consistent with previous partitions, which have 3 replica(s)."), "{text}");
}

#[test]
fn the_default_replication_factor_is_the_nodes() {
    let mut script = cluster_with(4, "default.replication.factor=3\nnum.partitions=5\n");
    assert!(placed(&mut script, -1, -1).iter().all(|replicas| replicas.len() == 3));
    assert_eq!(script.shard.latest().topics().next().unwrap().partitions.size(), 5);
}

#[test]
fn the_same_dice_place_the_same() {
    let both = [(); 2].map(|()| placed(&mut cluster(5), 50, 3));
    assert_eq!(both[0], both[1]);
}
