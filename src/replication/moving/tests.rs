//! Future logs beside current ones to which anything may happen.

use super::*;
use crate::epochs::EpochCache;
use proptest::prelude::*;

/// A log of records that are one offset each, and the epochs that wrote them.
#[derive(Clone, Debug, Default)]
struct Log {
    start: i64,
    /// Epoch and what was written, from `base` on.
    records: Vec<(i32, u64)>,
    base: i64,
    epochs: EpochCache,
}

impl LogView for Log {
    fn start(&self) -> Offset {
        Offset(self.start)
    }

    fn end(&self) -> Offset {
        Offset(self.base + self.records.len() as i64)
    }

    fn high_watermark(&self) -> Offset {
        self.end()
    }

    fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest_epoch()
    }

    fn end_of_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.epochs.end_offset_for(epoch, self.end())
    }
}

impl Log {
    fn append(&mut self, epoch: i32, value: u64) {
        self.epochs.assign(LeaderEpoch(epoch), self.end());
        self.records.push((epoch, value));
    }

    fn truncate(&mut self, end: i64) {
        if end < self.base {
            return self.restart(end);
        }
        self.records.truncate((end - self.base) as usize);
        self.start = self.start.min(self.end().0);
        self.epochs.truncate_from_end(self.end());
    }

    fn restart(&mut self, at: i64) {
        *self = Self { start: at, base: at, ..Self::default() };
    }

    fn delete_before(&mut self, start: i64) {
        if start > self.start && start <= self.end().0 {
            self.start = start;
            self.epochs.truncate_from_start(Offset(start));
        }
    }

    /// What can be read.
    fn visible(&self) -> Vec<(i32, u64)> {
        self.records.iter().skip((self.start - self.base) as usize).copied().collect()
    }
}

/// Does what is next, and at most `most` records of it; whether there was something.
fn step(current: &Log, future: &mut Log, most: usize) -> bool {
    match next(current, future) {
        Next::Nothing => return false,
        Next::Truncate(offset) => future.truncate(offset.0),
        Next::StartAt(offset) => future.restart(offset.0),
        Next::Copy(from) => {
            let records = current.records.iter().skip((from.0 - current.base) as usize).take(most);
            records.copied().collect::<Vec<_>>().into_iter().for_each(|(epoch, value)| future.append(epoch, value));
        }
    }
    future.delete_before(current.start);
    true
}

#[derive(Clone, Copy, Debug)]
enum Happens {
    Append(usize),
    /// Another leads from here on; it may have less than was here.
    Led {
        back: i64,
    },
    /// Another leads, and has begun an epoch without writing.
    Begun,
    Deleted(i64),
    Restarted(i64),
    Copied(usize),
    /// A crash takes the end of the future log, as far as it was not on disk.
    Lost(i64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (1..6usize).prop_map(Happens::Append),
        2 => (0..8i64).prop_map(|back| Happens::Led { back }),
        1 => Just(Happens::Begun),
        1 => (0..12i64).prop_map(Happens::Deleted),
        1 => (0..4i64).prop_map(Happens::Restarted),
        6 => (1..6usize).prop_map(Happens::Copied),
        1 => (0..6i64).prop_map(Happens::Lost),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_future_log_becomes_the_current_one(story in prop::collection::vec(happens(), 1..60)) {
        let (mut current, mut future) = (Log::default(), Log::default());
        let (mut epoch, mut written) = (0, 0);
        for happens in story {
            match happens {
                Happens::Append(count) => (0..count).for_each(|_| {
                    written += 1;
                    current.append(epoch, written);
                }),
                Happens::Led { back } => {
                    current.truncate((current.end().0 - back).max(current.base));
                    epoch += 1;
                }
                Happens::Begun => {
                    epoch += 1;
                    current.epochs.assign(LeaderEpoch(epoch), current.end());
                }
                Happens::Deleted(offset) => current.delete_before(current.start + offset),
                Happens::Restarted(ahead) => {
                    current.restart(current.end().0 + ahead);
                    epoch += 1;
                }
                Happens::Copied(most) => {
                    step(&current, &mut future, most);
                }
                Happens::Lost(count) => future.truncate((future.end().0 - count).max(future.base)),
            }
            if next(&current, &future) == Next::Nothing {
                prop_assert_eq!(current.visible(), future.clone().aligned(&current).visible());
            }
        }
        let mut steps = 0;
        while step(&current, &mut future, 3) {
            steps += 1;
            prop_assert!(steps < 1_000, "it goes round in circles: {:?} {:?}", current, future);
        }
        future = future.aligned(&current);
        prop_assert_eq!((current.start, current.end()), (future.start, future.end()));
        prop_assert_eq!(current.visible(), future.visible());
        if let Some(epoch) = epoch_to_begin(&current, &future) {
            future.epochs.assign(epoch, future.end());
        }
        // One that began anew and has no record yet knows no epoch; that its copy remembers one says nothing.
        prop_assert!(current.latest_epoch().is_none() || current.latest_epoch() == future.latest_epoch());
    }
}

impl Log {
    fn aligned(mut self, current: &Self) -> Self {
        self.delete_before(current.start);
        self
    }
}

#[test]
fn a_new_future_log_begins_where_the_current_one_does() {
    let mut current = Log::default();
    (0..5).for_each(|value| current.append(0, value));
    assert_eq!(next(&current, &Log::default()), Next::Copy(Offset(0)));
    current.delete_before(3);
    assert_eq!(next(&current, &Log::default()), Next::StartAt(Offset(3)));
    let mut late = current.clone();
    late.delete_before(4);
    assert_eq!(next(&current, &late), Next::StartAt(Offset(3)), "it lacks a record that is still there");
}

#[test]
fn what_another_leader_wrote_in_its_place_is_copied_again() {
    let mut current = Log::default();
    (0..5).for_each(|value| current.append(0, value));
    let mut future = current.clone();
    current.truncate(3);
    assert_eq!(next(&current, &future), Next::Truncate(Offset(3)));
    (5..8).for_each(|value| current.append(1, value));
    // As long as before: only the epochs tell.
    current.truncate(5);
    assert_eq!(next(&current, &future), Next::Truncate(Offset(3)));
    while step(&current, &mut future, 1) {}
    assert_eq!(current.records, future.records);
    // The current log lost the newest epoch as a whole.
    current.truncate(3);
    assert_eq!(next(&current, &future), Next::Truncate(Offset(3)));
}

#[test]
fn the_controller_knows_before_it_is_so() {
    let (here, there) = (DirectoryId::UNASSIGNED_DIR, DirectoryId::LOST_DIR);
    let mut moving = Move::to(there);
    let known = |directory| Known::Directory(Some(directory));
    assert_eq!(moving.next(false, known(here)), Todo::Copy);
    assert_eq!(moving.directory(), None);
    assert_eq!(moving.next(true, known(here)), Todo::Assign);
    assert_eq!(moving.directory(), Some(there));
    assert_eq!(moving.next(true, known(here)), Todo::Wait);
    assert_eq!(moving.next(false, known(there)), Todo::Copy);
    assert_eq!(moving.next(true, known(there)), Todo::Replace);
    // What it says from before the restart was perhaps taken back since.
    assert_eq!(Move::to(there).next(true, known(there)), Todo::Assign);
    assert_eq!(Move::to(there).next(true, Known::Directory(None)), Todo::Assign);
    assert_eq!(Move::to(there).next(true, Known::Nothing), Todo::Replace);
    assert!(is_as_durable(Offset(3), Offset(3)) && !is_as_durable(Offset(4), Offset(3)));
}
