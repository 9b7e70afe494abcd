//! A coordinator and its members in a few lines.

use bytes::Bytes;
use machine::transcript::Transcript;
use model::{LeaderEpoch, Offset, PartitionIndex, Timestamp, Uuid};

use crate::*;

pub(super) type Script = Transcript<Groups>;

/// A coordinator of an empty partition, at time 0.
pub(super) fn script() -> Script {
    with(Settings::default())
}

pub(super) fn with(settings: Settings) -> Script {
    let mut script = Script::new(Groups::new(settings));
    script.event("", Event::Loaded);
    script.text();
    script
}

/// Another coordinator that takes over what `script` has written.
pub(super) fn taken_over(script: &Script, settings: Settings) -> Script {
    let mut next = Script::new(Groups::new(Settings::default()));
    next.shard = machine::Shard::resume(Groups::new(settings), script.shard.latest().clone(), Offset(100));
    next.now = script.now;
    next
}

/// Asks as the client `who`, whose requests all have its number as their token.
pub(super) fn ask(script: &mut Script, who: u64, title: &str, request: Request) {
    script.event(title, Event::Asked { to: Token(who), request });
}

/// Lets time pass, with a tick at each deadline.
pub(super) fn pass(script: &mut Script, ms: i64) {
    let end = Timestamp(script.now.0 + ms);
    while let Some(at) = script.shard.machine().next_deadline().filter(|at| *at <= end) {
        script.now = script.now.max(at);
        script.event(&format!("{} ms", script.now.0), Event::Tick);
    }
    script.now = end;
}

/// What a member subscribes to, as the Java consumer tells it.
pub(super) fn subscription(topics: &[&str]) -> Bytes {
    let mut bytes = vec![0, 1, 0, 0, 0, topics.len() as u8];
    for topic in topics {
        bytes.extend([0, topic.len() as u8]);
        bytes.extend(topic.as_bytes());
    }
    bytes.extend([0xff; 4]); // No user data.
    bytes.extend([0; 4]); // No partitions owned.
    bytes.into()
}

pub(super) fn protocol(name: &str) -> Protocol {
    Protocol { name: name.into(), metadata: subscription(&["t"]) }
}

/// A member of the group `g` whose client is of before KIP-394, so that it is a member at once.
pub(super) fn joining(client: &str) -> JoinGroup {
    JoinGroup {
        group: "g".into(),
        member: "".into(),
        instance: None,
        client_id: client.into(),
        client_host: "/h".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 60_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol("range")],
        requires_known_member: false,
        supports_skipping_assignment: true,
        dice: Uuid::ZERO,
    }
}

pub(super) fn is_static(name: &str) -> JoinGroup {
    JoinGroup { instance: Some(name.into()), ..joining("c") }
}

/// The id that a client (or a static member) of this name gets.
pub(super) fn id(name: &str) -> String {
    format!("{name}-00000000-0000-0000-0000-000000000000")
}

/// The same id for another incarnation.
pub(super) fn dice(n: u8) -> Uuid {
    Uuid::from_bytes([n; 16])
}

/// As the member, in the present generation, that `name` got its id for.
pub(super) fn again(name: &str) -> JoinGroup {
    JoinGroup { member: id(name), ..joining(name) }
}

pub(super) fn syncing(name: &str, generation: i32, assignments: &[(&str, &str)]) -> SyncGroup {
    SyncGroup {
        group: "g".into(),
        member: id(name),
        instance: None,
        generation,
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        assignments: assignments.iter().map(|(name, it)| (id(name), Bytes::copy_from_slice(it.as_bytes()))).collect(),
    }
}

pub(super) fn beat(name: &str, generation: i32) -> Heartbeat {
    Heartbeat { group: "g".into(), member: id(name), instance: None, generation }
}

pub(super) fn join(script: &mut Script, who: u64, request: JoinGroup) {
    let name = request.instance.as_ref().unwrap_or(&request.client_id).clone();
    ask(script, who, &format!("{name} joins"), Request::JoinGroup(request));
}

pub(super) fn sync(script: &mut Script, who: u64, request: SyncGroup) {
    ask(script, who, "sync", Request::SyncGroup(request));
}

pub(super) fn heartbeat(script: &mut Script, who: u64, request: Heartbeat) {
    ask(script, who, "heartbeat", Request::Heartbeat(request));
}

pub(super) fn leaving(member: &str, instance: Option<&str>) -> Leaving {
    Leaving { member: member.into(), instance: instance.map(Into::into) }
}

pub(super) fn leave(script: &mut Script, who: u64, members: Vec<Leaving>) {
    ask(script, who, "leave", Request::LeaveGroup(LeaveGroup { group: "g".into(), members }));
}

/// A stable group of these dynamic members, at 3 s; the first leads, and the transcript begins after it.
pub(super) fn stable(names: &[&str]) -> Script {
    let mut script = script();
    for (who, name) in (1..).zip(names) {
        join(&mut script, who, joining(name));
    }
    pass(&mut script, 6_000);
    assigned(&mut script, names, 1);
    script.text();
    script
}

/// Everybody syncs, and has its own name as its assignment.
pub(super) fn assigned(script: &mut Script, names: &[&str], generation: i32) {
    let all: Vec<_> = names.iter().map(|name| (*name, *name)).collect();
    for (who, name) in (1..).zip(names) {
        sync(script, who, syncing(name, generation, &all));
    }
}

/// An offset for `topic`-0, by somebody outside of generations.
pub(super) fn committing(topic: &str, offset: i64) -> OffsetCommit {
    OffsetCommit {
        group: "g".into(),
        member: "".into(),
        instance: None,
        generation: -1,
        knows_epochs: true,
        retention_ms: None,
        topics: vec![CommitTopic {
            name: topic.into(),
            id: Uuid::ZERO,
            partitions: vec![CommitPartition {
                index: PartitionIndex(0),
                offset: Offset(offset),
                leader_epoch: LeaderEpoch::NONE,
                metadata: None,
            }],
        }],
    }
}

pub(super) fn commit(script: &mut Script, request: OffsetCommit) {
    ask(script, 9, "commit", Request::OffsetCommit(request));
}

/// All offsets of the group.
pub(super) fn fetching() -> OffsetFetch {
    OffsetFetch { group: "g".into(), member: None, member_epoch: -1, topics: None, require_stable: false }
}

pub(super) fn fetch(script: &mut Script, request: OffsetFetch) {
    ask(script, 9, "fetch", Request::OffsetFetch(request));
}

/// The transcript without what the eye skips: dice in ids, what members subscribe to, and what a refusal leaves empty.
pub(super) fn told(script: &mut Script) -> String {
    let metadata = format!("metadata: {:?}", subscription(&["t"]));
    let no_topic = format!("id: {}, ", Uuid::ZERO);
    let nothing =
        r#"generation: -1, protocol_type: None, protocol_name: "", leader: "", skip_assignment: false, members: []"#;
    let text = script.text();
    let text =
        text.replace("-00000000-0000-0000-0000-000000000000", "").replace(", current_state_timestamp", ", since");
    text.replace(&metadata, "metadata: t")
        .replace(&metadata.replace("metadata", "subscription"), "subscription: t")
        .replace(nothing, "..")
        .replace(&no_topic, "")
}
