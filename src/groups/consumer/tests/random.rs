//! Members come, change their minds, are lost and return at random: what must hold holds after every step.

use std::collections::{BTreeMap, BTreeSet};

use model::PartitionIndex;
use proptest::prelude::*;

use super::super::partitions::each;
use super::*;

/// What a member believes: its id, its epoch and what it has.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    epoch: i32,
    owned: Partitions,
}

/// Six slots: the first three are dynamic members, the others static ones, each incarnation of which has an id of its own.
const SLOTS: u8 = 6;

struct Crowd {
    kit: Kit,
    known: BTreeMap<u8, Known>,
    /// How often a slot's member was made anew.
    incarnations: BTreeMap<u8, u32>,
    epoch: i32,
    member_epochs: BTreeMap<String, i32>,
    /// What the records add up to.
    replayed: State,
}

impl Crowd {
    fn new() -> Self {
        let (known, incarnations) = (BTreeMap::new(), BTreeMap::new());
        Self {
            kit: Kit::new(),
            known,
            incarnations,
            epoch: 0,
            member_epochs: BTreeMap::new(),
            replayed: State::default(),
        }
    }

    fn named(slot: u8, beat: ConsumerGroupHeartbeat) -> ConsumerGroupHeartbeat {
        let instance = (slot >= 3).then(|| format!("i{slot}"));
        ConsumerGroupHeartbeat { instance, ..beat }
    }

    /// One step of the member in `slot`.
    fn act(&mut self, slot: u8, what: u8) {
        let Some(known) = self.known.get(&slot).cloned() else { return self.come(slot, what) };
        let Known { id, epoch, owned } = known;
        let request = match what {
            0 => beat(&id, -1, None),
            // A static member goes for a moment; a dynamic one forgets all and begins anew.
            1 if slot >= 3 => beat(&id, -2, None),
            1 => join(&id, &["a", "b"]),
            2 => {
                let topics = Some(vec![TopicName::from(["a", "b"][usize::from(slot) % 2])]);
                ConsumerGroupHeartbeat { topics, regex: Some(String::new()), ..beat(&id, epoch, Some(owned)) }
            }
            3 => {
                let (topics, regex) = (Some(vec![]), Some(["a|b", "b.*", "nothing"][usize::from(slot) % 3].into()));
                ConsumerGroupHeartbeat { topics, regex, ..beat(&id, epoch, Some(owned)) }
            }
            // The answer is lost on its way: nothing that it says is believed.
            4 => {
                let lost = self.ask(slot, beat(&id, epoch, Some(owned)));
                drop(lost);
                return;
            }
            // Another claims the name of a static member.
            5 if slot >= 3 => {
                let reply = self.ask(slot, beat("stranger", epoch, None));
                // Where the member was put out, nobody has the name any more.
                let code = reply.map(|_| ()).map_err(|it| it.code);
                assert!(matches!(code, Err(ErrorCode::FencedInstanceId | ErrorCode::UnknownMemberId)), "{code:?}");
                return;
            }
            _ => beat(&id, epoch, Some(owned)),
        };
        let reply = self.ask(slot, request);
        self.answered(slot, &id, reply);
    }

    fn come(&mut self, slot: u8, what: u8) {
        let incarnation = self.incarnations.entry(slot).or_default();
        *incarnation += 1;
        let id = format!("m{slot}-{incarnation}");
        let request = match what {
            3 => ConsumerGroupHeartbeat { topics: None, regex: Some("a|b".into()), ..join(&id, &[]) },
            _ => join(&id, [&["a"][..], &["b"], &["a", "b"]][usize::from(what) % 3]),
        };
        let reply = self.ask(slot, request);
        self.answered(slot, &id, reply);
    }

