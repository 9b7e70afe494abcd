//! DescribeGroups, ListGroups, DeleteGroups.

use expect_test::expect;

use super::kit::*;
use crate::*;

fn describe(script: &mut Script, group: &str) {
    let request = DescribeGroup { group: group.into(), knows_missing_groups: true };
    ask(script, 9, "describe", Request::DescribeGroup(request));
}

fn list(script: &mut Script, states: &[&str], types: &[&str]) {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ask(script, 9, "list", Request::ListGroups(ListGroups { states: all(states), types: all(types) }));
}

fn delete(script: &mut Script, group: &str) {
    ask(script, 9, "delete", Request::DeleteGroup(group.into()));
}

#[test]
fn a_group_is_described_in_each_of_its_states() {
    let mut script = script();
    let mut text = String::new();
    let mut tell = |script: &mut Script| {
        script.text();
        describe(script, "g");
        text += &told(script);
    };
    join(&mut script, 1, joining("a"));
    tell(&mut script);
    pass(&mut script, 3_000);
    tell(&mut script);
    assigned(&mut script, &["a"], 1);
    tell(&mut script);
    leave(&mut script, 1, vec![leaving(&id("a"), None)]);
    tell(&mut script);
    describe(&mut script, "other");
    let old = DescribeGroup { group: "other".into(), knows_missing_groups: false };
    ask(&mut script, 9, "describe to an old client", Request::DescribeGroup(old));
    text += &told(&mut script);
    expect![[r#"
        > describe
        < Reply { to: Token(9), body: DescribeGroup(DescribedGroup { error: NONE, message: None, state: "PreparingRebalance", protocol_type: "consumer", protocol: "", members: [DescribedMember { member: "a", instance: None, client_id: "a", client_host: "/h", metadata: b"", assignment: b"" }] }) }
        > describe
        < Reply { to: Token(9), body: DescribeGroup(DescribedGroup { error: NONE, message: None, state: "CompletingRebalance", protocol_type: "consumer", protocol: "", members: [DescribedMember { member: "a", instance: None, client_id: "a", client_host: "/h", metadata: b"", assignment: b"" }] }) }
        > describe
        < Reply { to: Token(9), body: DescribeGroup(DescribedGroup { error: NONE, message: None, state: "Stable", protocol_type: "consumer", protocol: "range", members: [DescribedMember { member: "a", instance: None, client_id: "a", client_host: "/h", metadata: t, assignment: b"a" }] }) }
        > describe
        < Reply { to: Token(9), body: DescribeGroup(DescribedGroup { error: NONE, message: None, state: "Empty", protocol_type: "consumer", protocol: "", members: [] }) }
        > describe
        < Reply { to: Token(9), body: DescribeGroup(DescribedGroup { error: GROUP_ID_NOT_FOUND, message: "Group other not found.", state: "Dead", protocol_type: "", protocol: "", members: [] }) }
        > describe to an old client
        < Reply { to: Token(9), body: DescribeGroup(DescribedGroup { error: NONE, message: None, state: "Dead", protocol_type: "", protocol: "", members: [] }) }
    "#]].assert_eq(&text);
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut script = stable(&["a"]);
    commit(&mut script, OffsetCommit { group: "simple".into(), ..committing("t", 5) });
    script.text();
    list(&mut script, &[], &[]);
    list(&mut script, &["stable"], &[]);
    list(&mut script, &["EMPTY ", "nonsense"], &["Classic"]);
    list(&mut script, &[], &["consumer", "nonsense"]);
    expect![[r#"
        > list
        < Reply { to: Token(9), body: ListGroups([ListedGroup { group: "g", protocol_type: "consumer", state: "Stable", group_type: "classic" }, ListedGroup { group: "simple", protocol_type: "", state: "Empty", group_type: "classic" }]) }
        > list
        < Reply { to: Token(9), body: ListGroups([ListedGroup { group: "g", protocol_type: "consumer", state: "Stable", group_type: "classic" }]) }
        > list
        < Reply { to: Token(9), body: ListGroups([ListedGroup { group: "simple", protocol_type: "", state: "Empty", group_type: "classic" }]) }
        > list
        < Reply { to: Token(9), body: ListGroups([]) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_group_without_members_is_deleted_with_its_offsets() {
    let mut script = stable(&["a"]);
    commit(&mut script, OffsetCommit { member: id("a"), generation: 1, ..committing("t", 5) });
    script.text();
    delete(&mut script, "g");
    leave(&mut script, 1, vec![leaving(&id("a"), None)]);
    delete(&mut script, "g");
    delete(&mut script, "g");
    fetch(&mut script, fetching());
    expect![[r#"
        > delete
        < Reply { to: Token(9), body: DeleteGroup(NON_EMPTY_GROUP) }
        > leave
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 2, since: 6000 }
        < Reply { to: Token(1), body: LeaveGroup(Ok([Left { member: "a", instance: None, error: NONE }])) }
        > delete
        + OffsetCommitKey { group: "g", topic: "t" } = tombstone
        + GroupMetadataKey { group: "g" } = tombstone
        < Reply { to: Token(9), body: DeleteGroup(NONE) }
        > delete
        < Reply { to: Token(9), body: DeleteGroup(GROUP_ID_NOT_FOUND) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([])) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn an_id_that_was_given_out_keeps_no_group() {
    let mut script = script();
    join(&mut script, 1, JoinGroup { requires_known_member: true, ..joining("a") });
    script.text();
    delete(&mut script, "g");
    join(&mut script, 1, again("a"));
    assert_eq!(script.shard.machine().next_deadline(), None);
    expect![[r#"
        > delete
        + GroupMetadataKey { group: "g" } = tombstone
        < Reply { to: Token(9), body: DeleteGroup(NONE) }
        > a joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: UNKNOWN_MEMBER_ID, member: "a", .. }) }
    "#]]
    .assert_eq(&told(&mut script));
}
