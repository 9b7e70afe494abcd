//! Which segments become one, so that a log that is compacted often does not fall into crumbs
//! (`Cleaner.groupSegmentsBySize`).

use std::ops::Range;

use model::Offset;

/// A segment that is to be compacted: where it begins, and bytes of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) base: Offset,
    pub(super) log: u64,
    pub(super) offset_index: u64,
    pub(super) time_index: u64,
}

/// Neighbours that together are no larger than one segment may be, as ranges of `segments`. The last segment ends in
/// front of `end`.
pub(super) fn groups(segments: &[Size], most_log: u64, most_index: u64, end: Offset) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let mut open: Option<(Range<usize>, Size)> = None;
    for (at, segment) in segments.iter().enumerate() {
        let last = segments.get(at + 1).map_or(end, |next| next.base).plus(-1);
        if let Some((range, sum)) = &mut open {
            let fits = sum.log + segment.log <= most_log
                && sum.offset_index + segment.offset_index <= most_index
                && sum.time_index + segment.time_index <= most_index
                // Indexes count offsets in 31 bits. An empty segment adds none.
                && (segment.log == 0 || last.0 - sum.base.0 <= i64::from(i32::MAX));
            if fits {
                range.end = at + 1;
                sum.log += segment.log;
                sum.offset_index += segment.offset_index;
                sum.time_index += segment.time_index;
                continue;
            }
        }
        groups.extend(open.replace((at..at + 1, *segment)).map(|(range, _)| range));
    }
    groups.extend(open.map(|(range, _)| range));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(base: i64, log: u64, index: u64, time: u64) -> Size {
        Size { base: Offset(base), log, offset_index: index, time_index: time }
    }

    /// Where each group ends; the next one begins there.
    fn ends(segments: &[Size], most_log: u64, most_index: u64, end: Offset) -> Vec<usize> {
        let groups = groups(segments, most_log, most_index, end);
        assert!(groups.windows(2).all(|pair| pair[0].end == pair[1].start));
        groups.into_iter().map(|group| group.end).collect()
    }

    #[test]
    fn neighbours_fill_a_segment_by_each_of_its_limits() {
        let small: Vec<Size> = (0..5).map(|n| size(n * 10, 100, 8, 12)).collect();
        assert_eq!(ends(&small, 1000, 1000, Offset(50)), [5]);
        assert_eq!(ends(&small, 299, 1000, Offset(50)), [2, 4, 5]);
        assert_eq!(ends(&small, 300, 1000, Offset(50)), [3, 5]);
        assert_eq!(ends(&small, 1000, 24, Offset(50)), [2, 4, 5], "by the time index");
        assert_eq!(ends(&small, 1, 1, Offset(50)), [1, 2, 3, 4, 5], "one is always a group");
        assert!(ends(&[], 1000, 1000, Offset(0)).is_empty());
    }

    #[test]
    fn offsets_stay_within_what_an_index_counts() {
        let far = i64::from(i32::MAX);
        let two = [size(0, 1, 0, 0), size(100, 1, 0, 0)];
        assert_eq!(ends(&two, 10, 10, Offset(far + 1)), [2]);
        assert_eq!(ends(&two, 10, 10, Offset(far + 2)), [1, 2]);
        let empty = [size(0, 1, 0, 0), size(100, 0, 0, 0)];
        assert_eq!(ends(&empty, 10, 10, Offset(far + 2)), [2], "an empty one has no offsets");
        let three = [size(0, 1, 0, 0), size(far, 0, 0, 0), size(far + 5, 1, 0, 0)];
        assert_eq!(ends(&three, 10, 10, Offset(far + 9)), [2, 3]);
    }
}
