//! Which log is compacted next, and what is written down of it.

use crate::log::CleanerSettings;

use super::*;

const SETTINGS: CleanerSettings = CleanerSettings { map_bytes: 1 << 20, load_factor: 0.9, buffer_bytes: 4096 };

fn compacted(delete: bool) -> LogConfig {
    LogConfig { compact: true, delete, ..LogConfig::default() }
}

/// A batch for one key, and the high watermark behind it.
fn put(log: &Log, key: &str, value: &str) {
    let base_offset = log.end_offset();
    let mut batch =
        BatchBuilder::new(BatchSettings { base_offset, leader_epoch: LeaderEpoch(0), ..BatchSettings::default() });
    batch.append(Some(key.as_bytes()), Some(value.as_bytes()), &[], now());
    log.append_as_follower(&batch.build().unwrap(), model::LeaderEpoch(100), now()).unwrap();
    log.set_high_watermark(log.end_offset());
}

/// A compacted log with so many clean and dirty batches behind each other.
fn filled(logs: &Logs, topic: &str, dirty: usize, config: LogConfig) -> Arc<Log> {
    let log = logs.get_or_create(&at(topic, 0), host::dice::uuid(), None, &config).unwrap();
    (0..dirty).for_each(|n| put(&log, "k", &n.to_string()));
    log.roll(now()).unwrap();
    log
}

/// Compacts the filthiest log to the end; which one it was.
fn compact(logs: &Logs) -> Option<String> {
    let mut job = logs.clean_filthiest(SETTINGS, now())?;
    while logs.clean_on(&mut job).is_some() {}
    Some(job.partition().to_string())
}

fn written(root: &Path) -> Vec<(String, i64)> {
    let found = checkpoints::read(&root.join("0"), checkpoints::CLEANED).unwrap();
    found.into_iter().map(|(at, offset)| (at.to_string(), offset.0)).collect()
}

#[test]
fn the_filthiest_comes_first_and_all_is_written_down() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 1);
    filled(&logs, "plain", 9, LogConfig::default());
    let half = filled(&logs, "half", 8, compacted(false));
    assert_eq!(compact(&logs).as_deref(), Some("half-0"));
    for n in 0..9 {
        put(&half, &format!("key{n}"), "v");
    }
    half.roll(now()).unwrap();
    filled(&logs, "all", 3, compacted(true));
    assert_eq!(compact(&logs).as_deref(), Some("all-0"), "all of it is dirty");
    assert_eq!(compact(&logs).as_deref(), Some("half-0"));
    assert_eq!(compact(&logs), None);
    assert_eq!(written(root.path()), [("all-0".to_owned(), 3), ("half-0".to_owned(), 17)]);
    let text = host::fs::read_to_string(root.path().join("0").join(checkpoints::CLEANED)).unwrap();
    assert_eq!(text, "0\n2\nall 0 3\nhalf 0 17\n");

    for stop_in_order in [false, true] {
        if stop_in_order {
            logs.shutdown(BrokerEpoch(1));
        }
        drop(logs.dirs[0].lock.lock().take());
        let again = Logs::open(config(root.path(), 1), now()).unwrap();
        again.load(|topic| compacted(topic.as_str() == "all"), |_, _| false, |_| None, now()).unwrap();
        assert_eq!(again.get(&at("half", 0)).unwrap().cleaned_to(), Some(Offset(17)));
        again.dirs[0].lock.lock().take();
    }
}

/// Several cleaners and the housekeeping write the same file.
#[test]
fn writers_of_a_checkpoint_do_not_meet() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 1);
    for n in 0..20 {
        filled(&logs, &format!("t{n}"), 2, compacted(false));
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while compact(&logs).is_some() {
                    for dir in logs.dirs() {
                        let _ = logs.write_checkpoint(dir, checkpoints::CLEANED);
                    }
                }
            });
        }
    });
    while compact(&logs).is_some() {}
    assert!(!logs.has_offline());
    assert_eq!(written(root.path()).len(), 20);
}

