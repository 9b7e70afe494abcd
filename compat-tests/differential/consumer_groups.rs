//! Consumer groups (KIP-848): members join, share, give back, are fenced and leave; patterns, static members, configurations of
//! groups, and members of both protocols in one group.

mod mixed;
mod patterns;

use anyhow::{Result, bail};
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse, DeleteGroupsRequest, DescribeGroupsRequest, GroupId, ListGroupsRequest,
    OffsetCommitRequest, OffsetFetchRequest,
};
use uuid::Uuid;
use wire::committed_offsets::{OffsetCommit, OffsetFetch};

use super::make::{name, s, set, topic};
use super::play::Play;
use crate::kit::Stopwatch;

const TOPIC: &str = "consumed";
const OTHER: &str = "consumed-too";
/// The resource type of a group.
const GROUP: i8 = 32;

pub fn play(play: &mut Play) -> Result<()> {
    play.create(&[topic(TOPIC, 4), topic(OTHER, 2)])?;
    // So that both sides know them by the same names.
    play.id(TOPIC)?;
    play.id(OTHER)?;
    refused(play)?;
    for version in 0..=1 {
        alone(play, version)?;
    }
    together(play)?;
    several_topics(play)?;
    fixed(play)?;
    offsets(play)?;
    configured(play)?;
    patterns::play(play)?;
    mixed::play(play)?;
    lists(play)
}

fn beat(group: &str, member: &str, epoch: i32) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest::default()
        .with_group_id(GroupId(s(group)))
        .with_member_id(s(member))
        .with_member_epoch(epoch)
        .with_rebalance_timeout_ms(-1)
        .with_instance_id(None)
        .with_rack_id(None)
        .with_subscribed_topic_names(None)
        .with_subscribed_topic_regex(None)
        .with_server_assignor(None)
        .with_topic_partitions(None)
}

fn joins(group: &str, member: &str, topics: &[&str]) -> ConsumerGroupHeartbeatRequest {
    beat(group, member, 0)
        .with_rebalance_timeout_ms(60_000)
        .with_subscribed_topic_names(Some(topics.iter().map(|topic| name(topic)).collect()))
        .with_topic_partitions(Some(vec![]))
}

fn owns(request: ConsumerGroupHeartbeatRequest, topics: &[(Uuid, &[i32])]) -> ConsumerGroupHeartbeatRequest {
    let owned = topics.iter().map(|(topic, partitions)| {
        TopicPartitions::default().with_topic_id(*topic).with_partitions(partitions.to_vec())
    });
    request.with_topic_partitions(Some(owned.collect()))
}

fn ask(
    play: &mut Play,
    label: &str,
    request: &ConsumerGroupHeartbeatRequest,
) -> Result<Option<ConsumerGroupHeartbeatResponse>> {
    ask_in(play, label, 1, request)
}

fn ask_in(
    play: &mut Play,
    label: &str,
    version: i16,
    request: &ConsumerGroupHeartbeatRequest,
) -> Result<Option<ConsumerGroupHeartbeatResponse>> {
    let ids = [play.id(TOPIC)?, play.id(OTHER)?];
    play.ask_sorted(label, version, request, |told| {
        for topic in told.assignment.iter_mut().flat_map(|it| &mut it.topic_partitions) {
            topic.partitions.sort_unstable();
        }
        if let Some(assignment) = &mut told.assignment {
            assignment.topic_partitions.sort_by_key(|it| ids.iter().position(|id| *id == it.topic_id));
        }
    })
}

fn sort(told: &mut ConsumerGroupDescribeResponse) {
    told.groups.sort_by_key(|group| group.group_id.0.clone());
    for group in &mut told.groups {
        // Those that were named by the coordinator, at random, come last.
        group.members.sort_by_key(|it| (it.member_id.len(), it.member_id.clone()));
        for member in &mut group.members {
            member.subscribed_topic_names.sort();
            for assignment in [&mut member.assignment, &mut member.target_assignment] {
                assignment.topic_partitions.sort_by_key(|it| it.topic_name.clone());
                assignment.topic_partitions.iter_mut().for_each(|it| it.partitions.sort_unstable());
            }
        }
    }
}

