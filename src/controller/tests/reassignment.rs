//! Partitions that move, as `ReplicationControlManager` moves them.

use expect_test::expect;
use model::{NodeId, PartitionIndex};

use super::kit::*;
use crate::*;

#[test]
fn a_partition_moves() {
    let mut script = cluster(5);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    script.text();
    reassign(&mut script, Some(&[4, 5, 3]));
    for isr in [&[1, 2, 3, 4][..], &[1, 2, 3, 4, 5]] {
        let wanted = new_isr(&script, isr);
        alter_isr(&mut script, 1, wanted);
    }
    expect![[r#"
        > reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [4, 5, 3, 1, 2], removing_replicas: [1, 2], adding_replicas: [4, 5], directories: [aGhoaGhoaGhoaGhoaGhoaA, aWlpaWlpaWlpaWlpaWlpaQ, Z2dnZ2dnZ2dnZ2dnZ2dnZw, ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg] }
        < Reply { to: Token(7), body: AlterReassignments([ReassignedTopic { topic: "t", partitions: [(0, Ok(()))] }]) }
        > alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2, 3, 4] }
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Ok(Partition { replicas: [4, 5, 3, 1, 2], directories: [aGhoaGhoaGhoaGhoaGhoaA, aWlpaWlpaWlpaWlpaWlpaQ, Z2dnZ2dnZ2dnZ2dnZ2dnZw, ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg], isr: [1, 2, 3, 4], removing_replicas: [1, 2], adding_replicas: [4, 5], elr: [], last_known_elr: [], leader: 1, recovering: false, leader_epoch: 0, partition_epoch: 2 }) }])) }
        > alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [3, 4, 5], leader: 4, replicas: [4, 5, 3], removing_replicas: [], adding_replicas: [], directories: [aGhoaGhoaGhoaGhoaGhoaA, aWlpaWlpaWlpaWlpaWlpaQ, Z2dnZ2dnZ2dnZ2dnZ2dnZw] }
        < Reply { to: Token(7), body: AlterPartition(Ok([AlteredPartition { topic_id: AQEBAQEBAQEBAQEBAQEBAQ, partition: 0, result: Err(NEW_LEADER_ELECTED) }])) }
    "#]].assert_eq(&script.text());
}

