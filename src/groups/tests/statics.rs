//! Static members (KIP-345, KIP-814).

use expect_test::expect;

use super::kit::*;
use crate::*;

/// A stable group of the static members `a` and `b`; `a` leads.
fn group() -> Script {
    let mut script = script();
    join(&mut script, 1, is_static("a"));
    join(&mut script, 2, is_static("b"));
    pass(&mut script, 6_000);
    assigned(&mut script, &["a", "b"], 1);
    script.text();
    script
}

/// Another incarnation of a static member.
fn reborn(name: &str) -> JoinGroup {
    JoinGroup { dice: dice(1), ..is_static(name) }
}

#[test]
fn a_follower_that_comes_back_changes_nothing_but_its_id() {
    let mut script = group();
    join(&mut script, 3, reborn("b"));
    heartbeat(&mut script, 2, Heartbeat { instance: Some("b".into()), ..beat("b", 1) });
    heartbeat(&mut script, 2, beat("b", 1));
    let new = format!("b-{}", dice(1).0);
    sync(&mut script, 3, SyncGroup { member: new, instance: Some("b".into()), ..syncing("b", 1, &[]) });
    expect![[r#"
        > b joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 1, protocol: "range", leader: "a", since: 6000, members: [MemberMetadata { member_id: "a", group_instance_id: "a", client_id: "c", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"a" }, MemberMetadata { member_id: "b-01010101-0101-0101-0101-010101010101", group_instance_id: "b", client_id: "c", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"b" }] }
        < Reply { to: Token(3), body: JoinGroup(Joined { error: NONE, member: "b-01010101-0101-0101-0101-010101010101", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
        > heartbeat
        < Reply { to: Token(2), body: Heartbeat(FENCED_INSTANCE_ID) }
        > heartbeat
        < Reply { to: Token(2), body: Heartbeat(UNKNOWN_MEMBER_ID) }
        > sync
        < Reply { to: Token(3), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"b" }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_leader_that_comes_back_leads_but_must_not_assign() {
    let mut script = group();
    join(&mut script, 3, reborn("a"));
    expect![[r#"
        > a joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 1, protocol: "range", leader: "a-01010101-0101-0101-0101-010101010101", since: 6000, members: [MemberMetadata { member_id: "a-01010101-0101-0101-0101-010101010101", group_instance_id: "a", client_id: "c", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"a" }, MemberMetadata { member_id: "b", group_instance_id: "b", client_id: "c", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"b" }] }
        < Reply { to: Token(3), body: JoinGroup(Joined { error: NONE, member: "a-01010101-0101-0101-0101-010101010101", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a-01010101-0101-0101-0101-010101010101", skip_assignment: true, members: [JoinedMember { member: "a-01010101-0101-0101-0101-010101010101", instance: "a", metadata: t }, JoinedMember { member: "b", instance: "b", metadata: t }] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn an_old_client_that_leads_is_told_of_its_earlier_self() {
    let mut script = group();
    join(&mut script, 3, JoinGroup { supports_skipping_assignment: false, ..reborn("a") });
    expect![[r#"
        > a joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 1, protocol: "range", leader: "a-01010101-0101-0101-0101-010101010101", since: 6000, members: [MemberMetadata { member_id: "a-01010101-0101-0101-0101-010101010101", group_instance_id: "a", client_id: "c", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"a" }, MemberMetadata { member_id: "b", group_instance_id: "b", client_id: "c", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"b" }] }
        < Reply { to: Token(3), body: JoinGroup(Joined { error: NONE, member: "a-01010101-0101-0101-0101-010101010101", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn one_that_changes_the_protocol_begins_a_rebalance() {
    let mut script = script();
    let both = vec![protocol("range"), protocol("sticky")];
    join(&mut script, 1, JoinGroup { protocols: both.clone(), ..is_static("a") });
    join(&mut script, 2, JoinGroup { protocols: both.clone(), ..is_static("b") });
    pass(&mut script, 6_000);
    assigned(&mut script, &["a", "b"], 1);
    script.text();
    join(&mut script, 3, JoinGroup { protocols: vec![protocol("sticky")], ..reborn("b") });
    join(&mut script, 1, JoinGroup { instance: Some("a".into()), protocols: both, ..again("a") });
    expect![[r#"
        > b joins
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 2, protocol_type: "consumer", protocol_name: "sticky", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: "a", metadata: t }, JoinedMember { member: "b-01010101-0101-0101-0101-010101010101", instance: "b", metadata: t }] }) }
        < Reply { to: Token(3), body: JoinGroup(Joined { error: NONE, member: "b-01010101-0101-0101-0101-010101010101", generation: 2, protocol_type: "consumer", protocol_name: "sticky", leader: "a", skip_assignment: false, members: [] }) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn its_earlier_self_is_fenced_wherever_it_waits() {
    let mut script = group();
    let a = JoinGroup { instance: Some("a".into()), ..again("a") };
    let b = JoinGroup { instance: Some("b".into()), ..again("b") };
    join(&mut script, 1, a.clone());
    join(&mut script, 3, reborn("a"));
    join(&mut script, 1, a);
    join(&mut script, 2, b);
    sync(&mut script, 2, syncing("b", 2, &[]));
    join(&mut script, 4, reborn("b"));
    expect![[r#"
        > a joins
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: FENCED_INSTANCE_ID, member: "a", generation: -1, protocol_type: None, protocol_name: None, leader: "", skip_assignment: false, members: [] }) }
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: FENCED_INSTANCE_ID, member: "a", generation: -1, protocol_type: None, protocol_name: None, leader: "", skip_assignment: false, members: [] }) }
        > b joins
        < Reply { to: Token(3), body: JoinGroup(Joined { error: NONE, member: "a-01010101-0101-0101-0101-010101010101", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a-01010101-0101-0101-0101-010101010101", skip_assignment: false, members: [JoinedMember { member: "a-01010101-0101-0101-0101-010101010101", instance: "a", metadata: t }, JoinedMember { member: "b", instance: "b", metadata: t }] }) }
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a-01010101-0101-0101-0101-010101010101", skip_assignment: false, members: [] }) }
        > sync
        > b joins
        < Reply { to: Token(2), body: SyncGroup(Synced { error: FENCED_INSTANCE_ID, protocol_type: None, protocol_name: None, assignment: b"" }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_rebalance_keeps_static_members_that_are_away() {
    let mut script = group();
    let long = JoinGroup { session_timeout_ms: 100_000, ..reborn("b") };
    join(&mut script, 3, long);
    let b = Heartbeat { member: format!("b-{}", dice(1).0), ..beat("b", 1) };
    heartbeat(&mut script, 3, b); // Only now its session is the longer one.
    let a = JoinGroup { instance: Some("a".into()), ..again("a") };
    join(&mut script, 1, a);
    script.text();
    pass(&mut script, 60_000);
    expect![[r#"
        > 16000 ms
        > 66000 ms
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: "a", metadata: t }, JoinedMember { member: "b-01010101-0101-0101-0101-010101010101", instance: "b", metadata: t }] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn an_administrator_removes_one_by_its_name() {
    let mut script = group();
    leave(&mut script, 9, vec![leaving("", Some("b")), leaving("", Some("c")), leaving("", None)]);
    leave(&mut script, 9, vec![leaving(&id("b"), Some("a")), leaving(&id("a"), Some("b"))]);
    expect![[r#"
        > leave
        < Reply { to: Token(9), body: LeaveGroup(Ok([Left { member: "", instance: "b", error: NONE }, Left { member: "", instance: "c", error: UNKNOWN_MEMBER_ID }, Left { member: "", instance: None, error: UNKNOWN_MEMBER_ID }])) }
        > leave
        < Reply { to: Token(9), body: LeaveGroup(Ok([Left { member: "b", instance: "a", error: FENCED_INSTANCE_ID }, Left { member: "a", instance: "b", error: UNKNOWN_MEMBER_ID }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_group_too_large_to_be_written_stays_as_it_was() {
    let settings = Settings { max_batch_bytes: 420, ..Settings::default() };
    let mut script = with(settings);
    join(&mut script, 1, is_static("a"));
    join(&mut script, 2, is_static("b"));
    pass(&mut script, 6_000);
    assigned(&mut script, &["a", "b"], 1);
    script.text();
    let metadata = bytes::Bytes::from(vec![1; 400]);
    join(&mut script, 3, JoinGroup { protocols: vec![Protocol { name: "range".into(), metadata }], ..reborn("b") });
    heartbeat(&mut script, 2, Heartbeat { instance: Some("b".into()), ..beat("b", 1) });
    expect![[r#"
        > b joins
        < Reply { to: Token(3), body: JoinGroup(Joined { error: UNKNOWN_SERVER_ERROR, member: "", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
        > heartbeat
        < Reply { to: Token(2), body: Heartbeat(NONE) }
    "#]].assert_eq(&told(&mut script));
}
