//! Compaction of whole logs: what is left, and that everybody goes on.

use model::batch::{BatchSettings, Compression};
use model::{Offset, ProducerId, Timestamp};

use super::keyed::*;
use super::kit::*;
use crate::log::{CleanError, CleanerSettings, Log, LogConfig, Step};

/// `count` batches of two records, of ten keys in turn, and a roll.
fn fill(log: &Log, count: usize) {
    for n in 0..count {
        let (one, two) = (format!("k{}", n % 5), format!("l{}", n % 5));
        let value = format!("{n}-{}", "x".repeat(60));
        put(log, &[(&one, &value), (&two, &value)]);
    }
    log.roll(NOW).unwrap();
}

#[test]
fn only_the_last_of_each_key_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    put(&log, &[("a", "1"), ("b", "1")]);
    put(&log, &[("a", "2"), ("c", "1")]);
    log.roll(NOW).unwrap();
    put(&log, &[("a", "3")]);
    assert!(compact(&log, NOW));
    assert_eq!(shown(&log), "1:b=1 2:a=2 3:c=1 4:a=3", "the active segment is not looked at");
    assert_eq!((log.cleaned_to(), log.end_offset()), (Some(Offset(4)), Offset(5)));
    assert!(!compact(&log, NOW), "nothing is dirty");
    log.roll(NOW).unwrap();
    assert!(compact(&log, NOW));
    assert_eq!(shown(&log), "1:b=1 3:c=1 4:a=3");
}

#[test]
fn many_segments_become_few_and_offsets_stay() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    fill(&log, 100);
    let (before, segments, all) = (table(&log), log.segment_count(), seen(&log, Offset(0), 1 << 20));
    assert!(segments > 8, "{segments}");
    let cleaning = begin(&log, SETTINGS, NOW).unwrap();
    assert!(log.begin_cleaning(cleaning.range(), SETTINGS, NOW).is_none(), "one at a time");
    assert!(finish(cleaning).unwrap() > 20, "in small steps");
    assert_eq!(table(&log), before);
    let after = seen(&log, Offset(0), 1 << 20);
    assert!(after.len() == 10 && after.iter().all(|record| all.contains(record)), "{after:?}");
    // Every offset can be asked for, and leads to the next record there is.
    for from in 0..=log.end_offset().0 {
        for max in [1, 200, 1 << 20] {
            let expected: Vec<_> = after.iter().filter(|(offset, _)| *offset >= from).cloned().collect();
            assert_eq!(seen(&log, Offset(from), max), expected, "{from} {max}");
        }
    }
    assert_eq!(log.offset_for_timestamp(NOW).unwrap().unwrap().1, Offset(190));
    assert!(log.files_to_remove() > 0 && left_over(dir.path()).is_empty());
    assert!(log.remove_due_files(NOW.plus_ms(60_000)).unwrap() > 0);
    // Once more with everything in few segments, twice as full.
    fill(&log, 100);
    let before = table(&log);
    assert!(compact(&log, NOW) && !compact(&log, NOW));
    assert_eq!((table(&log), seen(&log, Offset(0), 1 << 20).len()), (before, 10));
    assert!(log.segment_count() < segments + 3, "what was compacted before is in one: {}", log.segment_count());
}

#[test]
fn what_is_left_is_there_after_any_stop() {
    for stop_in_order in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let log = fresh(&dir);
        fill(&log, 60);
        compact(&log, NOW);
        fill(&log, 20);
        compact(&log, NOW);
        put(&log, &[("k1", "last")]);
        let (shown_before, time) = (shown(&log), log.offset_for_timestamp(NOW).unwrap());
        if stop_in_order {
            log.close().unwrap();
        }
        let log = again(dir.path(), stop_in_order, &log);
        assert_eq!((shown(&log), log.offset_for_timestamp(NOW).unwrap()), (shown_before, time));
        assert!(log.cleaned_to().is_some());
    }
}

