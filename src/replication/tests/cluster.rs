//! Three replicas of one partition and a controller, in memory: messages are delivered, delayed or lost, brokers die and
//! come back, metadata arrives late.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::{BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, Timestamp, TopicId};

use crate::epochs::EpochCache;
use crate::follower::{self, Asked, Backoff, Fetcher, Key, LogView, Reply, Step, Told};
use crate::leader::{Answer, Effects, FollowerFetch, Leader, Limits, Peers, Proposal, Reign};

pub const BROKERS: [i32; 3] = [1, 2, 3];
const LAG: i64 = 100;

/// A record: the epoch it was written in, and what it says.
type Entry = (i32, u64);

/// What the controller has decided; brokers learn it one version after the other.
#[derive(Clone, Debug, Default)]
struct Image {
    leader: i32,
    leader_epoch: i32,
    partition_epoch: i32,
    isr: Vec<i32>,
    brokers: BTreeMap<i32, (i64, bool)>,
}

impl Peers for Image {
    fn active(&self, broker: NodeId) -> Option<BrokerEpoch> {
        self.brokers.get(&broker.0).filter(|it| it.1).map(|it| BrokerEpoch(it.0))
    }

    fn registered(&self, broker: NodeId) -> Option<BrokerEpoch> {
        self.brokers.get(&broker.0).map(|it| BrokerEpoch(it.0))
    }

    fn is_alive(&self, broker: NodeId) -> bool {
        self.active(broker).is_some()
    }
}

#[derive(Debug, Default)]
struct Disk {
    log: Vec<Entry>,
    high_watermark: i64,
    epochs: EpochCache,
}

impl LogView for Disk {
    fn start(&self) -> Offset {
        Offset(0)
    }

    fn end(&self) -> Offset {
        Offset(self.log.len() as i64)
    }

    fn high_watermark(&self) -> Offset {
        Offset(self.high_watermark)
    }

    fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest_epoch()
    }

    fn end_of_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.epochs.end_offset_for(epoch, self.end())
    }
}

impl Disk {
    fn push(&mut self, entry: Entry) {
        self.epochs.assign(LeaderEpoch(entry.0), self.end());
        self.log.push(entry);
    }

    fn cut(&mut self, end: Offset) {
        self.log.truncate(end.0 as usize);
        self.epochs.truncate_from_end(end);
        self.high_watermark = self.high_watermark.min(end.0);
    }
}

#[derive(Debug)]
enum Role {
    Nothing,
    Leader(Box<Leader>),
    Follower(Fetcher),
}

#[derive(Debug)]
struct Broker {
    epoch: i64,
    up: bool,
    disk: Disk,
    role: Role,
    image: Image,
    proposal: Option<Proposal>,
    /// Answers to fetches that are on their way here.
    answers: VecDeque<(Asked, Response)>,
}

#[derive(Debug)]
enum Response {
    Records { entries: Vec<Entry>, high_watermark: i64 },
    Diverging { epoch: LeaderEpoch, end: Offset },
    Failed(ErrorCode),
}

fn key() -> Key {
    (TopicId::from_bytes([1; 16]), PartitionIndex(0))
}

pub struct Cluster {
    brokers: BTreeMap<i32, Broker>,
    image: Image,
    history: Vec<Image>,
    now: i64,
    next_value: u64,
    next_broker_epoch: i64,
    min_insync: usize,
    committed: Vec<Entry>,
    pub elections: usize,
    pub truncations: usize,
}

impl Cluster {
    pub fn new(min_insync: usize) -> Self {
        let disk = || Disk::default();
        let broker = |id: i32| Broker {
            epoch: i64::from(id),
            up: true,
            disk: disk(),
            role: Role::Nothing,
            image: Image::default(),
            proposal: None,
            answers: VecDeque::new(),
        };
        let image = Image {
            leader: 1,
            leader_epoch: 0,
            partition_epoch: 0,
            isr: BROKERS.to_vec(),
            brokers: BROKERS.iter().map(|id| (*id, (i64::from(*id), true))).collect(),
        };
        let mut cluster = Self {
            brokers: BROKERS.iter().map(|id| (*id, broker(*id))).collect(),
            history: vec![image.clone()],
            image,
            now: 0,
            next_value: 0,
            next_broker_epoch: 10,
            min_insync,
            committed: Vec::new(),
            elections: 0,
            truncations: 0,
        };
        BROKERS.iter().for_each(|id| cluster.learn(*id, usize::MAX));
        cluster
    }

    fn limits(&self) -> Limits {
        Limits { min_insync: self.min_insync, lag_max_ms: LAG }
    }