fn describes(groups: &[&str]) -> ConsumerGroupDescribeRequest {
    let groups = groups.iter().map(|group| GroupId(s(group))).collect();
    ConsumerGroupDescribeRequest::default().with_group_ids(groups)
}

fn describe(play: &mut Play, label: &str, group: &str) -> Result<()> {
    for version in 0..=1 {
        play.ask_sorted(label, version, &describes(&[group]).with_include_authorized_operations(true), sort)?;
    }
    Ok(())
}

/// What makes no sense, in both versions.
fn refused(play: &mut Play) -> Result<()> {
    let id = play.id(TOPIC)?;
    let good = joins("refused", "me", &[TOPIC]);
    let bad = [
        ("no group", good.clone().with_group_id(GroupId(s("")))),
        ("a blank group", good.clone().with_group_id(GroupId(s("  ")))),
        ("no member, at an epoch", beat("refused", "", 3)),
        ("no member, leaving", beat("refused", "", -1)),
        ("a blank member, leaving", beat("refused", " ", -1)),
        ("no instance", good.clone().with_instance_id(Some(s("")))),
        ("no rack", good.clone().with_rack_id(Some(s(" ")))),
        ("no timeout", good.clone().with_rebalance_timeout_ms(-1)),
        ("null owned", good.clone().with_topic_partitions(None)),
        ("owned", owns(good.clone(), &[(id, &[0])])),
        ("nothing subscribed", good.clone().with_subscribed_topic_names(None)),
        ("away without instance", beat("refused", "me", -2)),
        ("a strange epoch", beat("refused", "me", -3)),
        ("a strange assignor", good.clone().with_server_assignor(Some(s("odd")))),
        ("an empty assignor", good.clone().with_server_assignor(Some(s("")))),
        ("an assignor in capitals", good.clone().with_server_assignor(Some(s("RANGE")))),
        ("of no group", beat("refused", "me", 5)),
        ("leaves no group", beat("refused", "me", -1)),
        ("away from no group", beat("refused", "me", -2).with_instance_id(Some(s("i")))),
    ];
    for version in 0..=1 {
        for (label, request) in &bad {
            ask_in(play, label, version, request)?;
        }
    }
    // A name that the client must make itself since version 1.
    ask(play, "joins without a name", &good.with_member_id(s("")))?;
    describe(play, "no group", "refused")?;
    describe(play, "of an empty name", "")?;
    for version in 0..=1 {
        play.ask("of none", version, &describes(&[]))?;
        play.ask_sorted("of many", version, &describes(&["refused", "", "another"]), sort)?;
    }
    Ok(())
}

