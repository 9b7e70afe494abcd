//! Sessions that end, and brokers that are dead before.

use expect_test::expect;
use model::NodeId;

use super::kit::*;
use crate::*;

fn unreachable(script: &mut Script, broker: i32, evidence: Evidence) {
    let epoch = heartbeat(script, broker).epoch;
    let told = BrokerUnreachable { broker: NodeId(broker), epoch, evidence };
    ask(script, &format!("{broker} {evidence:?}"), Event::BrokerUnreachable(told));
}

fn leader(script: &Script) -> i32 {
    partition(script.shard.latest(), "t", 0).leader.0
}

#[test]
fn a_silent_broker_is_fenced_when_its_session_ends() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3]), (1, &[3, 2, 1])]));
    pass(&mut script, 1, &[1, 2, 3]);
    script.text();
    pass(&mut script, 9, &[2, 3]);
    assert_eq!(written(&mut script), "", "nine seconds are not over");
    pass(&mut script, 1, &[2, 3]);
    expect![[r#"
        > heartbeat 2
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
        > heartbeat 3
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
        > tick
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2, 3], leader: 2 }
        + PartitionChangeRecord { partition_id: 1, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [3, 2] }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        < Reply { to: Token(7), body: Tick { again_ms: 1125 } }
    "#]].assert_eq(&script.text());
    pass(&mut script, 20, &[2, 3]);
    assert_eq!(written(&mut script), "", "once is enough");
    live(&mut script, 1);
    expect![[r#"
        heartbeat 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: -1 }
    "#]]
    .assert_eq(&written(&mut script));
}

#[test]
fn two_sessions_end_at_once() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    pass(&mut script, 1, &[1, 2, 3]);
    script.text();
    pass(&mut script, 10, &[3]);
    expect![[r#"
        tick
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2, 3], leader: 2 }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [3], leader: 3, eligible_leader_replicas: [2] }
        + BrokerRegistrationChangeRecord { broker_id: 2, broker_epoch: 12, fenced: 1 }
    "#]].assert_eq(&written(&mut script));
}

#[test]
fn neither_a_clock_that_jumps_nor_a_controller_that_slept_ends_sessions() {
    let mut script = cluster(2);
    pass(&mut script, 1, &[1, 2]);
    script.text();
    script.now.0 += 3_600_000;
    ask(&mut script, "tick", Event::Tick);
    script.now.0 -= 7_200_000;
    ask(&mut script, "tick", Event::Tick);
    pass(&mut script, 5, &[1, 2]);
    assert_eq!(written(&mut script), "");
}

#[test]
fn a_new_reign_gives_everybody_a_whole_session() {
    let mut script = cluster(2);
    pass(&mut script, 8, &[]);
    script.shard.machine().begin_reign();
    pass(&mut script, 9, &[]);
    assert_eq!(written(&mut script), "");
    pass(&mut script, 3, &[]);
    assert!((1..=2).all(|id| !script.shard.latest().is_unfenced(NodeId(id))));
}

#[test]
fn a_controlled_shutdown_survives_the_controller() {
    let mut script = cluster(2);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1])])]));
    let stop = |script: &Script, offset: i64| BrokerHeartbeat {
        want_shut_down: true,
        metadata_offset: offset.into(),
        ..heartbeat(script, 1)
    };
    let event = Event::BrokerHeartbeat(stop(&script, 20));
    ask(&mut script, "stop 1", event);
    script.shard.machine().begin_reign();
    script.text();
    let event = Event::BrokerHeartbeat(stop(&script, 30));
    ask(&mut script, "stop 1", event);
    expect![[r#"
        > stop 1
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: true, in_controlled_shutdown: false, should_shut_down: true })) }
    "#]].assert_eq(&script.text());
}

#[test]
fn a_broker_that_was_killed_is_fenced_at_once() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    script.text();
    unreachable(&mut script, 1, Evidence::HungUp);
    unreachable(&mut script, 1, Evidence::Refused);
    unreachable(&mut script, 1, Evidence::Refused);
    expect![[r#"
        > 1 HungUp
        < Reply { to: Token(7), body: BrokerUnreachable { fenced: false } }
        > 1 Refused
        + PartitionChangeRecord { partition_id: 0, topic_id: AQEBAQEBAQEBAQEBAQEBAQ, isr: [2, 3], leader: 2 }
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 9, fenced: 1 }
        < Reply { to: Token(7), body: BrokerUnreachable { fenced: true } }
        > 1 Refused
        < Reply { to: Token(7), body: BrokerUnreachable { fenced: false } }
    "#]]
    .assert_eq(&script.text());
    // What it sent before it died is no sign of life.
    live(&mut script, 1);
    assert_eq!(written(&mut script), "");
    // It is back, as another incarnation, long before its session would have ended.
    ask(&mut script, "restart", Event::RegisterBroker(RegisterBroker { incarnation: id(9), ..registration(1) }));
    live(&mut script, 1);
    assert!(script.shard.latest().is_active(NodeId(1)));
}

