//! The last stable offset and the index of aborted transactions, also after a crash.

use model::batch::{BatchSettings, EndMarker};
use model::{Offset, ProducerEpoch, ProducerId};
use replication::Origin;
use replication::validate::{Rules, validate};

use super::kit::*;
use crate::log::{Log, LogConfig};

fn write(log: &Log, id: i64, sequence: i32) {
    let settings = BatchSettings { is_transactional: true, ..idempotent(&[], id, 0, sequence) };
    log.append_as_leader(&check(batch(&["in a transaction"], NOW, settings)), EPOCH, NOW).unwrap();
}

fn end(log: &Log, id: i64, commit: bool) {
    let marker = EndMarker { commit, coordinator_epoch: 0, timestamp: NOW };
    let bytes = marker.batch(ProducerId(id), ProducerEpoch(0)).unwrap();
    let rules = Rules { origin: Origin::Coordinator, ..Rules::default() };
    log.append_as_leader(&validate(&bytes, &rules, NOW).unwrap(), EPOCH, NOW).unwrap();
}

/// 0: A, 1: B, 2: A, 3: A aborts, 4: C, 5: B commits, 6: C aborts, 7: plain
fn story(log: &Log) {
    for (id, sequence) in [(1, 0), (2, 0), (1, 1)] {
        write(log, id, sequence);
    }
    end(log, 1, false);
    write(log, 3, 0);
    end(log, 2, true);
    end(log, 3, false);
    append(log, &["x"]);
}

fn aborted(log: &Log, from: i64, upto: i64) -> Vec<(i64, i64, i64, i64)> {
    let found = log.aborted_txns(Offset(from), Offset(upto)).unwrap();
    found.iter().map(|t| (t.producer_id.0, t.first_offset.0, t.last_offset.0, t.last_stable_offset.0)).collect()
}

#[test]
fn an_open_transaction_holds_the_stable_offset_back() {
    let dir = tempfile::tempdir().unwrap();
    let log = unclean(&dir, small());
    append(&log, &["x"]);
    write(&log, 1, 0);
    append(&log, &["y"]);
    assert_eq!((log.last_stable_offset(), log.high_watermark()), (Offset(1), Offset(3)));
    assert!(log.has_ongoing_transaction(ProducerId(1), ProducerEpoch(0)));
    end(&log, 1, true);
    assert_eq!(log.last_stable_offset(), Offset(1), "the marker is not replicated yet");
    log.set_high_watermark(Offset(4));
    assert_eq!(log.last_stable_offset(), Offset(4));
}

#[test]
fn aborted_transactions_are_found_and_survive() {
    let expected = [(1, 0, 3, 1), (3, 4, 6, 7)];
    for config in [LogConfig::default(), LogConfig { segment_bytes: 90, ..LogConfig::default() }] {
        let dir = tempfile::tempdir().unwrap();
        let log = unclean(&dir, config.clone());
        story(&log);
        let ask = |log: &Log| {
            assert_eq!(aborted(log, 0, 8), expected);
            assert_eq!(aborted(log, 0, 1), expected[..1], "its marker lies behind the range");
            assert_eq!(aborted(log, 4, 8), expected[1..]);
            assert_eq!(aborted(log, 7, 8), []);
            let slice = log.read(Offset(5), 1, log.end_offset(), true).unwrap();
            assert_eq!(log.aborted_in(&slice).unwrap().len(), 1);
        };
        ask(&log);
        drop(log);
        let log = unclean(&dir, config.clone());
        ask(&log);
        log.close().unwrap();
        let log = clean(&dir, config.clone());
        ask(&log);
        log.truncate_to(Offset(6), NOW).unwrap();
        assert_eq!(aborted(&log, 0, 8), expected[..1]);
        assert_eq!(log.last_stable_offset(), Offset(4), "a transaction whose marker was cut off is open again");
    }
}
