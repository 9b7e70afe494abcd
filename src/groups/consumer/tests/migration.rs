//! Members of both protocols in one group, and what each `group.consumer.migration.policy` lets become of it.

use bytes::Bytes;
use expect_test::{Expect, expect};

use super::*;

/// A group whose transcript has one line an answer and one a record.
struct Story {
    kit: Kit,
    text: String,
}

impl Story {
    fn of(policy: &str) -> Self {
        let settings = Settings { initial_rebalance_delay_ms: 0, ..Settings::default() };
        let consumer = ConsumerSettings {
            migration: MigrationPolicy::parse(policy),
            assignment_interval_ms: 0,
            ..settings.consumer.clone()
        };
        Self { kit: Kit::with(Settings { consumer, ..settings }), text: String::new() }
    }

    fn event(&mut self, title: &str, event: Event) {
        self.text += &format!("> {title}\n");
        let from = self.kit.records.len();
        let effects = self.kit.event(event);
        for record in &self.kit.records[from..] {
            self.text += &format!("+ {}\n", record_line(record));
        }
        for Effect::Reply { to, body } in effects {
            self.text += &format!("< {} {}\n", to.0, reply_line(body));
        }
    }

    fn ask(&mut self, who: u64, title: &str, request: Request) {
        self.event(title, Event::Asked { to: Token(who), request });
    }

    fn pass(&mut self, ms: i64) {
        self.kit.now += ms;
        self.event(&format!("{ms} ms later"), Event::Tick);
    }

    /// A classic member asks to join, with what it says it has of topic `a`.
    fn joins(&mut self, who: u64, name: &str, owned: &[i32]) {
        self.ask(who, &format!("{name} joins as a classic member"), Request::JoinGroup(classic(name, None, owned)));
    }

    fn syncs(&mut self, who: u64, name: &str, generation: i32, assignments: &[(&str, &[i32])]) {
        let request = SyncGroup {
            group: "g".into(),
            member: id(name),
            instance: None,
            generation,
            protocol_type: Some("consumer".into()),
            protocol_name: Some("range".into()),
            assignments: assignments.iter().map(|(name, has)| (id(name), assignment(has))).collect(),
        };
        self.ask(who, &format!("{name} syncs"), Request::SyncGroup(request));
    }

    fn lives(&mut self, who: u64, name: &str, generation: i32) {
        let request = Heartbeat { group: "g".into(), member: id(name), instance: None, generation };
        self.ask(who, &format!("{name} lives"), Request::Heartbeat(request));
    }

    fn beats(&mut self, who: u64, title: &str, beat: ConsumerGroupHeartbeat) {
        self.ask(who, title, Request::ConsumerGroupHeartbeat(Box::new(beat)));
    }

    fn leaves(&mut self, who: u64, name: &str) {
        let members = vec![Leaving { member: id(name), instance: None }];
        self.ask(who, &format!("{name} leaves"), Request::LeaveGroup(LeaveGroup { group: "g".into(), members }));
    }

    /// What the group is now, and the transcript since the last time.
    fn shows(&mut self, expected: Expect) {
        let now = match self.kit.shard.latest().group("g") {
            None => "no group".to_owned(),
            Some(Group::Classic(saved)) => format!("classic, {} members saved", saved.members.len()),
            Some(Group::Consumer(group)) => {
                let member = |it: &Arc<super::super::Member>| {
                    let kind = if it.classic.is_some() { "classic" } else { "consumer" };
                    format!("{} ({kind}) at {} has {:?}", name(&it.id), it.epoch, held(&it.assigned))
                };
                let members: Vec<_> = group.members().map(member).collect();
                let (state, epoch) = (group.state().name(), group.epoch);
                format!("consumer, {state}, epoch {epoch}: {}", members.join("; "))
            }
        };
        let text = std::mem::take(&mut self.text);
        expected.assert_eq(&format!("{text}= {now}\n"));
    }
}

/// `a-00000000-..` is `a`.
fn name(id: &str) -> &str {
    id.split_once("-0000").map_or(id, |(name, _)| name)
}

fn id(name: &str) -> String {
    format!("{name}-00000000-0000-0000-0000-000000000000")
}

fn held(held: &super::super::partitions::Held) -> Vec<i32> {
    each_partition(held.values().flat_map(|it| it.keys()))
}

fn each_partition<'a>(all: impl Iterator<Item = &'a model::PartitionIndex>) -> Vec<i32> {
    all.map(|it| it.0).collect()
}