/// A member comes, lives, changes its mind and goes; and who claims to be it is refused.
fn alone(play: &mut Play, version: i16) -> Result<()> {
    let (id, group) = (play.id(TOPIC)?, &format!("c-alone-{version}"));
    let named = |request: ConsumerGroupHeartbeatRequest| match version {
        0 => request.with_member_id(s("")),
        _ => request,
    };
    let Some(joined) = ask_in(play, "comes", version, &named(joins(group, "me", &[TOPIC])))? else { return Ok(()) };
    let member = joined.member_id.unwrap_or_default();
    let me = member.as_str();
    let all: &[i32] = &[0, 1, 2, 3];
    describe(play, "one member", group)?;
    let steps = [
        ("lives", beat(group, me, 2)),
        ("tells what it has", owns(beat(group, me, 2), &[(id, all)])),
        ("tells all", owns(joins(group, me, &[TOPIC]).with_member_epoch(2), &[(id, all)])),
        ("ahead", beat(group, me, 3)),
        ("behind", beat(group, me, 1)),
        ("behind, with what it has", owns(beat(group, me, 1), &[(id, all)])),
        ("behind by one", beat(group, me, 0).with_member_epoch(1)),
        ("a stranger", beat(group, "stranger", 2)),
        ("a stranger leaves", beat(group, "stranger", -1)),
        ("an instance that nobody has", beat(group, me, 2).with_instance_id(Some(s("one")))),
        ("another assignor", beat(group, me, 2).with_server_assignor(Some(s("range")))),
        ("another rack", beat(group, me, 2).with_rack_id(Some(s("r1")))),
        ("another timeout", beat(group, me, 2).with_rebalance_timeout_ms(5_000)),
        ("nothing any more", beat(group, me, 2).with_subscribed_topic_names(Some(vec![]))),
    ];
    for (label, request) in &steps {
        ask_in(play, label, version, request)?;
    }
    describe(play, "of one who wants nothing", group)?;
    let steps = [
        ("gives back", owns(beat(group, me, 2), &[])),
        ("lives on", beat(group, me, 3)),
        (
            "two topics, one unknown",
            beat(group, me, 3).with_subscribed_topic_names(Some(vec![name(OTHER), name("no-such-topic")])),
        ),
        (
            "again the same",
            beat(group, me, 4).with_subscribed_topic_names(Some(vec![name("no-such-topic"), name(OTHER)])),
        ),
        ("joins again", joins(group, me, &[TOPIC, OTHER])),
        ("joins once more", joins(group, me, &[TOPIC, OTHER])),
    ];
    for (label, request) in &steps {
        ask_in(play, label, version, request)?;
    }
    describe(play, "of two topics", group)?;
    // The older API knows no such group.
    for version in [5, 6] {
        play.ask("a consumer group", version, &DescribeGroupsRequest::default().with_groups(vec![GroupId(s(group))]))?;
    }
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(s(group))]);
    play.ask("with a member", 2, &delete)?;
    ask_in(play, "leaves", version, &beat(group, me, -1))?;
    ask_in(play, "leaves again", version, &beat(group, me, -1))?;
    ask_in(play, "lives after all", version, &beat(group, me, 5))?;
    describe(play, "empty", group)?;
    ask_in(play, "comes back", version, &joins(group, "me too", &[TOPIC]).with_server_assignor(Some(s("range"))))?;
    ask_in(play, "leaves", version, &beat(group, "me too", -1))?;
    play.ask("without members", 2, &delete)?;
    describe(play, "deleted", group)?;
    ask_in(play, "of a group that is gone", version, &beat(group, me, 5))?;
    Ok(())
}

/// A second member and a third come and go; each partition has one owner at every step.
fn together(play: &mut Play) -> Result<()> {
    let (id, group) = (play.id(TOPIC)?, "c-two");
    ask(play, "the first", &joins(group, "a", &[TOPIC]))?;
    ask(play, "the second", &joins(group, "b", &[TOPIC]))?;
    describe(play, "the first has to give back", group)?;
    let steps = [
        ("the second waits", beat(group, "b", 3)),
        ("the first is told", beat(group, "a", 2)),
        ("the first is slow", owns(beat(group, "a", 2), &[(id, &[0, 1, 2, 3])])),
        ("the second still waits", owns(beat(group, "b", 3), &[])),
        ("the first has given back", owns(beat(group, "a", 2), &[(id, &[0, 1])])),
        ("the second gets", beat(group, "b", 3)),
        ("the first lost the answer", owns(beat(group, "a", 2), &[(id, &[0, 1])])),
        ("the first lost the answer and has too much", owns(beat(group, "a", 2), &[(id, &[0, 1, 2])])),
    ];
    for (label, request) in &steps {
        ask(play, label, request)?;
    }
    describe(play, "both have theirs", group)?;
    ask(play, "the third", &joins(group, "c", &[TOPIC]))?;
    describe(play, "three, reconciling", group)?;
    ask(play, "the first at three", &beat(group, "a", 3))?;
    ask(play, "the second at three", &beat(group, "b", 3))?;
    ask(play, "the third waits", &beat(group, "c", 4))?;
    describe(play, "three, revoking", group)?;
    // Whoever has to, gives back all but its first.
    for member in ["a", "b"] {
        let told = play.quietly(1, &describes(&[group]))?;
        let members = told.groups.iter().flat_map(|group| &group.members);
        let mine = members.filter(|it| &*it.member_id == member).flat_map(|it| &it.target_assignment.topic_partitions);
        let kept: Vec<i32> = mine.flat_map(|it| it.partitions.clone()).collect();
        ask(play, "gives back", &owns(beat(group, member, 3), &[(id, &kept)]))?;
    }
    ask(play, "the third gets", &beat(group, "c", 4))?;
    describe(play, "three, stable", group)?;
    ask(play, "the second leaves", &beat(group, "b", -1))?;
    describe(play, "one has left", group)?;
    ask(play, "the first gets more", &beat(group, "a", 4))?;
    ask(play, "the third gets more", &beat(group, "c", 4))?;
    describe(play, "two are left", group)?;
    // A member that is fenced comes back as it was, with nothing.
    ask(play, "the first again from the start", &joins(group, "a", &[TOPIC]))?;
    describe(play, "after a member began anew", group)?;
    for member in ["a", "c"] {
        ask(play, "goes", &beat(group, member, -1))?;
    }
    Ok(())
}

