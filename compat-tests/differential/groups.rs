//! Classic groups and committed offsets: a coordinator is found, members come, rebalance, commit and go, and strangers are refused.

mod asks;
pub mod deadlines;
pub mod retention;
mod states;
mod statics;

use anyhow::Result;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::{
    DeleteGroupsRequest, FindCoordinatorRequest, GroupId, JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest,
    SyncGroupRequest,
};
use wire::committed_offsets::{OffsetCommit, OffsetFetch};

use super::make::{name, s, topic};
use super::play::Play;
pub use asks::found;
use asks::{TOPIC, commit, describe, fetch, forget, heartbeat, join, leave, named, sync};

pub fn play(play: &mut Play) -> Result<()> {
    play.create(&[topic(TOPIC, 3)])?;
    found(play, &["", "g", "x", "y", "z", "static", "simple", "two"])?;
    for version in 0..=6 {
        coordinator(play, version)?;
    }
    for version in 0..=9 {
        alone(play, version)?;
    }
    together(play)?;
    fixed(play)?;
    statics::play(play)?;
    simple(play)?;
    states::play(play)?;
    lists(play)
}

fn coordinator(play: &mut Play, version: i16) -> Result<()> {
    for (label, key, kind) in [("group", "g", 0), ("empty", "", 0), ("no such kind", "g", 9), ("below", "g", -1)] {
        let request = FindCoordinatorRequest::default();
        let request = match version {
            ..4 => request.with_key(s(key)),
            _ => request.with_coordinator_keys(vec![s(key), s("another")]),
        };
        let request = if version == 0 { request } else { request.with_key_type(kind) };
        play.ask(label, version, &request)?;
    }
    Ok(())
}

/// A member that comes, works and goes by itself, and those who claim to be it.
fn alone(play: &mut Play, version: i16) -> Result<()> {
    let group = &format!("alone-{version}");
    let plain = join(group, "", &["range", "roundrobin"]);
    let plain = if version == 0 { plain.with_rebalance_timeout_ms(-1) } else { plain };
    for (label, timeout) in [("too short a session", 1), ("too long a session", 10_000_000)] {
        play.ask(label, version, &plain.clone().with_session_timeout_ms(timeout))?;
    }
    play.ask("no protocols", version, &plain.clone().with_protocols(vec![]))?;
    play.ask("no kind of group", version, &plain.clone().with_protocol_type(s("")))?;
    play.ask("a stranger", version, &plain.clone().with_member_id(s("stranger")))?;
    let Some(mut joined) = play.ask("comes", version, &plain)? else { return Ok(()) };
    if version >= 4 {
        let again = plain.clone().with_member_id(joined.member_id.clone());
        let Some(again) = play.ask("comes again", version, &again)? else { return Ok(()) };
        joined = again;
    }
    let member = joined.member_id.as_str();
    describe(play, "before it syncs", group)?;
    let v = version.min(5);
    let name_it = |request: SyncGroupRequest| if v >= 5 { named(request, "consumer", "range") } else { request };
    play.ask("a stale generation", v, &name_it(sync(group, member, 7, &[])))?;
    play.ask("a stranger", v, &name_it(sync(group, "stranger", 1, &[])))?;
    if v >= 5 {
        play.ask("without a protocol", v, &sync(group, member, 1, &[]))?;
        play.ask("another kind", v, &named(sync(group, member, 1, &[]), "connect", "range"))?;
        play.ask("another protocol", v, &named(sync(group, member, 1, &[]), "consumer", "roundrobin"))?;
    }
    play.ask("gets", v, &name_it(sync(group, member, 1, &[member])))?;
    play.ask("gets again", v, &name_it(sync(group, member, 1, &[])))?;
    describe(play, "stable", group)?;
    let v = version.min(4);
    for (label, who, generation) in [("lives", member, 1), ("is stale", member, 0), ("is unknown", "stranger", 1)] {
        play.ask(label, v, &heartbeat(group, who, generation))?;
    }
    play.ask("in no group", v, &heartbeat("nobody", member, 1))?;
    play.ask("in an empty name", v, &heartbeat("", member, 1))?;

    let v = (version + 2).min(9);
    let long = "long ".repeat(900);
    let partitions = [(0, 42, "so far"), (1, 7, ""), (2, 0, long.as_str()), (99, 1, "")];
    for (label, who, generation) in [
        ("as a member", member, 1),
        ("stale", member, 0),
        ("as a stranger", "stranger", 1),
        ("from outside", "", -1),
        ("half outside", member, -1),
    ] {
        play.ask(label, v, &commit(group, who, generation, &partitions))?;
    }
    play.ask("to nobody", v, &commit("nobody-at-all", member, 1, &partitions))?;
    for partitions in [Some(&[0, 1, 2, 99][..]), Some(&[]), None] {
        let label = format!("of {partitions:?}");
        play.ask_sorted(&label, 8, &fetch(group, partitions), |told| {
            let topics = told.groups.iter_mut().flat_map(|group| &mut group.topics);
            topics.for_each(|topic| topic.partitions.sort_by_key(|it| it.partition_index));
        })?;
    }
    let forget = forget(group, TOPIC, &[0, 99]);
    play.ask("with members", 0, &forget)?;
    let v = version.min(2);
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![GroupId(s(group))]);
    play.ask("with members", v, &delete)?;
    let v = version.min(5);
    if v < 3 {
        let request = LeaveGroupRequest::default().with_group_id(GroupId(s(group)));
        play.ask("a stranger", v, &request.clone().with_member_id(s("stranger")))?;
        play.ask("goes", v, &request.clone().with_member_id(s(member)))?;
        play.ask("goes again", v, &request.with_member_id(s(member)))?;
    } else {
        play.ask("nobody", v, &leave(group, &[]))?;
        play.ask("goes", v, &leave(group, &[("stranger", None), (member, None), ("", Some("no instance"))]))?;
        play.ask("goes again", v, &leave(group, &[(member, None)]))?;
        play.ask("of no group", v, &leave("nobody", &[(member, None)]))?;
    }
    describe(play, "empty", group)?;
    play.ask("without members", 0, &forget)?;
    play.ask("another kind comes", version, &plain.with_protocol_type(s("connect")))?;
    let v = version.min(2);
    play.ask("goes", v, &delete)?;
    play.ask("is gone", v, &delete)?;
    describe(play, "gone", group)
}

