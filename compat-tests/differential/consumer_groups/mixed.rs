//! Members of both protocols in one group: from classic to consumer group and back while they are there.

use anyhow::Result;
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::{
    DescribeGroupsRequest, GroupId, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest,
};

use super::{TOPIC, ask, beat, describe, joins, owns};
use crate::differential::make::s;
use crate::differential::play::Play;

/// A subscription to the topic as an assignor's metadata has it, in this version (`ConsumerProtocolSubscription`).
fn wants(version: u8, owned: &[i32]) -> Bytes {
    let text = |it: &str| [&(it.len() as u16).to_be_bytes()[..], it.as_bytes()].concat();
    let mut bytes = vec![0, version, 0, 0, 0, 1];
    bytes.extend(text(TOPIC));
    bytes.extend([0xff; 4]); // No data of the user's.
    if version >= 1 {
        bytes.extend(u32::from(!owned.is_empty()).to_be_bytes());
        if !owned.is_empty() {
            bytes.extend(text(TOPIC));
            bytes.extend((owned.len() as u32).to_be_bytes());
            owned.iter().for_each(|partition| bytes.extend(partition.to_be_bytes()));
        }
    }
    if version >= 2 {
        bytes.extend((-1_i32).to_be_bytes());
    }
    if version >= 3 {
        bytes.extend([0xff; 2]);
    }
    bytes.into()
}

fn join(group: &str, member: &str, owned: &[i32]) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default().with_name(s("range")).with_metadata(wants(1, owned));
    JoinGroupRequest::default()
        .with_group_id(GroupId(s(group)))
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(30_000)
        .with_member_id(s(member))
        .with_protocol_type(s("consumer"))
        .with_protocols(vec![protocol])
}

fn sync(group: &str, member: &str, generation: i32) -> SyncGroupRequest {
    SyncGroupRequest::default()
        .with_group_id(GroupId(s(group)))
        .with_generation_id(generation)
        .with_member_id(s(member))
        .with_protocol_type(Some(s("consumer")))
        .with_protocol_name(Some(s("range")))
}

fn lives(group: &str, member: &str, generation: i32) -> HeartbeatRequest {
    let request = HeartbeatRequest::default().with_group_id(GroupId(s(group)));
    request.with_member_id(s(member)).with_generation_id(generation)
}

fn leave(group: &str, members: &[(&str, Option<&str>)]) -> LeaveGroupRequest {
    let members = members.iter().map(|(member, instance)| {
        MemberIdentity::default().with_member_id(s(member)).with_group_instance_id(instance.map(s))
    });
    LeaveGroupRequest::default().with_group_id(GroupId(s(group))).with_members(members.collect())
}

pub(super) fn play(play: &mut Play) -> Result<()> {
    classic_comes(play)?;
    upgraded(play)?;
    of_another_kind(play)
}

/// A member of the classic protocol comes to a consumer group, takes its share and goes.
fn classic_comes(play: &mut Play) -> Result<()> {
    let (id, group) = (play.id(TOPIC)?, "c-mixed");
    ask(play, "a consumer", &joins(group, "a", &[TOPIC]))?;
    play.ask("of another kind", 9, &join(group, "", &[]).with_protocol_type(s("connect")))?;
    play.ask("no protocols", 9, &join(group, "", &[]).with_protocols(vec![]))?;
    play.ask("a stranger", 9, &join(group, "stranger", &[]))?;
    let Some(joined) = play.ask("a classic member", 9, &join(group, "", &[]))? else { return Ok(()) };
    let classic = joined.member_id.as_str();
    let known = play.ask("again, with its name", 9, &join(group, classic, &[]))?;
    let generation = known.map_or(0, |it| it.generation_id);
    describe(play, "a classic member", group)?;
    play.ask("before anything is free", 5, &sync(group, classic, generation))?;
    play.ask("in a stale generation", 5, &sync(group, classic, generation - 1))?;
    play.ask("another protocol", 5, &sync(group, classic, generation).with_protocol_name(Some(s("roundrobin"))))?;
    play.ask("another kind", 5, &sync(group, classic, generation).with_protocol_type(Some(s("connect"))))?;
    play.ask("a consumer", 5, &sync(group, "a", generation))?;
    play.ask("lives", 4, &lives(group, classic, generation))?;
    play.ask("stale", 4, &lives(group, classic, generation - 1))?;
    play.ask("a stranger", 4, &lives(group, "stranger", generation))?;
    play.ask("a consumer", 4, &lives(group, "a", generation))?;
    ask(play, "the consumer is told", &beat(group, "a", 2))?;
    ask(play, "the consumer gives back", &owns(beat(group, "a", 2), &[(id, &[0, 1])]))?;
    play.ask("something is free", 4, &lives(group, classic, generation))?;
    play.ask("before it joins", 5, &sync(group, classic, generation))?;
    play.ask("joins for it", 9, &join(group, classic, &[]))?;
    play.ask("gets it", 5, &sync(group, classic, generation))?;
    play.ask("lives with it", 4, &lives(group, classic, generation))?;
    describe(play, "both at work", group)?;
    for version in [5, 6] {
        play.ask("a mixed one", version, &DescribeGroupsRequest::default().with_groups(vec![GroupId(s(group))]))?;
    }
    // A third one makes both give back.
    ask(play, "a third", &joins(group, "c", &[TOPIC]))?;
    play.ask("has to give back", 4, &lives(group, classic, generation))?;
    play.ask("has to join first", 5, &sync(group, classic, generation))?;
    play.ask("joins with what it has", 9, &join(group, classic, &[2, 3]))?;
    describe(play, "the classic one gives back", group)?;
    let told = play.quietly(9, &join(group, classic, &[2]))?;
    play.ask("gets what is left", 5, &sync(group, classic, told.generation_id))?;
    play.ask("lives with less", 4, &lives(group, classic, told.generation_id))?;
    play.ask("consumers and strangers go", 5, &leave(group, &[("c", None), ("stranger", None), ("", Some("one"))]))?;
    describe(play, "one was put out", group)?;
    // The last consumer goes: what is left is a classic group.
    ask(play, "the last consumer", &beat(group, "a", -1))?;
    describe(play, "no consumer group any more", group)?;
    play.ask_sorted(
        "a classic one again",
        5,
        &DescribeGroupsRequest::default().with_groups(vec![GroupId(s(group))]),
        |_| {},
    )?;
    play.ask("lives after all", 4, &lives(group, classic, told.generation_id))?;
    play.ask("goes", 5, &leave(group, &[(classic, None)]))?;
    Ok(())
}