    /// A broker hears of up to `versions` versions of the metadata, one after the other.
    pub fn learn(&mut self, id: i32, versions: usize) {
        let from = self.brokers[&id].image.partition_epoch;
        let fresh = matches!(self.brokers[&id].role, Role::Nothing);
        let news: Vec<Image> = self.history.iter().filter(|it| fresh || it.partition_epoch > from).cloned().collect();
        // One that has just started reads all of the metadata before it takes anything up.
        let news = if fresh { &news[news.len() - 1..] } else { &news[..news.len().min(versions)] };
        for image in news {
            self.apply(id, image.clone());
        }
    }

    fn apply(&mut self, id: i32, image: Image) {
        let (limits, now) = (self.limits(), Timestamp(self.now));
        let Some(broker) = self.brokers.get_mut(&id).filter(|broker| broker.up) else { return };
        let reign = Reign {
            leader_epoch: LeaderEpoch(image.leader_epoch),
            partition_epoch: PartitionEpoch(image.partition_epoch),
            replicas: BROKERS.map(NodeId).to_vec(),
            isr: image.isr.iter().copied().map(NodeId).collect(),
        };
        let mut effects = Effects::default();
        if image.leader == id {
            match &mut broker.role {
                Role::Leader(leader) => effects = leader.on_metadata(reign, now, &image),
                role => {
                    let (end, high_watermark) = (broker.disk.end(), broker.disk.high_watermark());
                    broker.disk.epochs.assign(reign.leader_epoch, end);
                    let (leader, first) = Leader::new(NodeId(id), reign, end, high_watermark, limits, now, &image);
                    *role = Role::Leader(Box::new(leader));
                    effects = first;
                    broker.proposal = None;
                }
            }
        } else {
            if !matches!(broker.role, Role::Follower(_)) {
                broker.role = Role::Follower(Fetcher::default());
                broker.proposal = None;
            }
            if let Role::Follower(fetcher) = &mut broker.role {
                let step = fetcher.add(key(), LeaderEpoch(image.leader_epoch), &broker.disk);
                fetcher.on_lost();
                perform(step, fetcher, &mut broker.disk, &mut self.truncations);
            }
        }
        broker.image = image;
        self.done(id, effects);
    }

    /// A client writes through whichever broker believes that it leads.
    pub fn append(&mut self, id: i32) {
        let now = Timestamp(self.now);
        let Some(broker) = self.brokers.get_mut(&id).filter(|broker| broker.up) else { return };
        let Role::Leader(leader) = &mut broker.role else { return };
        self.next_value += 1;
        broker.disk.push((leader.leader_epoch().0, self.next_value));
        let effects = leader.on_appended(broker.disk.end(), now, &broker.image);
        self.done(id, effects);
    }

    /// A follower sends its next fetch, and its leader answers at most `max` records.
    pub fn fetch(&mut self, id: i32, max: usize) {
        let now = Timestamp(self.now);
        let Some(broker) = self.brokers.get_mut(&id).filter(|broker| broker.up) else { return };
        let Role::Follower(fetcher) = &mut broker.role else { return };
        fetcher.on_lost(); // Every request is a whole one here: what an earlier answer says is lost or late.
        let Some(request) = fetcher.request(now) else { return };
        let Some((_, asked)) = request.partitions.first().copied() else { return };
        let (leader_id, broker_epoch) = (broker.image.leader, BrokerEpoch(broker.epoch));
        let response = self.serve(
            leader_id,
            FollowerFetch { follower: NodeId(id), broker_epoch, from: asked.from, log_start: asked.log_start },
            asked,
            max,
        );
        if let Some(response) = response {
            self.brokers.get_mut(&id).unwrap().answers.push_back((asked, response));
        }
    }

    fn serve(&mut self, id: i32, fetch: FollowerFetch, asked: Asked, max: usize) -> Option<Response> {
        let now = Timestamp(self.now);
        let broker = self.brokers.get_mut(&id).filter(|broker| broker.up)?;
        let Role::Leader(leader) = &mut broker.role else {
            return Some(Response::Failed(ErrorCode::NotLeaderOrFollower));
        };
        if asked.leader_epoch != leader.leader_epoch() {
            let newer = asked.leader_epoch > leader.leader_epoch();
            let error = if newer { ErrorCode::UnknownLeaderEpoch } else { ErrorCode::FencedLeaderEpoch };
            return Some(Response::Failed(error));
        }
        if let Some(last) = asked.last_epoch {
            let (epoch, end) = broker.disk.end_of_epoch(last);
            if epoch < last || end < asked.from {
                return Some(Response::Diverging { epoch, end });
            }
        }
        if asked.from > broker.disk.end() {
            return Some(Response::Failed(ErrorCode::OffsetOutOfRange));
        }
        // The mark that was known before the fetch, as Kafka answers it.
        let high_watermark = leader.high_watermark().0;
        match leader.on_follower_fetch(fetch, now, &broker.image) {
            Err(error) => Some(Response::Failed(error)),
            Ok(effects) => {
                let entries = broker.disk.log.iter().skip(asked.from.0 as usize).take(max).copied().collect();
                self.done(id, effects);
                Some(Response::Records { entries, high_watermark })
            }
        }
    }