    fn ask(&mut self, slot: u8, request: ConsumerGroupHeartbeat) -> Result<ConsumerBeat, Refusal> {
        let request = Self::named(slot, request);
        let before = self.kit.shard.next_offset();
        let asked = Request::ConsumerGroupHeartbeat(Box::new(request));
        let step = self.kit.shard.on_event(Timestamp(self.kit.now), Event::Asked { to: Token(1), request: asked });
        // What wrote anything answers only when that is committed.
        let wrote = step.append.is_some();
        assert!(!wrote || step.effects.is_empty(), "an answer before its records are committed: {:?}", step.effects);
        assert_eq!(wrote, self.kit.shard.next_offset() != before);
        self.kit.records.extend(step.append.into_iter().flat_map(|append| append.records));
        let mut effects = step.effects;
        effects.extend(self.kit.shard.on_committed(self.kit.shard.next_offset()));
        match effects.pop() {
            Some(Effect::Reply { body: Reply::ConsumerGroupHeartbeat(reply), .. }) => reply,
            other => panic!("{other:?}"),
        }
    }

    fn answered(&mut self, slot: u8, id: &str, reply: Result<ConsumerBeat, Refusal>) {
        match reply {
            Ok(beat) if beat.epoch < 0 => drop(self.known.remove(&slot)),
            Ok(beat) => {
                let had = self.known.remove(&slot).map(|it| it.owned).unwrap_or_default();
                let owned = beat.assignment.unwrap_or(had);
                self.known.insert(slot, Known { id: id.into(), epoch: beat.epoch, owned });
            }
            Err(_) => drop(self.known.remove(&slot)),
        }
    }

    /// One owner a partition, growing epochs, no more members of a name than one, and records that tell all.
    fn check(&mut self) {
        for record in self.kit.records.drain(..) {
            Groups::replay(&mut self.replayed, &record);
        }
        assert_eq!(self.replayed, *self.kit.shard.latest());
        let Some(group) = self.kit.group() else { return };
        assert!(group.epoch >= self.epoch && group.assignment_epoch <= group.epoch, "{group:?}");
        self.epoch = group.epoch;
        let (mut owners, mut names) = (BTreeSet::<(_, PartitionIndex)>::new(), BTreeSet::new());
        for member in group.members() {
            for at in each(&member.assigned).chain(each(&member.revoking)) {
                assert!(owners.insert(at), "{at:?} belongs to two");
                assert!(group.is_taken(at.0, at.1), "{at:?} is taken and looks free");
            }
            if let Some(instance) = &member.instance {
                assert!(names.insert(instance.clone()), "{instance} is there twice");
                assert_eq!(group.static_member(instance).map(|it| &it.id), Some(&member.id));
            }
            assert!(member.epoch <= group.epoch, "{member:?}");
            if member.epoch > 0 {
                let last = self.member_epochs.entry(member.id.to_string()).or_default();
                assert!(member.epoch >= *last, "{member:?} was at {last}");
                *last = member.epoch;
            }
        }
        for (regex, count) in group.expression_subscribers() {
            let members = group.members().filter(|it| it.regex.as_ref() == Some(regex)).count();
            assert_eq!(members, *count, "{regex}");
        }
        for (regex, _) in group.expressions() {
            assert!(group.expression_subscribers().contains_key(regex), "nobody subscribes to {regex}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_belongs_to_two_and_all_arrive(steps in proptest::collection::vec((0..SLOTS, 0..10u8, 0..4_000i64), 1..80)) {
        let mut crowd = Crowd::new();
        for (slot, what, pause) in steps {
            crowd.kit.now += pause;
            crowd.kit.event(Event::Tick);
            crowd.act(slot, what);
            crowd.check();
        }
        // When heartbeats go on, everybody comes to its target; who is away stays so until its session ends.
        for _ in 0..60 {
            crowd.kit.now += 1_000;
            crowd.kit.event(Event::Tick);
            for slot in 0..SLOTS {
                if crowd.known.contains_key(&slot) {
                    crowd.act(slot, 9);
                    crowd.check();
                }
            }
        }
        if let Some(group) = crowd.kit.group() {
            prop_assert!(group.members().all(|it| it.is_reconciled_to(group.assignment_epoch)), "{group:?}");
            prop_assert_eq!(group.len(), crowd.known.len());
        }
    }
}
