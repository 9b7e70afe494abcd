//! When committed offsets are forgotten by themselves: `offsets.retention.minutes` after the last commit where there are no
//! members, after the group became empty where there were, and never while a member is subscribed (KIP-211).

use anyhow::Result;
use kafka_protocol::messages::OffsetFetchRequest;

use super::super::make::topic;
use super::super::play::{Play, Step};
use super::asks::{TOPIC, commit, describe, fetch, found, heartbeat, join, leave, named, patiently, sync, wait_for};
use crate::kit::{Broker, Layout};

/// The shortest that Kafka takes.
pub fn layout(layout: Layout) -> Layout {
    layout.with("offsets.retention.minutes", "1").with("offsets.retention.check.interval.ms", "100")
}

pub fn play(broker: Broker) -> Result<Vec<Step>> {
    let mut play = Play::open(broker)?;
    let play = &mut play;
    play.part("retention");
    play.create(&[topic(TOPIC, 3)])?;
    found(play, &["simple", "left", "working", "again"])?;
    let working = &alone(play, "working")?;
    let left = &alone(play, "left")?;
    play.ask("while it works", 9, &commit("working", working, 1, &[(0, 5, "its own"), (1, 6, "")]))?;
    play.ask("before it goes", 9, &commit("left", left, 1, &[(0, 7, "")]))?;
    play.ask("by nobody", 9, &commit("simple", "", -1, &[(0, 1, ""), (1, 2, "")]))?;
    play.ask("by nobody", 9, &commit("again", "", -1, &[(0, 1, ""), (1, 2, "")]))?;
    // Longer than the retention is all of this, and in the order in which the times run out.
    goes(play, "simple", working)?;
    describe(play, "its offsets are gone", "simple")?;
    all(play, "its offsets are gone", "simple")?;
    describe(play, "it works", "working")?;
    all(play, "it works", "working")?;
    all(play, "its member lives", "left")?;
    play.ask("goes", 5, &leave("left", &[(left, None)]))?;
    wait_for(play, "left", "Empty")?;
    all(play, "just empty", "left")?;
    play.ask("by nobody, later", 9, &commit("again", "", -1, &[(1, 3, "")]))?;
    goes(play, "left", working)?;
    wait_for(play, "left", "Dead")?;
    describe(play, "empty for long", "left")?;
    all(play, "it still works", "working")?;
    Ok(play.take_steps())
}

/// A stable group of one, which need not be heard for longer than anything here takes.
fn alone(play: &mut Play, group: &str) -> Result<String> {
    let joining = join(group, "", &["range"]).with_session_timeout_ms(300_000).with_rebalance_timeout_ms(300_000);
    let member = play.quietly(3, &joining)?.member_id.to_string();
    play.quietly(5, &named(sync(group, &member, 1, &[&member]), "consumer", "range"))?;
    Ok(member)
}

/// Waits until a group has no offsets, for which its time must run out; the working one is heard of meanwhile.
fn goes(play: &mut Play, group: &str, working: &str) -> Result<()> {
    patiently(play, &format!("{group} has no offsets"), 120, |play| {
        play.quietly(4, &heartbeat("working", working, 1))?;
        let told = play.quietly(8, &fetch(group, None))?;
        let mut topics = told.groups.iter().flat_map(|group| &group.topics);
        Ok(topics.all(|topic| topic.partitions.is_empty()))
    })
}

fn all(play: &mut Play, label: &str, group: &str) -> Result<()> {
    let ask: OffsetFetchRequest = fetch(group, None);
    play.ask_sorted(label, 8, &ask, |told| {
        let topics = told.groups.iter_mut().flat_map(|group| &mut group.topics);
        topics.for_each(|topic| topic.partitions.sort_by_key(|it| it.partition_index));
    })?;
    Ok(())
}
