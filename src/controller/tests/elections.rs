//! Elections that somebody asks for, that time brings, and that need eligible replicas (KIP-460, KIP-966).

use expect_test::expect;
use model::PartitionIndex;

use super::kit::*;
use crate::*;

fn elect(script: &mut Script, kind: ElectionKind, partitions: Option<&[(&str, &[i32])]>) {
    let partitions = partitions.map(|topics| {
        let indexes = |ids: &[i32]| ids.iter().copied().map(PartitionIndex).collect();
        topics.iter().map(|(topic, ids)| ((*topic).to_owned(), indexes(ids))).collect()
    });
    ask(script, &format!("elect {kind:?}"), Event::ElectLeaders(ElectLeaders { kind, partitions }));
}

/// Brokers 1 to 3, and 1 was away, so that 2 leads.
fn with_another_leader() -> Script {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3]), (1, &[2, 3, 1])]));
    fence(&mut script, 1);
    live(&mut script, 1);
    script.text();
    script
}

#[test]
fn the_preferred_leader_is_asked_for() {
    let mut script = with_another_leader();
    elect(&mut script, ElectionKind::Preferred, Some(&[("t", &[0, 1, 9]), ("u", &[0])]));
    let wanted = new_isr(&script, &[2, 3, 1]);
    alter_isr(&mut script, 2, wanted);
    script.text();
    elect(&mut script, ElectionKind::Preferred, None);
    elect(&mut script, ElectionKind::Preferred, None);
    elect(&mut script, ElectionKind::Unclean, Some(&[("t", &[0])]));
    expect![[r#"
        > elect Preferred
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, leader: 1 }
        < Reply { to: Token(7), body: ElectLeaders([ElectionResult { topic: "t", partitions: [(0, Ok(()))] }]) }
        > elect Preferred
        < Reply { to: Token(7), body: ElectLeaders([ElectionResult { topic: "t", partitions: [] }]) }
        > elect Unclean
        < Reply { to: Token(7), body: ElectLeaders([ElectionResult { topic: "t", partitions: [(0, Err(ELECTION_NOT_NEEDED "Leader election not needed for topic partition."))] }]) }
    "#]].assert_eq(&script.text());
}

#[test]
fn the_preferred_leader_is_not_in_sync() {
    let mut script = with_another_leader();
    elect(&mut script, ElectionKind::Preferred, Some(&[("t", &[0, 1, 9]), ("u", &[0])]));
    expect![[r#"
        > elect Preferred
        < Reply { to: Token(7), body: ElectLeaders([ElectionResult { topic: "t", partitions: [(0, Err(PREFERRED_LEADER_NOT_AVAILABLE "The preferred leader was not available.")), (1, Err(ELECTION_NOT_NEEDED "Leader election not needed for topic partition.")), (9, Err(UNKNOWN_TOPIC_OR_PARTITION "No such partition as t-9"))] }, ElectionResult { topic: "u", partitions: [(0, Err(UNKNOWN_TOPIC_OR_PARTITION "No such topic as u"))] }]) }
    "#]].assert_eq(&script.text());
}

#[test]
fn an_unclean_leader_is_asked_for() {
    let mut script = cluster(2);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1, 2])])]));
    fence(&mut script, 2);
    fence(&mut script, 1);
    script.text();
    elect(&mut script, ElectionKind::Unclean, None);
    live(&mut script, 2);
    elect(&mut script, ElectionKind::Unclean, None);
    expect![[r#"
        > elect Unclean
        < Reply { to: Token(7), body: ElectLeaders([ElectionResult { topic: "t", partitions: [(0, Err(ELIGIBLE_LEADERS_NOT_AVAILABLE "Eligible topic partition leaders are not available."))] }]) }
        > heartbeat 2
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 12, fenced: -1 }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
        > elect Unclean
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2, leader_recovery_state: 1, eligible_leader_replicas: [], last_known_elr: [] }
        < Reply { to: Token(7), body: ElectLeaders([ElectionResult { topic: "t", partitions: [(0, Ok(()))] }]) }
    "#]].assert_eq(&script.text());
}