/// A second member comes while the first is at work.
fn together(play: &mut Play) -> Result<()> {
    let group = "two";
    let first = play.quietly(9, &join(group, "", &["range"]))?.member_id;
    let first = first.as_str();
    play.quietly(9, &join(group, first, &["range"]))?;
    play.ask("the first alone", 5, &named(sync(group, first, 1, &[first]), "consumer", "range"))?;
    play.ask("none in common", 9, &join(group, "", &["roundrobin"]))?;
    let second = play.quietly(9, &join(group, "", &["range"]))?.member_id;
    let second = second.as_str();
    let waiting = play.begin(9, &join(group, second, &["range"]))?;
    // What it does to the first is seen as soon as it has come.
    loop {
        if play.quietly(4, &heartbeat(group, first, 1))?.error_code != 0 {
            break;
        }
        crate::pause::short();
    }
    play.ask("during the rebalance", 4, &heartbeat(group, first, 1))?;
    play.ask("during the rebalance", 9, &commit(group, first, 1, &[(0, 5, "late")]))?;
    play.ask("during the rebalance", 5, &named(sync(group, first, 1, &[]), "consumer", "range"))?;
    describe(play, "rebalancing", group)?;
    play.ask_sorted("the first again", 9, &join(group, first, &["range"]), |told| told.members.clear())?;
    play.finish::<JoinGroupRequest>("the second", 9, waiting)?;
    let waiting = play.begin(5, &named(sync(group, second, 2, &[]), "consumer", "range"))?;
    play.ask("the leader assigns", 5, &named(sync(group, first, 2, &[first, second]), "consumer", "range"))?;
    play.finish::<SyncGroupRequest>("the follower", 5, waiting)?;
    play.ask("stale", 9, &commit(group, first, 1, &[(0, 5, "late")]))?;
    play.ask("right", 9, &commit(group, second, 2, &[(0, 6, "in time")]))?;
    play.ask("the follower goes", 5, &leave(group, &[(second, None)]))?;
    play.ask("after one has gone", 4, &heartbeat(group, first, 2))?;
    play.ask("again", 9, &join(group, first, &["range"]))?;
    play.ask("the last goes", 5, &leave(group, &[(first, None)]))?;
    Ok(())
}

