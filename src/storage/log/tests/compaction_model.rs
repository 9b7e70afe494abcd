//! Random histories with compaction in the middle of them, held against what was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Offset;
use proptest::prelude::*;

use super::keyed::*;
use super::kit::*;
use crate::log::{CleanError, CleanerSettings, Cleaning, Log, LogConfig, Step as Cleaned};

const PRODUCERS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// A producer writes: keys, each with a value of so many bytes; none is a tombstone.
    Write(usize, Vec<(u8, Option<u8>)>),
    /// The last batch of a producer comes once more.
    Retry(usize),
    /// Within a transaction, so many batches of one key, and whether it is committed.
    Transact(usize, Vec<u8>, bool),
    Roll,
    /// Begins to compact with room for so many keys, and does so many steps.
    Begin(u64, usize),
    /// Goes on.
    GoOn(usize),
    /// Goes on to the end.
    Finish,
    /// Time passes.
    Wait(i64),
    DeleteFiles,
    Close,
    Crash,
    /// From behind the start by so much, in steps of so many bytes.
    Read(i64, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let producer = 0..PRODUCERS;
    let record = (0u8..12, prop::option::weighted(0.8, 0u8..120));
    let step = prop_oneof![
        10 => (producer.clone(), prop::collection::vec(record, 1..5)).prop_map(|(p, records)| Step::Write(p, records)),
        2 => producer.clone().prop_map(Step::Retry),
        2 => (producer, prop::collection::vec(0u8..12, 1..3), any::<bool>())
            .prop_map(|(p, keys, commit)| Step::Transact(p, keys, commit)),
        3 => Just(Step::Roll),
        3 => (1u64..20, 0usize..30).prop_map(|(keys, steps)| Step::Begin(keys, steps)),
        3 => (1usize..30).prop_map(Step::GoOn),
        3 => Just(Step::Finish),
        1 => (0i64..2000).prop_map(Step::Wait),
        1 => Just(Step::DeleteFiles),
        1 => Just(Step::Close),
        1 => Just(Step::Crash),
        3 => (0i64..200, 0usize..2000).prop_map(|(from, max)| Step::Read(from, max)),
    ];
    prop::collection::vec(step, 1..70)
}

/// A record that a committed reader sees: its offset, its key, its value, or none for a tombstone.
type Record = (i64, String, Option<String>);

