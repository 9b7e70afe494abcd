//! Logs on their way to another directory, and every state in which a crash can leave one.

use super::*;
use crate::log::{Approach, CleanerSettings};

/// A log of ten records in directory 0, of which three are deleted, and its future log in directory 1.
struct Moving {
    root: tempfile::TempDir,
    logs: Logs,
    at: TopicPartition,
    id: TopicId,
    current: Arc<Log>,
    future: Arc<Log>,
}

impl Moving {
    fn begin() -> Self {
        let root = tempfile::tempdir().unwrap();
        let (logs, at, id) = (open(root.path(), 2), at("t", 0), host::dice::uuid());
        let first = logs.dirs().next().unwrap().id();
        let current = logs.get_or_create(&at, id, Some(first), &LogConfig::default()).unwrap();
        (0..10).for_each(|_| append(&current));
        current.delete_records_before(Offset(3)).unwrap();
        let target = logs.dirs().nth(1).unwrap().clone();
        let future = logs.create_future(&at, id, &target, &LogConfig::default()).unwrap();
        Self { root, logs, at, id, current, future }
    }

    fn dir(&self, number: usize) -> Arc<LogDir> {
        self.logs.dirs().nth(number).unwrap().clone()
    }

    fn there(&self) -> [Vec<String>; 2] {
        ["0", "1"].map(|dir| partitions(&self.root.path().join(dir)))
    }

    fn checkpoint(&self, dir: &str, name: &str) -> Option<i64> {
        checkpoints::read(&self.root.path().join(dir), name).unwrap().get(&self.at).map(|offset| offset.0)
    }

    /// A process that was killed, and its successor; `assigned` is the directory that the metadata names.
    fn restart(self, assigned: Option<DirectoryId>) -> (tempfile::TempDir, Logs, Loaded) {
        let Self { root, logs, current, future, .. } = self;
        drop((logs, current, future));
        let logs = Logs::open(config(root.path(), 2), now()).unwrap();
        let loaded = logs.load(|_| LogConfig::default(), |_, _| false, |_| assigned, now()).unwrap();
        (root, logs, loaded)
    }
}

fn catch_up(future: &Log, current: &Log) {
    while future.approach(current, 100, now()).unwrap() != Approach::Level {}
    future.complete_from(current).unwrap();
}

fn range(log: &Log) -> (i64, i64, i64) {
    (log.start_offset().0, log.high_watermark().0, log.end_offset().0)
}

fn bytes(log: &Log) -> Vec<u8> {
    let (mut from, mut all) = (log.start_offset(), Vec::new());
    while from < log.end_offset() {
        let slice = log.read(from, 1 << 20, log.end_offset(), true).unwrap();
        all.extend_from_slice(&slice.read_all().unwrap());
        from = slice.next_offset;
    }
    all
}

#[test]
fn a_future_log_takes_the_place_of_the_current_one() {
    let moving = Moving::begin();
    let Moving { logs, at, current, future, .. } = &moving;
    assert_eq!(moving.there(), [["t-0"], ["t-0.*-future"]]);
    assert_eq!(future.approach(current, 1, now()).unwrap(), Approach::Went(0), "it begins where the other does");
    let lags = |logs: &Logs| -> Vec<(bool, i64)> {
        logs.describe().iter().flat_map(|dir| dir.logs.iter().map(|log| (log.is_future, log.offset_lag))).collect()
    };
    assert_eq!(lags(logs), [(false, 0), (true, 7)]);
    current.begin_epoch(LeaderEpoch(5)).unwrap();
    current.flush(Offset(8)).unwrap();
    catch_up(future, current);
    assert_eq!((range(future), bytes(future)), ((3, 10, 10), bytes(current)));
    current.delete_records_before(Offset(4)).unwrap();
    catch_up(future, current);
    assert_eq!((range(future), bytes(future)), ((4, 10, 10), bytes(current)), "what is deleted is deleted there too");
    assert!(future.recovery_point() >= Offset(8), "what was on disk stays on disk");
    assert_eq!(lags(logs), [(false, 0), (true, 0)]);
    let slice = current.read(Offset(5), 1 << 20, Offset(10), true).unwrap();

    let replaced = logs.replace_with_future(at).unwrap();
    assert!(Arc::ptr_eq(&replaced, future) && Arc::ptr_eq(&logs.get(at).unwrap(), future));
    assert!(logs.future(at).is_none());
    assert_eq!(logs.dir_of(at).unwrap().path(), moving.root.path().join("1"));
    assert_eq!(moving.there(), [["t-0.*-delete"], ["t-0"]]);
    assert_eq!(slice.read_all().unwrap().len(), slice.len as usize, "who reads goes on");
    assert_eq!(future.latest_epoch(), Some(LeaderEpoch(5)), "also of what nothing was written in");
    logs.settle();
    for (name, expected) in [
        (checkpoints::RECOVERY_POINT, future.recovery_point().0),
        (checkpoints::LOG_START, 4),
        (checkpoints::HIGH_WATERMARK, 10),
    ] {
        assert_eq!((moving.checkpoint("0", name), moving.checkpoint("1", name)), (None, Some(expected)), "{name}");
    }
    append(future);
    logs.tick(now().plus_ms(61_000));
    assert_eq!(moving.there(), [[].as_slice(), &["t-0".to_owned()]]);
    let target = moving.dir(1).id();
    let (_root, logs, loaded) = moving.restart(Some(target));
    assert_eq!((loaded.logs, loaded.futures), (1, 0));
    assert_eq!(range(&logs.get(&super::at("t", 0)).unwrap()), (4, 11, 11));
}