/// Members that keep their place while they are away.
fn fixed(play: &mut Play) -> Result<()> {
    let group = "static";
    let of = |member: &str| join(group, member, &["range"]).with_group_instance_id(Some(s("one")));
    let Some(joined) = play.ask("comes", 9, &of(""))? else { return Ok(()) };
    let first = joined.member_id.as_str();
    let with = |request: SyncGroupRequest| named(request, "consumer", "range").with_group_instance_id(Some(s("one")));
    play.ask("gets", 5, &with(sync(group, first, 1, &[first])))?;
    let Some(joined) = play.ask("is replaced", 9, &of(""))? else { return Ok(()) };
    let second = joined.member_id.as_str();
    play.ask("the new one gets", 5, &with(sync(group, second, 1, &[])))?;
    let alive = |member: &str| heartbeat(group, member, 1).with_group_instance_id(Some(s("one")));
    play.ask("the new one lives", 4, &alive(second))?;
    play.ask("the old one is fenced", 4, &alive(first))?;
    play.ask("the old one is fenced", 9, &of(first))?;
    play.ask("the old one is fenced", 5, &with(sync(group, first, 1, &[])))?;
    let late = commit(group, first, 1, &[(0, 1, "")]).with_group_instance_id(Some(s("one")));
    play.ask("the old one is fenced", 9, &late)?;
    describe(play, "a static member", group)?;
    play.ask("as another", 5, &leave(group, &[(first, Some("one"))]))?;
    play.ask("by its name alone", 5, &leave(group, &[("", Some("one"))]))?;
    Ok(())
}

/// Offsets of those who have no group.
fn simple(play: &mut Play) -> Result<()> {
    let group = "simple";
    let mine = [(0, 1, "a"), (2, 3, "c")];
    for version in 2..=9 {
        play.ask("from outside", version, &commit(group, "", -1, &mine))?;
    }
    let unknown = OffsetCommitRequestTopic::default().with_name(name("no-such-topic"));
    let unknown = unknown.with_partitions(vec![OffsetCommitRequestPartition::default().with_committed_metadata(None)]);
    let mut both = commit(group, "", -1, &mine);
    both.topics.push(unknown);
    play.ask("a topic that is not there", 9, &both)?;
    let mut twice = commit(group, "", -1, &mine);
    twice.topics.extend(commit(group, "", -1, &[(0, 9, "twice"), (1, -5, "below")]).topics);
    play.ask("a topic twice", 9, &twice)?;
    let id = play.id(TOPIC)?;
    let mut by_id = commit(group, "", -1, &mine);
    by_id.topics.iter_mut().for_each(|topic| *topic = topic.clone().with_name(name("")).with_topic_id(id));
    let strange = uuid::Uuid::from_u128(7);
    by_id.topics.push(
        OffsetCommitRequestTopic::default()
            .with_topic_id(strange)
            .with_partitions(vec![OffsetCommitRequestPartition::default()]),
    );
    play.ask("by id", 10, &OffsetCommit(by_id))?;
    let mut by_id = fetch(group, Some(&[0, 1]));
    for topic in by_id.groups.iter_mut().flat_map(|group| &mut group.topics).flatten() {
        *topic = topic.clone().with_name(name("")).with_topic_id(id);
    }
    play.ask("by id", 10, &OffsetFetch(by_id))?;
    play.ask_sorted("all, by id", 10, &OffsetFetch(fetch(group, None)), |told| {
        let topics = told.groups.iter_mut().flat_map(|group| &mut group.topics);
        topics.for_each(|topic| topic.partitions.sort_by_key(|it| it.partition_index));
    })?;
    describe(play, "without members", group)?;
    if let Some(joined) = play.ask("a member comes", 3, &join(group, "", &["range"]))? {
        play.ask("it goes", 5, &leave(group, &[(&joined.member_id, None)]))?;
    }
    Ok(())
}

fn lists(play: &mut Play) -> Result<()> {
    let filters: [(&str, &[&str], &[&str]); 5] = [
        ("all", &[], &[]),
        ("empty ones", &["Empty"], &[]),
        ("in any case", &["eMPTY", "stable"], &["CLASSIC"]),
        ("of a strange state", &["odd"], &[]),
        ("of a strange type", &[], &["odd"]),
    ];
    for (label, states, types) in filters {
        for version in 0..=5 {
            let request = ListGroupsRequest::default();
            let request = if version >= 4 {
                request.with_states_filter(states.iter().map(|it| s(it)).collect())
            } else {
                request
            };
            let request =
                if version >= 5 { request.with_types_filter(types.iter().map(|it| s(it)).collect()) } else { request };
            play.ask_sorted(label, version, &request, |told| {
                told.groups.sort_by_key(|group| group.group_id.0.clone())
            })?;
        }
    }
    Ok(())
}
