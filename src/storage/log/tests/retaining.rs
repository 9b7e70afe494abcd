//! Retention, DeleteRecords, truncation, and files that wait to be removed.

use model::{LeaderEpoch, Offset, Timestamp};

use super::kit::*;
use crate::log::{Log, LogConfig, Opening};

fn filled(dir: &tempfile::TempDir, config: LogConfig, count: i64) -> Log {
    let log = unclean(dir, config);
    for i in 0..count {
        log.append_as_leader(&plain(&["0123456789"], Timestamp(i)), LeaderEpoch((i / 50) as i32), NOW).unwrap();
    }
    log
}

#[test]
fn by_size_the_oldest_go_but_nothing_that_is_not_replicated() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir, LogConfig { retention_bytes: 3000, retention_ms: -1, ..small() }, 200);
    assert_eq!(log.enforce_retention(NOW).unwrap(), 0, "the high watermark is 0");
    let second = log.read(Offset(0), 1 << 20, log.end_offset(), true).unwrap().next_offset;
    log.set_high_watermark(second);
    assert_eq!(log.enforce_retention(NOW).unwrap(), 1);
    assert_eq!(log.start_offset(), second);
    log.set_high_watermark(log.end_offset());
    assert!(log.enforce_retention(NOW).unwrap() > 2);
    assert!((3000..5000).contains(&log.size()), "{}", log.size());
    assert_eq!(log.end_offset_for_epoch(LeaderEpoch(0)), (LeaderEpoch(0), log.start_offset()), "epochs are cut too");
    assert_eq!(records(&log, log.start_offset(), 1000).len() as i64, 200 - log.start_offset().0);
}

#[test]
fn by_time_even_the_active_one_goes() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { retention_ms: 1000, file_delete_delay_ms: 500, ..small() };
    let log = filled(&dir, config.clone(), 100);
    log.set_high_watermark(log.end_offset());
    let count = log.segment_count();
    assert_eq!(log.enforce_retention(Timestamp(1030)).unwrap(), 1);
    assert_eq!(log.enforce_retention(NOW).unwrap(), count - 1);
    assert_eq!((log.start_offset(), log.end_offset(), log.size()), (Offset(100), Offset(100), 0));
    assert_eq!(log.enforce_retention(NOW).unwrap(), 0, "an empty segment stays");
    assert!(names(&dir).iter().any(|name| name.ends_with(".log.deleted")));
    assert!(log.remove_due_files(Timestamp(1500)).unwrap() == 0 && log.files_to_remove() > 0);
    log.remove_due_files(NOW.plus_ms(500)).unwrap();
    let left = ["0100.index", "0100.log", "0100.snapshot", "0100.timeindex", "leader-epoch-checkpoint"];
    assert_eq!((names(&dir), log.files_to_remove()), (left.map(str::to_owned).to_vec(), 0));
    append(&log, &["x"]);
    log.close().unwrap();
    assert_eq!(clean(&dir, config).start_offset(), Offset(100));
}

#[test]
fn records_are_deleted_up_to_an_offset() {
    let dir = tempfile::tempdir().unwrap();
    let config = LogConfig { delete: false, compact: true, retention_bytes: 0, retention_ms: 0, ..small() };
    let log = filled(&dir, config.clone(), 100);
    log.set_high_watermark(Offset(90));
    assert!(log.delete_records_before(Offset(91)).is_err());
    log.delete_records_before(Offset(77)).unwrap();
    log.delete_records_before(Offset(5)).unwrap();
    assert_eq!(log.start_offset(), Offset(77));
    let before = log.segment_count();
    let gone = log.enforce_retention(NOW).unwrap();
    assert!(gone > 0 && gone == before - log.segment_count(), "compacted logs lose what lies in front of the start");
    assert_eq!(records(&log, Offset(77), 100).first().unwrap().0, 77);
    log.close().unwrap();
    let opening = Opening { clean: true, log_start: Offset(77), ..Opening::new(dir.path(), config) };
    let log = Log::open(opening, NOW).unwrap();
    assert_eq!((log.start_offset(), log.end_offset(), log.high_watermark()), (Offset(77), Offset(100), Offset(77)));
}

#[test]
fn a_truncated_log_ends_where_it_should() {
    for to in [0, 1, 23, 24, 25, 60, 99, 100, 120] {
        let dir = tempfile::tempdir().unwrap();
        let log = filled(&dir, small(), 100);
        log.set_high_watermark(log.end_offset());
        let before = records(&log, Offset(0), 1000);
        assert_eq!(log.truncate_to(Offset(to), NOW).unwrap(), to < 100);
        let end = to.min(100);
        assert_eq!((log.end_offset(), log.high_watermark()), (Offset(end), Offset(end)));
        assert_eq!(records(&log, Offset(0), 1000), before[..end as usize]);
        assert!(log.latest_epoch().is_none_or(|epoch| i64::from(epoch.0) * 50 < end.max(1)));
        append(&log, &["new"]);
        assert_eq!(records(&log, Offset(end), 1000), [(end, "new".to_owned())]);
        log.close().unwrap();
        for reopened in [clean(&dir, small()), unclean(&dir, small())] {
            assert_eq!(reopened.end_offset(), Offset(end + 1), "{to}");
            assert_eq!(records(&reopened, Offset(0), 1000)[..end as usize], before[..end as usize]);
        }
    }
}

#[test]
fn a_log_may_start_again_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir, small(), 100);
    log.truncate_and_start_at(Offset(5000), NOW).unwrap();
    assert_eq!(
        (log.start_offset(), log.end_offset(), log.high_watermark()),
        (Offset(5000), Offset(5000), Offset(5000))
    );
    assert_eq!(append(&log, &["x"]).first_offset, Offset(5000));
    drop(log);
    let log = unclean(&dir, small());
    assert_eq!((log.start_offset(), log.end_offset()), (Offset(5000), Offset(5001)));
    assert!(names(&dir).iter().all(|name| !name.ends_with(".deleted")), "{:?}", names(&dir));
}
