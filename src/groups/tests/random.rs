//! Whatever happens in whatever order: everybody is answered once and not before the commit, a partition has one owner
//! in a generation, generations only grow, and the records tell all.

use std::collections::BTreeMap;

use machine::{Machine, Shard, Step};
use model::{ErrorCode, Offset, PartitionIndex, ProducerEpoch, ProducerId, Timestamp};
use proptest::prelude::*;

use super::kit::*;
use crate::*;

const GROUPS: [&str; 2] = ["g", "h"];
const TOPICS: [&str; 2] = ["t", "u"];

/// What somebody does; numbers choose the group and the client.
#[derive(Clone, Debug)]
enum Act {
    Join {
        group: usize,
        client: usize,
        new: bool,
        known: bool,
        changed: bool,
    },
    Sync {
        group: usize,
        client: usize,
    },
    Beat {
        group: usize,
        client: usize,
    },
    Leave {
        group: usize,
        client: usize,
        by_name: bool,
    },
    Commit {
        group: usize,
        client: usize,
        topic: usize,
        member: bool,
    },
    TxnCommit {
        group: usize,
        topic: usize,
        producer: i64,
    },
    End {
        producer: i64,
        commit: bool,
    },
    Fetch {
        group: usize,
    },
    DeleteOffset {
        group: usize,
        topic: usize,
    },
    DeleteGroup {
        group: usize,
    },
    Pass(i64),
    Expire,
    TopicDeleted(usize),
    /// The first clients of a group join again, and those who were told of a generation sync, from the last on.
    Settle {
        group: usize,
        clients: usize,
    },
    /// The high watermark moves on by so many records.
    Replicate(i64),
    /// Leadership moves away and comes back.
    Move,
}

fn act() -> impl Strategy<Value = Act> {
    let (group, client, topic, producer) = (0..2usize, 0..5usize, 0..2usize, 0..2i64);
    let who = (group.clone(), client.clone());
    prop_oneof![
        12 => (who.clone(), any::<(bool, bool)>(), 0..8u8).prop_map(|((group, client), (new, known), n)| {
            Act::Join { group, client, new, known, changed: n == 0 }
        }),
        6 => who.clone().prop_map(|(group, client)| Act::Sync { group, client }),
        6 => who.clone().prop_map(|(group, client)| Act::Beat { group, client }),
        2 => (who.clone(), any::<bool>()).prop_map(|((group, client), by_name)| Act::Leave { group, client, by_name }),
        3 => (who, topic.clone(), any::<bool>()).prop_map(|((group, client), topic, member)| {
            Act::Commit { group, client, topic, member }
        }),
        2 => (group.clone(), topic.clone(), producer.clone()).prop_map(|(group, topic, producer)| {
            Act::TxnCommit { group, topic, producer }
        }),
        1 => (producer, any::<bool>()).prop_map(|(producer, commit)| Act::End { producer, commit }),
        1 => group.clone().prop_map(|group| Act::Fetch { group }),
        1 => (group.clone(), topic.clone()).prop_map(|(group, topic)| Act::DeleteOffset { group, topic }),
        1 => group.clone().prop_map(|group| Act::DeleteGroup { group }),
        8 => prop_oneof![0..4_000i64, 4_000..70_000i64].prop_map(Act::Pass),
        1 => Just(Act::Expire),
        1 => topic.prop_map(Act::TopicDeleted),
        12 => (group.clone(), 1..5usize).prop_map(|(group, clients)| Act::Settle { group, clients }),
        12 => (1..20i64).prop_map(Act::Replicate),
        1 => Just(Act::Move),
    ]
}

/// A client as it sees itself in one group.
#[derive(Clone, Debug, Default)]
struct Client {
    member: String,
    generation: i32,
    /// Whom it leads.
    led: Vec<String>,
}

/// One who waits.
#[derive(Clone, Debug)]
struct Waiting {
    group: usize,
    client: usize,
    /// Who the client was when it asked; it may join as somebody else before the answer comes.
    asked_as: Client,
    /// What the log must have before the answer may come.
    needs: Offset,
}

struct World {
    shard: Shard<Groups>,
    now: i64,
    committed: Offset,
    log: Vec<Record>,
    waiting: BTreeMap<Token, Waiting>,
    tokens: u64,
    clients: BTreeMap<(usize, usize), Client>,
    /// The largest generation that anybody was told, by group.
    generations: BTreeMap<usize, i32>,
    /// Who was told to have a partition, by group and generation.
    owners: BTreeMap<(usize, i32, Vec<u8>), String>,
}