    /// An answer arrives, the oldest or the newest one; the others stay on their way.
    pub fn receive(&mut self, id: i32, newest: bool) {
        let later = Backoff { now: Timestamp(self.now), most_ms: 10 };
        let Some(broker) = self.brokers.get_mut(&id).filter(|broker| broker.up) else { return };
        let answer = if newest { broker.answers.pop_back() } else { broker.answers.pop_front() };
        let (Some((asked, response)), Role::Follower(fetcher)) = (answer, &mut broker.role) else { return };
        let disk = &mut broker.disk;
        let _ = fetcher.on_reply(Reply { error: ErrorCode::None, session_id: 0 });
        let wanted = fetcher.answered(key()).is_some_and(|it| {
            it.from() == asked.from && it.leader_epoch() == asked.leader_epoch && it.last_epoch() == asked.last_epoch
        });
        if !wanted {
            return;
        }
        let told = match &response {
            Response::Records { .. } => Told::Records,
            Response::Diverging { epoch, end } => Told::Diverging { epoch: *epoch, end: *end },
            Response::Failed(error) => Told::Failed(*error),
        };
        let step = fetcher.update(key(), Offset(0), |it| it.on_answer(told, disk, later)).unwrap();
        match (step, response) {
            (Step::Append, Response::Records { entries, high_watermark }) => {
                assert_eq!(asked.from, disk.end(), "a gap on {id}");
                entries.into_iter().for_each(|entry| disk.push(entry));
                disk.high_watermark = disk.high_watermark.max(high_watermark.min(disk.end().0));
                fetcher.update(key(), Offset(0), |it| {
                    it.appended(disk.end(), disk.latest_epoch(), Offset(high_watermark))
                });
            }
            (Step::AskRange, _) => {
                // Only unclean elections lead here; then the leader is asked for its ends.
                panic!("{id} is out of range at {}", asked.from);
            }
            (step, _) => perform(step, fetcher, disk, &mut self.truncations),
        }
    }

    /// The leader's proposal reaches the controller; `heard` says whether its answer comes back.
    pub fn alter(&mut self, id: i32, heard: bool) {
        let Some(proposal) = self.brokers.get_mut(&id).filter(|it| it.up).and_then(|it| it.proposal.take()) else {
            return;
        };
        let answer = self.decide(id, &proposal);
        let answer = if heard { answer } else { Answer::Failed(ErrorCode::RequestTimedOut) };
        let now = Timestamp(self.now);
        let broker = self.brokers.get_mut(&id).unwrap();
        let Role::Leader(leader) = &mut broker.role else { return };
        let effects = leader.on_answer(&proposal, answer, now, &broker.image);
        self.done(id, effects);
    }

    fn decide(&mut self, id: i32, proposal: &Proposal) -> Answer {
        let eligible = |(it, epoch): &(NodeId, BrokerEpoch)| {
            self.image.active(*it).is_some_and(|registered| epoch.0 == -1 || registered == *epoch)
        };
        if proposal.leader_epoch.0 < self.image.leader_epoch || self.image.leader != id {
            return Answer::Failed(ErrorCode::FencedLeaderEpoch);
        }
        if proposal.partition_epoch.0 < self.image.partition_epoch {
            return Answer::Failed(ErrorCode::InvalidUpdateVersion);
        }
        if !proposal.isr.iter().all(eligible) {
            return Answer::Failed(ErrorCode::IneligibleReplica);
        }
        self.image.isr = proposal.isr.iter().map(|(id, _)| id.0).collect();
        self.changed();
        Answer::Altered {
            leader_epoch: LeaderEpoch(self.image.leader_epoch),
            partition_epoch: PartitionEpoch(self.image.partition_epoch),
            isr: self.image.isr.iter().copied().map(NodeId).collect(),
        }
    }

    /// The process dies. What it had written stays; the controller hears of it later.
    pub fn crash(&mut self, id: i32) {
        let broker = self.brokers.get_mut(&id).unwrap();
        broker.up = false;
        broker.role = Role::Nothing;
        broker.proposal = None;
        broker.answers.clear();
    }

