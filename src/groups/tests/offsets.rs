//! OffsetCommit, OffsetFetch, OffsetDelete.

use expect_test::expect;
use model::{LeaderEpoch, Offset, PartitionIndex, Uuid};

use super::kit::*;
use crate::*;

fn as_member(name: &str, generation: i32) -> OffsetCommit {
    OffsetCommit { member: id(name), generation, ..committing("t", 5) }
}

#[test]
fn a_commit_is_told_once_it_is_written() {
    let mut script = script();
    script.commit = false;
    let mut request = committing("t", 5);
    request.topics[0].id = dice(7);
    request.topics[0].partitions.push(CommitPartition {
        index: PartitionIndex(1),
        offset: Offset(6),
        leader_epoch: LeaderEpoch(3),
        metadata: Some("m".into()),
    });
    commit(&mut script, request);
    fetch(&mut script, fetching());
    script.commit();
    expect![[r#"
        > commit
        + OffsetCommitKey { group: "g", topic: "t" } = OffsetCommitValue { offset: 5, topic_id: BwcHBwcHBwcHBwcHBwcHBw }
        + OffsetCommitKey { group: "g", topic: "t", partition: 1 } = OffsetCommitValue { offset: 6, leader_epoch: 3, metadata: "m", topic_id: BwcHBwcHBwcHBwcHBwcHBw }
        > fetch
        > committed
        < Reply { to: Token(9), body: OffsetCommit(Ok([])) }
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: NONE, offset: 5, leader_epoch: -1, metadata: "" }, FetchedOffset { index: 1, error: NONE, offset: 6, leader_epoch: 3, metadata: "m" }] }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_group_that_is_not_there_takes_commits_of_strangers_only() {
    let mut script = script();
    commit(&mut script, OffsetCommit { generation: 0, ..committing("t", 5) });
    commit(&mut script, OffsetCommit { generation: 0, knows_epochs: false, ..committing("t", 5) });
    commit(&mut script, OffsetCommit { member: "m".into(), ..committing("t", 5) });
    commit(&mut script, OffsetCommit { generation: 0, ..committing("t", 6) });
    commit(&mut script, OffsetCommit { group: "".into(), ..committing("t", 7) });
    expect![[r#"
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(GROUP_ID_NOT_FOUND)) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(ILLEGAL_GENERATION)) }
        > commit
        + OffsetCommitKey { group: "g", topic: "t" } = OffsetCommitValue { offset: 5 }
        < Reply { to: Token(9), body: OffsetCommit(Ok([])) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(UNKNOWN_MEMBER_ID)) }
        > commit
        + OffsetCommitKey { topic: "t" } = OffsetCommitValue { offset: 7 }
        < Reply { to: Token(9), body: OffsetCommit(Ok([])) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn members_commit_in_their_generation() {
    let mut script = stable(&["a"]);
    commit(&mut script, as_member("a", 1));
    commit(&mut script, as_member("a", 2));
    commit(&mut script, as_member("stranger", 1));
    commit(&mut script, OffsetCommit { instance: Some("i".into()), ..as_member("a", 1) });
    commit(&mut script, committing("t", 6));
    commit(&mut script, OffsetCommit { generation: 1, ..committing("t", 6) });
    commit(&mut script, OffsetCommit { member: id("a"), ..committing("t", 6) });
    expect![[r#"
        > commit
        + OffsetCommitKey { group: "g", topic: "t" } = OffsetCommitValue { offset: 5, commit_timestamp: 6000 }
        < Reply { to: Token(9), body: OffsetCommit(Ok([])) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(ILLEGAL_GENERATION)) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(UNKNOWN_MEMBER_ID)) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(UNKNOWN_MEMBER_ID)) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(UNKNOWN_MEMBER_ID)) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(UNKNOWN_MEMBER_ID)) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(ILLEGAL_GENERATION)) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn a_commit_that_meets_a_rebalance() {
    let mut script = stable(&["a", "b"]);
    join(&mut script, 1, again("a"));
    commit(&mut script, as_member("b", 1));
    join(&mut script, 2, again("b"));
    commit(&mut script, as_member("b", 1));
    commit(&mut script, as_member("b", 2));
    assigned(&mut script, &["a", "b"], 2);
    commit(&mut script, as_member("b", 2));
    expect![[r#"
        > a joins
        > commit
        + OffsetCommitKey { group: "g", topic: "t" } = OffsetCommitValue { offset: 5, commit_timestamp: 6000 }
        < Reply { to: Token(9), body: OffsetCommit(Ok([])) }
        > b joins
        < Reply { to: Token(1), body: JoinGroup(Joined { error: NONE, member: "a", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [JoinedMember { member: "a", instance: None, metadata: t }, JoinedMember { member: "b", instance: None, metadata: t }] }) }
        < Reply { to: Token(2), body: JoinGroup(Joined { error: NONE, member: "b", generation: 2, protocol_type: "consumer", protocol_name: "range", leader: "a", skip_assignment: false, members: [] }) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(ILLEGAL_GENERATION)) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(REBALANCE_IN_PROGRESS)) }
        > sync
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 2, protocol: "range", leader: "a", since: 6000, members: [MemberMetadata { member_id: "a", client_id: "a", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"a" }, MemberMetadata { member_id: "b", client_id: "b", client_host: "/h", rebalance_timeout: 60000, session_timeout: 10000, subscription: t, assignment: b"b" }] }
        < Reply { to: Token(1), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"a" }) }
        > sync
        < Reply { to: Token(2), body: SyncGroup(Synced { error: NONE, protocol_type: "consumer", protocol_name: "range", assignment: b"b" }) }
        > commit
        + OffsetCommitKey { group: "g", topic: "t" } = OffsetCommitValue { offset: 5, commit_timestamp: 6000 }
        < Reply { to: Token(9), body: OffsetCommit(Ok([])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn a_commit_is_a_sign_of_life() {
    let mut script = stable(&["a"]);
    pass(&mut script, 9_000);
    commit(&mut script, as_member("a", 1));
    pass(&mut script, 9_999);
    script.text();
    heartbeat(&mut script, 1, beat("a", 1));
    expect![[r#"
        > heartbeat
        < Reply { to: Token(1), body: Heartbeat(NONE) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn a_text_may_have_so_many_characters() {
    let mut script = with(Settings { offset_metadata_max_bytes: 4, ..Settings::default() });
    let text = |text: &str| {
        let mut request = committing("t", 5);
        request.topics[0].partitions[0].metadata = Some(text.into());
        request
    };
    commit(&mut script, text("éééé"));
    let mut request = text("abcde");
    request.topics.extend(committing("u", 6).topics);
    commit(&mut script, request);
    expect![[r#"
        > commit
        + OffsetCommitKey { group: "g", topic: "t" } = OffsetCommitValue { offset: 5, metadata: "éééé" }
        < Reply { to: Token(9), body: OffsetCommit(Ok([])) }
        > commit
        + OffsetCommitKey { group: "g", topic: "u" } = OffsetCommitValue { offset: 6 }
        < Reply { to: Token(9), body: OffsetCommit(Ok([RefusedOffset { topic: 0, partition: 0, error: OFFSET_METADATA_TOO_LARGE }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn more_than_a_batch_is_refused_as_a_whole() {
    let mut script = with(Settings { max_batch_bytes: 1_000, ..Settings::default() });
    let mut request = committing("t", 5);
    request.topics[0].partitions = vec![request.topics[0].partitions[0].clone(); 16];
    commit(&mut script, request);
    commit(&mut script, committing(&"x".repeat(40_000), 5));
    expect![[r#"
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(UNKNOWN_SERVER_ERROR)) }
        > commit
        < Reply { to: Token(9), body: OffsetCommit(Err(UNKNOWN_SERVER_ERROR)) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn a_fetch_tells_what_is_asked() {
    let mut script = script();
    let mut request = committing("t", 5);
    request.topics[0].id = dice(7);
    commit(&mut script, request);
    commit(&mut script, committing("u", 6));
    script.text();
    let partitions = vec![PartitionIndex(0), PartitionIndex(1)];
    let topic = |name: &str, id| FetchTopic { name: name.into(), id, partitions: partitions.clone() };
    let topics = |topics| OffsetFetch { topics: Some(topics), ..fetching() };
    fetch(&mut script, topics(vec![topic("t", Uuid::ZERO), topic("u", dice(8))]));
    fetch(&mut script, topics(vec![topic("t", dice(7))]));
    fetch(&mut script, topics(vec![topic("t", dice(8))]));
    fetch(&mut script, fetching());
    fetch(&mut script, OffsetFetch { group: "other".into(), ..fetching() });
    fetch(&mut script, OffsetFetch { group: "other".into(), ..topics(vec![topic("t", Uuid::ZERO)]) });
    expect![[r#"
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: NONE, offset: 5, leader_epoch: -1, metadata: "" }, FetchedOffset { index: 1, error: NONE, offset: -1, leader_epoch: -1, metadata: "" }] }, FetchedTopic { name: "u", id: CAgICAgICAgICAgICAgICA, partitions: [FetchedOffset { index: 0, error: NONE, offset: 6, leader_epoch: -1, metadata: "" }, FetchedOffset { index: 1, error: NONE, offset: -1, leader_epoch: -1, metadata: "" }] }])) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", id: BwcHBwcHBwcHBwcHBwcHBw, partitions: [FetchedOffset { index: 0, error: NONE, offset: 5, leader_epoch: -1, metadata: "" }, FetchedOffset { index: 1, error: NONE, offset: -1, leader_epoch: -1, metadata: "" }] }])) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", id: CAgICAgICAgICAgICAgICA, partitions: [FetchedOffset { index: 0, error: NONE, offset: -1, leader_epoch: -1, metadata: "" }, FetchedOffset { index: 1, error: NONE, offset: -1, leader_epoch: -1, metadata: "" }] }])) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: NONE, offset: 5, leader_epoch: -1, metadata: "" }] }, FetchedTopic { name: "u", partitions: [FetchedOffset { index: 0, error: NONE, offset: 6, leader_epoch: -1, metadata: "" }] }])) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([])) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: NONE, offset: -1, leader_epoch: -1, metadata: "" }, FetchedOffset { index: 1, error: NONE, offset: -1, leader_epoch: -1, metadata: "" }] }])) }
    "#]].assert_eq(&told(&mut script));
}

