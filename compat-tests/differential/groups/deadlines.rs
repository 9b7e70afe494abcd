//! What becomes of members and offsets whose time is over, and of those who are too many; on brokers whose times are short.

use anyhow::{Result, ensure};
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, OffsetCommitRequest, OffsetFetchRequest, SyncGroupRequest,
};

use super::super::make::{s, topic};
use super::super::play::{Play, Step};
use super::asks::{TOPIC, commit, describe, fetch, found, heartbeat, join, leave, named, sync, wait, wait_for};
use crate::kit::{Broker, Layout};

/// Short, and the same on both sides.
pub fn layout(layout: Layout) -> Layout {
    layout
        .with("group.min.session.timeout.ms", "100")
        .with("group.max.size", "2")
        .with("offsets.retention.check.interval.ms", "100")
}

pub fn play(broker: Broker) -> Result<Vec<Step>> {
    let mut play = Play::open(broker)?;
    let play = &mut play;
    play.part("deadlines");
    play.create(&[topic(TOPIC, 3)])?;
    found(play, &["gone", "silent", "late", "unsynced", "pending", "sized", "kept", "lost", "watched", "barrier"])?;
    gone(play)?;
    silent(play)?;
    late(play)?;
    unsynced(play)?;
    pending(play)?;
    sized(play)?;
    expired(play)?;
    Ok(play.take_steps())
}

fn within(group: &str, member: &str, session: i32, rebalance: i32) -> JoinGroupRequest {
    join(group, member, &["range"]).with_session_timeout_ms(session).with_rebalance_timeout_ms(rebalance)
}

fn synced(group: &str, member: &str, generation: i32, assignments: &[&str]) -> SyncGroupRequest {
    named(sync(group, member, generation, assignments), "consumer", "range")
}

/// A stable group of one. It joins at once: a group that has nobody yet may be forgotten before it is asked for a second time.
fn alone(play: &mut Play, group: &str, session: i32, rebalance: i32) -> Result<String> {
    let joined = play.quietly(3, &within(group, "", session, rebalance))?;
    let member = joined.member_id.to_string();
    let told = play.quietly(5, &synced(group, &member, 1, &[&member]))?.error_code;
    ensure!((joined.error_code, told) == (0, 0), "{group}: {}, then {told}", joined.error_code);
    Ok(member)
}

/// A group of two in generation 2, whose leader, the first, has assigned nothing yet; the second has this session.
fn pair(play: &mut Play, group: &str, session: i32, rebalance: i32) -> Result<(String, String)> {
    let first = alone(play, group, 30_000, rebalance)?;
    let second = play.quietly(9, &within(group, "", session, rebalance))?.member_id.to_string();
    let waiting = play.begin(9, &within(group, &second, session, rebalance))?;
    wait_for(play, group, "PreparingRebalance")?;
    play.ask_sorted("the first", 9, &within(group, &first, 30_000, rebalance), |told| told.members.clear())?;
    play.finish::<JoinGroupRequest>("the second", 9, waiting)?;
    Ok((first, second))
}

/// Waits until the member is told anything but that all is well.
fn disturbed(play: &mut Play, ask: &HeartbeatRequest) -> Result<()> {
    wait(play, "a rebalance", |play| Ok(play.quietly(4, ask)?.error_code != 0))
}

/// The only member's session ends.
fn gone(play: &mut Play) -> Result<()> {
    let group = "gone";
    let member = &alone(play, group, 2_000, 2_000)?;
    play.ask("in time", 9, &commit(group, member, 1, &[(0, 3, "in time")]))?;
    wait_for(play, group, "Empty")?;
    describe(play, "the session is over", group)?;
    play.ask("too late", 4, &heartbeat(group, member, 1))?;
    play.ask("too late", 9, &commit(group, member, 1, &[(0, 4, "late")]))?;
    play.ask("too late", 5, &synced(group, member, 1, &[]))?;
    play.ask("too late", 9, &within(group, member, 2_000, 2_000))?;
    play.ask("too late", 5, &leave(group, &[(member, None)]))?;
    play.ask("of all", 8, &fetch(group, None))?;
    Ok(())
}

/// One of two is not heard any more.
fn silent(play: &mut Play) -> Result<()> {
    let group = "silent";
    let (first, second) = &pair(play, group, 2_000, 30_000)?;
    play.ask("the leader assigns", 5, &synced(group, first, 2, &[first, second]))?;
    disturbed(play, &heartbeat(group, first, 2))?;
    play.ask("one is silent", 4, &heartbeat(group, first, 2))?;
    play.ask("itself", 4, &heartbeat(group, second, 2))?;
    play.ask("itself", 9, &commit(group, second, 2, &[(0, 4, "late")]))?;
    play.ask("the other", 9, &commit(group, first, 2, &[(0, 4, "in time")]))?;
    play.ask("the other", 9, &within(group, first, 30_000, 30_000))?;
    describe(play, "without the silent one", group)?;
    play.ask("goes", 5, &leave(group, &[(first, None)]))?;
    Ok(())
}

/// A member lives, and does not join when the others do.
fn late(play: &mut Play) -> Result<()> {
    // The questions below must be through before this time is over for the second one too, which assigns nothing.
    let group = "late";
    let first = &alone(play, group, 30_000, 3_000)?;
    let second = play.quietly(9, &within(group, "", 30_000, 3_000))?.member_id;
    let waiting = play.begin(9, &within(group, &second, 30_000, 3_000))?;
    play.finish::<JoinGroupRequest>("the others go on", 9, waiting)?;
    play.ask("too late", 4, &heartbeat(group, first, 2))?;
    play.ask("too late", 9, &within(group, first, 30_000, 3_000))?;
    describe(play, "without the late one", group)?;
    play.ask("goes", 5, &leave(group, &[(&second, None)]))?;
    Ok(())
}