fn topic_of(partitions: &[i32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 1, 0, 1, b'a'];
    bytes.extend((partitions.len() as u32).to_be_bytes());
    partitions.iter().for_each(|it| bytes.extend(it.to_be_bytes()));
    bytes
}

fn assignment(has: &[i32]) -> Bytes {
    [&[0, 1][..], &topic_of(has), &[0xff; 4]].concat().into()
}

fn classic(client: &str, instance: Option<&str>, owned: &[i32]) -> JoinGroup {
    let wants = [&[0, 1, 0, 0, 0, 1, 0, 1, b'a', 0xff, 0xff, 0xff, 0xff][..], &topic_of(owned)].concat();
    JoinGroup {
        group: "g".into(),
        member: id(client),
        instance: instance.map(Into::into),
        client_id: client.into(),
        client_host: "/h".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 20_000,
        protocol_type: "consumer".into(),
        protocols: vec![Protocol { name: "range".into(), metadata: wants.into() }],
        requires_known_member: false,
        supports_skipping_assignment: true,
        dice: Uuid::ZERO,
    }
}

fn record_line(record: &Record) -> String {
    let kind = |deleted: bool| if deleted { "without" } else { "with" };
    match record {
        Record::GroupMetadata(_, None) => "no classic group".into(),
        Record::GroupMetadata(_, Some(it)) => {
            format!("a classic group in generation {} of {}", it.generation, it.members.len())
        }
        Record::ConsumerGroupMetadata(_, None) => "no consumer group".into(),
        Record::ConsumerGroupMetadata(_, Some(it)) => format!("epoch {}", it.epoch),
        Record::ConsumerGroupPartitionMetadata(_, it) => format!("{} partition metadata", kind(it.is_none())),
        Record::ConsumerGroupMemberMetadata(key, it) => {
            format!("{} member {}", kind(it.is_none()), name(&key.member_id))
        }
        Record::ConsumerGroupTargetAssignmentMetadata(_, None) => "no target".into(),
        Record::ConsumerGroupTargetAssignmentMetadata(_, Some(it)) => {
            format!("target of epoch {}", it.assignment_epoch)
        }
        Record::ConsumerGroupTargetAssignmentMember(key, it) => {
            let all = it.iter().flat_map(|it| &it.topic_partitions).flat_map(|it| &it.partitions);
            format!("{} target of {}: {:?}", kind(it.is_none()), name(&key.member_id), each_partition(all))
        }
        Record::ConsumerGroupCurrentMemberAssignment(key, None) => format!("without state of {}", name(&key.member_id)),
        Record::ConsumerGroupCurrentMemberAssignment(key, Some(it)) => {
            let has = it.assigned_partitions.iter().flat_map(|it| &it.partitions);
            let gives = it.partitions_pending_revocation.iter().flat_map(|it| &it.partitions);
            let (has, gives) = (each_partition(has), each_partition(gives));
            format!("{} at {} has {has:?}, gives back {gives:?}", name(&key.member_id), it.member_epoch)
        }
        other => format!("{other:?}"),
    }
}

fn reply_line(reply: Reply) -> String {
    match reply {
        Reply::JoinGroup(it) if it.error == ErrorCode::None => format!("generation {}", it.generation),
        Reply::JoinGroup(Joined { error, .. }) | Reply::Heartbeat(error) => error.to_string(),
        Reply::SyncGroup(it) if it.error == ErrorCode::None => {
            let numbers = it.assignment.get(13..it.assignment.len() - 4).unwrap_or_default();
            let has: Vec<u8> = numbers.chunks(4).map(|four| four[3]).collect();
            format!("gets {has:?}")
        }
        Reply::SyncGroup(it) => it.error.to_string(),
        Reply::LeaveGroup(Ok(left)) => format!("{:?}", left.iter().map(|it| it.error).collect::<Vec<_>>()),
        Reply::ConsumerGroupHeartbeat(Ok(it)) => {
            let has = it.assignment.map(|it| each_partition(it.values().flatten()));
            format!("epoch {}, {}", it.epoch, has.map_or("as before".into(), |has| format!("gets {has:?}")))
        }
        Reply::ConsumerGroupHeartbeat(Err(it)) => format!("{it:?}"),
        other => format!("{other:?}"),
    }
}

fn owning(member: &str, epoch: i32, has: &[i32]) -> ConsumerGroupHeartbeat {
    let has: std::collections::BTreeSet<_> = has.iter().map(|it| model::PartitionIndex(*it)).collect();
    let owned = if has.is_empty() { Partitions::new() } else { [(Uuid::from_bytes([1; 16]), has)].into() };
    beat(member, epoch, Some(owned))
}

