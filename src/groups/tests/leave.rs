//! LeaveGroup.

use expect_test::expect;

use super::kit::*;
use crate::*;

#[test]
fn others_rebalance_and_the_last_one_leaves_an_empty_group() {
    let mut script = stable(&["a", "b"]);
    leave(&mut script, 1, vec![leaving(&id("a"), None)]);
    heartbeat(&mut script, 2, beat("b", 1));
    join(&mut script, 2, again("b"));
    leave(&mut script, 2, vec![leaving(&id("b"), None)]);
    assert_eq!(script.shard.machine().next_deadline(), None, "nothing is left");
    expect![[r#"
        > leave
        < Reply { to: Token(1), body: LeaveGroup(Ok([Left { member: "a", instance: None, error: NONE }])) }
        > heartbeat
        < Reply { to: Token(2), body: Heartbeat(REBALANCE_IN_PROGRESS) }
        > b joins
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "b", skip_assignment: false, members: [JoinedMember { member: "b", instance: None, metadata: t }] }) }
        > leave
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 3, since: 6000 }
        < Reply { to: Token(2), body: LeaveGroup(Ok([Left { member: "b", instance: None, error: NONE }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn several_leave_at_once_and_strangers_are_told_so() {
    let mut script = stable(&["a", "b", "c"]);
    leave(&mut script, 1, vec![leaving(&id("a"), None), leaving("stranger", None), leaving(&id("b"), Some("i"))]);
    ask(
        &mut script,
        1,
        "leave nowhere",
        Request::LeaveGroup(LeaveGroup { group: "other".into(), members: vec![leaving("m", Some("i"))] }),
    );
    ask(&mut script, 1, "leave", Request::LeaveGroup(LeaveGroup { group: "".into(), members: vec![] }));
    expect![[r#"
        > leave
        < Reply { to: Token(1), body: LeaveGroup(Ok([Left { member: "a", instance: None, error: NONE }, Left { member: "stranger", instance: None, error: UNKNOWN_MEMBER_ID }, Left { member: "b", instance: "i", error: UNKNOWN_MEMBER_ID }])) }
        > leave nowhere
        < Reply { to: Token(1), body: LeaveGroup(Ok([Left { member: "m", instance: "i", error: UNKNOWN_MEMBER_ID }])) }
        > leave
        < Reply { to: Token(1), body: LeaveGroup(Err(INVALID_GROUP_ID)) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn an_id_that_was_given_out_is_given_back() {
    let mut script = stable(&["a"]);
    join(&mut script, 2, JoinGroup { requires_known_member: true, ..joining("b") });
    join(&mut script, 1, again("a"));
    script.text();
    leave(&mut script, 2, vec![leaving(&id("b"), None)]);
    expect![[r#"
        > leave
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }] }) }
        < Reply { to: Token(2), body: LeaveGroup(Ok([Left { member: "b", instance: None, error: NONE }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn one_that_leaves_while_it_waits_is_told() {
    let mut script = script();
    join(&mut script, 1, joining("a"));
    leave(&mut script, 9, vec![leaving(&id("a"), None)]);
    pass(&mut script, 3_000);
    join(&mut script, 1, joining("a"));
    join(&mut script, 2, joining("b"));
    pass(&mut script, 6_000);
    sync(&mut script, 2, syncing("b", 2, &[]));
    script.text();
    leave(&mut script, 9, vec![leaving(&id("b"), None)]);
    expect![[r#"
        > leave
        < Reply { to: Token(2), body: SyncGroup(Synced { error: UNKNOWN_MEMBER_ID, protocol_type: None, protocol_name: None, assignment: b"" }) }
        < Reply { to: Token(9), body: LeaveGroup(Ok([Left { member: "b", instance: None, error: NONE }])) }
    "#]].assert_eq(&told(&mut script));
}
