//! Leaders and ISRs when brokers come and go.

use expect_test::expect;
use model::NodeId;

use super::kit::*;
use crate::*;

#[test]
fn leaders_move_when_a_broker_is_fenced() {
    let mut script = cluster(3);
    let min_isr = NewTopic {
        configs: vec![("min.insync.replicas".into(), Some("2".into()))],
        ..assigned("t", 1, &[(0, &[1, 2, 3]), (1, &[2, 3, 1])])
    };
    ask(&mut script, "create", create(vec![min_isr]));
    script.text();
    fence(&mut script, 1);
    fence(&mut script, 2);
    fence(&mut script, 3);
    live(&mut script, 3);
    live(&mut script, 1);
    expect![[r#"
        > fence 1
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2, 3], leader: 2 }
        + PartitionChangeRecord { partition_id: 1, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2, 3] }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        < Reply { to: Token(7), body: FenceBroker }
        > fence 2
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [3], leader: 3, eligible_leader_replicas: [2] }
        + PartitionChangeRecord { partition_id: 1, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [3], leader: 3, eligible_leader_replicas: [2] }
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 12, fenced: 1 }
        < Reply { to: Token(7), body: FenceBroker }
        > fence 3
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [], leader: -1, eligible_leader_replicas: [2, 3], last_known_elr: [3] }
        + PartitionChangeRecord { partition_id: 1, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [], leader: -1, eligible_leader_replicas: [2, 3], last_known_elr: [3] }
        + BrokerRegistrationChangeRecord { broker_id: 3, broker_epoch: 15, fenced: 1 }
        < Reply { to: Token(7), body: FenceBroker }
        > heartbeat 3
        + BrokerRegistrationChangeRecord { broker_id: 3, broker_epoch: 15, fenced: -1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [3], leader: 3, eligible_leader_replicas: [2], last_known_elr: [] }
        + PartitionChangeRecord { partition_id: 1, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [3], leader: 3, eligible_leader_replicas: [2], last_known_elr: [] }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
        > heartbeat 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: -1 }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_single_replica_waits_for_its_broker() {
    let mut script = cluster(1);
    ask(&mut script, "create", create(vec![topic("t", 1, 1, 1)]));
    script.text();
    fence(&mut script, 1);
    ask(&mut script, "restart", Event::RegisterBroker(RegisterBroker { incarnation: id(9), ..registration(1) }));
    live(&mut script, 1);
    expect![[r#"
        > fence 1
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [], leader: -1, eligible_leader_replicas: [1], last_known_elr: [1] }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        < Reply { to: Token(7), body: FenceBroker }
        > restart
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, eligible_leader_replicas: [] }
        + RegisterBrokerRecord { broker_id: 1, incarnation_id: CQkJCQkJCQkJCQkJCQkJCQ, broker_epoch: 16, end_points: [BrokerEndpoint { name: "PLAINTEXT", host: "h", port: 9092 }], features: [BrokerFeature { name: "metadata.version", min_supported_version: 7, max_supported_version: 30 }, BrokerFeature { name: "eligible.leader.replicas.version", max_supported_version: 1 }, BrokerFeature { name: "group.version", max_supported_version: 1 }, BrokerFeature { name: "share.version", max_supported_version: 1 }, BrokerFeature { name: "streams.version", max_supported_version: 1 }, BrokerFeature { name: "transaction.version", max_supported_version: 2 }], log_dirs: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: RegisterBroker(Ok(16)) }
        > heartbeat 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 16, fenced: -1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1], leader: 1, leader_recovery_state: 1, last_known_elr: [] }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 16, cordoned_log_dirs: [] }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_clean_restart_keeps_what_it_was() {
    let mut script = cluster(1);
    ask(&mut script, "create", create(vec![topic("t", 1, 1, 1)]));
    let previous_epoch = heartbeat(&script, 1).epoch;
    script.text();
    let stop = BrokerHeartbeat { want_shut_down: true, ..heartbeat(&script, 1) };
    ask(&mut script, "stop", Event::BrokerHeartbeat(stop.clone()));
    ask(&mut script, "stop", Event::BrokerHeartbeat(BrokerHeartbeat { metadata_offset: 999.into(), ..stop }));
    let again = RegisterBroker { incarnation: id(9), previous_epoch, ..registration(1) };
    ask(&mut script, "restart", Event::RegisterBroker(again));
    live(&mut script, 1);
    expect![[r#"
        > stop
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, in_controlled_shutdown: 1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [], leader: -1, eligible_leader_replicas: [1], last_known_elr: [1] }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: true, should_shut_down: false })) }
        > stop
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: true, in_controlled_shutdown: false, should_shut_down: true })) }
        > restart
        + RegisterBrokerRecord { broker_id: 1, incarnation_id: CQkJCQkJCQkJCQkJCQkJCQ, broker_epoch: 17, end_points: [BrokerEndpoint { name: "PLAINTEXT", host: "h", port: 9092 }], features: [BrokerFeature { name: "metadata.version", min_supported_version: 7, max_supported_version: 30 }, BrokerFeature { name: "eligible.leader.replicas.version", max_supported_version: 1 }, BrokerFeature { name: "group.version", max_supported_version: 1 }, BrokerFeature { name: "share.version", max_supported_version: 1 }, BrokerFeature { name: "streams.version", max_supported_version: 1 }, BrokerFeature { name: "transaction.version", max_supported_version: 2 }], log_dirs: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: RegisterBroker(Ok(17)) }
        > heartbeat 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 17, fenced: -1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [1], leader: 1, eligible_leader_replicas: [], last_known_elr: [] }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 17, cordoned_log_dirs: [] }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_controlled_shutdown_waits_until_the_others_know() {
    let mut script = cluster(2);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1, 2])])]));
    script.text();
    let stop = BrokerHeartbeat { want_shut_down: true, ..heartbeat(&script, 1) };
    ask(&mut script, "stop 1", Event::BrokerHeartbeat(stop.clone()));
    ask(&mut script, "stop 1", Event::BrokerHeartbeat(stop.clone()));
    live(&mut script, 2);
    ask(&mut script, "stop 1", Event::BrokerHeartbeat(stop));
    expect![[r#"
        > stop 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, in_controlled_shutdown: 1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2 }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: true, should_shut_down: false })) }
        > stop 1
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: true, should_shut_down: false })) }
        > heartbeat 2
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
        > stop 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: true, in_controlled_shutdown: false, should_shut_down: true })) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_failed_directory_takes_its_replicas_out() {
    let mut script = cluster(2);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1, 2])])]));
    script.text();
    let failed = BrokerHeartbeat { offline_log_dirs: vec![id(101)], ..heartbeat(&script, 1) };
    ask(&mut script, "directory fails", Event::BrokerHeartbeat(failed));
    ask(&mut script, "unregister", Event::UnregisterBroker(NodeId(2)));
    ask(&mut script, "unregister again", Event::UnregisterBroker(NodeId(2)));
    expect![[r#"
        > directory fails
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2 }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9 }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
        > unregister
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [], leader: -1, eligible_leader_replicas: [2], last_known_elr: [2] }
        + UnregisterBrokerRecord { broker_id: 2, broker_epoch: 12 }
        < Reply { to: Token(7), body: UnregisterBroker(Ok(())) }
        > unregister again
        < Reply { to: Token(7), body: UnregisterBroker(Err(BROKER_ID_NOT_REGISTERED "Broker ID 2 is not currently registered")) }
    "#]].assert_eq(&script.text());
}