fn delete(script: &mut Script, group: &str, topics: &[&str]) {
    let topics = topics.iter().map(|name| ((*name).into(), vec![PartitionIndex(0), PartitionIndex(1)])).collect();
    ask(script, 9, "delete", Request::OffsetDelete(OffsetDelete { group: group.into(), topics }));
}

#[test]
fn offsets_are_deleted_unless_they_are_in_use() {
    let mut script = script();
    commit(&mut script, committing("t", 5));
    commit(&mut script, committing("u", 6));
    join(&mut script, 1, joining("a"));
    pass(&mut script, 3_000);
    assigned(&mut script, &["a"], 1);
    script.text();
    delete(&mut script, "g", &["t", "u"]);
    delete(&mut script, "", &["t"]);
    delete(&mut script, "other", &["t"]);
    leave(&mut script, 1, vec![leaving(&id("a"), None)]);
    delete(&mut script, "g", &["t"]);
    fetch(&mut script, fetching());
    expect![[r#"
        > delete
        + OffsetCommitKey { group: "g", topic: "u" } = tombstone
        < Reply { to: Token(9), body: OffsetDelete(Ok([TopicErrors { name: "t", partitions: [(0, GROUP_SUBSCRIBED_TO_TOPIC), (1, GROUP_SUBSCRIBED_TO_TOPIC)] }, TopicErrors { name: "u", partitions: [(0, NONE), (1, NONE)] }])) }
        > delete
        < Reply { to: Token(9), body: OffsetDelete(Err(INVALID_GROUP_ID)) }
        > delete
        < Reply { to: Token(9), body: OffsetDelete(Err(GROUP_ID_NOT_FOUND)) }
        > leave
        + GroupMetadataKey { group: "g" } = GroupMetadataValue { protocol_type: "consumer", generation: 2, since: 3000 }
        < Reply { to: Token(1), body: LeaveGroup(Ok([Left { member: "a", instance: None, error: NONE }])) }
        > delete
        + OffsetCommitKey { group: "g", topic: "t" } = tombstone
        < Reply { to: Token(9), body: OffsetDelete(Ok([TopicErrors { name: "t", partitions: [(0, NONE), (1, NONE)] }])) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn offsets_of_members_that_cannot_be_read_are_all_in_use() {
    let mut script = script();
    commit(&mut script, committing("t", 5));
    let unreadable = vec![Protocol { name: "range".into(), metadata: "x".into() }];
    join(&mut script, 1, JoinGroup { protocols: unreadable, ..joining("a") });
    pass(&mut script, 3_000);
    script.text();
    delete(&mut script, "g", &["u"]);
    join(&mut script, 2, JoinGroup { group: "h".into(), protocol_type: "connect".into(), ..joining("b") });
    delete(&mut script, "h", &["u"]);
    expect![[r#"
        > delete
        < Reply { to: Token(9), body: OffsetDelete(Ok([TopicErrors { name: "u", partitions: [(0, GROUP_SUBSCRIBED_TO_TOPIC), (1, GROUP_SUBSCRIBED_TO_TOPIC)] }])) }
        > b joins
        + GroupMetadataKey { group: "h" } = GroupMetadataValue { current_state_timestamp: 3000 }
        > delete
        < Reply { to: Token(9), body: OffsetDelete(Err(NON_EMPTY_GROUP)) }
    "#]]
    .assert_eq(&told(&mut script));
}