#[test]
fn less_than_the_ratio_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 1);
    let log = filled(&logs, "t", 4, compacted(false));
    (0..20).for_each(|n| put(&log, &format!("key{n}"), "a longer value"));
    log.roll(now()).unwrap();
    assert_eq!(compact(&logs).as_deref(), Some("t-0"));
    put(&log, "k", "dirty");
    log.roll(now()).unwrap();
    assert_eq!(compact(&logs), None);
    log.set_config(LogConfig { min_cleanable_ratio: 0.01, ..compacted(false) });
    assert_eq!(compact(&logs).as_deref(), Some("t-0"));
    put(&log, "k", "dirty again");
    log.roll(now()).unwrap();
    log.set_config(LogConfig { min_cleanable_ratio: 1.0, max_compaction_lag_ms: 1000, ..compacted(false) });
    assert!(logs.clean_filthiest(SETTINGS, now().plus_ms(500)).is_none());
    assert!(logs.clean_filthiest(SETTINGS, now().plus_ms(2000)).is_some(), "it has waited long enough");
}

#[test]
fn one_that_cannot_be_compacted_does_not_stop_the_others() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 1);
    filled(&logs, "bad", 9, compacted(false));
    filled(&logs, "good", 3, compacted(false));
    let path = root.path().join("0/bad-0/00000000000000000000.log");
    host::fs::File::open_rw(path).unwrap().write_all_at(&[0xff], 65).unwrap();
    let done: Vec<_> = std::iter::from_fn(|| compact(&logs)).collect();
    assert_eq!(done, ["bad-0", "good-0"], "each once");
    assert!(logs.get(&at("bad", 0)).unwrap().is_cleaning_barred());
    assert!(!logs.has_offline());
    assert_eq!(written(root.path()), [("good-0".to_owned(), 3)]);
}

#[test]
fn a_deleted_topic_is_forgotten() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 1);
    filled(&logs, "t", 3, compacted(false));
    assert!(compact(&logs).is_some());
    put(&logs.get(&at("t", 0)).unwrap(), "k", "v");
    logs.get(&at("t", 0)).unwrap().roll(now()).unwrap();
    logs.get(&at("t", 0)).unwrap().set_config(LogConfig { min_cleanable_ratio: 0.0, ..compacted(false) });
    let mut job = logs.clean_filthiest(SETTINGS, now()).unwrap();
    assert!(logs.clean_filthiest(SETTINGS, now()).is_none(), "one at a time");
    logs.delete(&at("t", 0)).unwrap();
    assert_eq!(logs.clean_on(&mut job), None);
    assert!(!logs.has_offline());
    logs.tick(now());
    assert_eq!(written(root.path()), []);
    let another = filled(&logs, "t", 5, compacted(false));
    assert_eq!(another.cleaned_to(), None);
    assert!(compact(&logs).is_some());
}

#[test]
fn a_truncation_is_written_down() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 1);
    let log = filled(&logs, "t", 5, compacted(false));
    assert!(compact(&logs).is_some());
    assert_eq!(written(root.path()), [("t-0".to_owned(), 5)]);
    log.truncate_to(Offset(4), now()).unwrap();
    logs.tick(now());
    assert_eq!(written(root.path()), [("t-0".to_owned(), 0)]);
}

#[test]
fn old_segments_of_compacted_logs_go_by_the_cleaner() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 1);
    let config = |delete| LogConfig { retention_ms: 1000, ..compacted(delete) };
    let (both, kept) = (filled(&logs, "both", 3, config(true)), filled(&logs, "kept", 3, config(false)));
    let later = now().plus_ms(400_000);
    logs.tick(later);
    assert_eq!(both.start_offset(), Offset(0), "not by housekeeping, which may meet a compaction");
    logs.delete_from_compacted(later);
    assert_eq!((both.start_offset(), kept.start_offset()), (Offset(3), Offset(0)));
}
