//! What members and administrators ask of a group, short enough to read in a sequence.

use anyhow::{Result, bail};
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    DescribeGroupsRequest, FindCoordinatorRequest, GroupId, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest,
    OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest, SyncGroupRequest,
};

use super::super::make::{name, s};
use super::super::play::Play;
use crate::kit::Stopwatch;

pub const TOPIC: &str = "grouped";
/// A subscription of version 0 to that topic; on what is none Apache Kafka's coordinator fails and never answers.
pub const WANTED: &[u8] = b"\0\0\0\0\0\x01\0\x07grouped\xff\xff\xff\xff";

/// Until the internal topic is there and its partitions are loaded.
pub fn found(play: &mut Play, groups: &[&str]) -> Result<()> {
    let since = Stopwatch::start();
    for group in groups {
        loop {
            let ask = DescribeGroupsRequest::default().with_groups(vec![GroupId(s(group))]);
            play.quietly(3, &FindCoordinatorRequest::default().with_key(s(group)))?;
            if play.quietly(5, &ask)?.groups.iter().all(|group| group.error_code == 0) {
                break;
            }
            if since.left_of(std::time::Duration::from_secs(60)).is_none() {
                bail!("there is no coordinator of {group:?}");
            }
            crate::pause::short();
        }
    }
    Ok(())
}

pub fn join(group: &str, member: &str, protocols: &[&str]) -> JoinGroupRequest {
    let protocols = protocols.iter().map(|protocol| {
        JoinGroupRequestProtocol::default().with_name(s(protocol)).with_metadata(Bytes::from_static(WANTED))
    });
    JoinGroupRequest::default()
        .with_group_id(GroupId(s(group)))
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(30_000)
        .with_member_id(s(member))
        .with_protocol_type(s("consumer"))
        .with_protocols(protocols.collect())
}

pub fn sync(group: &str, member: &str, generation: i32, assignments: &[&str]) -> SyncGroupRequest {
    let assignments = assignments.iter().map(|member| {
        let assignment = SyncGroupRequestAssignment::default().with_member_id(s(member));
        assignment.with_assignment(Bytes::from_static(b"what you get"))
    });
    SyncGroupRequest::default()
        .with_group_id(GroupId(s(group)))
        .with_generation_id(generation)
        .with_member_id(s(member))
        .with_assignments(assignments.collect())
}

pub fn named(request: SyncGroupRequest, kind: &str, protocol: &str) -> SyncGroupRequest {
    request.with_protocol_type(Some(s(kind))).with_protocol_name(Some(s(protocol)))
}

pub fn heartbeat(group: &str, member: &str, generation: i32) -> HeartbeatRequest {
    let request = HeartbeatRequest::default().with_group_id(GroupId(s(group)));
    request.with_member_id(s(member)).with_generation_id(generation)
}

pub fn commit(group: &str, member: &str, generation: i32, partitions: &[(i32, i64, &str)]) -> OffsetCommitRequest {
    let partitions = partitions.iter().map(|(index, offset, metadata)| {
        let partition = OffsetCommitRequestPartition::default().with_partition_index(*index);
        partition.with_committed_offset(*offset).with_committed_metadata(Some(s(metadata)))
    });
    let topic = OffsetCommitRequestTopic::default().with_name(name(TOPIC)).with_partitions(partitions.collect());
    OffsetCommitRequest::default()
        .with_group_id(GroupId(s(group)))
        .with_member_id(s(member))
        .with_generation_id_or_member_epoch(generation)
        .with_topics(vec![topic])
}

pub fn fetch(group: &str, partitions: Option<&[i32]>) -> OffsetFetchRequest {
    let topics = partitions.map(|partitions| {
        vec![OffsetFetchRequestTopics::default().with_name(name(TOPIC)).with_partition_indexes(partitions.to_vec())]
    });
    let group = OffsetFetchRequestGroup::default().with_group_id(GroupId(s(group))).with_topics(topics);
    OffsetFetchRequest::default().with_groups(vec![group])
}

pub fn leave(group: &str, members: &[(&str, Option<&str>)]) -> LeaveGroupRequest {
    let members = members.iter().map(|(member, instance)| {
        MemberIdentity::default().with_member_id(s(member)).with_group_instance_id(instance.map(s))
    });
    LeaveGroupRequest::default().with_group_id(GroupId(s(group))).with_members(members.collect())
}

pub fn describe(play: &mut Play, label: &str, group: &str) -> Result<()> {
    for version in [4, 6] {
        let ask = DescribeGroupsRequest::default().with_groups(vec![GroupId(s(group))]);
        play.ask_sorted(label, version, &ask.with_include_authorized_operations(true), |told| {
            for group in &mut told.groups {
                group
                    .members
                    .sort_by_key(|member| (member.group_instance_id.clone(), member.member_assignment.clone()));
            }
        })?;
    }
    Ok(())
}

/// Forgets offsets of some partitions of a topic.
pub fn forget(group: &str, topic: &str, partitions: &[i32]) -> OffsetDeleteRequest {
    let partitions = partitions.iter().map(|it| OffsetDeleteRequestPartition::default().with_partition_index(*it));
    let topic = OffsetDeleteRequestTopic::default().with_name(name(topic)).with_partitions(partitions.collect());
    OffsetDeleteRequest::default().with_group_id(GroupId(s(group))).with_topics(vec![topic])
}

/// Asks until it holds.
///
/// # Errors
/// Where it does not come to hold.
pub fn wait(play: &mut Play, what: &str, holds: impl FnMut(&mut Play) -> Result<bool>) -> Result<()> {
    patiently(play, what, 60, holds)
}

/// As [`wait`], for what takes longer.
///
/// # Errors
/// Where it never becomes so in that many seconds.
pub fn patiently(
    play: &mut Play,
    what: &str,
    seconds: u64,
    mut holds: impl FnMut(&mut Play) -> Result<bool>,
) -> Result<()> {
    let since = Stopwatch::start();
    while !holds(play)? {
        if since.left_of(std::time::Duration::from_secs(seconds)).is_none() {
            bail!("in vain waited for: {what}");
        }
        crate::pause::short();
    }
    Ok(())
}

/// Waits until a group is in this state.
///
/// # Errors
/// Where it does not come into it.
pub fn wait_for(play: &mut Play, group: &str, state: &str) -> Result<()> {
    let ask = DescribeGroupsRequest::default().with_groups(vec![GroupId(s(group))]);
    wait(play, &format!("{group} {state}"), |play| {
        Ok(play.quietly(5, &ask)?.groups.iter().all(|group| &*group.group_state == state))
    })
}
