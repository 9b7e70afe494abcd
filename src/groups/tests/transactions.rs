//! Offsets that count when a transaction is committed (KIP-98, KIP-447).

use expect_test::expect;
use model::{PartitionIndex, ProducerEpoch, ProducerId};

use super::kit::*;
use crate::*;

fn producer(id: i64) -> Producer {
    Producer { id: ProducerId(id), epoch: ProducerEpoch(0) }
}

fn pending(script: &mut Script, of: i64, topic: &str, offset: i64) {
    let OffsetCommit { group, member, instance, generation, topics, .. } = committing(topic, offset);
    let request = TxnOffsetCommit { group, producer: producer(of), member, instance, generation, topics };
    ask(script, of as u64, "commit with a transaction", Request::TxnOffsetCommit(request));
}

fn end(script: &mut Script, of: i64, commit: bool) {
    let request = EndTransaction { producer: producer(of), commit, coordinator_epoch: 0 };
    ask(script, of as u64, "end", Request::EndTransaction(request));
}

fn stably() -> OffsetFetch {
    OffsetFetch { require_stable: true, ..fetching() }
}

#[test]
fn an_offset_counts_when_its_transaction_is_committed() {
    let mut script = script();
    commit(&mut script, committing("t", 1));
    script.text();
    pending(&mut script, 1, "t", 5);
    pending(&mut script, 1, "u", 6);
    fetch(&mut script, stably());
    fetch(&mut script, fetching());
    end(&mut script, 1, true);
    fetch(&mut script, stably());
    expect![[r#"
        > commit with a transaction
        + Producer { id: 1, epoch: 0 }: OffsetCommitKey { group: "g", topic: "t" } = OffsetCommitValue { offset: 5 }
        < Reply { to: Token(1), body: TxnOffsetCommit(Ok([])) }
        > commit with a transaction
        + Producer { id: 1, epoch: 0 }: OffsetCommitKey { group: "g", topic: "u" } = OffsetCommitValue { offset: 6 }
        < Reply { to: Token(1), body: TxnOffsetCommit(Ok([])) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: UNSTABLE_OFFSET_COMMIT, offset: -1, leader_epoch: -1, metadata: "" }] }])) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: NONE, offset: 1, leader_epoch: -1, metadata: "" }] }])) }
        > end
        + Producer { id: 1, epoch: 0 }: commit
        < Reply { to: Token(1), body: EndTransaction(NONE) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: NONE, offset: 5, leader_epoch: -1, metadata: "" }] }, FetchedTopic { name: "u", partitions: [FetchedOffset { index: 0, error: NONE, offset: 6, leader_epoch: -1, metadata: "" }] }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn one_that_is_aborted_never_was() {
    let mut script = script();
    pending(&mut script, 1, "t", 5);
    pending(&mut script, 2, "t", 6);
    end(&mut script, 1, false);
    script.text();
    let topic = FetchTopic { name: "t".into(), id: model::Uuid::ZERO, partitions: vec![PartitionIndex(0)] };
    fetch(&mut script, OffsetFetch { topics: Some(vec![topic]), ..stably() });
    end(&mut script, 2, true);
    end(&mut script, 2, true);
    fetch(&mut script, stably());
    expect![[r#"
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: UNSTABLE_OFFSET_COMMIT, offset: -1, leader_epoch: -1, metadata: "" }] }])) }
        > end
        + Producer { id: 2, epoch: 0 }: commit
        < Reply { to: Token(2), body: EndTransaction(NONE) }
        > end
        + Producer { id: 2, epoch: 0 }: commit
        < Reply { to: Token(2), body: EndTransaction(NONE) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: NONE, offset: 6, leader_epoch: -1, metadata: "" }] }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn the_later_commit_counts_whenever_the_transaction_ends() {
    let mut script = script();
    pending(&mut script, 1, "t", 5);
    commit(&mut script, committing("t", 7));
    end(&mut script, 1, true);
    script.text();
    fetch(&mut script, fetching());
    expect![[r#"
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "t", partitions: [FetchedOffset { index: 0, error: NONE, offset: 7, leader_epoch: -1, metadata: "" }] }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn what_is_deleted_does_not_come_back_with_its_transaction() {
    let mut script = script();
    pending(&mut script, 1, "t", 5);
    pending(&mut script, 1, "u", 6);
    script.text();
    let topics = vec![("t".into(), vec![PartitionIndex(0)])];
    ask(&mut script, 9, "delete", Request::OffsetDelete(OffsetDelete { group: "g".into(), topics }));
    end(&mut script, 1, true);
    fetch(&mut script, stably());
    expect![[r#"
        > delete
        + OffsetCommitKey { group: "g", topic: "t" } = tombstone
        < Reply { to: Token(9), body: OffsetDelete(Ok([TopicErrors { name: "t", partitions: [(0, NONE)] }])) }
        > end
        + Producer { id: 1, epoch: 0 }: commit
        < Reply { to: Token(1), body: EndTransaction(NONE) }
        > fetch
        < Reply { to: Token(9), body: OffsetFetch(Ok([FetchedTopic { name: "u", partitions: [FetchedOffset { index: 0, error: NONE, offset: 6, leader_epoch: -1, metadata: "" }] }])) }
    "#]].assert_eq(&told(&mut script));
}

#[test]
fn strangers_may_commit_to_a_group_with_members_and_members_in_their_generation() {
    let mut script = stable(&["a"]);
    pending(&mut script, 1, "t", 5);
    script.text();
    let request = |group: &str, member: &str, generation| TxnOffsetCommit {
        group: group.into(),
        producer: producer(1),
        member: member.into(),
        instance: None,
        generation,
        topics: vec![],
    };
    for request in [
        request("g", &id("a"), 1),
        request("g", &id("a"), 2),
        request("g", "stranger", 1),
        request("g", &id("a"), -1),
        request("other", "", 0),
        request("", "", -1),
    ] {
        ask(&mut script, 1, "commit with a transaction", Request::TxnOffsetCommit(request));
    }
    expect![[r#"
        > commit with a transaction
        < Reply { to: Token(1), body: TxnOffsetCommit(Ok([])) }
        > commit with a transaction
        < Reply { to: Token(1), body: TxnOffsetCommit(Err(ILLEGAL_GENERATION)) }
        > commit with a transaction
        < Reply { to: Token(1), body: TxnOffsetCommit(Err(UNKNOWN_MEMBER_ID)) }
        > commit with a transaction
        < Reply { to: Token(1), body: TxnOffsetCommit(Err(ILLEGAL_GENERATION)) }
        > commit with a transaction
        < Reply { to: Token(1), body: TxnOffsetCommit(Err(ILLEGAL_GENERATION)) }
        > commit with a transaction
        < Reply { to: Token(1), body: TxnOffsetCommit(Err(INVALID_GROUP_ID)) }
    "#]]
    .assert_eq(&told(&mut script));
}

#[test]
fn a_group_with_open_transactions_does_not_expire() {
    let mut script = script();
    pending(&mut script, 1, "t", 5);
    pass(&mut script, 8 * 24 * 60 * 60 * 1000);
    script.text();
    script.event("expire", Event::Expire);
    script.event("t is deleted", Event::TopicsDeleted(vec![("t".into(), dice(1))]));
    script.event("expire", Event::Expire);
    assert!(script.shard.latest().groups.is_empty());
    expect![[r#"
        > expire
        > t is deleted
        + OffsetCommitKey { group: "g", topic: "t" } = tombstone
        > expire
        + GroupMetadataKey { group: "g" } = tombstone
    "#]]
    .assert_eq(&told(&mut script));
}
