//! Random histories, held against a plain list of records.

use model::batch::BatchSettings;
use model::{LeaderEpoch, Offset};
use proptest::prelude::*;

use super::kit::*;
use crate::log::{Log, LogConfig, Opening};

#[derive(Clone, Debug)]
enum Step {
    /// So many records of so many bytes, in this batch.
    Append(usize, usize),
    /// A follower's batch that leaves out so many offsets.
    AppendBehindGap(i64),
    NextEpoch,
    Roll,
    Flush,
    /// The end moves back by so much.
    Truncate(i64),
    /// The start moves on by so much.
    DeleteRecords(i64),
    /// To so many bytes.
    Retain(i64),
    Close,
    /// Nothing is closed, and so many bytes of rubbish follow what was written.
    Crash(usize),
    /// From behind the start by so much, in steps of so many bytes.
    Read(i64, usize),
    /// Up to a bound in front of the end by so much.
    ReadUpTo(i64, i64, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (1usize..6, 0usize..200).prop_map(|(count, len)| Step::Append(count, len)),
        1 => (1i64..40).prop_map(Step::AppendBehindGap),
        1 => Just(Step::NextEpoch),
        1 => Just(Step::Roll),
        1 => Just(Step::Flush),
        1 => (0i64..60).prop_map(Step::Truncate),
        1 => (0i64..60).prop_map(Step::DeleteRecords),
        1 => (0i64..3000).prop_map(Step::Retain),
        1 => Just(Step::Close),
        1 => (0usize..100).prop_map(Step::Crash),
        3 => (0i64..200, 0usize..3000).prop_map(|(from, max)| Step::Read(from, max)),
        2 => (0i64..200, 0i64..50, 0usize..3000).prop_map(|(from, end, max)| Step::ReadUpTo(from, end, max)),
    ];
    prop::collection::vec(step, 1..80)
}