    /// The controller gives a broker up, alive or not: out of every in-sync set but the last one.
    pub fn fence(&mut self, id: i32) {
        if let Some(broker) = self.image.brokers.get_mut(&id) {
            broker.1 = false;
        }
        if self.image.isr != [id] {
            self.image.isr.retain(|it| *it != id);
        }
        if self.image.leader == id {
            self.elect();
        } else {
            self.changed();
        }
    }

    /// A broker starts again or comes back after it was given up, and is registered anew.
    pub fn restart(&mut self, id: i32) {
        if self.brokers[&id].up && self.image.active(NodeId(id)).is_some() {
            return;
        }
        if self.image.active(NodeId(id)).is_some() {
            self.fence(id);
        }
        self.crash(id);
        self.next_broker_epoch += 1;
        let broker = self.brokers.get_mut(&id).unwrap();
        (broker.up, broker.epoch) = (true, self.next_broker_epoch);
        self.image.brokers.insert(id, (self.next_broker_epoch, true));
        self.changed();
        if self.image.leader == -1 {
            self.elect();
        }
        self.learn(id, usize::MAX);
    }

    /// The next replica of the in-sync set leads, if one is alive.
    pub fn elect(&mut self) {
        let before = self.image.leader;
        let alive: BTreeSet<i32> =
            self.image.isr.iter().copied().filter(|id| self.image.active(NodeId(*id)).is_some()).collect();
        let next = alive.iter().copied().find(|id| *id > before).or(alive.first().copied());
        self.image.leader = next.unwrap_or(-1);
        self.image.leader_epoch += 1;
        self.changed();
        self.elections += 1;
        let Some(leader) = next else { return };
        let log = &self.brokers[&leader].disk.log;
        assert!(
            log.len() >= self.committed.len() && log[..self.committed.len()] == self.committed[..],
            "leader {leader} of epoch {} lacks what is committed: it has {}, committed are {}",
            self.image.leader_epoch,
            log.len(),
            self.committed.len()
        );
    }

    pub fn pass(&mut self, ms: i64) {
        self.now += ms;
        for id in BROKERS {
            let now = Timestamp(self.now);
            let broker = self.brokers.get_mut(&id).unwrap();
            let Role::Leader(leader) = &mut broker.role else { continue };
            let effects = leader.on_tick(now, &broker.image);
            self.done(id, effects);
        }
    }

    /// Everybody is back and all messages arrive; then all are alike.
    pub fn settle(&mut self) {
        for id in BROKERS {
            self.restart(id);
        }
        for _ in 0..60 {
            self.pass(20);
            for id in BROKERS {
                self.learn(id, usize::MAX);
                self.brokers.get_mut(&id).unwrap().answers.clear();
                self.fetch(id, usize::MAX);
                self.receive(id, true);
                self.alter(id, true);
            }
        }
        self.append(self.image.leader);
        for _ in 0..3 {
            self.pass(20);
            for id in BROKERS {
                self.fetch(id, usize::MAX);
                self.receive(id, true);
            }
        }
        assert_eq!(
            self.image.isr.iter().copied().collect::<BTreeSet<_>>(),
            BTreeSet::from(BROKERS),
            "{:?}",
            self.image
        );
        let logs: BTreeSet<_> = self.brokers.values().map(|it| it.disk.log.clone()).collect();
        assert_eq!(logs.len(), 1, "the replicas differ");
        assert_eq!(self.committed.len(), self.brokers[&1].disk.log.len(), "not all is committed");
    }

    /// Carries out what a leader wants, and holds what it committed against what was committed before.
    fn done(&mut self, id: i32, effects: Effects) {
        let broker = self.brokers.get_mut(&id).unwrap();
        if let Some(proposal) = effects.proposal {
            broker.proposal = Some(proposal);
        }
        if let Some(mark) = effects.high_watermark {
            assert!(mark.0 >= broker.disk.high_watermark, "the high watermark of {id} fell");
            broker.disk.high_watermark = mark.0;
            let log = &broker.disk.log[..mark.0 as usize];
            let known = log.len().min(self.committed.len());
            assert_eq!(log[..known], self.committed[..known], "{id} commits otherwise than was committed");
            self.committed.extend_from_slice(&log[known..]);
        }
    }

    fn changed(&mut self) {
        self.image.partition_epoch += 1;
        self.history.push(self.image.clone());
    }

    pub fn committed(&self) -> usize {
        self.committed.len()
    }
}

fn perform(step: Step, fetcher: &mut Fetcher, disk: &mut Disk, truncations: &mut usize) {
    if let Step::Truncate(end) = step {
        if end < disk.end() {
            *truncations += 1;
        }
        disk.cut(end);
        fetcher.update(key(), Offset(0), |it: &mut follower::Follower| it.truncated(end, disk.latest_epoch()));
    }
}