/// Members that want different topics, and both assignors.
fn several_topics(play: &mut Play) -> Result<()> {
    for assignor in ["uniform", "range"] {
        let group = &format!("c-{assignor}");
        let joins = |member, topics: &[&str]| joins(group, member, topics).with_server_assignor(Some(s(assignor)));
        ask(play, "wants both", &joins("a", &[TOPIC, OTHER]))?;
        ask(play, "wants one", &joins("b", &[TOPIC]))?;
        ask(play, "wants the other", &joins("c", &[OTHER]))?;
        ask(play, "wants nothing", &joins("d", &[]))?;
        ask(play, "wants what is not there", &joins("e", &["no-such-topic"]))?;
        describe(play, "of five", group)?;
        ask(play, "is told", &beat(group, "a", 2))?;
        ask(play, "has given back all", &owns(beat(group, "a", 2), &[]))?;
        for member in ["b", "c", "d"] {
            let told = play.quietly(1, &describes(&[group]))?;
            let members = told.groups.iter().flat_map(|group| &group.members);
            let epoch = members.filter(|it| &*it.member_id == member).map(|it| it.member_epoch).max().unwrap_or(0);
            ask(play, "gets", &beat(group, member, epoch))?;
        }
        describe(play, "of five, later", group)?;
        for member in ["a", "b", "c", "d", "e"] {
            ask(play, "goes", &beat(group, member, -1))?;
        }
    }
    Ok(())
}

/// Static members: away, back, replaced, fenced.
fn fixed(play: &mut Play) -> Result<()> {
    let (id, group) = (play.id(TOPIC)?, "c-static");
    let of = |request: ConsumerGroupHeartbeatRequest, instance: &str| request.with_instance_id(Some(s(instance)));
    let steps = [
        ("comes", of(joins(group, "a1", &[TOPIC]), "a")),
        ("another of that name", of(joins(group, "a2", &[TOPIC]), "a")),
        ("lives", of(beat(group, "a1", 2), "a")),
        ("lives without its name", beat(group, "a1", 2)),
        ("another lives", of(beat(group, "a2", 2), "a")),
        ("another leaves", of(beat(group, "a2", -1), "a")),
        ("goes away", of(beat(group, "a1", -2), "a")),
    ];
    for (label, request) in &steps {
        ask(play, label, request)?;
    }
    describe(play, "away", group)?;
    let steps = [
        ("away and alive", of(beat(group, "a1", 2), "a")),
        ("goes away again", of(beat(group, "a1", -2), "a")),
        ("a second one comes", of(joins(group, "b1", &[TOPIC]), "b")),
    ];
    for (label, request) in &steps {
        ask(play, label, request)?;
    }
    describe(play, "away, and another waits", group)?;
    let steps = [
        ("comes back", of(joins(group, "a2", &[TOPIC]), "a")),
        ("the old self", of(beat(group, "a1", 2), "a")),
        ("the old self leaves", of(beat(group, "a1", -1), "a")),
        ("is told what to give back", of(beat(group, "a2", 3), "a")),
        ("lives at its epoch of before", of(beat(group, "a2", 2), "a")),
        ("gives back", of(owns(beat(group, "a2", 2), &[(id, &[0, 1])]), "a")),
        ("the second gets", of(beat(group, "b1", 3), "b")),
    ];
    for (label, request) in &steps {
        ask(play, label, request)?;
    }
    describe(play, "back", group)?;
    let steps = [
        ("goes away", of(beat(group, "a2", -2), "a")),
        ("comes back as the same", of(joins(group, "a2", &[TOPIC]), "a")),
        ("comes back with another wish", of(joins(group, "a3", &[OTHER]), "a")),
        ("goes away", of(beat(group, "a2", -2), "a")),
        ("comes back with another wish", of(joins(group, "a3", &[OTHER]), "a")),
        ("the second at the next", of(beat(group, "b1", 3), "b")),
        ("leaves for good", of(beat(group, "a3", -1), "a")),
        ("leaves for good", of(beat(group, "b1", -1), "b")),
    ];
    for (label, request) in &steps {
        ask(play, label, request)?;
    }
    describe(play, "all gone", group)
}

