//! Offsets and groups that nobody needs any more (KIP-211).

use expect_test::expect;
use model::Timestamp;

use super::kit::*;
use crate::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn expire(script: &mut Script) {
    script.event("expire", Event::Expire);
}

fn at(script: &mut Script, ms: i64) {
    script.now = Timestamp(ms);
}

#[test]
fn offsets_of_a_simple_group_expire_by_their_commits() {
    let mut script = script();
    commit(&mut script, committing("t", 5));
    at(&mut script, DAY);
    commit(&mut script, committing("u", 6));
    script.text();
    at(&mut script, 7 * DAY - 1);
    expire(&mut script);
    at(&mut script, 7 * DAY);
    expire(&mut script);
    at(&mut script, 8 * DAY);
    expire(&mut script);
    expire(&mut script);
    expect![[r#"
        > expire
        > expire
        + OffsetCommitKey { group: "g", topic: "t" } = tombstone
        > expire
        + OffsetCommitKey { group: "g", topic: "u" } = tombstone
        + GroupMetadataKey { group: "g" } = tombstone
        > expire
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn offsets_of_an_empty_group_expire_since_it_is_empty() {
    let mut script = stable(&["a"]);
    commit(&mut script, OffsetCommit { member: id("a"), generation: 1, ..committing("t", 5) });
    at(&mut script, DAY);
    leave(&mut script, 1, vec![leaving(&id("a"), None)]);
    script.text();
    at(&mut script, 8 * DAY - 1);
    expire(&mut script);
    at(&mut script, 8 * DAY);
    expire(&mut script);
    expect![[r#"
        > expire
        > expire
        + OffsetCommitKey { group: "g", topic: "t" } = tombstone
        + GroupMetadataKey { group: "g" } = tombstone
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn members_keep_what_they_subscribe_to() {
    let mut script = script();
    commit(&mut script, committing("t", 5));
    commit(&mut script, committing("u", 6));
    join(&mut script, 1, joining("a"));
    pass(&mut script, 3_000);
    script.text();
    at(&mut script, 8 * DAY);
    expire(&mut script);
    sync(&mut script, 1, syncing("a", 1, &[]));
    expire(&mut script);
    expect![[r#"
        > expire
        > sync
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 1, protocol: "range", leader: "a", since: 3000, members: [MemberMetadata { member_id: "a", client_id: "a", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t }] }
        < Reply { to: Token(1), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"" }) }
        > expire
        + OffsetCommitKey { group: "g", topic: "u" } = tombstone
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn members_of_another_kind_keep_all() {
    let mut script = script();
    commit(&mut script, committing("t", 5));
    join(&mut script, 1, JoinGroup { protocol_type: "connect".into(), ..joining("a") });
    pass(&mut script, 3_000);
    sync(&mut script, 1, SyncGroup { protocol_type: None, ..syncing("a", 1, &[]) });
    script.text();
    at(&mut script, 8 * DAY);
    expire(&mut script);
    expect![[r#"
        > expire
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn an_old_client_says_how_long_its_offsets_are_kept() {
    let mut script = script();
    commit(&mut script, OffsetCommit { retention_ms: Some(DAY), ..committing("t", 5) });
    at(&mut script, DAY - 1);
    expire(&mut script);
    at(&mut script, DAY);
    expire(&mut script);
    expect![[r#"
        > commit
        + OffsetCommitKey { group: "g", topic: "t" } = OffsetCommitValue { offset: 5, expire_timestamp: 86400000 }
        < Reply { to: Token(9), body: OffsetCommit(Ok([])) }
        > expire
        > expire
        + OffsetCommitKey { group: "g", topic: "t" } = tombstone
        + GroupMetadataKey { group: "g" } = tombstone
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn an_empty_group_without_offsets_goes_at_once() {
    let mut script = script();
    join(&mut script, 1, JoinGroup { requires_known_member: true, ..joining("a") });
    expire(&mut script);
    join(&mut script, 1, again("a"));
    assert_eq!(script.shard.machine().next_deadline(), None);
    expect![[r#"
        > a joins
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { current_state_timestamp: 0 }
        < Reply { to: Token(1), body: JoinGroup(Joined { error: MEMBER_ID_REQUIRED, member: "a", .. }) }
        > expire
        + GroupMetadataKey { group: "g" } = tombstone
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: UNKNOWN_MEMBER_ID, member: "a", .. }) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn offsets_go_with_their_topic() {
    let mut script = script();
    let with_id = |topic: &str, n| {
        let mut request = committing(topic, 5);
        request.topics[0].id = dice(n);
        request
    };
    commit(&mut script, with_id("t", 1));
    commit(&mut script, with_id("u", 1));
    commit(&mut script, OffsetCommit { group: "h".into(), ..committing("t", 5) });
    commit(&mut script, OffsetCommit { group: "i".into(), ..with_id("t", 2) });
    script.text();
    script.event("deleted", Event::TopicsDeleted(vec![("t".into(), dice(1))]));
    expect![[r#"
        > deleted
        + OffsetCommitKey { group: "g", topic: "t" } = tombstone
        + OffsetCommitKey { group: "h", topic: "t" } = tombstone
    "#]]
    .assert_eq(&told(&mut script));
}
