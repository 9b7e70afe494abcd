//! Which part of a log may be compacted, and whether it is worth it (`LogCleanerManager.cleanableOffsets`, `LogToClean`).

use std::io;
use std::ops::Range;

use model::{Offset, Timestamp};

/// What a log is asked before it is compacted.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// The segments' bases and sizes in bytes; the last one is the active one.
    pub(super) segments: Vec<(Offset, u64)>,
    /// Up to where it was compacted, by the checkpoint.
    pub(super) checkpoint: Option<Offset>,
    pub(super) start: Offset,
    pub(super) end: Offset,
    pub(super) last_stable: Offset,
    pub(super) min_lag_ms: i64,
    pub(super) max_lag_ms: i64,
    pub(super) now: Timestamp,
}

/// The part of a log that may be compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanable {
    /// What lies in front of it was compacted before.
    pub first_dirty: Offset,
    /// A segment's base: what lies from there on must not be touched yet.
    pub first_uncleanable: Offset,
    /// Bytes of segments that begin in front of the first dirty offset.
    pub clean_bytes: u64,
    /// Bytes of segments from there up to the first that must not be touched.
    pub cleanable_bytes: u64,
    /// Some of it has waited for longer than `max.compaction.lag.ms`.
    pub is_overdue: bool,
}

impl Cleanable {
    /// The dirty share of what may be compacted, from 0 to 1.
    pub fn ratio(&self) -> f64 {
        match self.clean_bytes + self.cleanable_bytes {
            0 => 0.0,
            total => self.cleanable_bytes as f64 / total as f64,
        }
    }

    /// Whether it is to be compacted, where `min.cleanable.dirty.ratio` is this.
    pub fn is_due(&self, min_ratio: f64) -> bool {
        self.cleanable_bytes > 0 && (self.is_overdue || self.ratio() > min_ratio)
    }
}

impl Question {
    /// The answer. `newest` tells the largest timestamp of a segment, `first` that of its first batch, both asked only
    /// where it matters.
    pub(super) fn answer(
        &self,
        newest: impl Fn(usize) -> io::Result<Timestamp>,
        first: impl Fn(usize) -> io::Result<Option<Timestamp>>,
    ) -> io::Result<Cleanable> {
        let checkpoint = self.checkpoint.unwrap_or(self.start);
        // A checkpoint that does not fit the log is of no use: the log was cut, or its start has moved.
        let first_dirty = if (self.start..=self.end).contains(&checkpoint) { checkpoint } else { self.start };
        let active = self.segments.last().map_or(self.start, |(base, _)| *base);
        let dirty = self.between(first_dirty, active);
        let mut limit = self.last_stable.min(active);
        if self.min_lag_ms > 0 {
            for at in dirty.clone() {
                if newest(at)? > self.now.plus_ms(-self.min_lag_ms) {
                    limit = limit.min(self.base(at));
                    break;
                }
            }
        }
        let limit = limit.max(first_dirty);
        let mut is_overdue = false;
        // Whatever is older than this must not wait any more; nothing is older than the beginning of time.
        let latest = self.now.plus_ms(self.max_lag_ms.max(0).saturating_neg());
        if latest > Timestamp(0) {
            for at in dirty {
                is_overdue |= first(at)?.is_some_and(|first| first > Timestamp(0) && first < latest);
            }
        }
        // Only whole segments: the one with the limit inside is left alone.
        let first_uncleanable = match self.between(limit, active) {
            rest if rest.is_empty() => active,
            rest => self.base(rest.start),
        };
        let bytes =
            |range: Range<usize>| self.segments.get(range).unwrap_or_default().iter().map(|(_, size)| size).sum();
        Ok(Cleanable {
            first_dirty,
            first_uncleanable,
            clean_bytes: bytes(0..self.segments.partition_point(|(base, _)| *base < first_dirty)),
            cleanable_bytes: bytes(self.between(first_dirty, first_uncleanable)),
            is_overdue,
        })
    }

    fn base(&self, at: usize) -> Offset {
        self.segments.get(at).map_or(self.end, |(base, _)| *base)
    }