struct World {
    dir: tempfile::TempDir,
    log: Arc<Log>,
    cleaning: Option<Cleaning>,
    /// Everything that was committed.
    records: Vec<Record>,
    aborted: Vec<i64>,
    /// The next sequence of each producer, and its last batch with the offset it got.
    producers: Vec<(i32, Option<(bytes::Bytes, i64)>)>,
    now_ms: i64,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = Arc::new(unclean(&dir, LogConfig { segment_bytes: 1000, ..compacted() }));
        let (records, aborted, cleaning) = Default::default();
        Self { dir, log, cleaning, records, aborted, producers: vec![(0, None); PRODUCERS], now_ms: 0 }
    }

    fn write(&mut self, producer: usize, records: &[(String, String)], in_a_transaction: bool) -> i64 {
        let (sequence, _) = self.producers[producer];
        // Those who write in transactions do nothing else.
        let id = producer as i64 + if in_a_transaction { 100 } else { 0 };
        let settings = match in_a_transaction {
            true => in_transaction(id, sequence),
            false => idempotent(&[], id, 0, sequence),
        };
        let borrowed: Vec<_> = records.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let bytes = keyed(&borrowed, settings);
        let appended = self.log.append_as_leader(&check(bytes.clone()), EPOCH, NOW).unwrap();
        assert!(!appended.duplicate);
        self.log.set_high_watermark(self.log.end_offset());
        let first = appended.first_offset.0;
        self.producers[producer] = (sequence + records.len() as i32, Some((bytes, first)));
        first
    }

    fn commit(&mut self, first: i64, records: Vec<(String, String)>) {
        let records = (first..).zip(records);
        self.records.extend(records.map(|(at, (key, value))| (at, key, Some(value).filter(|value| !value.is_empty()))));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Write(producer, records) => {
                let at = self.log.end_offset().0;
                let text = |(n, (key, len)): (usize, &(u8, Option<u8>))| {
                    let value = len.map(|len| format!("{}-{}", at + n as i64, "x".repeat(usize::from(len))));
                    (format!("key{key}"), value.unwrap_or_default())
                };
                let records: Vec<_> = records.iter().enumerate().map(text).collect();
                let first = self.write(*producer, &records, false);
                self.commit(first, records);
            }
            Step::Retry(producer) => {
                // What is sent in a transaction comes from other producers, which do not retry here.
                let (_, Some((bytes, first))) = self.producers[*producer].clone() else { return };
                if model::batch::Batch::first(&bytes).unwrap().is_transactional() {
                    return;
                }
                let again = self.log.append_as_leader(&check(bytes), EPOCH, NOW).unwrap();
                assert_eq!((again.duplicate, again.first_offset.0), (true, first));
            }
            Step::Transact(producer, keys, is_committed) => {
                let saved = std::mem::take(&mut self.producers[*producer]);
                let sequence = self.transactional_sequence(*producer);
                self.producers[*producer].0 = sequence;
                let mut written = Vec::new();
                for key in keys {
                    let records = vec![(format!("key{key}"), format!("{}-txn", self.log.end_offset().0))];
                    written.push((self.write(*producer, &records, true), records));
                }
                self.producers[*producer] = saved;
                end(&self.log, *producer as i64 + 100, *is_committed);
                for (first, records) in written {
                    if *is_committed {
                        self.commit(first, records);
                    } else {
                        self.aborted.push(first);
                    }
                }
            }
            Step::Roll => self.log.roll(NOW).unwrap(),
            Step::Begin(keys, steps) => {
                self.cleaning = None;
                let settings = CleanerSettings { map_bytes: keys * 24, load_factor: 1.0, buffer_bytes: 300 };
                self.cleaning = begin(&self.log, settings, NOW.plus_ms(self.now_ms));
                self.go_on(*steps);
            }
            Step::GoOn(steps) => self.go_on(*steps),
            Step::Finish => self.go_on(usize::MAX),
            Step::Wait(ms) => self.now_ms += ms,
            Step::DeleteFiles => drop(self.log.remove_due_files(NOW.plus_ms(1 << 40)).unwrap()),
            Step::Close => {
                self.log.close().unwrap();
                self.go_on(1);
                self.log = again(self.dir.path(), true, &self.log);
            }
            Step::Crash => {
                // What is under way stays as it is: its files are there when the log is opened again.
                let left = self.cleaning.take();
                self.log = again(self.dir.path(), false, &self.log);
                std::mem::forget(left);
            }
            Step::Read(from, max) => self.read(*from, *max),
        }
    }

    /// The sequence that a transactional producer is at: how many records it wrote.
    fn transactional_sequence(&self, producer: usize) -> i32 {
        let active = self.log.active_producers();
        let found = active.iter().find(|it| it.producer_id.0 == producer as i64 + 100);
        found.map_or(0, |it| it.last_sequence.0 + 1)
    }

    fn go_on(&mut self, steps: usize) {
        let Some(mut cleaning) = self.cleaning.take() else { return };
        for _ in 0..steps {
            match cleaning.step() {
                Ok(Cleaned::More(_)) => {}
                Ok(Cleaned::Done(upto)) => return assert_eq!(self.log.cleaned_to(), Some(upto)),
                Err(CleanError::Interrupted) => return,
                Err(error) => panic!("{error:?}"),
            }
        }
        self.cleaning = Some(cleaning);
    }

    /// What a committed reader finds must be what was written, and of each key the last must be there.
    fn read(&self, from: i64, max: usize) {
        let (start, end) = (self.log.start_offset().0, self.log.end_offset());
        let from = (start + from).min(end.0);
        let found = seen(&self.log, Offset(from), max);
        assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0), "{found:?}");
        let aborted = self.log.aborted_txns(Offset(from), end).unwrap();
        let mut table: BTreeMap<String, Record> = BTreeMap::new();
        for (offset, record) in found {
            let Some((key, value)) = record.split_once('=') else { continue };
            if self.aborted.contains(&offset) {
                let is_known = |t: &crate::log::AbortedTxn| (t.first_offset.0..t.last_offset.0).contains(&offset);
                assert!(aborted.iter().any(is_known), "a reader would take {offset} for committed: {aborted:?}");
                continue;
            }
            let record = (offset, key.to_owned(), Some(value.to_owned()).filter(|value| value != "-"));
            assert!(self.records.contains(&record), "{record:?} was never written");
            table.insert(key.to_owned(), record);
        }
        let mut expected: BTreeMap<String, Record> = BTreeMap::new();
        for record in self.records.iter().filter(|(offset, ..)| *offset >= from) {
            expected.insert(record.1.clone(), record.clone());
        }
        // A tombstone may have gone, with all that it deletes.
        let is_gone = |key: &str| !table.contains_key(key);
        expected.retain(|key, (_, _, value)| value.is_some() || !is_gone(key));
        assert_eq!(table, expected);
    }

    fn check(&self) {
        assert!(self.log.failure().is_none());
        self.read(0, 1 << 20);
        let last = self.records.iter().map(|(offset, ..)| *offset).max();
        assert!(last.is_none_or(|last| self.log.end_offset().0 > last));
        assert_eq!(self.log.last_stable_offset(), self.log.end_offset());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_each_key_the_last_is_always_there(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            world.check();
        }
        world.step(&Step::Roll);
        for _ in 0..2 {
            world.step(&Step::Begin(1000, 0));
            world.step(&Step::Finish);
            world.check();
        }
        world.step(&Step::Crash);
        world.check();
    }
}