#[test]
fn an_unclean_leader_only_where_it_is_allowed() {
    let mut script = cluster(2);
    let allowed = ("unclean.leader.election.enable".to_owned(), Some("true".to_owned()));
    let unclean = NewTopic { configs: vec![allowed], ..assigned("unclean", 1, &[(0, &[1, 2])]) };
    ask(&mut script, "create", create(vec![unclean, assigned("clean", 2, &[(0, &[1, 2])])]));
    fence(&mut script, 2);
    script.text();
    ask(
        &mut script,
        "lost everything",
        Event::RegisterBroker(RegisterBroker { incarnation: id(9), ..registration(1) }),
    );
    live(&mut script, 2);
    expect![[r#"
        > lost everything
        + PartitionChangeRecord { partition_id: 0, topic_id: AgICAgICAgICAgICAgICAg, isr: [], leader: -1, last_known_elr: [1] }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [], leader: -1, last_known_elr: [1] }
        + RegisterBrokerRecord { broker_id: 1, incarnation_id: CQkJCQkJCQkJCQkJCQkJCQ, broker_epoch: 23, end_points: [BrokerEndpoint { name: "PLAINTEXT", host: "h", port: 9092 }], features: [BrokerFeature { name: "metadata.version", min_supported_version: 7, max_supported_version: 30 }, BrokerFeature { name: "eligible.leader.replicas.version", max_supported_version: 1 }, BrokerFeature { name: "group.version", max_supported_version: 1 }, BrokerFeature { name: "share.version", max_supported_version: 1 }, BrokerFeature { name: "streams.version", max_supported_version: 1 }, BrokerFeature { name: "transaction.version", max_supported_version: 2 }], log_dirs: [ZWVlZWVlZWVlZWVlZWVlZQ] }
        < Reply { to: Token(7), body: RegisterBroker(Ok(23)) }
        > heartbeat 2
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 12, fenced: -1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2], leader: 2, leader_recovery_state: 1, last_known_elr: [] }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_broker_that_is_no_controller_is_configured_too() {
    let mut script = cluster(2);
    script.text();
    ask(&mut script, "broker 2", alter(4, "2", &[("leader.replication.throttled.rate", 0, Some("1000"))]));
    expect![[r#"
        > broker 2
        + ConfigRecord { resource_type: 4, resource_name: "2", name: "leader.replication.throttled.rate", value: "1000" }
        < Reply { to: Token(7), body: AlterConfigs([(ConfigResource { kind: ResourceType(4), name: "2" }, Ok(()))]) }
    "#]].assert_eq(&script.text());
}
