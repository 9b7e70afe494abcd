//! A group in each state, and all that can be asked of it there.

use anyhow::Result;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, GroupId, JoinGroupRequest, ListGroupsRequest, OffsetFetchRequest,
};

use super::super::make::{name, s, topic};
use super::super::play::Play;
use super::asks::{TOPIC, commit, describe, fetch, forget, found, heartbeat, join, leave, named, sync, wait_for};

const OTHER: &str = "not-subscribed";
const GROUPS: &[&str] = &["in-empty", "in-stable", "in-completing", "in-preparing", "in-simple", "in-none"];

pub fn play(play: &mut Play) -> Result<()> {
    play.create(&[topic(OTHER, 1)])?;
    found(play, GROUPS)?;
    let mut members = Vec::new();
    for group in ["in-empty", "in-stable", "in-completing", "in-preparing"] {
        let member = play.quietly(9, &join(group, "", &["range"]))?.member_id;
        play.quietly(9, &join(group, &member, &["range"]))?;
        if group != "in-completing" {
            play.quietly(5, &named(sync(group, &member, 1, &[&member]), "consumer", "range"))?;
            play.quietly(9, &commit(group, &member, 1, &[(0, 1, "a"), (1, 2, "b")]))?;
        }
        members.push(member);
    }
    play.quietly(5, &leave("in-empty", &[(&members[0], None)]))?;
    for group in ["in-simple", "in-stable"] {
        let mut elsewhere = commit(group, "", -1, &[(0, 5, "elsewhere")]);
        elsewhere.topics.iter_mut().for_each(|topic| topic.name = name(OTHER));
        if group == "in-stable" {
            elsewhere = elsewhere.with_member_id(members[1].clone()).with_generation_id_or_member_epoch(1);
        }
        play.ask("elsewhere", 9, &elsewhere)?;
    }
    play.quietly(9, &commit("in-simple", "", -1, &[(0, 3, "c")]))?;
    let second = play.quietly(9, &join("in-preparing", "", &["range"]))?.member_id;
    let waiting = play.begin(9, &join("in-preparing", &second, &["range"]))?;
    wait_for(play, "in-preparing", "PreparingRebalance")?;
    members.extend([s("nobody"), s("nobody")]);

    for (group, member) in GROUPS.iter().zip(&members) {
        questions(play, group, member)?;
    }
    let all = DescribeGroupsRequest::default().with_groups(GROUPS.iter().map(|it| GroupId(s(it))).collect());
    for version in 0..=6 {
        play.ask_sorted("all of them", version, &all, |told| {
            told.groups.sort_by_key(|group| group.group_id.0.clone());
            // The one that waits has no assignment yet.
            told.groups.iter_mut().for_each(|group| group.members.sort_by_key(|it| it.member_assignment.clone()));
        })?;
    }
    lists(play)?;
    fetches(play)?;
    let all = DeleteGroupsRequest::default().with_groups_names(GROUPS.iter().map(|it| GroupId(s(it))).collect());
    play.ask_sorted("all of them", 2, &all, |told| told.results.sort_by_key(|it| it.group_id.0.clone()))?;
    lists(play)?;
    play.quietly(5, &leave("in-preparing", &[(&members[3], None)]))?;
    play.finish::<JoinGroupRequest>("the one that waited", 9, waiting)?;
    play.ask("goes", 5, &leave("in-preparing", &[(&second, None)]))?;
    play.ask("goes", 5, &leave("in-stable", &[(&members[1], None)]))?;
    play.ask("goes before it got anything", 5, &leave("in-completing", &[(&members[2], None)]))?;
    play.ask_sorted("all of them at last", 2, &all, |told| told.results.sort_by_key(|it| it.group_id.0.clone()))?;
    Ok(())
}