fn commit(group: &str, member: &str, epoch: i32, offset: i64) -> OffsetCommitRequest {
    let partition =
        |index| OffsetCommitRequestPartition::default().with_partition_index(index).with_committed_offset(offset);
    let topic =
        OffsetCommitRequestTopic::default().with_name(name(TOPIC)).with_partitions((0..4).map(partition).collect());
    OffsetCommitRequest::default()
        .with_group_id(GroupId(s(group)))
        .with_member_id(s(member))
        .with_generation_id_or_member_epoch(epoch)
        .with_topics(vec![topic])
}

fn fetch(group: &str, member: Option<&str>, epoch: i32) -> OffsetFetchRequest {
    let topic = OffsetFetchRequestTopics::default().with_name(name(TOPIC)).with_partition_indexes(vec![0, 1, 9]);
    let group = OffsetFetchRequestGroup::default()
        .with_group_id(GroupId(s(group)))
        .with_member_id(member.map(s))
        .with_member_epoch(epoch)
        .with_topics(Some(vec![topic]));
    OffsetFetchRequest::default().with_groups(vec![group])
}

/// Commits and fetches by members, by those of another epoch, and by strangers.
fn offsets(play: &mut Play) -> Result<()> {
    let (id, group) = (play.id(TOPIC)?, "c-offsets");
    ask(play, "comes", &joins(group, "a", &[TOPIC]))?;
    ask(play, "another comes", &joins(group, "b", &[TOPIC]))?;
    ask(play, "is told", &beat(group, "a", 2))?;
    let who = [
        ("as a member", "a", 2),
        ("ahead", "a", 3),
        ("behind", "a", 1),
        ("as the other", "b", 3),
        ("as the other, behind", "b", 2),
        ("as a stranger", "stranger", 2),
        ("from outside", "", -1),
        ("half outside", "a", -1),
        ("at epoch 0", "a", 0),
    ];
    for (label, member, epoch) in who {
        for version in [2, 8, 9] {
            play.ask(label, version, &OffsetCommit(commit(group, member, epoch, i64::from(version))))?;
        }
        let mut by_id = commit(group, member, epoch, 10);
        by_id.topics.iter_mut().for_each(|topic| *topic = topic.clone().with_name(name("")).with_topic_id(id));
        play.ask(label, 10, &OffsetCommit(by_id))?;
        let member = (!member.is_empty()).then_some(member);
        play.ask(label, 8, &OffsetFetch(fetch(group, None, -1)))?;
        play.ask(label, 9, &OffsetFetch(fetch(group, member, epoch)))?;
    }
    play.ask("without an epoch", 9, &OffsetFetch(fetch(group, Some("a"), -1)))?;
    play.ask("without a member", 9, &OffsetFetch(fetch(group, None, 2)))?;
    // A newer epoch, of which the member has not heard: what it had before, it may commit.
    ask(play, "gives back", &owns(beat(group, "a", 2), &[(id, &[0, 1])]))?;
    play.ask("at the epoch before", 9, &OffsetCommit(commit(group, "a", 2, 20)))?;
    play.ask("at the epoch before", 9, &OffsetFetch(fetch(group, Some("a"), 2)))?;
    ask(play, "the other gets", &beat(group, "b", 3))?;
    play.ask("the other", 9, &OffsetCommit(commit(group, "b", 3, 30)))?;
    play.ask("the other at its epoch before", 9, &OffsetCommit(commit(group, "b", 2, 30)))?;
    let forget = |topic: &str| {
        use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
        let topic = OffsetDeleteRequestTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![OffsetDeleteRequestPartition::default()]);
        kafka_protocol::messages::OffsetDeleteRequest::default()
            .with_group_id(GroupId(s(group)))
            .with_topics(vec![topic])
    };
    play.ask("of a topic that is consumed", 0, &forget(TOPIC))?;
    play.ask("of another topic", 0, &forget(OTHER))?;
    for member in ["a", "b"] {
        ask(play, "goes", &beat(group, member, -1))?;
    }
    play.ask("from outside an empty group", 9, &OffsetCommit(commit(group, "", -1, 40)))?;
    play.ask("as one who was there", 9, &OffsetCommit(commit(group, "a", 3, 50)))?;
    play.ask("from outside an empty group", 9, &OffsetFetch(fetch(group, None, -1)))?;
    play.ask("of an empty group", 0, &forget(TOPIC))?;
    Ok(())
}

