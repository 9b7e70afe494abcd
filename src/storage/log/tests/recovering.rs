//! What a stop of any kind leaves is opened again: torn ends, damaged and missing indexes, interrupted swaps.

use std::collections::BTreeMap;

use host::fs::File;
use model::{Offset, ProducerId};

use super::kit::*;
use crate::log::{Log, LogConfig, OpenError, Opening};

fn filled(dir: &tempfile::TempDir) -> Log {
    let log = unclean(dir, small());
    for i in 0..60 {
        let sent = batch(&["one", "two"], NOW.plus_ms(i64::from(i)), idempotent(&[], i64::from(i % 3), 0, i / 3 * 2));
        log.append_as_leader(&check(sent), EPOCH, NOW).unwrap();
    }
    log
}

/// Everything that lies in a directory but for the snapshots, which tell more or less by when they were taken.
fn content(dir: &tempfile::TempDir) -> BTreeMap<String, Vec<u8>> {
    let entries = host::fs::list_dir(dir.path()).unwrap();
    let files = entries.into_iter().filter(|entry| !entry.name.ends_with(".snapshot"));
    files.map(|entry| (entry.name, host::fs::read(&entry.path).unwrap())).collect()
}

fn last_log(dir: &tempfile::TempDir) -> (std::path::PathBuf, u64) {
    let entries = host::fs::list_dir(dir.path()).unwrap();
    let last = entries.into_iter().rfind(|entry| entry.name.ends_with(".log")).unwrap();
    (last.path, last.len)
}

#[test]
fn opened_again_it_is_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    let (all, producers) = (records(&log, Offset(0), 1000), log.active_producers());
    assert!(log.segment_count() > 2);
    log.close().unwrap();
    let files = content(&dir);
    for round in 0..2 {
        for open in [clean, unclean] {
            let log = open(&dir, small());
            assert_eq!(content(&dir), files, "{round}");
            assert_eq!((records(&log, Offset(0), 1000), log.active_producers()), (all.clone(), producers.clone()));
            assert_eq!(log.offset_for_timestamp(NOW.plus_ms(40)).unwrap().unwrap().1, Offset(79));
        }
    }
}

#[test]
fn a_crash_leaves_the_files_that_an_orderly_stop_leaves() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    drop(unclean(&dir, small()));
    let crashed = (content(&dir), names(&dir));
    let other = tempfile::tempdir().unwrap();
    filled(&other).close().unwrap();
    assert_eq!(crashed, (content(&other), names(&other)));
}

#[test]
fn the_window_of_a_producer_survives_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(&dir));
    let log = unclean(&dir, LogConfig { segment_bytes: 1 << 20, ..small() });
    let again = batch(&["one", "two"], NOW, idempotent(&[], 2, 0, 38));
    let answer = log.append_as_leader(&check(again), EPOCH, NOW).unwrap();
    assert_eq!((answer.duplicate, answer.first_offset), (true, Offset(118)));
    assert_eq!(log.active_producers().iter().map(|p| p.producer_id).collect::<Vec<_>>(), [0, 1, 2].map(ProducerId));
}

#[test]
fn a_torn_end_is_cut_off_wherever_it_is_torn() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    let all = records(&log, Offset(0), 1000);
    drop(log);
    let (path, len) = last_log(&dir);
    let whole = host::fs::read(&path).unwrap();
    let mut start = 0;
    for batch in model::batch::Batches::new(&whole) {
        start = len - batch.unwrap().len() as u64;
    }
    for torn in start..len {
        let file = File::open_rw(&path).unwrap();
        file.set_len(torn).unwrap();
        let log = unclean(&dir, small());
        assert_eq!(log.end_offset(), Offset(118), "{torn}");
        assert_eq!(records(&log, Offset(100), 1000), all[100..118]);
        assert_eq!(file.len().unwrap(), start);
        // Zeros, as a file system leaves them behind a crash, and garbage.
        file.write_all_at(&vec![(torn % 2 * 0xa5) as u8; (len - torn) as usize], torn).unwrap();
        let rest = (torn - start) as usize;
        file.write_all_at(&whole[start as usize..start as usize + rest], start).unwrap();
        assert_eq!(unclean(&dir, small()).end_offset(), Offset(118), "{torn}");
        file.write_all_at(&whole, 0).unwrap();
        assert_eq!(unclean(&dir, small()).end_offset(), Offset(120));
    }
}

#[test]
fn damage_in_the_middle_ends_the_log_there() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    let second = log.read(Offset(0), 1 << 20, log.end_offset(), true).unwrap().next_offset;
    drop(log);
    let path = dir.path().join(format!("{:020}.log", second.0));
    let mut bytes = host::fs::read(&path).unwrap();
    bytes[300] ^= 1;
    File::open_rw(&path).unwrap().write_all_at(&bytes, 0).unwrap();
    let opening = Opening { recovery_point: Offset(100), ..Opening::new(dir.path(), small()) };
    assert_eq!(Log::open(opening, NOW).unwrap().end_offset(), Offset(120), "what was flushed is not looked at");
    let log = unclean(&dir, small());
    let end = log.end_offset();
    assert!(end > second && end.0 < second.0 + 8, "{end}");
    assert_eq!((log.segment_count(), records(&log, Offset(0), 100).len() as i64), (2, end.0));
    assert_eq!(log.files_to_remove(), 3, "the log and the indexes of the third one");
}

