//! JoinGroup.

use expect_test::expect;

use super::kit::*;
use crate::*;

#[test]
fn the_first_rebalance_waits_for_more_members() {
    let mut script = script();
    join(&mut script, 1, joining("a"));
    pass(&mut script, 2_000);
    join(&mut script, 2, joining("b"));
    pass(&mut script, 4_000);
    expect![[r#"
        > a joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { current_state_timestamp: 0 }
        > b joins
        > 3000 ms
        > 6000 ms
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }, JoinedMember { member: "b", instance: None, metadata: t }] }) }
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn the_first_rebalance_waits_no_longer_than_members_give_it() {
    let mut script = script();
    let hasty = |name| JoinGroup { rebalance_timeout_ms: 7_000, ..joining(name) };
    for (who, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        join(&mut script, who, hasty(name));
        pass(&mut script, 2_000);
    }
    expect![[r#"
        > a joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { current_state_timestamp: 0 }
        > b joins
        > 3000 ms
        > c joins
        > 6000 ms
        > d joins
        > 7000 ms
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }, JoinedMember { member: "b", instance: None, metadata: t }, JoinedMember { member: "c", instance: None, metadata: t }, JoinedMember { member: "d", instance: None, metadata: t }] }) }
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
        < Reply { to: Token(3), body: JoinGroup(Joined { error: NONE, member: "c", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
        < Reply { to: Token(4), body: JoinGroup(Joined { error: NONE, member: "d", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_member_comes_again_with_the_id_it_got() {
    let mut script = script();
    let known = |name| JoinGroup { requires_known_member: true, ..joining(name) };
    join(&mut script, 1, known("a"));
    join(&mut script, 1, again("a"));
    join(&mut script, 2, known("b"));
    pass(&mut script, 9_999);
    expect![[r#"
        > a joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { current_state_timestamp: 0 }
        < Reply { to: Token(1), body: JoinGroup(Joined { error: MEMBER_ID_REQUIRED, member: "a", .. }) }
        > a joins
        > b joins
        < Reply { to: Token(2), body: JoinGroup(Joined { error: MEMBER_ID_REQUIRED, member: "b", .. }) }
        > 3000 ms
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn an_id_that_does_not_come_back_is_forgotten() {
    let mut script = script();
    join(&mut script, 1, JoinGroup { requires_known_member: true, ..joining("a") });
    pass(&mut script, 10_000);
    join(&mut script, 1, again("a"));
    assert_eq!(script.shard.machine().next_deadline(), None);
    expect![[r#"
        > a joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { current_state_timestamp: 0 }
        < Reply { to: Token(1), body: JoinGroup(Joined { error: MEMBER_ID_REQUIRED, member: "a", .. }) }
        > 10000 ms
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: UNKNOWN_MEMBER_ID, member: "a", generation: -1, protocol_type: None, protocol_name: None, leader: "", skip_assignment: false, members: [] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn an_id_that_was_given_out_holds_a_rebalance_up_until_its_session_ends() {
    let mut script = stable(&["a"]);
    join(&mut script, 2, JoinGroup { requires_known_member: true, ..joining("b") });
    join(&mut script, 1, again("a"));
    pass(&mut script, 10_000);
    expect![[r#"
        > b joins
        < Reply { to: Token(2), body: JoinGroup(Joined { error: MEMBER_ID_REQUIRED, member: "b", .. }) }
        > a joins
        > 16000 ms
        > 16000 ms
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn requests_that_no_group_takes() {
    let mut script = script();
    join(&mut script, 1, JoinGroup { group: "".into(), member: "m".into(), ..joining("no group") });
    join(&mut script, 1, JoinGroup { session_timeout_ms: 5_999, ..joining("short") });
    join(&mut script, 1, JoinGroup { session_timeout_ms: 1_800_001, ..joining("long") });
    join(&mut script, 1, JoinGroup { protocol_type: "x".repeat(40_000), ..joining("large") });
    join(&mut script, 1, JoinGroup { member: "m".into(), ..joining("unknown") });
    join(&mut script, 1, JoinGroup { protocols: vec![], ..joining("unable") });
    expect![[r#"
        > no group joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: INVALID_GROUP_ID, member: "m", .. }) }
        > short joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: INVALID_SESSION_TIMEOUT, member: "", .. }) }
        > long joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: INVALID_SESSION_TIMEOUT, member: "", .. }) }
        > large joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: UNKNOWN_SERVER_ERROR, member: "", .. }) }
        > unknown joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: UNKNOWN_MEMBER_ID, member: "m", .. }) }
        > unable joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { current_state_timestamp: 0 }
        < Reply { to: Token(1), body: JoinGroup(Joined { error: INCONSISTENT_GROUP_PROTOCOL, member: "", .. }) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn a_member_must_be_of_the_groups_kind_and_share_a_protocol() {
    let mut script = stable(&["a"]);
    join(&mut script, 2, JoinGroup { protocol_type: "connect".into(), ..joining("b") });
    join(&mut script, 2, JoinGroup { protocols: vec![protocol("roundrobin")], ..joining("b") });
    join(&mut script, 2, JoinGroup { member: "m".into(), ..joining("b") });
    join(&mut script, 1, JoinGroup { protocols: vec![protocol("roundrobin")], ..again("a") });
    expect![[r#"
        > b joins
        < Reply { to: Token(2), body: JoinGroup(Joined { error: INCONSISTENT_GROUP_PROTOCOL, member: "", .. }) }
        > b joins
        < Reply { to: Token(2), body: JoinGroup(Joined { error: INCONSISTENT_GROUP_PROTOCOL, member: "", .. }) }
        > b joins
        < Reply { to: Token(2), body: JoinGroup(Joined { error: UNKNOWN_MEMBER_ID, member: "m", generation: -1, protocol_type: None, protocol_name: None, leader: "", skip_assignment: false, members: [] }) }
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: INCONSISTENT_GROUP_PROTOCOL, member: "a", .. }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn the_protocol_with_most_votes_wins() {
    let mut script = script();
    let able = |name, protocols: &[&str]| JoinGroup {
        protocols: protocols.iter().map(|name| protocol(name)).collect(),
        ..joining(name)
    };
    join(&mut script, 1, able("a", &["range", "sticky", "only-a"]));
    join(&mut script, 2, able("b", &["sticky", "range", "sticky"]));
    join(&mut script, 3, able("c", &["other", "sticky", "range"]));
    pass(&mut script, 6_000);
    let text = script.text();
    assert_eq!(text.matches(r#"protocol_name: "sticky""#).count(), 3, "{text}");
}

#[test]
fn a_group_has_a_greatest_size() {
    let mut script = with(Settings { max_size: 2, ..Settings::default() });
    join(&mut script, 1, joining("a"));
    join(&mut script, 2, joining("b"));
    join(&mut script, 3, joining("c"));
    pass(&mut script, 6_000);
    assigned(&mut script, &["a", "b"], 1);
    script.text();
    join(&mut script, 3, joining("c"));
    join(&mut script, 3, JoinGroup { requires_known_member: true, ..joining("c") });
    join(&mut script, 2, again("b"));
    expect![[r#"
        > c joins
        < Reply { to: Token(3), body: JoinGroup(Joined { error: GROUP_MAX_SIZE_REACHED, member: "", .. }) }
        > c joins
        < Reply { to: Token(3), body: JoinGroup(Joined { error: GROUP_MAX_SIZE_REACHED, member: "", .. }) }
        > b joins
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_follower_that_joins_again_unchanged_is_told_the_generation() {
    let mut script = stable(&["a", "b"]);
    join(&mut script, 2, again("b"));
    expect![[r#"
        > b joins
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 1, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn the_leader_or_a_changed_member_begins_a_rebalance() {
    let mut script = stable(&["a", "b"]);
    join(&mut script, 1, again("a"));
    join(&mut script, 2, again("b"));
    assigned(&mut script, &["a", "b"], 2);
    script.text();
    let protocols = vec![Protocol { name: "range".into(), metadata: subscription(&["u"]) }];
    join(&mut script, 2, JoinGroup { protocols, ..again("b") });
    heartbeat(&mut script, 1, beat("a", 2));
    join(&mut script, 1, again("a"));
    expect![[r#"
        > b joins
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(REBALANCE_IN_PROGRESS) }
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 3, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }, JoinedMember { member: "b", instance: None, metadata: b"\0\x01\0\0\0\x01\0\x01u\xff\xff\xff\xff\0\0\0\0" }] }) }
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 3, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn while_assignments_are_awaited_a_join_is_answered_or_begins_anew() {
    let mut script = stable(&["a", "b"]);
    join(&mut script, 1, again("a"));
    join(&mut script, 2, again("b"));
    sync(&mut script, 2, syncing("b", 2, &[]));
    script.text();
    join(&mut script, 1, again("a"));
    let protocols = vec![Protocol { name: "range".into(), metadata: subscription(&["u"]) }];
    join(&mut script, 1, JoinGroup { protocols, ..again("a") });
    join(&mut script, 2, again("b"));
    expect![[r#"
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }, JoinedMember { member: "b", instance: None, metadata: t }] }) }
        > a joins
        < Reply { to: Token(2), body: SyncGroup(Synced { error: REBALANCE_IN_PROGRESS, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > b joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 3, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: b"\0\x01\0\0\0\x01\0\x01u\xff\xff\xff\xff\0\0\0\0" }, JoinedMember { member: "b", instance: None, metadata: t }] }) }
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 3, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_member_that_does_not_rejoin_in_time_is_removed() {
    let mut script = stable(&["a", "b"]);
    join(&mut script, 2, JoinGroup { protocols: vec![protocol("range"), protocol("x")], ..again("b") });
    for _ in 0..7 {
        pass(&mut script, 8_000);
        heartbeat(&mut script, 1, beat("a", 1));
    }
    script.text();
    pass(&mut script, 4_000);
    heartbeat(&mut script, 1, beat("a", 2));
    expect![[r#"
        > 66000 ms
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "b", skip_assignment: false, members: [JoinedMember { member: "b", instance: None, metadata: t }] }) }
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(UNKNOWN_MEMBER_ID) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_join_in_the_place_of_an_earlier_one_lets_that_go() {
    let mut script = stable(&["a", "b"]);
    join(&mut script, 1, again("a"));
    join(&mut script, 11, again("a"));
    expect![[r#"
        > a joins
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: REBALANCE_IN_PROGRESS, member: "a", .. }) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn a_new_member_that_waits_for_ever_is_removed() {
    let mut script = stable(&["a"]);
    let slow = JoinGroup { rebalance_timeout_ms: 600_000, ..joining("b") };
    join(&mut script, 2, slow);
    script.text();
    for _ in 0..37 {
        pass(&mut script, 8_000);
        heartbeat(&mut script, 1, beat("a", 1));
    }
    script.text();
    pass(&mut script, 8_000);
    expect![[r#"
        > 306000 ms
        < Reply { to: Token(2), body: JoinGroup(Joined { error: UNKNOWN_MEMBER_ID, member: "", .. }) }
    "#]]
    .assert_eq(&told(&mut script));
}