/// What a group has of its own.
fn configured(play: &mut Play) -> Result<()> {
    let group = "c-configured";
    for (key, values) in [
        ("consumer.session.timeout.ms", &["45000", "44999", "60001", "1", "x", "50000"][..]),
        ("consumer.heartbeat.interval.ms", &["4999", "15001", "0", "5000", "8000"]),
        ("consumer.assignment.interval.ms", &["-1", "15001", "0", "15000"]),
        ("consumer.assignor.offload.enable", &["false"]),
        ("consumer.nothing", &["1"]),
    ] {
        for value in values {
            play.ask(&format!("{key} {value}"), 1, &set(GROUP, group, &[(key, 0, Some(value))]))?;
        }
    }
    play.ask("of no name", 1, &set(GROUP, "", &[("consumer.session.timeout.ms", 0, Some("45000"))]))?;
    play.settle()?;
    ask(play, "comes", &joins(group, "a", &[TOPIC]))?;
    ask(play, "another comes too soon", &joins(group, "b", &[TOPIC]))?;
    describe(play, "no new target yet", group)?;
    ask(play, "lives in the meantime", &beat(group, "a", 2))?;
    play.quietly(1, &set(GROUP, group, &[("consumer.assignment.interval.ms", 0, Some("0"))]))?;
    play.settle()?;
    ask(play, "now there is a target", &beat(group, "a", 2))?;
    describe(play, "a new target", group)?;
    play.quietly(1, &set(GROUP, group, &[("consumer.heartbeat.interval.ms", 1, None)]))?;
    play.settle()?;
    ask(play, "told how often again", &beat(group, "a", 2))?;
    for member in ["a", "b"] {
        ask(play, "goes", &beat(group, member, -1))?;
    }
    Ok(())
}

/// All groups that there are, by type and state.
fn lists(play: &mut Play) -> Result<()> {
    ask(play, "a group that has a member", &joins("c-listed", "a", &[TOPIC]))?;
    ask(play, "another that waits", &joins("c-listed-too", "a", &[TOPIC]))?;
    ask(play, "another that waits", &joins("c-listed-too", "b", &[TOPIC]))?;
    let filters: [(&str, &[&str], &[&str]); 8] = [
        ("all", &[], &[]),
        ("consumer groups", &[], &["consumer"]),
        ("in any case", &[], &["CONSUMER"]),
        ("both types", &[], &["classic", "consumer"]),
        ("stable ones", &["Stable"], &["consumer"]),
        ("reconciling ones", &["reconciling"], &[]),
        ("empty consumer groups", &["Empty"], &["consumer"]),
        ("assigning ones", &["Assigning"], &["consumer"]),
    ];
    for (label, states, types) in filters {
        let request = ListGroupsRequest::default()
            .with_states_filter(states.iter().map(|it| s(it)).collect())
            .with_types_filter(types.iter().map(|it| s(it)).collect());
        play.ask_sorted(label, 5, &request, |told| told.groups.sort_by_key(|group| group.group_id.0.clone()))?;
    }
    play.ask_sorted("all", 3, &ListGroupsRequest::default(), |told| {
        told.groups.sort_by_key(|group| group.group_id.0.clone())
    })?;
    Ok(())
}

/// Waits until the group's epoch is `epoch` at least; others than members' heartbeats raise it too.
fn until_epoch(play: &mut Play, group: &str, epoch: i32) -> Result<()> {
    let since = Stopwatch::start();
    while play.quietly(1, &describes(&[group]))?.groups.iter().all(|it| it.group_epoch < epoch) {
        if since.left_of(std::time::Duration::from_secs(30)).is_none() {
            bail!("{group} does not come to epoch {epoch}");
        }
        crate::pause::short();
    }
    Ok(())
}