    /// The segments from the one that holds `from` on, that begin in front of `to`.
    fn between(&self, from: Offset, to: Offset) -> Range<usize> {
        if from >= to {
            return 0..0;
        }
        let first = self.segments.partition_point(|(base, _)| *base <= from).saturating_sub(1);
        first..self.segments.partition_point(|(base, _)| *base < to).max(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments at 0, 10, 20, 30 of 100 bytes each, the last one active; batches of segment `n` have times from `n * 1000` on.
    fn question() -> Question {
        Question {
            segments: (0..4).map(|n| (Offset(n * 10), 100)).collect(),
            checkpoint: None,
            start: Offset(0),
            end: Offset(35),
            last_stable: Offset(35),
            min_lag_ms: 0,
            max_lag_ms: i64::MAX,
            now: Timestamp(10_000),
        }
    }

    /// First dirty, first uncleanable, clean and cleanable bytes, whether overdue.
    fn ask(question: &Question) -> (i64, i64, u64, u64, bool) {
        let newest = |at: usize| Ok(Timestamp(at as i64 * 1000 + 999));
        let first = |at: usize| Ok(Some(Timestamp(at as i64 * 1000)));
        let c = question.answer(newest, first).unwrap();
        (c.first_dirty.0, c.first_uncleanable.0, c.clean_bytes, c.cleanable_bytes, c.is_overdue)
    }

    #[test]
    fn all_but_the_active_segment_is_dirty_at_first() {
        assert_eq!(ask(&question()), (0, 30, 0, 300, false));
        assert_eq!(ask(&Question { segments: vec![(Offset(0), 100)], ..question() }), (0, 0, 0, 0, false));
        assert_eq!(ask(&Question { start: Offset(12), ..question() }), (12, 30, 200, 200, false));
    }

    #[test]
    fn what_was_compacted_is_clean() {
        let at = |offset| Question { checkpoint: Some(Offset(offset)), ..question() };
        assert_eq!(ask(&at(20)), (20, 30, 200, 100, false));
        assert_eq!(ask(&at(25)), (25, 30, 300, 100, false), "a segment that is both counts as both");
        assert_eq!(ask(&at(30)), (30, 30, 300, 0, false));
        assert_eq!(ask(&at(33)), (33, 30, 400, 0, false));
        assert_eq!(ask(&at(36)), (0, 30, 0, 300, false), "behind the end it is of no use");
        assert_eq!(
            ask(&Question { start: Offset(10), ..at(5) }),
            (10, 30, 100, 200, false),
            "in front of the start too"
        );
    }

    #[test]
    fn the_last_stable_offset_is_not_passed() {
        let stable = |offset| Question { last_stable: Offset(offset), ..question() };
        assert_eq!(ask(&stable(29)), (0, 20, 0, 200, false), "only whole segments");
        assert_eq!(ask(&stable(20)), (0, 20, 0, 200, false));
        assert_eq!(ask(&stable(3)), (0, 0, 0, 0, false));
        let behind = Question { checkpoint: Some(Offset(20)), ..stable(3) };
        assert_eq!(ask(&behind), (20, 20, 200, 0, false));
    }

    #[test]
    fn records_are_left_alone_for_a_while_and_not_for_ever() {
        let min = |lag| Question { min_lag_ms: lag, ..question() };
        assert_eq!(ask(&min(7_001)), (0, 30, 0, 300, false));
        assert_eq!(ask(&min(7_002)), (0, 20, 0, 200, false), "the segment with a time of 2999 is too young");
        assert_eq!(ask(&min(20_000)), (0, 0, 0, 0, false));
        let max = |lag| Question { max_lag_ms: lag, checkpoint: Some(Offset(10)), ..question() };
        assert_eq!(ask(&max(8_999)), (10, 30, 100, 200, true));
        assert_eq!(ask(&max(9_000)), (10, 30, 100, 200, false));
    }

    #[test]
    fn the_ratio_decides_unless_it_is_overdue() {
        let some = Cleanable {
            first_dirty: Offset(10),
            first_uncleanable: Offset(20),
            clean_bytes: 100,
            cleanable_bytes: 100,
            is_overdue: false,
        };
        assert!(some.is_due(0.49) && !some.is_due(0.5));
        assert!(Cleanable { is_overdue: true, ..some }.is_due(0.9));
        assert!(!Cleanable { cleanable_bytes: 0, is_overdue: true, ..some }.is_due(0.0));
        assert_eq!(Cleanable { clean_bytes: 0, cleanable_bytes: 0, ..some }.ratio(), 0.0);
    }
}