#[test]
fn it_is_listed_and_cancelled() {
    let mut script = cluster(4);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3]), (1, &[1, 2, 3])]));
    reassign(&mut script, Some(&[4, 2, 3]));
    let wanted = new_isr(&script, &[1, 2, 3]);
    alter_isr(&mut script, 1, wanted);
    let image = script.shard.latest().clone();
    let all = list_reassignments(&image, None);
    expect![[r#"[("t", [OngoingReassignment { partition: 0, replicas: [4, 2, 3, 1], adding: [4], removing: [1] }])]"#]]
        .assert_eq(&machine::transcript::terse(&all));
    let ask_for = |name: &str, index| list_reassignments(&image, Some(&[(name.into(), vec![PartitionIndex(index)])]));
    assert_eq!(ask_for("t", 0), all);
    assert!(ask_for("t", 1).is_empty() && ask_for("t", 9).is_empty() && ask_for("u", 0).is_empty());
    script.text();
    reassign(&mut script, None);
    reassign(&mut script, None);
    expect![[r#"
        > reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, leader: 1, replicas: [2, 3, 1], removing_replicas: [], adding_replicas: [], directories: [ZmZmZmZmZmZmZmZmZmZmZg, Z2dnZ2dnZ2dnZ2dnZ2dnZw, ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: AlterReassignments([ReassignedTopic { topic: "t", partitions: [(0, Ok(()))] }]) }
        > reassign
        < Reply { to: Token(7), body: AlterReassignments([ReassignedTopic { topic: "t", partitions: [(0, Err(NO_REASSIGNMENT_IN_PROGRESS))] }]) }
    "#]].assert_eq(&script.text());
}

#[test]
fn what_needs_nobody_new_is_done_at_once() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    script.text();
    reassign(&mut script, Some(&[3, 1, 2])); // Another order.
    reassign(&mut script, Some(&[3, 1, 2])); // The same.
    reassign(&mut script, Some(&[3, 2])); // One less, the leader's.
    expect![[r#"
        reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [3, 1, 2], directories: [Z2dnZ2dnZ2dnZ2dnZ2dnZw, ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg] }
        reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2, 3], leader: 3, replicas: [3, 2], directories: [Z2dnZ2dnZ2dnZ2dnZ2dnZw, ZmZmZmZmZmZmZmZmZmZmZg] }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn fewer_replicas_wait_until_all_that_stay_are_in_sync() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    let wanted = new_isr(&script, &[1, 3]);
    alter_isr(&mut script, 1, wanted);
    script.text();
    reassign(&mut script, Some(&[1, 2]));
    let wanted = new_isr(&script, &[1, 3, 2]);
    alter_isr(&mut script, 1, wanted);
    expect![[r#"
        reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, removing_replicas: [3] }
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2], leader: 1, replicas: [1, 2], removing_replicas: [], directories: [ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg] }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn one_that_is_overtaken_by_another_ends() {
    let mut script = cluster(6);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    script.text();
    reassign(&mut script, Some(&[4, 5, 6]));
    reassign(&mut script, Some(&[1, 2, 3])); // Back, which is done at once.
    reassign(&mut script, Some(&[4, 2, 3]));
    reassign(&mut script, Some(&[4, 2, 3, 1])); // Nobody is to be removed any more.
    let wanted = new_isr(&script, &[1, 2, 3, 4]);
    alter_isr(&mut script, 1, wanted);
    expect![[r#"
        reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [4, 5, 6, 1, 2, 3], removing_replicas: [1, 2, 3], adding_replicas: [4, 5, 6], directories: [aGhoaGhoaGhoaGhoaGhoaA, aWlpaWlpaWlpaWlpaWlpaQ, ampqampqampqampqampqag, ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg, Z2dnZ2dnZ2dnZ2dnZ2dnZw] }
        reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, leader: 1, replicas: [1, 2, 3], removing_replicas: [], adding_replicas: [], directories: [ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg, Z2dnZ2dnZ2dnZ2dnZ2dnZw] }
        reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [4, 2, 3, 1], removing_replicas: [1], adding_replicas: [4], directories: [aGhoaGhoaGhoaGhoaGhoaA, ZmZmZmZmZmZmZmZmZmZmZg, Z2dnZ2dnZ2dnZ2dnZ2dnZw, ZWVlZWVlZWVlZWVlZWVlZQ] }
        reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, removing_replicas: [] }
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2, 3, 4], adding_replicas: [] }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn the_replication_factor_is_raised_from_one_to_three() {
    let mut script = cluster(3);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1])])]));
    script.text();
    reassign(&mut script, Some(&[1, 2, 3]));
    let wanted = new_isr(&script, &[1, 2, 3]);
    alter_isr(&mut script, 1, wanted);
    expect![[r#"
        reassign
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, replicas: [1, 2, 3], adding_replicas: [2, 3], directories: [ZWVlZWVlZWVlZWVlZWVlZQ, ZmZmZmZmZmZmZmZmZmZmZg, Z2dnZ2dnZ2dnZ2dnZ2dnZw] }
        alter
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1, 2, 3], adding_replicas: [] }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn to_go_back_may_need_an_unclean_leader() {
    for unclean in ["false", "true"] {
        let mut script = cluster(3);
        let configs = vec![("unclean.leader.election.enable".to_owned(), Some(unclean.to_owned()))];
        ask(&mut script, "create", create(vec![NewTopic { configs, ..assigned("t", 1, &[(0, &[1])]) }]));
        reassign(&mut script, Some(&[2, 3]));
        let wanted = new_isr(&script, &[1, 2]);
        alter_isr(&mut script, 1, wanted);
        fence(&mut script, 1);
        script.text();
        reassign(&mut script, None);
        match unclean {
            "false" => expect![[r#"
                > reassign
                < Reply { to: Token(7), body: AlterReassignments([ReassignedTopic { topic: "t", partitions: [(0, Err(INVALID_REPLICA_ASSIGNMENT "Unable to revert partition assignment for t:0 because it would require an unclean leader election."))] }]) }
            "#]],
            _ => expect![[r#"
                > reassign
                + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1], leader: -1, replicas: [1], removing_replicas: [], adding_replicas: [], directories: [ZWVlZWVlZWVlZWVlZWVlZQ], last_known_elr: [2] }
                < Reply { to: Token(7), body: AlterReassignments([ReassignedTopic { topic: "t", partitions: [(0, Ok(()))] }]) }
            "#]],
        }
        .assert_eq(&script.text());
    }
}

#[test]
fn one_is_refused() {
    let mut script = cluster(3);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1, 2])])]));
    script.text();
    let one = |topic: &str, index: i32, replicas: &[i32]| {
        let replicas = Some(replicas.iter().copied().map(NodeId).collect());
        (topic.to_owned(), vec![ReassignedPartition { partition: PartitionIndex(index), replicas }])
    };
    let topics = vec![
        one("u", 0, &[1]),
        one("t", 7, &[1]),
        one("t", 0, &[]),
        one("t", 0, &[1, 9]),
        one("t", 0, &[1, 1]),
        one("t", 0, &[1, 2, 3]),
        one("t", 0, &[2]),
    ];
    let event = AlterReassignments { topics, allow_replication_factor_change: false };
    ask(&mut script, "reassign", Event::AlterReassignments(event));
    let text = script.text();
    assert!(!text.contains("\n+ "));
    let results: Vec<_> = text.split("Err(").skip(1).map(|it| it.split(')').next().unwrap()).collect();
    expect![[r#"
        UNKNOWN_TOPIC_OR_PARTITION "Unable to find a topic named u."
        UNKNOWN_TOPIC_OR_PARTITION "Unable to find partition t:7."
        INVALID_REPLICA_ASSIGNMENT "The manual partition assignment includes an empty replica list."
        INVALID_REPLICA_ASSIGNMENT "The manual partition assignment includes broker 9, but no such broker is registered."
        INVALID_REPLICA_ASSIGNMENT "The manual partition assignment includes the broker 1 more than once."
        INVALID_REPLICATION_FACTOR "The replication factor is changed from 2 to 3"
        INVALID_REPLICATION_FACTOR "The replication factor is changed from 2 to 1""#]].assert_eq(&results.join("\n"));
}
