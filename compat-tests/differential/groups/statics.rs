//! Static members (KIP-345) that are replaced in every state of their group.

use anyhow::Result;
use kafka_protocol::messages::{JoinGroupRequest, SyncGroupRequest};

use super::super::make::s;
use super::super::play::Play;
use super::asks::{TOPIC, commit, describe, found, heartbeat, join, leave, named, sync, wait_for};

pub fn play(play: &mut Play) -> Result<()> {
    found(play, &["s-stable", "s-changed", "s-completing", "s-preparing"])?;
    stable(play)?;
    changed(play)?;
    completing(play)?;
    preparing(play)
}

fn of(group: &str, member: &str, instance: &str) -> JoinGroupRequest {
    join(group, member, &["range"]).with_group_instance_id(Some(s(instance)))
}

fn synced(group: &str, member: &str, generation: i32, assignments: &[&str]) -> SyncGroupRequest {
    named(sync(group, member, generation, assignments), "consumer", "range")
}

/// The leader comes again, in every version that knows of static members.
fn stable(play: &mut Play) -> Result<()> {
    let group = "s-stable";
    for version in 5..=9 {
        let instance = format!("leader-{version}");
        let Some(first) = play.ask("comes", version, &of(group, "", &instance))? else { return Ok(()) };
        let first = first.member_id.as_str();
        play.ask("gets", 5, &synced(group, first, first_generation(version), &[first]))?;
        play.ask("the leader is replaced", version, &of(group, "", &instance))?;
        play.ask("the leader is replaced again", version, &of(group, "", &instance))?;
        play.ask("with an id and no name", version, &join(group, first, &["range"]))?;
        play.ask("with an unknown id", version, &of(group, "stranger", &instance))?;
        play.ask("by another name", version, &of(group, first, "other"))?;
        describe(play, "replaced", group)?;
        play.ask("goes", 5, &leave(group, &[("", Some(&instance)), ("", Some("other"))]))?;
    }
    Ok(())
}

/// Each version's member makes the group empty again when it goes, which is a generation too.
fn first_generation(version: i16) -> i32 {
    2 * i32::from(version - 5) + 1
}

/// One comes back that speaks another protocol.
fn changed(play: &mut Play) -> Result<()> {
    let group = "s-changed";
    let Some(first) = play.ask("comes", 9, &of(group, "", "one"))? else { return Ok(()) };
    let first = first.member_id.as_str();
    play.ask("gets", 5, &synced(group, first, 1, &[first]))?;
    play.ask("commits", 9, &commit(group, first, 1, &[(0, 3, "")]).with_group_instance_id(Some(s("one"))))?;
    let other = join(group, "", &["roundrobin"]).with_group_instance_id(Some(s("one")));
    play.ask("speaks another protocol", 9, &other)?;
    describe(play, "speaks another protocol", group)?;
    play.ask("the old one is fenced", 4, &heartbeat(group, first, 1).with_group_instance_id(Some(s("one"))))?;
    play.ask("the old one is fenced", 4, &heartbeat(group, first, 2).with_group_instance_id(Some(s("one"))))?;
    play.ask("as another", 4, &heartbeat(group, first, 2).with_group_instance_id(Some(s("two"))))?;
    play.ask("goes", 5, &leave(group, &[("", Some("one"))]))?;
    Ok(())
}

/// One comes back before it got its assignment.
fn completing(play: &mut Play) -> Result<()> {
    let group = "s-completing";
    let Some(first) = play.ask("comes", 9, &of(group, "", "one"))? else { return Ok(()) };
    let first = first.member_id.as_str();
    let Some(second) = play.ask("comes again before it syncs", 9, &of(group, "", "one"))? else { return Ok(()) };
    let second = second.member_id.as_str();
    play.ask("the old one is fenced", 5, &synced(group, first, 1, &[first]).with_group_instance_id(Some(s("one"))))?;
    play.ask("the new one gets", 5, &synced(group, second, 2, &[second]).with_group_instance_id(Some(s("one"))))?;
    describe(play, "comes again before it syncs", group)?;
    let waiting = play.begin(9, &of(group, "", "two"))?;
    wait_for(play, group, "PreparingRebalance")?;
    play.ask("the first joins", 9, &of(group, second, "one"))?;
    play.finish::<JoinGroupRequest>("the second", 9, waiting)?;
    // The first leads; the second asks, and comes again while it waits.
    play.ask("goes", 5, &leave(group, &[("", Some("one")), ("", Some("two")), ("", Some("two"))]))?;
    play.ask("commits from outside", 9, &commit(group, "", -1, &[(0, 1, TOPIC)]))?;
    Ok(())
}

/// One comes back while the group waits for others.
fn preparing(play: &mut Play) -> Result<()> {
    let group = "s-preparing";
    let Some(first) = play.ask("comes", 9, &of(group, "", "one"))? else { return Ok(()) };
    let first = first.member_id.as_str();
    play.ask("gets", 5, &synced(group, first, 1, &[first]))?;
    let waiting = play.begin(9, &of(group, "", "two"))?;
    wait_for(play, group, "PreparingRebalance")?;
    describe(play, "a second waits", group)?;
    let again = play.begin(9, &of(group, "", "two"))?;
    play.finish::<JoinGroupRequest>("the second is replaced while it waits", 9, waiting)?;
    play.ask_sorted("the first comes as a new one", 9, &of(group, "", "one"), |told| told.members.clear())?;
    play.finish::<JoinGroupRequest>("the second's successor", 9, again)?;
    play.ask("the old one is fenced", 4, &heartbeat(group, first, 2).with_group_instance_id(Some(s("one"))))?;
    describe(play, "both are there", group)?;
    play.ask("goes", 5, &leave(group, &[("", Some("one")), ("", Some("two"))]))?;
    Ok(())
}