#[test]
fn a_future_log_is_gone_on_with_after_a_crash() {
    let moving = Moving::begin();
    let _ = moving.future.approach(&moving.current, 100, now()).unwrap();
    let _ = moving.future.approach(&moving.current, 300, now()).unwrap();
    let copied = moving.future.end_offset();
    assert!(copied > Offset(3) && copied < Offset(10));
    // Though the metadata names its directory already: the current log has what it has not.
    let (target, name) = (moving.dir(1).id(), moving.at.clone());
    let (_root, logs, loaded) = moving.restart(Some(target));
    assert_eq!((loaded.logs, loaded.futures), (1, 1));
    let ((future, _), current) = (logs.future(&name).unwrap(), logs.get(&name).unwrap());
    assert_eq!((future.end_offset(), current.end_offset()), (copied, Offset(10)));
    assert!(current.is_cleaning_barred());
    catch_up(&future, &current);
    assert_eq!(bytes(&future), bytes(&current));
    logs.replace_with_future(&name).unwrap();
    assert_eq!(range(&logs.get(&name).unwrap()).2, 10);
}

#[test]
fn a_crash_between_the_renames_loses_nothing() {
    for assigned in [true, false] {
        let moving = Moving::begin();
        catch_up(&moving.future, &moving.current);
        let expected = bytes(&moving.current);
        let doomed = moving.root.path().join("0/t-0.6a1c3b6f45e84d1d8a5d7f4d7f3b2a10-delete");
        moving.current.rename_dir(doomed).unwrap();
        assert_eq!(moving.there(), [["t-0.*-delete"], ["t-0.*-future"]]);
        let (target, name, id) = (moving.dir(1).id(), moving.at.clone(), moving.id);
        let (root, logs, loaded) = moving.restart(assigned.then_some(target));
        assert_eq!((loaded.logs, loaded.futures), (1, 0));
        let log = logs.get_or_create(&name, id, Some(target), &LogConfig::default()).unwrap();
        assert_eq!((log.end_offset(), bytes(&log)), (Offset(10), expected));
        assert_eq!(partitions(&root.path().join("1")), ["t-0"]);
    }
}

#[test]
fn a_copy_without_its_original_waits_while_a_directory_is_offline() {
    let moving = Moving::begin();
    let _ = moving.future.approach(&moving.current, 1, now()).unwrap();
    let (name, id, target) = (moving.at.clone(), moving.id, moving.dir(1).id());
    let Moving { root, logs, current, future, .. } = moving;
    drop((logs, current, future));
    // What cannot be read as a directory.
    host::fs::rename(root.path().join("0"), root.path().join("elsewhere")).unwrap();
    host::fs::write_atomically(root.path().join("0"), b"").unwrap();
    let logs = Logs::open(config(root.path(), 2), now()).unwrap();
    let loaded = logs.load(|_| LogConfig::default(), |_, _| false, |_| Some(target), now()).unwrap();
    assert_eq!((loaded.logs, loaded.futures), (0, 1));
    let made = logs.get_or_create(&name, id, Some(target), &LogConfig::default());
    assert!(matches!(made, Err(CreateError::Offline(_))), "an empty log would stand for ten records");
}

#[test]
fn of_two_current_logs_the_one_that_the_metadata_names_is_kept() {
    // As Apache Kafka leaves it when it is killed between its renames, which come in the other order.
    let moving = Moving::begin();
    catch_up(&moving.future, &moving.current);
    moving.future.rename_dir(moving.root.path().join("1/t-0")).unwrap();
    append(&moving.future);
    let (target, name) = (moving.dir(1).id(), moving.at.clone());
    let (root, logs, loaded) = moving.restart(Some(target));
    assert_eq!((loaded.logs, loaded.futures), (1, 0));
    assert_eq!(logs.get(&name).unwrap().end_offset(), Offset(11));
    assert_eq!(["0", "1"].map(|dir| partitions(&root.path().join(dir))), [["t-0.*-stray"], ["t-0"]]);
}