#[test]
fn a_map_that_is_too_small_takes_several_rounds() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    fill(&log, 100);
    let expected = table(&log);
    let tiny = CleanerSettings { map_bytes: 24 * 4, load_factor: 1.0, ..SETTINGS };
    let mut rounds = 0;
    let mut upto = Offset(0);
    while let Some(cleaning) = begin(&log, tiny, NOW) {
        assert!(finish(cleaning).unwrap() > 1);
        assert!(log.cleaned_to().unwrap() > upto, "every round comes further");
        upto = log.cleaned_to().unwrap();
        assert_eq!(table(&log), expected);
        rounds += 1;
    }
    assert_eq!((rounds, upto, log.end_offset()), (50, Offset(200), Offset(200)), "four of the keys at a time");
}

#[test]
fn a_batch_larger_than_the_buffer_is_compacted_too() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    log.set_config(LogConfig { segment_bytes: 1 << 20, ..compacted() });
    let large = "y".repeat(5000);
    for codec in [Compression::None, Compression::Zstd, Compression::Gzip] {
        let settings = BatchSettings { compression: codec, ..BatchSettings::default() };
        put_as(&log, &[("a", &large), ("b", "1"), ("c", &large)], settings);
    }
    log.roll(NOW).unwrap();
    let tiny = CleanerSettings { buffer_bytes: 1, ..SETTINGS };
    finish(begin(&log, tiny, NOW).unwrap()).unwrap();
    assert_eq!(shown(&log), format!("6:a={large} 7:b=1 8:c={large}"));
}

#[test]
fn tombstones_go_when_their_time_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    put(&log, &[("a", "1"), ("b", "1")]);
    put(&log, &[("a", ""), ("c", "1")]);
    log.roll(NOW).unwrap();
    compact(&log, NOW);
    assert_eq!(shown(&log), "1:b=1 2:a=- 3:c=1");
    let another_round = |after_ms: i64| {
        put(&log, &[("d", "1")]);
        log.roll(NOW).unwrap();
        compact(&log, NOW.plus_ms(after_ms));
        shown(&log)
    };
    assert_eq!(another_round(999), "1:b=1 2:a=- 3:c=1 4:d=1");
    assert_eq!(another_round(1000), "1:b=1 3:c=1 5:d=1");
}

/// 0 a=1 (aborted), 1 abort, 2 b=1 (committed), 3 commit, 4 b=2
#[test]
fn markers_outlive_their_transactions() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    put_as(&log, &[("a", "1")], in_transaction(1, 0));
    end(&log, 1, false);
    put_as(&log, &[("b", "1")], in_transaction(2, 0));
    end(&log, 2, true);
    put(&log, &[("b", "2")]);
    log.roll(NOW).unwrap();
    let aborted = |log: &Log| log.aborted_txns(Offset(0), log.end_offset()).unwrap().len();
    compact(&log, NOW);
    // Both records go, but each is its producer's last.
    assert_eq!((shown(&log).as_str(), aborted(&log)), ("0:empty 1:marker 2:empty 3:marker 4:b=2", 1));
    let log = again(dir.path(), false, &log);
    assert_eq!((shown(&log).as_str(), aborted(&log)), ("0:empty 1:marker 2:empty 3:marker 4:b=2", 1), "recovered");
    put_as(&log, &[("c", "1")], in_transaction(1, 1));
    end(&log, 1, true);
    put_as(&log, &[("c", "2")], in_transaction(2, 1));
    end(&log, 2, true);
    log.roll(NOW).unwrap();
    compact(&log, NOW);
    // The empty ones went in this round, so that their markers go no earlier than in the one after the next.
    let text = "1:marker 3:marker 4:b=2 5:empty 6:marker 7:c=2 8:marker";
    assert_eq!((shown(&log).as_str(), aborted(&log)), (text, 1));
    for (after_ms, text, txns) in [
        (0, "1:marker 3:marker 4:b=2 5:empty 6:marker 7:c=2 8:marker 9:d=1", 0),
        (999, "1:marker 3:marker 4:b=2 5:empty 6:marker 7:c=2 8:marker 10:d=1", 0),
        (1000, "4:b=2 5:empty 6:marker 7:c=2 8:marker 11:d=1", 0),
    ] {
        put(&log, &[("d", "1")]);
        log.roll(NOW).unwrap();
        compact(&log, NOW.plus_ms(after_ms));
        assert_eq!((shown(&log).as_str(), aborted(&log)), (text, txns), "{after_ms}");
    }
    assert_eq!(log.last_stable_offset(), log.end_offset());
}