#[test]
fn leadership_goes_back_to_preferred_replicas_in_time() {
    let mut script = with_another_leader();
    pass(&mut script, 1, &[1, 2, 3]);
    let wanted = new_isr(&script, &[2, 3, 1]);
    alter_isr(&mut script, 2, wanted);
    script.text();
    pass(&mut script, 299, &[1, 2, 3]);
    assert_eq!(written(&mut script), "", "every five minutes");
    pass(&mut script, 1, &[1, 2, 3]);
    expect![[r#"
        tick
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, leader: 1 }
    "#]]
    .assert_eq(&written(&mut script));
    pass(&mut script, 301, &[1, 2, 3]);
    assert_eq!(written(&mut script), "");
}

#[test]
fn a_thousand_elections_at_a_time() {
    let mut script = cluster(2);
    let assignments: Vec<(i32, &[i32])> = (0..2500).map(|index| (index, &[1, 2][..])).collect();
    ask(&mut script, "create", create(vec![assigned("t", 1, &assignments)]));
    fence(&mut script, 1);
    live(&mut script, 1);
    let topic = script.shard.latest().topic("t").unwrap().clone();
    let wanted = |(index, it): (&PartitionIndex, &metadata::Partition)| NewIsr {
        partition: *index,
        leader_epoch: it.leader_epoch,
        partition_epoch: it.partition_epoch,
        ..new_isr(&script, &[2, 1])
    };
    let partitions = topic.partitions.iter().map(wanted).collect();
    let request = AlterPartition { broker: 2.into(), epoch: heartbeat(&script, 2).epoch, partitions };
    ask(&mut script, "alter", Event::AlterPartition(request));
    ask(&mut script, "tick", Event::Tick);
    pass(&mut script, 299, &[1, 2]);
    script.now.0 += 1000;
    script.text();
    let elected = |script: &mut Script| {
        ask(script, "tick", Event::Tick);
        let text = script.text();
        (text.matches("PartitionChangeRecord").count(), text.contains("again_ms: 0"))
    };
    assert_eq!([(); 4].map(|()| elected(&mut script)), [(1000, true), (1000, true), (500, false), (0, false)]);
}

#[test]
fn a_topic_that_becomes_unclean_gets_a_leader_in_time() {
    let mut script = cluster(3);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1, 2])])]));
    fence(&mut script, 2);
    live(&mut script, 2);
    fence(&mut script, 1);
    let allow = alter(2, "t", &[("unclean.leader.election.enable", 0, Some("true"))]);
    ask(&mut script, "allow", allow);
    script.text();
    pass(&mut script, 301, &[2, 3]);
    expect![[r#"
        tick
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2, leader_recovery_state: 1, eligible_leader_replicas: [], last_known_elr: [] }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn who_left_too_small_an_isr_is_eligible() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    script.text();
    for isr in [&[1, 2][..], &[1], &[1, 3]] {
        let wanted = new_isr(&script, isr);
        alter_isr(&mut script, 1, wanted);
    }
    let wanted = new_isr(&script, &[1]);
    alter_isr(&mut script, 1, wanted);
    ask(&mut script, "min isr", alter(2, "t", &[("min.insync.replicas", 0, Some("1"))]));
    expect![[r#"
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2] }
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1], eligible_leader_replicas: [2] }
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 3], eligible_leader_replicas: [] }
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1], eligible_leader_replicas: [3] }
        min isr
        + ConfigRecord { resource_type: 2, resource_name: "t", name: "min.insync.replicas", value: "1" }
        + ClearElrRecord { topic_name: "t" }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn an_unclean_restart_makes_ineligible() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    for broker in 1..=3 {
        fence(&mut script, broker);
    }
    script.text();
    // 2 and 3 are eligible. 3 lost its last writes, and 1 was not in sync when the last write was committed.
    for broker in [3, 1] {
        let again = RegisterBroker { incarnation: id(50 + broker as u8), ..registration(broker) };
        ask(&mut script, &format!("restart {broker}"), Event::RegisterBroker(again));
        live(&mut script, broker);
    }
    let previous_epoch = heartbeat(&script, 2).epoch;
    let clean = RegisterBroker { incarnation: id(60), previous_epoch, ..registration(2) };
    ask(&mut script, "restart 2", Event::RegisterBroker(clean));
    live(&mut script, 2);
    let text = written(&mut script);
    let partitions = text.lines().filter(|it| !it.contains("RegisterBroker") && !it.contains("cordoned"));
    expect![[r#"
        restart 3
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, eligible_leader_replicas: [2] }
        heartbeat 3
        + BrokerRegistrationChangeRecord { broker_id: 3, broker_epoch: 28, fenced: -1 }
        restart 1
        heartbeat 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 32, fenced: -1 }
        restart 2
        heartbeat 2
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 35, fenced: -1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2, eligible_leader_replicas: [], last_known_elr: [] }"#]].assert_eq(&partitions.collect::<Vec<_>>().join("\n"));
}

#[test]
fn without_eligible_replicas_the_last_in_sync_stays_so() {
    let mut script = cluster(2);
    let off = metadata::records::FeatureLevelRecord {
        name: "eligible.leader.replicas.version".into(),
        feature_level: 0,
        ..Default::default()
    };
    ask(&mut script, "create", safe(1, &[(0, &[1, 2])]));
    let mut image = script.shard.latest().clone();
    image.replay(&off.into());
    let next = script.shard.next_offset();
    let machine = std::mem::replace(script.shard.machine(), empty_machine());
    script.shard = machine::Shard::resume(machine, image, next);
    fence(&mut script, 1);
    fence(&mut script, 2);
    live(&mut script, 1);
    live(&mut script, 2);
    expect![[r#"
        create
        + TopicRecord { name: "t", topic_id: AQEBAQEBAQEBAQEBAQEBAQ }
        + ConfigRecord { resource_type: 2, resource_name: "t", name: "min.insync.replicas", value: "2" }
        + ClearElrRecord { topic_name: "t" }
        + PartitionRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [1, 2], isr: [1, 2], leader: 1, leader_epoch: 0, partition_epoch: 0, directories: [ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg] }
        fence 1
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2 }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        fence 2
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, leader: -1 }
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 12, fenced: 1 }
        heartbeat 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: -1 }
        heartbeat 2
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 12, fenced: -1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, leader: 2 }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn brokers_before_3_6_need_an_epoch_for_each_shrink() {
    let mut script = old_cluster(3, 10);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1, 2, 3])])]));
    script.text();
    for isr in [&[1, 2][..], &[1, 2, 3]] {
        let wanted = new_isr(&script, isr);
        alter_isr(&mut script, 1, wanted);
    }
    expect![[r#"
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2], leader: 1 }
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2, 3] }
    "#]]
    .assert_eq(&written(&mut script));
}