#[test]
fn a_move_that_is_given_up_leaves_nothing_behind() {
    let moving = Moving::begin();
    let Moving { logs, at, id, current, .. } = &moving;
    assert!(current.is_cleaning_barred());
    logs.discard_future(at);
    logs.discard_future(at);
    assert!(!current.is_cleaning_barred());
    assert_eq!(moving.there(), [["t-0"], ["t-0.*-delete"]]);
    let again = logs.create_future(at, *id, &moving.dir(1), &LogConfig::default()).unwrap();
    assert_eq!(again.end_offset(), Offset(0));
    assert_eq!(moving.checkpoint("1", checkpoints::RECOVERY_POINT), None, "of the copy before it");
    assert!(logs.delete(at).unwrap(), "the topic is deleted");
    assert_eq!(moving.there(), [["t-0.*-delete"].as_slice(), &["t-0.*-delete", "t-0.*-delete"]]);
    assert!(logs.future(at).is_none());
}

#[test]
fn a_future_log_dies_with_its_directory_and_the_current_one_lives() {
    let moving = Moving::begin();
    let Moving { logs, at, current, future, .. } = &moving;
    logs.future_failed(at, "no such disk");
    assert!(future.is_offline() && !current.is_offline());
    assert!(matches!(logs.replace_with_future(at), Err(ReplaceError::Gone)));
    logs.discard_future(at);
    assert_eq!(moving.there(), [["t-0"], ["t-0.*-future"]], "nobody touches a failed disk");
    assert!(!current.is_cleaning_barred());
    let other = at.topic.clone();
    let refused = logs.create_future(
        &TopicPartition { topic: other, ..at.clone() },
        moving.id,
        &moving.dir(1),
        &LogConfig::default(),
    );
    assert!(matches!(refused, Err(CreateError::Offline(_))));
}

#[test]
fn a_wish_decides_where_a_log_is_made() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 3);
    let last = logs.dirs().nth(2).unwrap().clone();
    let first = logs.dirs().next().unwrap().id();
    logs.wish(&at("t", 0), &last);
    logs.get_or_create(&at("t", 0), host::dice::uuid(), Some(first), &LogConfig::default()).unwrap();
    assert!(Arc::ptr_eq(&logs.dir_of(&at("t", 0)).unwrap(), &last));
    assert!(logs.dir_at(last.path().to_str().unwrap()).is_some());
    assert!(logs.dir_at(&format!("{}/", last.path().display())).is_none(), "word by word");
}

#[test]
fn what_was_compacted_stays_so_and_nothing_is_while_it_moves() {
    let root = tempfile::tempdir().unwrap();
    let logs = open(root.path(), 2);
    let (name, id) = (at("c", 0), host::dice::uuid());
    let compacted = LogConfig { compact: true, delete: false, ..LogConfig::default() };
    let first = logs.dirs().next().unwrap().id();
    let current = logs.get_or_create(&name, id, Some(first), &compacted).unwrap();
    let put = |key: &str| {
        let base_offset = current.end_offset();
        let mut batch =
            BatchBuilder::new(BatchSettings { base_offset, leader_epoch: LeaderEpoch(0), ..BatchSettings::default() });
        batch.append(Some(key.as_bytes()), Some(b"v"), &[], now());
        current.append_as_follower(&batch.build().unwrap(), LeaderEpoch(100), now()).unwrap();
        current.set_high_watermark(current.end_offset());
    };
    let settings = CleanerSettings { map_bytes: 1 << 20, load_factor: 0.9, buffer_bytes: 4096 };
    (0..9).for_each(|_| put("k"));
    current.roll(now()).unwrap();
    let mut job = logs.clean_filthiest(settings, now()).unwrap();
    while logs.clean_on(&mut job).is_some() {}
    drop(job);
    assert_eq!(current.cleaned_to(), Some(Offset(9)));
    (0..9).for_each(|_| put("k"));
    current.roll(now()).unwrap();
    let mut job = logs.clean_filthiest(settings, now()).unwrap();
    let target = logs.dirs().nth(1).unwrap().clone();
    let future = logs.create_future(&name, id, &target, &compacted).unwrap();
    while logs.clean_on(&mut job).is_some() {}
    drop(job);
    assert_eq!(current.cleaned_to(), Some(Offset(9)), "what was under way has ended");
    assert!(logs.clean_filthiest(settings, now()).is_none());
    catch_up(&future, &current);
    assert_eq!(bytes(&future), bytes(&current), "holes and all");
    let replaced = logs.replace_with_future(&name).unwrap();
    logs.settle();
    let written = |dir: &str| checkpoints::read(&root.path().join(dir), checkpoints::CLEANED).unwrap();
    assert_eq!((written("0").len(), written("1").get(&name).copied()), (0, Some(Offset(9))));
    assert!(!replaced.is_cleaning_barred(), "it may be compacted again");
}