struct World {
    dir: tempfile::TempDir,
    log: Log,
    /// Offsets and values, of all that was written and not truncated.
    records: Vec<(i64, String)>,
    /// First and last offset of each batch.
    batches: Vec<(i64, i64)>,
    epochs: Vec<(i32, i64)>,
    epoch: i32,
    start: i64,
    end: i64,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = unclean(&dir, small());
        let (records, batches, epochs) = Default::default();
        Self { dir, log, records, batches, epochs, epoch: 0, start: 0, end: 0 }
    }

    fn write(&mut self, base: i64, values: Vec<String>) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let (base_offset, epoch) = (Offset(base), LeaderEpoch(self.epoch));
        if base == self.end {
            let appended = self.log.append_as_leader(&plain(&values, NOW), epoch, NOW).unwrap();
            assert_eq!(appended.first_offset, base_offset);
        } else {
            let settings = BatchSettings { base_offset, leader_epoch: epoch, ..BatchSettings::default() };
            self.log.append_as_follower(&batch(&values, NOW, settings), LeaderEpoch(100), NOW).unwrap();
        }
        if self.epochs.last().is_none_or(|(latest, _)| *latest != self.epoch) {
            self.epochs.push((self.epoch, base));
        }
        let last = base + values.len() as i64 - 1;
        self.records.extend((base..).zip(values.into_iter().map(str::to_owned)));
        self.batches.push((base, last));
        self.end = last + 1;
        self.log.set_high_watermark(Offset(self.end));
    }

    fn reopen(&mut self, clean: bool) {
        let opening = Opening {
            clean,
            recovery_point: self.log.recovery_point(),
            log_start: Offset(self.start),
            high_watermark: Offset(self.end),
            ..Opening::new(self.dir.path(), small())
        };
        self.log = Log::open(opening, NOW).unwrap();
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Append(count, len) => {
                let values = (0..count).map(|i| format!("{}-{}", self.end + i as i64, "x".repeat(len))).collect();
                self.write(self.end, values);
            }
            Step::AppendBehindGap(gap) => self.write(self.end + gap, vec!["behind a gap".to_owned()]),
            Step::NextEpoch => self.epoch += 1,
            Step::Roll => self.log.roll(NOW).unwrap(),
            Step::Flush => self.log.flush(self.log.end_offset()).unwrap(),
            Step::Truncate(back) => {
                // Leaders and followers only ever truncate between batches.
                let to = (self.end - back).max(self.start);
                let to = self.batches.iter().map(|(base, _)| *base).find(|base| *base >= to).unwrap_or(self.end);
                self.log.truncate_to(Offset(to), NOW).unwrap();
                self.records.retain(|(offset, _)| *offset < to);
                self.batches.retain(|(base, _)| *base < to);
                self.epochs.retain(|(_, start)| *start < to);
                // Behind a gap the cut leaves the end where the batch was, until the next start.
                self.end = to;
                self.start = self.start.min(to);
                self.log.set_high_watermark(Offset(to));
            }
            Step::DeleteRecords(some) => {
                self.start = (self.start + some).min(self.end);
                self.log.delete_records_before(Offset(self.start)).unwrap();
            }
            Step::Retain(bytes) => {
                self.log.set_config(LogConfig { retention_bytes: bytes, ..small() });
                self.log.enforce_retention(NOW).unwrap();
                self.log.set_config(small());
                assert!(self.log.start_offset().0 >= self.start);
                self.start = self.log.start_offset().0;
            }
            Step::Close => {
                self.log.close().unwrap();
                self.reopen(true);
            }
            Step::Crash(rubbish) => {
                let logs = host::fs::list_dir(self.dir.path()).unwrap();
                let active = logs.into_iter().rfind(|entry| entry.name.ends_with(".log")).unwrap();
                let file = host::fs::File::open_rw(&active.path).unwrap();
                file.write_all_at(&vec![0x20; rubbish], active.len).unwrap();
                self.reopen(false);
            }
            Step::Read(from, max) => {
                let from = (self.start + from).min(self.end);
                let expected: Vec<_> = self.records.iter().filter(|(o, _)| *o >= from).cloned().collect();
                assert_eq!(records(&self.log, Offset(from), max), expected, "from {from}");
            }
            Step::ReadUpTo(from, back, max) => self.read_up_to(from, back, max),
        }
        // Retention may have taken all that was left, and a stop the gap at the end.
        if let Some((_, last)) = self.batches.last()
            && matches!(step, Step::Close | Step::Crash(_))
            && self.log.end_offset().0 < self.end
        {
            assert!(self.log.end_offset().0 > *last);
            self.end = self.log.end_offset().0;
        } else if self.batches.is_empty() && self.log.end_offset().0 < self.end {
            self.end = self.log.end_offset().0;
        }
        self.check();
    }

    fn read_up_to(&self, from: i64, back: i64, max: usize) {
        let (from, upto) = ((self.start + from).min(self.end), (self.end - back).max(self.start));
        let slice = self.log.read(Offset(from), max, Offset(upto), false).unwrap();
        let bytes = slice.read_all().unwrap();
        let got: Vec<_> = model::batch::Batches::new(&bytes).map(|b| b.unwrap()).collect();
        let got: Vec<_> = got.iter().map(|b| (b.base_offset().0, b.last_offset().0)).collect();
        let mut allowed = self.batches.iter().filter(|(_, last)| *last >= from).take_while(|(_, last)| *last < upto);
        for batch in &got {
            assert_eq!(Some(batch), allowed.next(), "{from} {upto} {slice:?}");
        }
        assert!(bytes.len() <= max);
        let next = allowed.next();
        if got.is_empty() && !slice.first_batch_larger_than_max && from < upto {
            assert_eq!(next, None, "{from} {upto} {slice:?}");
        }
        if let Some((base, _)) = next {
            assert!(slice.next_offset.0 <= (*base).max(from));
        }
    }

    fn check(&self) {
        assert_eq!((self.log.start_offset().0, self.log.end_offset().0), (self.start, self.end));
        assert!(self.log.failure().is_none());
        let tip = *self.log.tip.read();
        let active = self.log.active().unwrap();
        assert_eq!((tip.base, tip.size), (active.base, active.size()));
        assert_eq!(
            host::fs::metadata_len(self.dir.path().join(format!("{:020}.log", active.base.0))).unwrap(),
            tip.size
        );
        for pair in self.epochs.windows(2) {
            if pair[1].1 > self.start {
                let (epoch, end) = self.log.end_offset_for_epoch(LeaderEpoch(pair[0].0));
                assert_eq!((epoch.0, end.0), (pair[0].0, pair[1].1));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_a_list_of_records(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.step(&Step::Close);
        world.step(&Step::Read(0, 500));
    }
}