#[test]
fn indexes_that_are_missing_or_garbage_are_built_anew() {
    type Damage = fn(&File);
    let damages: [Damage; 5] = [
        |file| file.set_len(0).unwrap(),
        |file| file.set_len(13).unwrap(),
        |file| file.set_len(10 << 20).unwrap(),
        |file| file.write_all_at(&[0xff; 24], 0).unwrap(),
        |file| file.write_all_at(&[0x7f; 24], file.len().unwrap() / 24 * 24).unwrap(),
    ];
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    let all = records(&log, Offset(0), 1000);
    log.close().unwrap();
    let good = content(&dir);
    let indexes = || good.keys().filter(|name| name.ends_with("index")).map(|name| dir.path().join(name));
    for path in indexes() {
        host::fs::remove_file(&path).unwrap();
        assert_eq!(records(&clean(&dir, small()), Offset(0), 1000), all);
        assert_eq!(content(&dir), good, "{path:?}");
    }
    for (number, damage) in damages.iter().enumerate() {
        for path in indexes() {
            damage(&File::open_rw(&path).unwrap());
            drop(unclean(&dir, small()));
            assert_eq!(content(&dir), good, "{number} {path:?}");
        }
    }
    // Behind an orderly stop only the ends of the indexes are looked at.
    for path in indexes() {
        File::open_rw(&path).unwrap().set_len(10 << 20).unwrap();
        assert_eq!(records(&clean(&dir, small()), Offset(0), 1000), all);
        assert_eq!(content(&dir), good, "{path:?}");
    }
}

#[test]
fn an_orderly_stop_that_was_none_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    filled(&dir).close().unwrap();
    let (path, len) = last_log(&dir);
    File::open_rw(&path).unwrap().write_all_at(&[1; 70], len).unwrap();
    assert_eq!(clean(&dir, small()).end_offset(), Offset(120));
    assert_eq!(last_log(&dir).1, len);
}

#[test]
fn a_damaged_list_of_epochs_is_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    filled(&dir).close().unwrap();
    let path = dir.path().join("leader-epoch-checkpoint");
    let good = host::fs::read(&path).unwrap();
    host::fs::write_atomically(&path, b"nonsense").unwrap();
    drop(clean(&dir, small()));
    assert_eq!(host::fs::read(&path).unwrap(), good);
}

#[test]
fn a_log_that_ends_before_it_starts_is_emptied() {
    let dir = tempfile::tempdir().unwrap();
    filled(&dir).close().unwrap();
    let opening = Opening { clean: true, log_start: Offset(500), ..Opening::new(dir.path(), small()) };
    let log = Log::open(opening, NOW).unwrap();
    assert_eq!((log.start_offset(), log.end_offset(), log.segment_count()), (Offset(500), Offset(500), 1));
}

#[test]
fn what_was_interrupted_is_finished_or_undone() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    let all = records(&log, Offset(0), 1000);
    log.close().unwrap();
    let good = names(&dir);
    let put = |name: &str, bytes: &[u8]| host::fs::write_atomically(dir.path().join(name), bytes).unwrap();
    put("00000000000000000000.log.deleted", b"old");
    put("00000000000000000000.timeindex.cleaned", b"half");
    put("00000000000000000000.log.swap", b"of a split that did not end");
    put("00000000000000000777.index", b"12345678");
    assert_eq!(records(&clean(&dir, small()), Offset(0), 1000), all);
    assert_eq!(names(&dir), good);
    // A swap that was complete: the first segment, with only its last batch left.
    let first = host::fs::read(dir.path().join("00000000000000000000.log")).unwrap();
    let last = model::batch::Batches::new(&first).map(Result::unwrap).last().unwrap();
    put("00000000000000000000.log.swap", last.bytes());
    put("00000000000000000000.index.swap", b"");
    put("00000000000000000000.timeindex.swap", b"");
    let log = clean(&dir, small());
    let from = last.base_offset().0 as usize;
    assert_eq!(records(&log, Offset(0), 1000), all[from..]);
    assert!(names(&dir).iter().all(|name| !name.ends_with(".swap")));
}

#[test]
fn old_formats_are_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    filled(&dir).close().unwrap();
    let path = dir.path().join("00000000000000000000.log");
    File::open_rw(&path).unwrap().write_all_at(&[1], 16).unwrap();
    let before = host::fs::read(&path).unwrap();
    let opened = Log::open(Opening::new(dir.path(), small()), NOW);
    assert!(matches!(opened, Err(OpenError::Format(_, 1))), "{opened:?}");
    assert_eq!(host::fs::read(&path).unwrap(), before);
}

#[test]
fn the_recovery_point_follows_the_flush() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    assert_eq!(log.recovery_point(), Offset(0));
    assert!(log.flush_if_due(NOW).unwrap());
    let sealed = log.recovery_point();
    assert!(sealed > Offset(90) && sealed < Offset(120), "sealed segments are flushed at the next occasion: {sealed}");
    log.flush(Offset(120)).unwrap();
    assert_eq!(log.recovery_point(), Offset(120));
    log.truncate_to(Offset(110), NOW).unwrap();
    assert_eq!(log.recovery_point(), Offset(110));
    log.set_config(LogConfig { flush_messages: 3, ..small() });
    append(&log, &["a", "b"]);
    assert_eq!(log.recovery_point(), Offset(110));
    append(&log, &["c"]);
    assert_eq!(log.recovery_point(), Offset(113));
    log.set_config(LogConfig { flush_ms: 100, ..small() });
    append(&log, &["d"]);
    assert!(!log.flush_if_due(NOW.plus_ms(99)).unwrap());
    assert!(log.flush_if_due(NOW.plus_ms(100)).unwrap());
    assert_eq!(log.recovery_point(), Offset(114));
}