fn settings() -> Settings {
    Settings { max_size: 4, ..Settings::default() }
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            shard: Shard::new(Groups::new(settings())),
            now: 0,
            committed: Offset(0),
            log: vec![],
            waiting: BTreeMap::new(),
            tokens: 0,
            clients: BTreeMap::new(),
            generations: BTreeMap::new(),
            owners: BTreeMap::new(),
        };
        world.event(Event::Loaded);
        world
    }

    /// Static members are those with even numbers.
    fn instance(client: usize) -> Option<String> {
        client.is_multiple_of(2).then(|| format!("i{client}"))
    }

    fn client(&mut self, group: usize, client: usize) -> &mut Client {
        self.clients.entry((group, client)).or_default()
    }

    fn event(&mut self, event: Event) {
        let Step { append, effects } = self.shard.on_event(Timestamp(self.now), event);
        for record in append.into_iter().flat_map(|append| append.records) {
            self.written(&record);
            self.log.push(record);
        }
        assert_eq!(self.shard.next_offset(), Offset(self.log.len() as i64));
        if self.committed < self.shard.next_offset() {
            assert!(effects.is_empty(), "nobody is answered before the commit: {effects:?}");
        }
        self.told(effects);
    }

    fn ask(&mut self, group: usize, client: usize, request: Request) {
        self.tokens += 1;
        let to = Token(self.tokens);
        let asked_as = self.client(group, client).clone();
        self.waiting.insert(to, Waiting { group, client, asked_as, needs: Offset(0) });
        self.event(Event::Asked { to, request });
        let needs = self.shard.next_offset();
        if let Some(waiting) = self.waiting.get_mut(&to) {
            waiting.needs = needs;
        }
    }

    fn written(&mut self, record: &Record) {
        if let Record::GroupMetadata(key, value) = record {
            let group = GROUPS.iter().position(|group| *group == key.group).unwrap();
            match value {
                None => self.forget(group),
                Some(value) => self.generation(group, value.generation),
            }
        }
        if !matches!(record, Record::TxnOffsetCommit(..) | Record::EndTransaction(..)) {
            let mut out = bytes::BytesMut::new();
            let (key, value) = record.encode(&mut out).unwrap();
            assert_eq!(Record::decode(key, value).unwrap().as_ref(), Some(record));
        }
    }

    /// The group is gone, and another one of the same name counts anew.
    fn forget(&mut self, group: usize) {
        self.generations.remove(&group);
        self.owners.retain(|(of, ..), _| *of != group);
    }

    fn generation(&mut self, group: usize, generation: i32) {
        let last = self.generations.entry(group).or_default();
        assert!(generation >= *last, "generation {generation} of {group} comes after {last}");
        *last = generation;
    }

    fn told(&mut self, effects: Vec<Effect>) {
        for Effect::Reply { to, body } in effects {
            let Some(Waiting { group, client, asked_as, needs }) = self.waiting.remove(&to) else {
                panic!("{to:?} was answered before, or never asked: {body:?}")
            };
            assert!(needs <= self.committed, "{to:?} is answered before the commit");
            match body {
                Reply::JoinGroup(joined) => self.joined(group, client, joined),
                Reply::SyncGroup(synced) if synced.error == ErrorCode::None => {
                    let Client { member, generation, .. } = asked_as;
                    let name = Self::instance(client).unwrap_or(member);
                    if !synced.assignment.is_empty() {
                        let part = (group, generation, synced.assignment.to_vec());
                        let owner = self.owners.entry(part).or_insert_with(|| name.clone());
                        assert_eq!(*owner, name, "two own one partition in generation {generation}");
                    }
                }
                _ => {}
            }
        }
    }

    fn joined(&mut self, group: usize, client: usize, joined: Joined) {
        match joined.error {
            ErrorCode::None => {
                // Of an answer that waited for its commit while the group was deleted, nothing follows.
                let led = joined.members.iter().filter(|_| !joined.skip_assignment);
                let led = led.map(|it| it.member.clone()).collect();
                let (member, generation) = (joined.member, joined.generation);
                *self.client(group, client) = Client { member, generation, led };
            }
            ErrorCode::MemberIdRequired => self.client(group, client).member = joined.member,
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId => *self.client(group, client) = Client::default(),
            _ => {}
        }
    }

    fn pass(&mut self, ms: i64) {
        let end = self.now.saturating_add(ms);
        while let Some(at) = self.shard.machine().next_deadline().filter(|at| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.event(Event::Tick);
        }
        self.now = end;
    }

    fn replicate(&mut self, records: i64) {
        self.committed = Offset((self.committed.0 + records).min(self.log.len() as i64));
        let effects = self.shard.on_committed(self.committed);
        self.told(effects);
    }

    /// What is not committed is lost; who waits, with the shard or in a group, is known and can be told so.
    fn move_away_and_back(&mut self) {
        for Effect::Reply { to, .. } in self.shard.on_resigned() {
            assert!(self.waiting.remove(&to).is_some(), "{to:?} was answered before, or never asked");
        }
        for member in self.shard.machine().live.values().flat_map(|live| live.members.values()) {
            for to in member.join.iter().chain(&member.sync) {
                assert!(self.waiting.remove(to).is_some(), "{to:?} was answered before, or never asked");
            }
        }
        assert!(self.waiting.is_empty(), "somebody was forgotten: {:?}", self.waiting);
        self.log.truncate(self.committed.0 as usize);
        self.shard = Shard::resume(Groups::new(settings()), self.replayed(), self.committed);
        self.generations.clear();
        self.owners.clear();
        self.event(Event::Loaded);
    }

    /// What the records add up to.
    fn replayed(&self) -> State {
        let mut state = State::default();
        self.log.iter().for_each(|record| Groups::replay(&mut state, record));
        state
    }

    fn act(&mut self, act: Act, dice: u8) {
        match act {
            Act::Join { group, client, new, known, changed } => {
                let member = if new { String::new() } else { self.client(group, client).member.clone() };
                let mut protocols = vec![protocol("range"), protocol("sticky")];
                if changed {
                    protocols.swap(0, 1);
                }
                let request = JoinGroup {
                    group: GROUPS[group].into(),
                    member,
                    instance: Self::instance(client),
                    protocols,
                    requires_known_member: known,
                    dice: super::kit::dice(dice),
                    rebalance_timeout_ms: 5_000 * (1 + client as i32),
                    ..joining(&format!("c{client}"))
                };
                self.ask(group, client, Request::JoinGroup(request));
            }
            Act::Sync { group, client } => {
                let Client { member, generation, led } = self.client(group, client).clone();
                let assignments =
                    led.iter().enumerate().map(|(n, it)| (it.clone(), vec![n as u8, dice].into())).collect();
                let request = SyncGroup {
                    group: GROUPS[group].into(),
                    member,
                    instance: Self::instance(client),
                    generation,
                    protocol_type: None,
                    protocol_name: None,
                    assignments,
                };
                self.ask(group, client, Request::SyncGroup(request));
            }
            Act::Beat { group, client } => {
                let Client { member, generation, .. } = self.client(group, client).clone();
                let group_id = GROUPS[group].into();
                let request = Heartbeat { group: group_id, member, instance: Self::instance(client), generation };
                self.ask(group, client, Request::Heartbeat(request));
            }
            Act::Leave { group, client, by_name } => {
                let member = if by_name { String::new() } else { self.client(group, client).member.clone() };
                let members = vec![Leaving { member, instance: Self::instance(client) }];
                self.ask(group, 9, Request::LeaveGroup(LeaveGroup { group: GROUPS[group].into(), members }));
            }
            Act::Commit { group, client, topic, member } => {
                let mut request = OffsetCommit { group: GROUPS[group].into(), ..committing(TOPICS[topic], 5) };
                if member {
                    let client = self.client(group, client);
                    (request.member, request.generation) = (client.member.clone(), client.generation);
                }
                self.ask(group, 9, Request::OffsetCommit(request));
            }
            Act::TxnCommit { group, topic, producer } => {
                let OffsetCommit { member, instance, generation, topics, .. } = committing(TOPICS[topic], 6);
                let producer = Producer { id: ProducerId(producer), epoch: ProducerEpoch(0) };
                let group_id = GROUPS[group].into();
                let request = TxnOffsetCommit { group: group_id, producer, member, instance, generation, topics };
                self.ask(group, 9, Request::TxnOffsetCommit(request));
            }
            Act::End { producer, commit } => {
                let producer = Producer { id: ProducerId(producer), epoch: ProducerEpoch(0) };
                let request = EndTransaction { producer, commit, coordinator_epoch: 0 };
                self.ask(0, 9, Request::EndTransaction(request));
            }
            Act::Fetch { group } => {
                self.ask(group, 9, Request::OffsetFetch(OffsetFetch { group: GROUPS[group].into(), ..fetching() }));
            }
            Act::DeleteOffset { group, topic } => {
                let topics = vec![(TOPICS[topic].into(), vec![PartitionIndex(0)])];
                self.ask(group, 9, Request::OffsetDelete(OffsetDelete { group: GROUPS[group].into(), topics }));
            }
            Act::DeleteGroup { group } => self.ask(group, 9, Request::DeleteGroup(GROUPS[group].into())),
            Act::Settle { group, clients } => {
                for client in 0..clients {
                    self.act(Act::Join { group, client, new: false, known: true, changed: false }, dice);
                }
                self.replicate(i64::MAX / 2);
                self.pass(4_000);
                for client in (0..clients).rev() {
                    self.act(Act::Sync { group, client }, dice);
                }
            }
            Act::Pass(ms) => self.pass(ms),
            Act::Expire => self.event(Event::Expire),
            Act::TopicDeleted(topic) => {
                self.event(Event::TopicsDeleted(vec![(TOPICS[topic].into(), super::kit::dice(1))]))
            }
            Act::Replicate(records) => self.replicate(records),
            Act::Move => self.move_away_and_back(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_coordinator_stays_sound(acts in proptest::collection::vec(act(), 1..150)) {
        let mut world = World::new();
        for (dice, act) in acts.into_iter().enumerate() {
            world.act(act, dice as u8);
        }
        world.replicate(i64::MAX / 2);
        world.pass(3_600_000);
        world.replicate(i64::MAX / 2);
        assert!(world.waiting.is_empty(), "all are answered when all sessions are over: {:?}", world.waiting);
        assert_eq!(world.shard.machine().next_deadline(), None);
        let is_empty = |group: &Group| matches!(group, Group::Classic(saved) if saved.members.is_empty());
        assert!(world.shard.latest().groups.values().all(is_empty), "{:?}", world.shard.latest().groups);
        assert_eq!(world.replayed(), *world.shard.latest(), "the records tell all");
    }
}