#[test]
fn half_of_the_evidence_is_none() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    let fenced = |script: &Script| !script.shard.latest().is_unfenced(NodeId(1));
    for evidence in [Evidence::HungUp, Evidence::Refused] {
        unreachable(&mut script, 1, evidence);
        unreachable(&mut script, 1, evidence);
        assert!(!fenced(&script), "one kind alone");
        live(&mut script, 1);
    }
    unreachable(&mut script, 1, Evidence::HungUp);
    live(&mut script, 1);
    unreachable(&mut script, 1, Evidence::Refused);
    assert!(!fenced(&script), "it was heard of in between");
    live(&mut script, 1);
    unreachable(&mut script, 1, Evidence::HungUp);
    pass(&mut script, 3, &[2, 3]);
    unreachable(&mut script, 1, Evidence::Refused);
    assert!(!fenced(&script), "too far apart");
    let epoch = heartbeat(&script, 1).epoch;
    let again = RegisterBroker { incarnation: id(9), previous_epoch: epoch, ..registration(1) };
    ask(&mut script, "restart", Event::RegisterBroker(again));
    live(&mut script, 1);
    for evidence in [Evidence::HungUp, Evidence::Refused] {
        let told = BrokerUnreachable { broker: NodeId(1), epoch, evidence };
        ask(&mut script, "of the earlier incarnation", Event::BrokerUnreachable(told));
    }
    assert!(!fenced(&script), "it is another one now");
}

#[test]
fn leaders_do_not_dance_to_evidence_that_was_wrong() {
    let mut script = cluster(3);
    ask(&mut script, "create", safe(1, &[(0, &[1, 2, 3])]));
    let accuse = |script: &mut Script| {
        unreachable(script, 1, Evidence::HungUp);
        unreachable(script, 1, Evidence::Refused);
    };
    accuse(&mut script);
    assert_eq!(leader(&script), 2);
    pass(&mut script, 1, &[1, 2, 3]);
    assert!(script.shard.latest().is_active(NodeId(1)), "a firewall spoke for it; it lives");
    let wanted = new_isr(&script, &[2, 3, 1]);
    alter_isr(&mut script, 2, wanted);
    for _ in 0..5 {
        accuse(&mut script);
        pass(&mut script, 1, &[1, 2, 3]);
    }
    accuse(&mut script);
    assert!(script.shard.latest().is_active(NodeId(1)), "once is enough for one incarnation");
    pass(&mut script, 10, &[2, 3]);
    assert!(!script.shard.latest().is_active(NodeId(1)), "its session still ends");
}

#[test]
fn another_machine_must_wait_for_the_end_of_the_session() {
    let mut script = cluster(1);
    let other = RegisterBroker { incarnation: id(9), log_dirs: vec![id(7)], ..registration(1) };
    pass(&mut script, 1, &[1]);
    ask(&mut script, "other", Event::RegisterBroker(other.clone()));
    assert!(script.text().contains("DUPLICATE_BROKER_REGISTRATION"));
    pass(&mut script, 10, &[]);
    ask(&mut script, "other", Event::RegisterBroker(other));
    assert!(written(&mut script).contains("RegisterBrokerRecord"));
}

#[test]
fn the_controllers_own_broker_need_not_wait_with_new_disks() {
    let mut script = cluster(2);
    pass(&mut script, 1, &[1, 2]);
    script.shard.machine().begin_reign();
    script.text();
    for broker in [1, 2] {
        let new = RegisterBroker {
            incarnation: id(90 + broker as u8),
            log_dirs: vec![id(70 + broker as u8)],
            ..registration(broker)
        };
        ask(&mut script, "new disks", Event::RegisterBroker(new));
    }
    let text = script.text();
    assert_eq!(text.matches("RegisterBrokerRecord { broker_id: 1").count(), 1, "{text}");
    assert_eq!(text.matches("DUPLICATE_BROKER_REGISTRATION").count(), 1, "{text}");
}

#[test]
fn a_broker_is_unfenced_when_it_has_seen_its_registration() {
    let mut script = cluster(2);
    ask(&mut script, "create", create(vec![assigned("t", 1, &[(0, &[1, 2]), (1, &[1, 2])])]));
    ask(&mut script, "restart", Event::RegisterBroker(RegisterBroker { incarnation: id(9), ..registration(1) }));
    let end = script.shard.next_offset().0;
    script.text();
    for offset in [end - 2, end - 1] {
        let beat = BrokerHeartbeat { metadata_offset: offset.into(), ..heartbeat(&script, 1) };
        ask(&mut script, "heartbeat", Event::BrokerHeartbeat(beat));
    }
    expect![[r#"
        > heartbeat
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 18, cordoned_log_dirs: [] }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: false, fenced: true, in_controlled_shutdown: false, should_shut_down: false })) }
        > heartbeat
        + BrokerRegistrationChangeRecord { broker_id: 1, broker_epoch: 18, fenced: -1 }
        < Reply { to: Token(7), body: BrokerHeartbeat(Ok(BrokerStatus { caught_up: true, fenced: false, in_controlled_shutdown: false, should_shut_down: false })) }
    "#]].assert_eq(&script.text());
}