/// A consumer comes to a classic group, and leaves it again.
fn upgraded(play: &mut Play) -> Result<()> {
    let group = "c-upgraded";
    let first = play.quietly(9, &join(group, "", &[]))?.member_id;
    let classic = first.as_str();
    play.ask("alone", 9, &join(group, classic, &[]))?;
    ask(play, "before it has its share", &beat(group, "a", 3))?;
    let assigned = {
        let mut bytes = vec![0, 1, 0, 0, 0, 1, 0, TOPIC.len() as u8];
        bytes.extend(TOPIC.as_bytes());
        bytes.extend([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff]);
        let assignment = kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment::default();
        assignment.with_member_id(first.clone()).with_assignment(bytes.into())
    };
    play.ask("has all", 5, &sync(group, classic, 1).with_assignments(vec![assigned]))?;
    ask(play, "a consumer comes", &joins(group, "a", &[TOPIC]))?;
    describe(play, "upgraded", group)?;
    play.ask("is to join", 4, &lives(group, classic, 1))?;
    play.ask("joins", 9, &join(group, classic, &[0, 1, 2, 3]))?;
    describe(play, "gives back", group)?;
    let told = play.quietly(9, &join(group, classic, &[0, 1]))?;
    play.ask("gets", 5, &sync(group, classic, told.generation_id))?;
    ask(play, "the consumer gets", &beat(group, "a", 2))?;
    describe(play, "shared", group)?;
    play.ask("goes", 5, &leave(group, &[(classic, None)]))?;
    describe(play, "only consumers", group)?;
    ask(play, "goes", &beat(group, "a", -1))?;
    Ok(())
}

/// Groups that are no consumers' stay what they are.
fn of_another_kind(play: &mut Play) -> Result<()> {
    let group = "c-connect";
    let odd = |member: &str| {
        let protocol = JoinGroupRequestProtocol::default().with_name(s("odd")).with_metadata(Bytes::from_static(b"?"));
        join(group, member, &[]).with_protocol_type(s("connect")).with_protocols(vec![protocol])
    };
    let member = play.quietly(9, &odd(""))?.member_id;
    play.quietly(9, &odd(&member))?;
    ask(play, "into a group of connectors", &joins(group, "a", &[TOPIC]))?;
    describe(play, "a group of connectors", group)?;
    play.ask("goes", 5, &leave(group, &[(&member, None)]))?;
    ask(play, "into an empty one", &joins(group, "a", &[TOPIC]))?;
    describe(play, "a consumer group now", group)?;
    play.ask("connectors back", 9, &odd(""))?;
    ask(play, "goes", &beat(group, "a", -1))?;
    // What it is then is not asked: Apache Kafka tells what was committed last, which may be older than its own answer.
    play.ask("connectors into an empty one", 9, &odd(""))?;
    Ok(())
}