#[test]
fn an_open_transaction_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    put(&log, &[("a", "1")]);
    log.roll(NOW).unwrap();
    put_as(&log, &[("a", "2")], in_transaction(1, 0));
    log.roll(NOW).unwrap();
    put(&log, &[("a", "3")]);
    log.roll(NOW).unwrap();
    compact(&log, NOW);
    assert_eq!(shown(&log), "0:a=1 1:a=2 2:a=3");
    end(&log, 1, false);
    log.roll(NOW).unwrap();
    compact(&log, NOW);
    assert_eq!(shown(&log), "1:empty 2:a=3 3:marker");
}

#[test]
fn idempotent_producers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    for n in 0..30 {
        put_as(&log, &[("a", "x"), ("b", "y")], idempotent(&[], n % 3, 0, (n / 3 * 2) as i32));
    }
    put(&log, &[("a", "z"), ("b", "z")]);
    log.roll(NOW).unwrap();
    compact(&log, NOW);
    assert_eq!(shown(&log), "55:empty 57:empty 59:empty 60:a=z 61:b=z");
    let log = again(dir.path(), false, &log);
    // All snapshots gone: the batches alone must tell.
    for entry in host::fs::list_dir(dir.path()).unwrap().iter().filter(|entry| entry.name.ends_with(".snapshot")) {
        host::fs::remove_file(&entry.path).unwrap();
    }
    let log = again(dir.path(), false, &log);
    assert_eq!(log.active_producers().iter().map(|p| p.producer_id).collect::<Vec<_>>(), [0, 1, 2].map(ProducerId));
    let twice = put_as(&log, &[("a", "x"), ("b", "y")], idempotent(&[], 1, 0, 18));
    assert_eq!((twice.duplicate, twice.first_offset), (true, Offset(56)));
    let gap = check(keyed(&[("a", "x")], idempotent(&[], 1, 0, 21)));
    assert!(log.append_as_leader(&gap, EPOCH, NOW).is_err());
    assert!(!put_as(&log, &[("a", "x")], idempotent(&[], 1, 0, 20)).duplicate);
}

#[test]
fn a_log_that_is_cut_meanwhile_is_left_as_it_is() {
    type Disturb = fn(&Log, &tempfile::TempDir);
    let disturbances: [(&str, Disturb); 5] = [
        ("cut", |log, _| assert!(log.truncate_to(Offset(70), NOW).unwrap())),
        ("begun anew", |log, _| log.truncate_and_start_at(Offset(500), NOW).unwrap()),
        ("closed", |log, _| log.close().unwrap()),
        ("deleted", |log, _| log.delete().unwrap()),
        ("moved", |log, dir| log.rename_dir(dir.path().join("elsewhere")).unwrap()),
    ];
    for (name, disturb) in disturbances {
        let mut steps = 0;
        loop {
            let root = tempfile::tempdir().unwrap();
            let dir = tempfile::tempdir_in(root.path()).unwrap();
            let log = fresh(&dir);
            fill(&log, 60);
            let mut cleaning = begin(&log, SETTINGS, NOW).unwrap();
            let is_done = (0..steps).any(|_| matches!(cleaning.step().unwrap(), Step::Done(_)));
            if is_done {
                break;
            }
            disturb(&log, &root);
            assert!(matches!(cleaning.step(), Err(CleanError::Interrupted)), "{name} after {steps} steps");
            drop(cleaning);
            assert!(log.failure().is_none(), "{name} after {steps} steps");
            assert!(!log.is_cleaning_barred());
            if name != "deleted" {
                assert!(left_over(&log.dir()).is_empty(), "{name} after {steps} steps: {:?}", left_over(&log.dir()));
            }
            if name == "cut" {
                assert_eq!((log.end_offset(), log.cleaned_to()), (Offset(70), None));
                fill(&log, 5);
                let expected = table(&log);
                assert!(compact(&log, NOW));
                assert_eq!((table(&log), expected.len()), (expected, 10));
            }
            steps += 7;
        }
        assert!(steps > 20, "{name}: {steps}");
    }
}

