//! SyncGroup and Heartbeat, and the sessions that end without them.

use expect_test::expect;

use super::kit::*;
use crate::*;

/// A group whose two members have joined and not synced, at 6 s.
fn joined() -> Script {
    let mut script = script();
    join(&mut script, 1, joining("a"));
    join(&mut script, 2, joining("b"));
    pass(&mut script, 6_000);
    script.text();
    script
}

#[test]
fn all_get_what_the_leader_gives_once_it_is_written() {
    let mut script = joined();
    script.commit = false;
    sync(&mut script, 2, syncing("b", 1, &[]));
    sync(&mut script, 1, syncing("a", 1, &[("a", "x"), ("stranger", "y")]));
    heartbeat(&mut script, 2, beat("b", 1));
    script.commit();
    sync(&mut script, 2, syncing("b", 1, &[]));
    expect![[r#"
        > sync
        > sync
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 1, protocol: "range", leader: "a", since: 6000, members: [MemberMetadata { member_id: "a", client_id: "a", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"x" }, MemberMetadata { member_id: "b", client_id: "b", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t }] }
        > heartbeat
        > committed
        < Reply { to: Token(1), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"x" }) }
        < Reply { to: Token(2), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"" }) }
        < Reply { to: Token(2), body: Heartbeat(NONE) }
        > sync
        < Reply { to: Token(2), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"" }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn what_is_wrong_with_a_sync() {
    let mut script = joined();
    sync(&mut script, 1, SyncGroup { group: "".into(), ..syncing("a", 1, &[]) });
    sync(&mut script, 1, SyncGroup { group: "other".into(), ..syncing("a", 1, &[]) });
    sync(&mut script, 1, syncing("stranger", 1, &[]));
    sync(&mut script, 1, SyncGroup { instance: Some("i".into()), ..syncing("a", 1, &[]) });
    sync(&mut script, 1, syncing("a", 2, &[]));
    sync(&mut script, 1, SyncGroup { protocol_type: Some("connect".into()), ..syncing("a", 1, &[]) });
    sync(&mut script, 1, SyncGroup { protocol_name: Some("sticky".into()), ..syncing("a", 1, &[]) });
    sync(&mut script, 1, SyncGroup { protocol_type: None, protocol_name: None, ..syncing("a", 1, &[]) });
    join(&mut script, 1, JoinGroup { protocols: vec![protocol("range"), protocol("x")], ..again("a") });
    sync(&mut script, 2, syncing("b", 1, &[]));
    expect![[r#"
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: INVALID_GROUP_ID, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: UNKNOWN_MEMBER_ID, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: UNKNOWN_MEMBER_ID, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: UNKNOWN_MEMBER_ID, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: ILLEGAL_GENERATION, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: INCONSISTENT_GROUP_PROTOCOL, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: INCONSISTENT_GROUP_PROTOCOL, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > sync
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 1, protocol: "range", leader: "a", since: 6000, members: [MemberMetadata { member_id: "a", client_id: "a", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t }, MemberMetadata { member_id: "b", client_id: "b", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t }] }
        < Reply { to: Token(1), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"" }) }
        > a joins
        > sync
        < Reply { to: Token(2), body: SyncGroup(Synced { error: REBALANCE_IN_PROGRESS, protocol_type: None, protocol_name: None, assignment: b"" }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn an_assignment_too_large_to_be_written_begins_anew() {
    let settings = Settings { max_batch_bytes: 500, ..Settings::default() };
    let mut script = with(settings);
    join(&mut script, 1, joining("a"));
    pass(&mut script, 3_000);
    script.text();
    sync(&mut script, 1, syncing("a", 1, &[("a", &"x".repeat(300))]));
    heartbeat(&mut script, 1, beat("a", 1));
    expect![[r#"
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: UNKNOWN_SERVER_ERROR, protocol_type: None, protocol_name: None, assignment: b"" }) }
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(REBALANCE_IN_PROGRESS) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn members_that_do_not_sync_in_time_are_removed() {
    let mut script = joined();
    sync(&mut script, 1, syncing("a", 1, &[("a", "x"), ("b", "y")]));
    for _ in 0..7 {
        pass(&mut script, 8_000);
        heartbeat(&mut script, 1, beat("a", 1));
        heartbeat(&mut script, 2, beat("b", 1));
    }
    script.text();
    pass(&mut script, 4_000);
    heartbeat(&mut script, 1, beat("a", 1));
    heartbeat(&mut script, 2, beat("b", 1));
    expect![[r#"
        > 66000 ms
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(REBALANCE_IN_PROGRESS) }
        > heartbeat
        < Reply { to: Token(2), body: Heartbeat(UNKNOWN_MEMBER_ID) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn what_is_wrong_with_a_heartbeat() {
    let mut script = stable(&["a"]);
    heartbeat(&mut script, 1, Heartbeat { group: "".into(), ..beat("a", 1) });
    heartbeat(&mut script, 1, Heartbeat { group: "other".into(), ..beat("a", 1) });
    heartbeat(&mut script, 1, beat("stranger", 1));
    heartbeat(&mut script, 1, Heartbeat { instance: Some("i".into()), ..beat("a", 1) });
    heartbeat(&mut script, 1, beat("a", 2));
    heartbeat(&mut script, 1, beat("a", 1));
    expect![[r#"
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(INVALID_GROUP_ID) }
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(UNKNOWN_MEMBER_ID) }
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(UNKNOWN_MEMBER_ID) }
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(UNKNOWN_MEMBER_ID) }
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(ILLEGAL_GENERATION) }
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(NONE) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn a_silent_member_is_removed_and_the_others_rebalance() {
    let mut script = stable(&["a", "b"]);
    pass(&mut script, 9_000);
    heartbeat(&mut script, 1, beat("a", 1));
    pass(&mut script, 1_000);
    heartbeat(&mut script, 1, beat("a", 1));
    join(&mut script, 1, again("a"));
    expect![[r#"
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(NONE) }
        > 16000 ms
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(REBALANCE_IN_PROGRESS) }
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }] }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_member_that_waits_needs_no_heartbeat() {
    let mut script = stable(&["a", "b"]);
    join(&mut script, 1, again("a"));
    pass(&mut script, 9_000);
    heartbeat(&mut script, 2, beat("b", 1));
    pass(&mut script, 9_000);
    join(&mut script, 2, again("b"));
    sync(&mut script, 2, syncing("b", 2, &[]));
    pass(&mut script, 9_000);
    script.text();
    sync(&mut script, 1, syncing("a", 2, &[]));
    expect![[r#"
        > sync
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 2, protocol: "range", leader: "a", since: 24000, members: [MemberMetadata { member_id: "a", client_id: "a", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t }, MemberMetadata { member_id: "b", client_id: "b", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t }] }
        < Reply { to: Token(1), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"" }) }
        < Reply { to: Token(2), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"" }) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn when_all_are_silent_the_group_is_empty() {
    let mut script = stable(&["a", "b"]);
    pass(&mut script, 100_000);
    assert_eq!(script.shard.machine().next_deadline(), None, "nothing is left");
    expect![[r#"
        > 16000 ms
        > 16000 ms
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 2, since: 16000 }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn members_have_a_session_after_the_partition_has_moved() {
    let mut script = stable(&["a", "b"]);
    pass(&mut script, 9_999);
    let mut next = taken_over(&script, Settings::default());
    next.event("loaded", Event::Loaded);
    pass(&mut next, 9_999);
    heartbeat(&mut next, 1, beat("a", 1));
    sync(&mut next, 1, syncing("a", 1, &[]));
    pass(&mut next, 1);
    heartbeat(&mut next, 1, beat("a", 1));
    expect![[r#"
        > loaded
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(NONE) }
        > sync
        < Reply { to: Token(1), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"a" }) }
        > 25999 ms
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(REBALANCE_IN_PROGRESS) }
    "#]].assert_eq(&told(&mut next));
}

#[test]
fn a_group_that_is_now_too_large_rebalances_when_it_is_loaded() {
    let script = stable(&["a", "b", "c"]);
    let mut next = taken_over(&script, Settings { max_size: 2, ..Settings::default() });
    next.event("loaded", Event::Loaded);
    heartbeat(&mut next, 1, beat("a", 1));
    join(&mut next, 1, again("a"));
    join(&mut next, 2, again("b"));
    join(&mut next, 3, again("c"));
    expect![[r#"
        > loaded
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(REBALANCE_IN_PROGRESS) }
        > a joins
        > b joins
        > c joins
        < Reply { to: Token(3), body: JoinGroup(Joined { error: GROUP_MAX_SIZE_REACHED, member: "", .. }) }
    "#]]
    .assert_eq(&told(&mut next));
}
