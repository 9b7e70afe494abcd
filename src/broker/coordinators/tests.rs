//! The driver with a machine that adds numbers.

use std::sync::Arc;

use bytes::BytesMut;
use machine::{Machine, Moment, Outcome};
use model::batch::{Batch, BatchSettings, Compression, Record};
use model::{ErrorCode, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, Timestamp, TopicPartition};
use replication::leader::Reign;
use replication::validate::Rules;
use storage::log::{Log, LogConfig, Opening};

use super::{Coordinator, Resident, Written, partition_of};
use crate::partition::Partition;

/// Adds numbers; 0 only reads. Told to wait, it answers at the next tick.
struct Sum {
    parked: Vec<u64>,
    ticks: Option<Timestamp>,
}

#[derive(Clone, Copy)]
enum Event {
    Add(u64, i64),
    Park(u64),
    Loaded,
    Tick,
}

impl Machine for Sum {
    type State = i64;
    type Event = Event;
    type Record = i64;
    type Effect = (u64, i64);

    fn decide(&mut self, sum: &i64, at: Moment, event: Event) -> Outcome<Self> {
        match event {
            Event::Add(to, 0) => Outcome::effect((to, *sum)),
            Event::Add(to, n) => Outcome::atomic(vec![n], (to, sum + n)),
            Event::Park(to) => {
                self.parked.push(to);
                self.ticks = Some(at.now.plus_ms(20));
                Outcome { records: vec![], effects: vec![], atomic: false }
            }
            Event::Loaded => Outcome { records: vec![], effects: vec![], atomic: false },
            Event::Tick => {
                self.ticks = None;
                let effects = self.parked.drain(..).map(|to| (to, *sum)).collect();
                Outcome { records: vec![], effects, atomic: false }
            }
        }
    }

    fn replay(sum: &mut i64, n: &i64) {
        *sum += n;
    }
}

impl Resident for Sum {
    type Request = i64;
    type Reply = i64;

    const TOPIC: &'static str = "__sums";

    fn ask(to: u64, request: i64) -> Event {
        if request == -1 { Event::Park(to) } else { Event::Add(to, request) }
    }

    fn loaded() -> Event {
        Event::Loaded
    }

    fn tick() -> Event {
        Event::Tick
    }

    fn addressed(effect: (u64, i64)) -> (u64, i64) {
        effect
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        self.ticks
    }

    fn encode<'a>(record: &i64, out: &'a mut BytesMut) -> Result<Written<'a>, String> {
        out.clear();
        out.extend_from_slice(record.to_string().as_bytes());
        Ok(Written { key: b"sum", value: Some(out), batch: BatchSettings::default() })
    }

    fn decode(_: &Batch<'_>, record: &Record<'_>) -> Result<Option<i64>, String> {
        let text = record.value.and_then(|value| std::str::from_utf8(value).ok()).ok_or("no text")?;
        text.parse().map(Some).map_err(|_| "no number".to_owned())
    }
}

fn partition(dir: &std::path::Path, max_message_bytes: usize) -> Arc<Partition> {
    let log = Log::open(Opening::new(dir, LogConfig::default()), Timestamp(0)).unwrap();
    let id = TopicPartition { topic: Sum::TOPIC.into(), partition: PartitionIndex(0) };
    let rules = Rules { max_message_bytes, ..Rules::default() };
    let partition = Partition::new(id, host::dice::uuid(), Arc::new(log), rules, Arc::default());
    let me = NodeId(1);
    let reign =
        Reign { leader_epoch: LeaderEpoch(3), partition_epoch: PartitionEpoch(0), replicas: vec![me], isr: vec![me] };
    partition.lead(me, reign, 30_000).unwrap();
    Arc::new(partition)
}

fn coordinator(partition: &Arc<Partition>) -> Arc<Coordinator<Sum>> {
    let machine = Sum { parked: vec![], ticks: None };
    Coordinator::new(machine, partition.clone(), LeaderEpoch(3), Compression::None)
}

async fn ask(coordinator: &Coordinator<Sum>, request: i64) -> Result<i64, ErrorCode> {
    coordinator.ask(request)?.told().await
}

#[tokio::test]
async fn it_answers_when_it_has_read_its_partition_and_remembers() {
    let dir = tempfile::tempdir().unwrap();
    let partition = partition(dir.path(), 1000);
    let first = coordinator(&partition);
    assert_eq!(ask(&first, 1).await, Err(ErrorCode::CoordinatorLoadInProgress));
    first.load(100, Vec::new);
    assert_eq!(ask(&first, 5).await, Ok(5));
    assert_eq!(ask(&first, 7).await, Ok(12));
    first.resign();
    assert_eq!(ask(&first, 0).await, Err(ErrorCode::NotCoordinator));
    let second = coordinator(&partition);
    second.load(100, || vec![Event::Add(0, 30)]);
    assert_eq!(ask(&second, 0).await, Ok(42));
}

#[tokio::test]
async fn its_clock_wakes_it_and_its_end_sends_all_away() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = coordinator(&partition(dir.path(), 1000));
    coordinator.load(100, Vec::new);
    assert_eq!(ask(&coordinator, -1).await, Ok(0), "answered at the tick");
    let waiting = coordinator.ask(-1).unwrap();
    coordinator.resign();
    assert_eq!(waiting.told().await, Err(ErrorCode::NotCoordinator));
}

#[tokio::test]
async fn what_cannot_be_written_did_not_happen() {
    let dir = tempfile::tempdir().unwrap();
    let partition = partition(dir.path(), 10);
    let coordinator = coordinator(&partition);
    coordinator.load(100, Vec::new);
    assert_eq!(ask(&coordinator, 5).await, Err(ErrorCode::UnknownServerError), "a batch is larger than ten bytes");
    partition.rules.store(Arc::new(Rules::default()));
    assert_eq!(ask(&coordinator, 6).await, Ok(6));
}

#[test]
fn names_have_javas_hash() {
    // As Java's String.hashCode tells.
    assert_eq!(partition_of("", 50), PartitionIndex(0));
    assert_eq!(partition_of("a", 50), PartitionIndex(97 % 50));
    assert_eq!(partition_of("group", 50), PartitionIndex(98_629_247 % 50));
    assert_eq!(partition_of("my-consumer", 50), PartitionIndex(23), "of a negative hash, without its sign");
    assert_eq!(partition_of("c-range", 4), PartitionIndex(1));
    assert_eq!(
        partition_of("polygenelubricants", 50),
        PartitionIndex(0),
        "the hash is the least number, of which nothing is left"
    );
}
