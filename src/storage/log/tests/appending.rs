//! Offsets, files, epochs, duplicates, rolls, and what a disk that fails leaves behind.

use model::batch::Batch;
use model::{ErrorCode, LeaderEpoch, Offset, Timestamp};

use super::kit::*;
use crate::log::{AppendError, Log, LogConfig, Opening};

#[test]
fn a_new_log_has_the_files_that_kafka_makes() {
    let dir = tempfile::tempdir().unwrap();
    let id = host::dice::uuid();
    let opening = || Opening { topic_id: Some(id), ..Opening::new(dir.path(), LogConfig::default()) };
    let log = Log::open(opening(), NOW).unwrap();
    let all = ["0000.index", "0000.log", "0000.timeindex", "leader-epoch-checkpoint", "partition.metadata"];
    assert_eq!(names(&dir), all);
    assert_eq!((log.start_offset(), log.end_offset(), log.topic_id()), (Offset(0), Offset(0), Some(id)));
    drop(log);
    Log::open(opening(), NOW).unwrap();
    assert_eq!(names(&dir), all);
    assert!(Log::open(Opening { topic_id: Some(host::dice::uuid()), ..opening() }, NOW).is_err());
}

#[test]
fn the_clients_bytes_are_written_but_for_offset_and_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, LogConfig::default());
    append(&log, &["a", "b", "c"]);
    let sent = plain(&["d", "e"], NOW);
    let appended = log.append_as_leader(&sent, LeaderEpoch(4), NOW).unwrap();
    assert_eq!((appended.first_offset, appended.last_offset, appended.duplicate), (Offset(3), Offset(4), false));
    assert_eq!(appended.append_time, Timestamp::NONE);
    let stored = log.read(Offset(3), 4096, Offset(5), true).unwrap().read_all().unwrap();
    let batch = Batch::first(&stored).unwrap();
    assert_eq!((batch.base_offset(), batch.leader_epoch()), (Offset(3), LeaderEpoch(4)));
    assert_eq!(stored[16..], sent.bytes[16..]);
    batch.check_crc().unwrap();
    assert_eq!(log.end_offset_for_epoch(LeaderEpoch(0)), (LeaderEpoch(0), Offset(3)));
    assert_eq!(log.end_offset_for_epoch(LeaderEpoch(2)), (LeaderEpoch(0), Offset(3)));
    assert_eq!(log.end_offset_for_epoch(LeaderEpoch(5)), (LeaderEpoch::NONE, Offset::NONE));
    let text = host::fs::read_to_string(dir.path().join("leader-epoch-checkpoint")).unwrap();
    assert_eq!(text, "0\n2\n0 0\n4 3\n");
}

#[test]
fn a_duplicate_is_answered_with_its_old_offset() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, small());
    let send = |sequence: i32| {
        let sent = check(batch(&["x", "y"], NOW, idempotent(&[], 9, 0, sequence)));
        log.append_as_leader(&sent, EPOCH, NOW)
    };
    for round in 0..7 {
        assert_eq!(send(round * 2).unwrap().first_offset, Offset(i64::from(round) * 2));
    }
    let again = send(4).unwrap();
    assert_eq!((again.first_offset, again.last_offset, again.duplicate), (Offset(4), Offset(5), true));
    assert_eq!(log.end_offset(), Offset(14));
    for wrong in [0, 2, 16] {
        let error = send(wrong).unwrap_err();
        assert_eq!(error.code(), ErrorCode::OutOfOrderSequenceNumber, "{error}");
    }
    assert_eq!(log.active_producers().len(), 1);
}

#[test]
fn rolls_by_size_by_time_and_by_index() {
    let rolled = |config: LogConfig, second: Timestamp| {
        let dir = tempfile::tempdir().unwrap();
        let log = unclean(&dir, config);
        for _ in 0..3 {
            append(&log, &["0123456789"; 10]);
        }
        log.append_as_leader(&plain(&["late"], second), EPOCH, NOW).unwrap();
        log.segment_count()
    };
    let large = LogConfig { index_interval_bytes: 0, ..LogConfig::default() };
    assert_eq!(rolled(large.clone(), NOW), 1);
    assert_eq!(rolled(LogConfig { segment_bytes: 400, ..large.clone() }, NOW), 3);
    let by_time = LogConfig { segment_ms: 1000, ..large.clone() };
    assert_eq!(rolled(by_time.clone(), NOW.plus_ms(1000)), 1);
    assert_eq!(
        rolled(by_time.clone(), NOW.plus_ms(1010)),
        2,
        "by the first batch's largest timestamp, not by the clock"
    );
    assert_eq!(rolled(LogConfig { segment_index_bytes: 24, ..large }, NOW), 2);
    let compacted = LogConfig { compact: true, max_compaction_lag_ms: 10, segment_ms: 1000, ..by_time };
    assert_eq!(rolled(compacted, NOW.plus_ms(500)), 2);
}

#[test]
fn what_does_not_fit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, LogConfig { segment_bytes: 100, ..LogConfig::default() });
    let error = log.append_as_leader(&plain(&[&"x".repeat(100)], NOW), EPOCH, NOW).unwrap_err();
    assert_eq!(error.code(), ErrorCode::RecordListTooLarge);
    assert_eq!(log.end_offset(), Offset(0));
}

#[test]
fn a_follower_keeps_offsets_and_epochs() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (leader, follower) = (unclean(&from, small()), unclean(&to, small()));
    for i in 0..40 {
        leader.append_as_leader(&plain(&["a", "b"], NOW), LeaderEpoch(i / 10), NOW).unwrap();
    }
    while follower.end_offset() < leader.end_offset() {
        let slice = leader.read(follower.end_offset(), 700, leader.end_offset(), true).unwrap();
        follower.append_as_follower(&slice.read_all().unwrap(), LeaderEpoch(100), NOW).unwrap();
    }
    assert_eq!(records(&follower, Offset(0), 500), records(&leader, Offset(0), 500));
    for epoch in 0..5 {
        let epoch = LeaderEpoch(epoch);
        assert_eq!(follower.end_offset_for_epoch(epoch), leader.end_offset_for_epoch(epoch));
    }
    let old = leader.read(Offset(3), 100, leader.end_offset(), true).unwrap().read_all().unwrap();
    assert!(matches!(follower.append_as_follower(&old, LeaderEpoch(100), NOW), Err(AppendError::OutOfOrder { .. })));
    let mut damaged = old.to_vec();
    damaged[70] ^= 1;
    assert!(matches!(follower.append_as_follower(&damaged, LeaderEpoch(100), NOW), Err(AppendError::Batch(_))));
}

#[test]
fn an_epoch_may_begin_without_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, small());
    append(&log, &["a"]);
    log.begin_epoch(LeaderEpoch(7)).unwrap();
    assert_eq!(log.end_offset_for_epoch(EPOCH), (EPOCH, Offset(1)));
    assert_eq!((log.latest_epoch(), log.epoch_at(Offset(0))), (Some(LeaderEpoch(7)), Some(EPOCH)));
}

#[test]
fn a_closed_log_refuses() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, small());
    append(&log, &["a"]);
    log.close().unwrap();
    log.close().unwrap();
    let error = log.append_as_leader(&plain(&["b"], NOW), EPOCH, NOW).unwrap_err();
    assert_eq!(error.code(), ErrorCode::KafkaStorageError);
    assert_eq!(records(&log, Offset(0), 100), [(0, "a".to_owned())], "readers may finish");
}