fn questions(play: &mut Play, group: &str, member: &str) -> Result<()> {
    describe(play, group, group)?;
    for generation in [1, 2] {
        let label = format!("{group}, generation {generation}");
        play.ask(&label, 4, &heartbeat(group, member, generation))?;
        play.ask(&label, 9, &commit(group, member, generation, &[(2, 7, "of a member")]))?;
    }
    play.ask(&format!("{group}, from outside"), 9, &commit(group, "", -1, &[(2, 8, "from outside")]))?;
    play.ask(&format!("{group}, a member of no generation"), 9, &commit(group, member, -1, &[(2, 9, "")]))?;
    play.ask(&format!("{group}, a generation of nobody"), 9, &commit(group, "", 1, &[(2, 9, "")]))?;
    play.ask(&format!("{group}, a stranger"), 9, &join(group, "stranger", &["range"]))?;
    play.ask(&format!("{group}, another kind"), 9, &join(group, "", &["range"]).with_protocol_type(s("connect")))?;
    play.ask(&format!("{group}, none in common"), 9, &join(group, "stranger", &["odd"]))?;
    play.ask(&format!("{group}, a stranger goes"), 5, &leave(group, &[("stranger", None)]))?;
    for (label, topic, partitions) in
        [("subscribed", TOPIC, &[2, 99][..]), ("not subscribed", OTHER, &[0]), ("not there", "absent", &[0])]
    {
        play.ask(&format!("{group}, {label}"), 0, &forget(group, topic, partitions))?;
    }
    sorted(play, &format!("{group}, all"), 8, &fetch(group, None))
}

fn sorted(play: &mut Play, label: &str, version: i16, request: &OffsetFetchRequest) -> Result<()> {
    play.ask_sorted(label, version, request, |told| {
        told.topics.sort_by_key(|topic| topic.name.clone());
        told.topics.iter_mut().for_each(|topic| topic.partitions.sort_by_key(|it| it.partition_index));
        for group in &mut told.groups {
            group.topics.sort_by_key(|topic| topic.name.clone());
            group.topics.iter_mut().for_each(|topic| topic.partitions.sort_by_key(|it| it.partition_index));
        }
    })
    .map(drop)
}

fn lists(play: &mut Play) -> Result<()> {
    let filters: [(&[&str], &[&str]); 9] = [
        (&[], &[]),
        (&["Stable"], &[]),
        (&["preparingrebalance", "COMPLETINGREBALANCE"], &[]),
        (&["Empty"], &["classic"]),
        (&["Dead"], &[]),
        (&["Stable", "odd"], &[]),
        (&[], &["consumer"]),
        (&["Assigning", "Reconciling"], &["consumer", "classic", "share"]),
        (&[], &["odd", "classic"]),
    ];
    for (states, types) in filters {
        for version in [4, 5] {
            let request = ListGroupsRequest::default().with_states_filter(states.iter().map(|it| s(it)).collect());
            let request =
                if version == 5 { request.with_types_filter(types.iter().map(|it| s(it)).collect()) } else { request };
            play.ask_sorted(&format!("in each state, {states:?} {types:?}"), version, &request, |told| {
                told.groups.sort_by_key(|group| group.group_id.0.clone());
            })?;
        }
    }
    Ok(())
}

/// Offsets in every version, of one group and of several at once.
fn fetches(play: &mut Play) -> Result<()> {
    for version in 1..=7 {
        for (group, partitions) in [
            ("in-stable", Some(&[0, 1, 7][..])),
            ("in-stable", Some(&[])),
            ("in-stable", None),
            ("in-none", Some(&[0])),
        ] {
            let topics = partitions.map(|it| {
                vec![OffsetFetchRequestTopic::default().with_name(name(TOPIC)).with_partition_indexes(it.into())]
            });
            let request = OffsetFetchRequest::default().with_group_id(GroupId(s(group))).with_topics(topics);
            let request = if version == 7 { request.with_require_stable(true) } else { request };
            sorted(play, &format!("{group} {partitions:?}"), version, &request)?;
        }
    }
    let several = GROUPS.iter().flat_map(|group| fetch(group, Some(&[0, 1])).groups).collect();
    let several = OffsetFetchRequest::default().with_groups(several);
    for version in [8, 9] {
        sorted(play, "several", version, &several)?;
        sorted(play, "several, stable", version, &several.clone().with_require_stable(true))?;
    }
    for (member, epoch) in [(None, -1), (Some(""), -1), (Some("stranger"), -1), (Some("stranger"), 1), (None, 1)] {
        let mut request = fetch("in-stable", Some(&[0]));
        for group in &mut request.groups {
            group.member_id = member.map(s);
            group.member_epoch = epoch;
        }
        sorted(play, &format!("as {member:?} {epoch}"), 9, &request)?;
    }
    Ok(())
}