/// The leader does not assign.
fn unsynced(play: &mut Play) -> Result<()> {
    let group = "unsynced";
    let (first, second) = &pair(play, group, 30_000, 2_000)?;
    let waiting = play.begin(5, &synced(group, second, 2, &[]))?;
    play.finish::<SyncGroupRequest>("the follower waited", 5, waiting)?;
    play.ask("the leader", 4, &heartbeat(group, first, 2))?;
    play.ask("the leader", 5, &synced(group, first, 2, &[first, second]))?;
    play.ask("the follower", 9, &within(group, second, 30_000, 2_000))?;
    describe(play, "without the leader", group)?;
    play.ask("goes", 5, &leave(group, &[(second, None)]))?;
    Ok(())
}

/// An id that was given out and not used.
fn pending(play: &mut Play) -> Result<()> {
    let group = "pending";
    let Some(given) = play.ask("is given an id", 9, &within(group, "", 100, 1_000))? else { return Ok(()) };
    // One whose session begins later ends later; a group without offsets goes with its members.
    alone(play, "barrier", 2_000, 2_000)?;
    wait_for(play, "barrier", "Dead")?;
    play.ask("it is forgotten", 9, &within(group, &given.member_id, 100, 1_000))?;
    Ok(())
}

/// `group.max.size` is two.
fn sized(play: &mut Play) -> Result<()> {
    let group = "sized";
    let (first, second) = &pair(play, group, 30_000, 30_000)?;
    for version in 0..=9 {
        let third = within(group, "", 30_000, 30_000);
        let third = if version == 0 { third.with_rebalance_timeout_ms(-1) } else { third };
        play.ask("a third", version, &third)?;
        if version >= 5 {
            play.ask("a static third", version, &third.with_group_instance_id(Some(s("third"))))?;
        }
    }
    play.ask("a third with an id", 9, &within(group, "third", 30_000, 30_000))?;
    play.ask("one goes", 5, &leave(group, &[(second, None)]))?;
    play.ask("one goes", 4, &heartbeat(group, first, 2))?;
    let Some(third) = play.ask("a third has room", 9, &within(group, "", 30_000, 30_000))? else { return Ok(()) };
    play.ask("a fourth has an id", 9, &within(group, "", 30_000, 30_000))?;
    let third = third.member_id.to_string();
    let waiting = play.begin(9, &within(group, &third, 30_000, 30_000))?;
    wait(play, "the third", |play| {
        let ask = kafka_protocol::messages::DescribeGroupsRequest::default()
            .with_groups(vec![kafka_protocol::messages::GroupId(s(group))]);
        Ok(play.quietly(5, &ask)?.groups.iter().all(|group| group.members.len() == 2))
    })?;
    play.ask_sorted("the first again", 9, &within(group, first, 30_000, 30_000), |told| told.members.clear())?;
    play.finish::<JoinGroupRequest>("the third", 9, waiting)?;
    play.ask("all go", 5, &leave(group, &[(first, None), (&third, None)]))?;
    Ok(())
}

/// Commits of versions that say how long they are to be kept.
fn expired(play: &mut Play) -> Result<()> {
    let brief = |mut request: OffsetCommitRequest| {
        request.retention_time_ms = 1;
        request
    };
    let is_gone = |play: &mut Play, group: &str, index: i32| {
        wait(play, &format!("{group}-{index} is gone"), |play| {
            let told = play.quietly(8, &fetch(group, Some(&[index])))?;
            let mut parts = told.groups.iter().flat_map(|group| &group.topics).flat_map(|topic| &topic.partitions);
            Ok(parts.all(|part| part.committed_offset == -1))
        })
    };
    let all = |play: &mut Play, label: &str, group: &str| {
        let ask: OffsetFetchRequest = fetch(group, None);
        play.ask_sorted(label, 8, &ask, |told| {
            let topics = told.groups.iter_mut().flat_map(|group| &mut group.topics);
            topics.for_each(|topic| topic.partitions.sort_by_key(|it| it.partition_index));
        })
    };
    let member = &alone(play, "watched", 30_000, 30_000)?;
    play.ask("while it works", 4, &brief(commit("watched", member, 1, &[(0, 5, "its own")])))?;
    play.ask("for ever", 3, &commit("kept", "", -1, &[(1, 2, "as long as others")]))?;
    for version in 2..=4 {
        play.ask("for a moment", version, &brief(commit("kept", "", -1, &[(0, 1, "a moment")])))?;
        is_gone(play, "kept", 0)?;
        all(play, "one is gone", "kept")?;
        play.ask("for a moment", version, &brief(commit("lost", "", -1, &[(0, 1, ""), (1, 1, "")])))?;
        is_gone(play, "lost", 0)?;
        is_gone(play, "lost", 1)?;
        describe(play, "its offsets are gone", "lost")?;
        all(play, "all are gone", "lost")?;
    }
    describe(play, "some of its offsets are gone", "kept")?;
    all(play, "while it works", "watched")?;
    play.ask("goes", 5, &leave("watched", &[(member, None)]))?;
    is_gone(play, "watched", 0)?;
    wait_for(play, "watched", "Dead")?;
    describe(play, "the group is gone", "watched")
}
