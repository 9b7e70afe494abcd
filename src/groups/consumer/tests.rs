//! What a consumer group does, and what must hold whatever happens.

mod migration;
mod random;

use std::sync::Arc;

use machine::{Machine, Shard};
use model::{ErrorCode, Timestamp, TopicName, Uuid};

use super::partitions::Partitions;
use super::{ConsumerBeat, Refusal};
use crate::*;

struct Kit {
    shard: Shard<Groups>,
    now: i64,
    records: Vec<Record>,
}

impl Kit {
    /// Topics `a` with four partitions and `b` with two.
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let mut kit = Self { shard: Shard::new(Groups::new(settings)), now: 1_000, records: vec![] };
        let mut around = Surroundings::new(5);
        for (name, id, partitions) in [("a", 1, 4), ("b", 2, 2)] {
            let racks: Vec<Vec<Arc<str>>> = vec![vec![]; partitions];
            around.insert(TopicName::from(name), Topic { id: Uuid::from_bytes([id; 16]), racks: racks.into() });
        }
        kit.event(Event::Loaded);
        kit.event(Event::Surroundings(Arc::new(around)));
        kit
    }

    fn event(&mut self, event: Event) -> Vec<Effect> {
        let step = self.shard.on_event(Timestamp(self.now), event);
        self.records.extend(step.append.into_iter().flat_map(|append| append.records));
        let mut effects = step.effects;
        effects.extend(self.shard.on_committed(self.shard.next_offset()));
        effects
    }

    fn beat(&mut self, beat: ConsumerGroupHeartbeat) -> Result<ConsumerBeat, Refusal> {
        let request = Request::ConsumerGroupHeartbeat(Box::new(beat));
        match self.event(Event::Asked { to: Token(1), request }).pop() {
            Some(Effect::Reply { body: Reply::ConsumerGroupHeartbeat(reply), .. }) => reply,
            other => panic!("{other:?}"),
        }
    }

    fn group(&self) -> Option<super::ConsumerGroup> {
        match self.shard.latest().group("g") {
            Some(Group::Consumer(group)) => Some(group.clone()),
            _ => None,
        }
    }
}

fn beat(member: &str, epoch: i32, owned: Option<Partitions>) -> ConsumerGroupHeartbeat {
    ConsumerGroupHeartbeat {
        group: "g".into(),
        member: member.into(),
        member_epoch: epoch,
        instance: None,
        rack: None,
        rebalance_timeout_ms: -1,
        topics: None,
        regex: None,
        assignor: None,
        owned,
        client_id: "c".into(),
        client_host: "/h".into(),
        client_names_member: true,
        dice: Uuid::from_bytes([9; 16]),
    }
}

fn join(member: &str, topics: &[&str]) -> ConsumerGroupHeartbeat {
    let topics = topics.iter().map(|name| TopicName::from(*name)).collect();
    let owned = Some(Partitions::new());
    ConsumerGroupHeartbeat { rebalance_timeout_ms: 9_000, topics: Some(topics), ..beat(member, 0, owned) }
}

fn count(beat: &ConsumerBeat) -> usize {
    beat.assignment.iter().flat_map(|it| it.values()).map(|it| it.len()).sum()
}

#[test]
fn a_second_member_waits_until_the_first_has_given_back() {
    let mut kit = Kit::new();
    let first = kit.beat(join("m1", &["a"])).unwrap();
    assert_eq!((first.epoch, count(&first)), (2, 4));
    kit.now += 2_000;
    let second = kit.beat(join("m2", &["a"])).unwrap();
    assert_eq!((second.epoch, count(&second)), (3, 0), "all is still the first one's");
    let mut revoking = kit.beat(beat("m1", 2, None)).unwrap();
    assert_eq!((revoking.epoch, count(&revoking)), (2, 2), "it stays in its epoch while it gives back");
    assert!(kit.beat(beat("m2", 3, None)).unwrap().assignment.is_none());
    let done = kit.beat(beat("m1", 2, revoking.assignment.take())).unwrap();
    assert_eq!(done.epoch, 3);
    assert_eq!(count(&kit.beat(beat("m2", 3, None)).unwrap()), 2);
    assert_eq!(kit.group().unwrap().state(), super::GroupState::Stable);
    let refused = kit.beat(beat("m1", 1, None)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::FencedMemberEpoch);
    assert_eq!(kit.beat(beat("m3", 3, None)).unwrap_err().code, ErrorCode::UnknownMemberId);
}

#[test]
fn a_static_member_comes_back_to_what_it_had() {
    let mut kit = Kit::new();
    let named = |beat| ConsumerGroupHeartbeat { instance: Some("i".into()), ..beat };
    let first = kit.beat(named(join("m1", &["a"]))).unwrap();
    assert_eq!(kit.beat(named(join("m2", &["a"]))).unwrap_err().code, ErrorCode::UnreleasedInstanceId);
    kit.beat(named(beat("m1", -2, None))).unwrap();
    let second = kit.beat(named(join("m2", &["a"]))).unwrap();
    assert_eq!((second.epoch, second.assignment), (first.epoch, first.assignment));
    assert_eq!(kit.beat(named(beat("m1", 2, None))).unwrap_err().code, ErrorCode::FencedInstanceId);
}

#[test]
fn an_expression_is_looked_up_behind_the_heartbeat_that_brings_it() {
    let mut kit = Kit::new();
    let with = |regex: &str| ConsumerGroupHeartbeat { topics: None, regex: Some(regex.into()), ..join("m1", &[]) };
    assert_eq!(kit.beat(with("[")).unwrap_err().code, ErrorCode::InvalidRegularExpression);
    assert!(kit.group().is_none(), "what is refused writes nothing");
    let joined = kit.beat(with("a|b")).unwrap();
    assert_eq!((joined.epoch, count(&joined)), (1, 0));
    assert_eq!(count(&kit.beat(beat("m1", 1, None)).unwrap()), 6);
}

#[test]
fn who_is_silent_is_put_out() {
    let mut kit = Kit::new();
    kit.beat(join("m1", &["a"])).unwrap();
    kit.now += 45_000;
    kit.event(Event::Tick);
    assert!(kit.group().unwrap().is_empty());
    let request = Request::DeleteGroup("g".into());
    kit.event(Event::Asked { to: Token(1), request });
    assert!(kit.group().is_none());
}
