//! What leaders and brokers report of their replicas.

use expect_test::expect;
use model::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, Uuid};

use super::kit::*;
use crate::*;

#[test]
fn an_isr_shrinks_and_grows() {
    let mut script = cluster(3);
    ask(&mut script, "", create(vec![assigned("t", 1, &[(0, &[1, 2])])]));
    script.text();
    let first = new_isr(&script, &[1]);
    alter_isr(&mut script, 1, first.clone());
    alter_isr(&mut script, 1, first); // An old partition epoch.
    for (broker, isr) in [(2, &[1, 2][..]), (1, &[2]), (1, &[1, 1]), (1, &[1, 3]), (1, &[1, 2])] {
        let wanted = new_isr(&script, isr);
        alter_isr(&mut script, broker, wanted);
    }
    let mut stale = new_isr(&script, &[1]);
    stale.isr = vec![(NodeId(1), BrokerEpoch(-1)), (NodeId(2), BrokerEpoch(1))];
    alter_isr(&mut script, 1, stale);
    expect![[r#"
        > alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1] }
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Ok(Partition { replicas: [1, 2], directories: [ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg], isr: [1], removing_replicas: [], adding_replicas: [], elr: [], last_known_elr: [], leader: 1, recovering: false, leader_epoch: 0, partition_epoch: 1 }) }])) }
        > alter
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Err(INVALID_UPDATE_VERSION) }])) }
        > alter
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Err(INVALID_REQUEST) }])) }
        > alter
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Err(INVALID_REQUEST) }])) }
        > alter
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Err(INVALID_REQUEST) }])) }
        > alter
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Err(INVALID_REQUEST) }])) }
        > alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2] }
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Ok(Partition { replicas: [1, 2], directories: [ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg], isr: [1, 2], removing_replicas: [], adding_replicas: [], elr: [], last_known_elr: [], leader: 1, recovering: false, leader_epoch: 0, partition_epoch: 2 }) }])) }
        > alter
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Err(INELIGIBLE_REPLICA) }])) }
    "#]].assert_eq(&script.text());
}

#[test]
fn an_unclean_leader_has_recovered() {
    let mut script = cluster(1);
    ask(&mut script, "", create(vec![topic("t", 1, 1, 1)]));
    ask(&mut script, "", Event::RegisterBroker(RegisterBroker { incarnation: id(9), ..registration(1) }));
    live(&mut script, 1);
    assert!(partition(script.shard.latest(), "t", 0).recovering, "killed and back");
    script.text();
    let wanted = NewIsr { recovering: false, ..new_isr(&script, &[1]) };
    alter_isr(&mut script, 1, wanted);
    expect![[r#"
        > alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, leader_recovery_state: 0 }
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Ok(Partition { replicas: [1], directories: [ZWVlZWVlZWVlZWVlZWVlZQ], isr: [1], removing_replicas: [], adding_replicas: [], elr: [], last_known_elr: [], leader: 1, recovering: false, leader_epoch: 2, partition_epoch: 3 }) }])) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_broker_tells_where_its_replicas_are() {
    let mut script = cluster(0);
    ask(&mut script, "", Event::RegisterBroker(RegisterBroker { log_dirs: vec![id(101), id(102)], ..registration(1) }));
    live(&mut script, 1);
    ask(&mut script, "", create(vec![topic("t", 1, 2, 1)]));
    script.text();
    let replica = |dir: Uuid, topic: u8, index: i32| (dir, id(topic), PartitionIndex(index));
    let replicas = vec![replica(id(101), 1, 0), replica(id(102), 1, 1), replica(id(101), 1, 7), replica(id(101), 2, 0)];
    let epoch = heartbeat(&script, 1).epoch;
    for replicas in [replicas.clone(), replicas, vec![replica(Uuid::LOST_DIR, 1, 0)]] {
        ask(&mut script, "assign", Event::AssignReplicas(AssignReplicas { broker: NodeId(1), epoch, replicas }));
    }
    expect![[r#"
        > assign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, directories: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        + PartitionChangeRecord { partition_id: 1, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, directories: [ZmZmZmZmZmZmZmZmZmZmZg] }
        < Reply { to: Token(7), body: AssignReplicas(Ok([Ok(()), Ok(()), Err(UNKNOWN_TOPIC_OR_PARTITION), Err(UNKNOWN_TOPIC_ID)])) }
        > assign
        < Reply { to: Token(7), body: AssignReplicas(Ok([Ok(()), Ok(()), Err(UNKNOWN_TOPIC_OR_PARTITION), Err(UNKNOWN_TOPIC_ID)])) }
        > assign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, directories: [AAAAAAAAAAAAAAAAAAAAAg] }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [], leader: -1, eligible_leader_replicas: [1], last_known_elr: [1] }
        < Reply { to: Token(7), body: AssignReplicas(Ok([Ok(())])) }
    "#]].assert_eq(&script.text());
}