#[test]
fn what_retention_took_does_not_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    fill(&log, 60);
    let mut cleaning = begin(&log, SETTINGS, NOW).unwrap();
    while cleaning.stats().records_read == 0 {
        cleaning.step().unwrap();
    }
    log.delete_records_before(Offset(100)).unwrap();
    log.enforce_retention(NOW).unwrap();
    let first = log.first_segment_base();
    assert!(first > Offset(0));
    assert!(matches!(finish(cleaning), Err(CleanError::Interrupted)));
    assert_eq!((log.first_segment_base(), log.start_offset()), (first, Offset(100)));
    assert!(left_over(dir.path()).is_empty());
    assert!(compact(&log, NOW));
    assert_eq!(seen(&log, Offset(100), 1 << 20).len(), 10);
}

#[test]
fn the_checkpoint_follows_a_truncation() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    fill(&log, 60);
    compact(&log, NOW);
    assert_eq!(log.cleaned_to(), Some(Offset(120)));
    log.truncate_to(Offset(115), NOW).unwrap();
    let active = log.cleaned_to().unwrap();
    assert!(active < Offset(115), "the segment that goes on is dirty: {active}");
    log.truncate_and_start_at(Offset(7), NOW).unwrap();
    assert_eq!(log.cleaned_to(), Some(Offset(7)));
}

#[test]
fn damage_is_not_copied() {
    for (at, len) in [(61 + 8, 1), (8, 4), (16, 1), (3, 2), (23, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let log = fresh(&dir);
        fill(&log, 60);
        let path = dir.path().join("00000000000000000000.log");
        let second = model::batch::Batch::first(&host::fs::read(&path).unwrap()).unwrap().len() as u64;
        host::fs::File::open_rw(&path).unwrap().write_all_at(&vec![0x7f; len], second + at).unwrap();
        let result = finish(begin(&log, SETTINGS, NOW).unwrap());
        assert!(matches!(result, Err(CleanError::Uncleanable(_))), "{at}: {result:?}");
        assert!(log.failure().is_none() && left_over(dir.path()).is_empty());
        assert_eq!(log.cleaned_to(), None);
    }
}

#[test]
fn a_copy_is_as_old_as_what_it_replaces() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    fill(&log, 5);
    let path = dir.path().join("00000000000000000000.log");
    let old = Timestamp(1_600_000_000_123);
    host::fs::File::open_rw(&path).unwrap().set_modified(old).unwrap();
    compact(&log, NOW);
    assert_eq!(host::fs::File::open_read(&path).unwrap().modified().unwrap(), old);
}

#[test]
fn an_emptied_segment_is_crossed() {
    let dir = tempfile::tempdir().unwrap();
    let log = fresh(&dir);
    log.set_config(LogConfig { segment_bytes: 200, ..compacted() });
    for n in 0..20 {
        put(&log, &[("a", &format!("{n}{}", "x".repeat(90)))]);
    }
    log.roll(NOW).unwrap();
    compact(&log, NOW);
    put(&log, &[("b", "1")]);
    let last = format!("19:a=19{} 20:b=1", "x".repeat(90));
    assert_eq!(shown(&log), last);
    for clean_stop in [false, true] {
        if clean_stop {
            log.close().unwrap();
        }
        assert_eq!(shown(&again(dir.path(), clean_stop, &log)), last);
    }
}