/// A stable classic group of one.
fn one_classic(policy: &str) -> Story {
    let mut story = Story::of(policy);
    story.ask(1, "", Request::JoinGroup(JoinGroup { member: String::new(), ..classic("a", None, &[]) }));
    story.pass(0);
    story.syncs(1, "a", 1, &[("a", &[0, 1, 2, 3])]);
    story.text.clear();
    story
}

/// A consumer group of a consumer that has all, and of a classic member that waits.
fn one_of_each(policy: &str) -> Story {
    let mut story = Story::of(policy);
    story.beats(1, "", join("c", &["a"]));
    story.joins(2, "a", &[]);
    story.text.clear();
    story
}

#[test]
fn the_first_consumer_takes_the_classic_members_over() {
    let mut story = one_classic("upgrade");
    story.beats(2, "c joins", join("c", &["a"]));
    story.lives(1, "a", 1);
    story.syncs(1, "a", 1, &[]);
    story.joins(1, "a", &[0, 1, 2, 3]);
    story.syncs(1, "a", 1, &[]);
    story.joins(1, "a", &[0, 1]);
    story.syncs(1, "a", 2, &[]);
    story.beats(2, "c lives", beat("c", 2, None));
    story.lives(1, "a", 2);
    story.shows(expect![[r#"
        > c joins
        + no classic group
        + with member a
        + epoch 1
        + with target of a: [0, 1, 2, 3]
        + target of epoch 1
        + a at 1 has [0, 1, 2, 3], gives back []
        + with member c
        + epoch 2
        + with target of a: [0, 1]
        + with target of c: [2, 3]
        + target of epoch 2
        + c at 2 has [], gives back []
        < 2 epoch 2, gets []
        > a lives
        < 1 REBALANCE_IN_PROGRESS
        > a syncs
        < 1 REBALANCE_IN_PROGRESS
        > a joins as a classic member
        + with member a
        + a at 1 has [0, 1], gives back [2, 3]
        < 1 generation 1
        > a syncs
        < 1 gets [0, 1]
        > a joins as a classic member
        + with member a
        + a at 2 has [0, 1], gives back []
        < 1 generation 2
        > a syncs
        < 1 gets [0, 1]
        > c lives
        + c at 2 has [2, 3], gives back []
        < 2 epoch 2, gets [2, 3]
        > a lives
        < 1 NONE
        = consumer, Stable, epoch 2: a (classic) at 2 has [0, 1]; c (consumer) at 2 has [2, 3]
    "#]]);
    story.leaves(1, "a");
    story.beats(2, "c lives", beat("c", 2, None));
    story.shows(expect![[r#"
        > a leaves
        + without state of a
        + without target of a: []
        + without member a
        + epoch 3
        < 1 [NONE]
        > c lives
        + with target of c: [0, 1, 2, 3]
        + target of epoch 3
        + c at 3 has [0, 1, 2, 3], gives back []
        < 2 epoch 3, gets [0, 1, 2, 3]
        = consumer, Stable, epoch 3: c (consumer) at 3 has [0, 1, 2, 3]
    "#]]);
}

#[test]
fn a_join_that_waits_is_sent_away_by_the_upgrade() {
    let mut story = one_classic("bidirectional");
    story.ask(2, "b joins", Request::JoinGroup(JoinGroup { member: String::new(), ..classic("b", None, &[]) }));
    story.beats(3, "c joins", join("c", &["a"]));
    story.joins(2, "b", &[]);
    story.shows(expect![[r#"
        > b joins
        > c joins
        + no classic group
        + with member a
        + with member b
        + epoch 1
        + with target of a: [0, 1, 2, 3]
        + with target of b: []
        + target of epoch 1
        + a at 1 has [0, 1, 2, 3], gives back []
        + b at 1 has [], gives back []
        + with member c
        + epoch 2
        + with target of a: [0, 1]
        + with target of b: [2]
        + with target of c: [3]
        + target of epoch 2
        + c at 2 has [], gives back []
        < 2 REBALANCE_IN_PROGRESS
        < 3 epoch 2, gets []
        > b joins as a classic member
        + b at 2 has [], gives back []
        < 2 generation 2
        = consumer, Reconciling, epoch 2: a (classic) at 1 has [0, 1, 2, 3]; b (classic) at 2 has []; c (consumer) at 2 has []
    "#]]);
}

#[test]
fn the_last_consumer_leaves_a_classic_group_behind() {
    let mut story = one_of_each("downgrade");
    story.beats(1, "c lives", beat("c", 2, None));
    story.beats(1, "c gives back", owning("c", 2, &[0, 1]));
    story.lives(2, "a", 3);
    story.joins(2, "a", &[]);
    story.syncs(2, "a", 3, &[]);
    story.shows(expect![[r#"
        > c lives
        + c at 2 has [0, 1], gives back [2, 3]
        < 1 epoch 2, gets [0, 1]
        > c gives back
        + c at 3 has [0, 1], gives back []
        < 1 epoch 3, as before
        > a lives
        < 2 REBALANCE_IN_PROGRESS
        > a joins as a classic member
        + a at 3 has [2, 3], gives back []
        < 2 generation 3
        > a syncs
        < 2 gets [2, 3]
        = consumer, Stable, epoch 3: a (classic) at 3 has [2, 3]; c (consumer) at 3 has [0, 1]
    "#]]);
    story.beats(1, "c leaves", beat("c", -1, None));
    story.lives(2, "a", 3);
    story.joins(2, "a", &[2, 3]);
    story.pass(0);
    story.shows(expect![[r#"
        > c leaves
        + without state of a
        + without state of c
        + without target of a: []
        + without target of c: []
        + no target
        + without member a
        + without member c
        + without partition metadata
        + no consumer group
        + a classic group in generation 3 of 1
        < 1 epoch -1, as before
        > a lives
        < 2 REBALANCE_IN_PROGRESS
        > a joins as a classic member
        < 2 generation 4
        > 0 ms later
        = classic, 1 members saved
    "#]]);
}

#[test]
fn a_consumer_whose_session_ends_leaves_a_classic_group_behind() {
    let mut story = Story::of("bidirectional");
    story.beats(1, "c joins", join("c", &["a"]));
    story.kit.now += 40_000;
    story.joins(2, "a", &[]);
    story.text.clear();
    story.pass(5_000);
    story.shows(expect![[r#"
        > 5000 ms later
        + without state of a
        + without state of c
        + without target of a: []
        + without target of c: []
        + no target
        + without member a
        + without member c
        + without partition metadata
        + no consumer group
        + a classic group in generation 3 of 1
        = classic, 1 members saved
    "#]]);
}

#[test]
fn a_static_consumer_that_comes_back_as_a_classic_member() {
    let mut story = Story::of("bidirectional");
    let named = |beat| ConsumerGroupHeartbeat { instance: Some("i".into()), ..beat };
    story.beats(1, "c joins", named(join("c", &["a"])));
    story.beats(1, "c goes away", named(beat("c", -2, None)));
    let back = JoinGroup { member: String::new(), ..classic("c", Some("i"), &[]) };
    story.ask(2, "c is back as a classic member", Request::JoinGroup(back));
    story.shows(expect![[r#"
        > c joins
        + with member c
        + epoch 2
        + with target of c: [0, 1, 2, 3]
        + target of epoch 2
        + c at 2 has [0, 1, 2, 3], gives back []
        < 1 epoch 2, gets [0, 1, 2, 3]
        > c goes away
        + c at -2 has [0, 1, 2, 3], gives back []
        < 1 epoch -2, as before
        > c is back as a classic member
        + without state of c
        + without target of c: []
        + without member c
        + with member AAAAAAAAAAAAAAAAAAAAAA
        + with target of AAAAAAAAAAAAAAAAAAAAAA: [0, 1, 2, 3]
        + AAAAAAAAAAAAAAAAAAAAAA at 0 has [0, 1, 2, 3], gives back []
        + with member AAAAAAAAAAAAAAAAAAAAAA
        + AAAAAAAAAAAAAAAAAAAAAA at 2 has [0, 1, 2, 3], gives back []
        + without state of AAAAAAAAAAAAAAAAAAAAAA
        + without target of AAAAAAAAAAAAAAAAAAAAAA: []
        + no target
        + without member AAAAAAAAAAAAAAAAAAAAAA
        + without partition metadata
        + no consumer group
        + a classic group in generation 2 of 1
        < 2 generation 2
        = classic, 1 members saved
    "#]]);
}

#[test]
fn an_upgrade_needs_leave() {
    let mut story = one_classic("disabled");
    story.beats(2, "c joins", join("c", &["a"]));
    story.lives(1, "a", 1);
    story.shows(expect![[r#"
        > c joins
        < 2 GROUP_ID_NOT_FOUND "Cannot upgrade classic group g to consumer group because online upgrade is disabled."
        > a lives
        < 1 NONE
        = classic, 1 members saved
    "#]]);
    let mut story = one_classic("downgrade");
    story.beats(2, "c joins", join("c", &["a"]));
    story.shows(expect![[r#"
        > c joins
        < 2 GROUP_ID_NOT_FOUND "Cannot upgrade classic group g to consumer group because online upgrade is disabled."
        = classic, 1 members saved
    "#]]);
}

#[test]
fn without_leave_for_either_a_consumer_group_takes_no_classic_member() {
    let mut story = Story::of("disabled");
    story.beats(1, "c joins", join("c", &["a"]));
    story.joins(2, "a", &[]);
    story.shows(expect![[r#"
        > c joins
        + with member c
        + epoch 2
        + with target of c: [0, 1, 2, 3]
        + target of epoch 2
        + c at 2 has [0, 1, 2, 3], gives back []
        < 1 epoch 2, gets [0, 1, 2, 3]
        > a joins as a classic member
        < 2 INCONSISTENT_GROUP_PROTOCOL
        = consumer, Stable, epoch 2: c (consumer) at 2 has [0, 1, 2, 3]
    "#]]);
}

#[test]
fn without_leave_to_go_back_classic_members_stay_in_a_consumer_group() {
    let mut story = one_of_each("upgrade");
    story.beats(1, "c leaves", beat("c", -1, None));
    story.lives(2, "a", 3);
    story.joins(2, "a", &[]);
    story.syncs(2, "a", 4, &[]);
    story.shows(expect![[r#"
        > c leaves
        + without state of c
        + without target of c: []
        + without member c
        + epoch 4
        < 1 epoch -1, as before
        > a lives
        < 2 REBALANCE_IN_PROGRESS
        > a joins as a classic member
        + with target of a: [0, 1, 2, 3]
        + target of epoch 4
        + a at 4 has [0, 1, 2, 3], gives back []
        < 2 generation 4
        > a syncs
        < 2 gets [0, 1, 2, 3]
        = consumer, Stable, epoch 4: a (classic) at 4 has [0, 1, 2, 3]
    "#]]);
}

#[test]
fn a_consumer_that_does_not_give_back_in_time_is_put_out() {
    let mut story = one_of_each("bidirectional");
    story.beats(1, "c is told", beat("c", 2, None));
    story.text.clear();
    story.kit.now += 8_000;
    story.lives(2, "a", 3);
    story.pass(999);
    story.pass(1);
    story.beats(1, "c lives", beat("c", 2, None));
    story.shows(expect![[r#"
        > a lives
        < 2 NONE
        > 999 ms later
        > 1 ms later
        + without state of a
        + without state of c
        + without target of a: []
        + without target of c: []
        + no target
        + without member a
        + without member c
        + without partition metadata
        + no consumer group
        + a classic group in generation 3 of 1
        > c lives
        < 1 GROUP_ID_NOT_FOUND "Group g is not a consumer group."
        = classic, 1 members saved
    "#]]);
}

#[test]
fn a_classic_member_that_does_not_come_again_in_time_is_put_out() {
    let mut story = one_of_each("upgrade");
    story.syncs(2, "a", 3, &[]);
    story.beats(1, "c gives back", beat("c", 2, None));
    story.beats(1, "c has given back", owning("c", 2, &[0, 1]));
    story.lives(2, "a", 3);
    story.text.clear();
    for _ in 0..4 {
        story.kit.now += 4_900;
        story.lives(2, "a", 3);
        story.beats(1, "c lives", beat("c", 3, None));
    }
    story.pass(400);
    story.shows(expect![[r#"
        > a lives
        < 2 REBALANCE_IN_PROGRESS
        > c lives
        < 1 epoch 3, as before
        > a lives
        < 2 REBALANCE_IN_PROGRESS
        > c lives
        < 1 epoch 3, as before
        > a lives
        < 2 REBALANCE_IN_PROGRESS
        > c lives
        < 1 epoch 3, as before
        > a lives
        < 2 REBALANCE_IN_PROGRESS
        > c lives
        < 1 epoch 3, as before
        > 400 ms later
        + without state of a
        + without target of a: []
        + without member a
        + epoch 4
        = consumer, Assigning, epoch 4: c (consumer) at 3 has [0, 1]
    "#]]);
}