#[test]
fn an_isr_is_refused() {
    let mut script = cluster(3);
    ask(&mut script, "", create(vec![assigned("t", 1, &[(0, &[1, 2, 3])])]));
    fence(&mut script, 3);
    script.text();
    let good = new_isr(&script, &[1, 2]);
    let (leader_epoch, partition_epoch) = (good.leader_epoch, good.partition_epoch);
    let cases = [
        NewIsr { topic_id: id(9), ..good.clone() },
        NewIsr { topic_id: Uuid::ZERO, ..good.clone() },
        NewIsr { partition: PartitionIndex(7), ..good.clone() },
        NewIsr { leader_epoch: LeaderEpoch(leader_epoch.0 + 1), ..good.clone() },
        NewIsr { partition_epoch: PartitionEpoch(partition_epoch.0 + 1), ..good.clone() },
        NewIsr { leader_epoch: LeaderEpoch(leader_epoch.0 - 1), ..good.clone() },
        NewIsr { partition_epoch: PartitionEpoch(partition_epoch.0 - 1), ..good.clone() },
        NewIsr { recovering: true, ..good.clone() },
        NewIsr { isr: vec![], ..good.clone() },
        new_isr(&script, &[1, 2, 3]), // Fenced.
        good.clone(),                 // Nothing changes.
    ];
    for case in cases {
        alter_isr(&mut script, 1, case);
    }
    let request = AlterPartition { broker: NodeId(1), epoch: BrokerEpoch(1), partitions: vec![good] };
    ask(&mut script, "alter", Event::AlterPartition(request));
    let results: Vec<_> = script.text().lines().filter_map(|it| Some(it.split_once("Err(")?.1.to_owned())).collect();
    expect![[r#"
        UNKNOWN_TOPIC_ID) }])) }
        UNKNOWN_TOPIC_ID) }])) }
        UNKNOWN_TOPIC_OR_PARTITION) }])) }
        NOT_CONTROLLER) }])) }
        NOT_CONTROLLER) }])) }
        FENCED_LEADER_EPOCH) }])) }
        INVALID_UPDATE_VERSION) }])) }
        INVALID_REQUEST) }])) }
        INVALID_REQUEST) }])) }
        INELIGIBLE_REPLICA) }])) }
        STALE_BROKER_EPOCH "Expected broker epoch 9, but got broker epoch 1")) }"#]]
    .assert_eq(&results.join("\n"));
}

#[test]
fn a_leader_that_stops_cannot_keep_itself_in_sync() {
    let mut script = cluster(2);
    ask(&mut script, "", create(vec![assigned("t", 1, &[(0, &[1])])]));
    let stop = BrokerHeartbeat { want_shut_down: true, ..heartbeat(&script, 1) };
    ask(&mut script, "stop", Event::BrokerHeartbeat(stop));
    script.text();
    let wanted = NewIsr { isr: vec![(NodeId(1), BrokerEpoch(-1))], ..new_isr(&script, &[]) };
    alter_isr(&mut script, 1, wanted);
    expect![[r#"
        > alter
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Err(INVALID_REQUEST) }])) }
    "#]].assert_eq(&script.text());
}

#[test]
fn one_of_two_directories_fails() {
    let mut script = cluster(2);
    let two = RegisterBroker { incarnation: id(9), log_dirs: vec![id(101), id(111)], ..registration(1) };
    ask(&mut script, "", Event::RegisterBroker(two));
    live(&mut script, 1);
    ask(&mut script, "", create(vec![assigned("t", 1, &[(0, &[1, 2]), (1, &[1, 2]), (2, &[1, 2])])]));
    let epoch = heartbeat(&script, 1).epoch;
    let assign = |script: &mut Script, dir: u8, index: i32| {
        let replicas = vec![(id(dir), id(1), PartitionIndex(index))];
        ask(script, "assign", Event::AssignReplicas(AssignReplicas { broker: NodeId(1), epoch, replicas }));
    };
    assign(&mut script, 101, 0);
    assign(&mut script, 111, 1);
    script.text();
    for _ in 0..2 {
        let failed = BrokerHeartbeat { offline_log_dirs: vec![id(101)], ..heartbeat(&script, 1) };
        ask(&mut script, "directory fails", Event::BrokerHeartbeat(failed));
    }
    assign(&mut script, 101, 2); // It turns out where the third was.
    expect![[r#"
        directory fails
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2 }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 15, log_dirs: [b29vb29vb29vb29vb29vbw] }
        assign
        + PartitionChangeRecord { partition_id: 2, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, directories: [ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg] }
        + PartitionChangeRecord { partition_id: 2, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2 }
    "#]].assert_eq(&written(&mut script));
}
