//! Which bytes a reader gets, and offsets by time.

use model::batch::{BatchSettings, Batches, Compression};
use model::{LeaderEpoch, Offset, Timestamp};

use super::kit::*;
use crate::log::{LogConfig, ReadError};

#[test]
fn a_read_keeps_its_limits() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, LogConfig::default());
    for _ in 0..50 {
        append(&log, &["0123456789"; 5]);
    }
    let one = log.read(Offset(0), 0, Offset(5), true).unwrap().len;
    let offsets = |slice: &crate::log::Slice| {
        let bytes = slice.read_all().unwrap();
        let all: Vec<_> =
            Batches::new(&bytes).map(|batch| batch.unwrap()).map(|b| (b.base_offset().0, b.next_offset().0)).collect();
        (all.first().unwrap().0, all.last().unwrap().1)
    };
    let read = |from: i64, max: u32, upto: i64, min_one: bool| {
        log.read(Offset(from), max as usize, Offset(upto), min_one).unwrap()
    };
    assert_eq!(offsets(&read(7, 1 << 20, 250, false)), (5, 250), "from the batch that holds the offset");
    assert_eq!(offsets(&read(7, one * 3 + 7, 250, false)), (5, 20), "whole batches only");
    assert_eq!(read(7, one * 3 + 7, 250, false).next_offset, Offset(20));
    assert_eq!(offsets(&read(100, one - 1, 250, true)), (100, 105), "the first one whatever its size");
    let none = read(100, one - 1, 250, false);
    assert!(none.first_batch_larger_than_max && none.len == 0);
    assert_eq!(offsets(&read(100, 1 << 20, 130, false)), (100, 130), "nothing from the bound on");
    assert_eq!(offsets(&read(100, 1 << 20, 133, false)), (100, 130), "no batch that reaches over the bound");
    assert_eq!(read(100, 1 << 20, 100, true).len, 0);
    assert_eq!(read(250, 1 << 20, 250, true).len, 0);
    assert!(matches!(log.read(Offset(251), 1, Offset(251), true), Err(ReadError::OutOfRange { .. })));
    assert!(matches!(log.read(Offset(-1), 1, Offset(251), true), Err(ReadError::OutOfRange { .. })));
}

#[test]
fn no_record_is_skipped_at_the_end_of_a_segment() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, small());
    let all: Vec<(i64, String)> = (0..200).map(|i| (i, format!("value {i}"))).collect();
    for (_, value) in &all {
        append(&log, &[value]);
    }
    assert!(log.segment_count() > 5);
    for max in [0, 1, 79, 80, 200, 1999, 2000, 1 << 20] {
        assert_eq!(records(&log, Offset(0), max), all, "{max}");
    }
    for from in 0..200 {
        assert_eq!(records(&log, Offset(from), 300), all[from as usize..], "{from}");
    }
}

#[test]
fn the_high_watermark_only_rises_and_stays_inside() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, small());
    append(&log, &["a", "b", "c"]);
    for offset in [1, -5, 100] {
        log.set_high_watermark(Offset(offset));
        assert_eq!(log.high_watermark(), Offset(3), "{offset}");
    }
}

#[test]
fn a_gap_is_crossed() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, small());
    for base in [0, 3, 1000, 5_000_000_000] {
        let sent = batch(
            &["x"],
            NOW,
            BatchSettings { base_offset: Offset(base), leader_epoch: LeaderEpoch(1), ..BatchSettings::default() },
        );
        log.append_as_follower(&sent, LeaderEpoch(100), NOW).unwrap();
    }
    assert_eq!(log.segment_count(), 2, "an offset too far from the base needs a segment of its own");
    let found: Vec<i64> = records(&log, Offset(1), 1).into_iter().map(|(offset, _)| offset).collect();
    assert_eq!(found, [3, 1000, 5_000_000_000]);
    assert_eq!(log.read(Offset(1001), 10, Offset(4_000_000_000), true).unwrap().len, 0);
}

#[test]
fn readers_go_on_when_their_segment_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, LogConfig { retention_bytes: 0, file_delete_delay_ms: 0, ..small() });
    for _ in 0..100 {
        append(&log, &["0123456789"]);
    }
    let slice = log.read(Offset(0), 1000, log.end_offset(), true).unwrap();
    let before = slice.read_all().unwrap();
    log.enforce_retention(NOW).unwrap();
    assert!(log.remove_due_files(NOW).unwrap() > 0);
    assert_eq!(slice.read_all().unwrap(), before);
    assert!(matches!(log.read(Offset(0), 1, log.end_offset(), true), Err(ReadError::OutOfRange { .. })));
}

#[test]
fn offsets_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, small());
    let at = |ms: i64| Timestamp(ms);
    assert_eq!(log.offset_for_timestamp(at(0)).unwrap(), None);
    assert_eq!(log.max_timestamp_offset().unwrap(), None);
    // Batches of three records, out of order now and then, compressed now and then.
    let times: Vec<i64> = (0..120).map(|i| 1000 + (i * 37 % 120) * 10 + i * 20).collect();
    for (i, time) in times.iter().enumerate() {
        let compression = if i % 3 == 0 { Compression::Lz4 } else { Compression::None };
        let sent = batch(&["a", "b", "c"], at(*time), BatchSettings { compression, ..BatchSettings::default() });
        log.append_as_leader(&check(sent), LeaderEpoch(3), NOW).unwrap();
    }
    let all: Vec<(i64, i64)> = (0i64..).zip(times.iter().flat_map(|t| [*t, t + 1, t + 2])).collect();
    let largest = all.iter().map(|(_, time)| *time).max().unwrap();
    assert!(log.segment_count() > 3);
    for ask in (0..largest + 20).step_by(7) {
        let expected = all.iter().find(|(_, time)| *time >= ask).map(|(o, t)| (at(*t), Offset(*o), LeaderEpoch(3)));
        assert_eq!(log.offset_for_timestamp(at(ask)).unwrap(), expected, "{ask}");
    }
    let newest = all.iter().find(|(_, time)| *time == largest).map(|(o, t)| (at(*t), Offset(*o), LeaderEpoch(3)));
    assert_eq!(log.max_timestamp_offset().unwrap(), newest);
    log.set_high_watermark(log.end_offset());
    log.delete_records_before(Offset(31)).unwrap();
    assert_eq!(log.offset_for_timestamp(at(0)).unwrap().unwrap().1, Offset(31));
}
