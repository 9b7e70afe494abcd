//! The rules of `ProducerStateManager`, in the words of its tests.

use model::batch::{Compression, EndMarker, TimestampType};
use model::{ErrorCode, LeaderEpoch};

use super::*;

const PID: i64 = 4000;

/// A batch of `count` records from the producer, at no place in particular.
fn batch(epoch: i16, sequence: i32, count: i32) -> BatchInfo {
    BatchInfo {
        at: 0,
        len: 100,
        base_offset: Offset(0),
        leader_epoch: LeaderEpoch(0),
        records: count,
        last_offset_delta: count - 1,
        base_timestamp: Timestamp(50),
        max_timestamp: Timestamp(50),
        offset_of_max_timestamp: 0,
        timestamp_type: TimestampType::CreateTime,
        producer_id: ProducerId(PID),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        last_sequence: Sequence(sequence).plus(count - 1),
        is_transactional: false,
        is_control: false,
        compression: Compression::None,
        marker: None,
    }
}

fn in_transaction(epoch: i16, sequence: i32, count: i32) -> BatchInfo {
    BatchInfo { is_transactional: true, ..batch(epoch, sequence, count) }
}

fn of(id: i64, batch: BatchInfo) -> BatchInfo {
    BatchInfo { producer_id: ProducerId(id), ..batch }
}

fn marker(epoch: i16, commit: bool, coordinator_epoch: i32) -> BatchInfo {
    let marker = EndMarker { commit, coordinator_epoch, timestamp: Timestamp(60) };
    BatchInfo { is_control: true, marker: Some(marker), ..in_transaction(epoch, -1, 1) }
}

/// Appends a client's batch at the end, if it may be.
fn send(producers: &mut Producers, batch: &BatchInfo) -> Result<i64, ErrorCode> {
    match producers.check(batch, Origin::Client).map_err(|error| error.code())? {
        Verdict::Duplicate(written) => Ok(written.first_offset().0),
        Verdict::Fresh => {
            let offset = producers.end_offset();
            producers.append(batch, offset);
            Ok(offset.0)
        }
    }
}

const OUT_OF_ORDER: Result<i64, ErrorCode> = Err(ErrorCode::OutOfOrderSequenceNumber);
const FENCED: Result<i64, ErrorCode> = Err(ErrorCode::InvalidProducerEpoch);

#[test]
fn sequences_are_in_order_or_known() {
    let mut log = Producers::default();
    let table = [
        (batch(0, 0, 3), Ok(0)),
        (batch(0, 3, 1), Ok(3)),
        (batch(0, 0, 3), Ok(0)),        // A duplicate has its old offset.
        (batch(0, 0, 2), OUT_OF_ORDER), // The same begin is not the same batch.
        (batch(0, 5, 1), OUT_OF_ORDER),
        (batch(0, 4, 1), Ok(4)),
        (batch(1, 5, 1), OUT_OF_ORDER), // A new epoch begins at 0,
        (batch(1, 0, 1), Ok(5)),
        (batch(0, 4, 1), FENCED), // the old one is fenced, duplicates too.
        (batch(1, 1, 1), Ok(6)),
    ];
    for (batch, answer) in table {
        assert_eq!(send(&mut log, &batch), answer, "{:?} {:?}", batch.producer_epoch, batch.base_sequence);
    }
}

#[test]
fn five_batches_are_remembered() {
    let mut log = Producers::default();
    for sequence in 0..6 {
        assert_eq!(send(&mut log, &batch(0, sequence, 1)), Ok(i64::from(sequence)));
    }
    for sequence in 1..6 {
        assert_eq!(send(&mut log, &batch(0, sequence, 1)), Ok(i64::from(sequence)));
    }
    assert_eq!(send(&mut log, &batch(0, 0, 1)), OUT_OF_ORDER, "the sixth is forgotten");
    let duplicate = log.check(&batch(0, 5, 1), Origin::Client);
    let written =
        Written { last_sequence: Sequence(5), last_offset: Offset(5), offset_delta: 0, timestamp: Timestamp(50) };
    assert_eq!(duplicate, Ok(Verdict::Duplicate(written)));
}

#[test]
fn sequences_wrap() {
    let mut log = Producers::default();
    assert_eq!(send(&mut log, &batch(0, i32::MAX - 1, 4)), Ok(0), "nothing is known: any sequence will do");
    assert_eq!(send(&mut log, &batch(0, 2, 1)), Ok(4));
    assert_eq!(send(&mut log, &batch(0, i32::MAX - 1, 4)), Ok(0), "a duplicate across the wrap");
    let mut log = Producers::default();
    assert_eq!([send(&mut log, &batch(0, i32::MAX, 1)), send(&mut log, &batch(0, 0, 1))], [Ok(0), Ok(1)]);
}

#[test]
fn only_clients_are_held_to_sequences() {
    let mut log = Producers::default();
    log.append(&batch(3, 0, 1), Offset(0));
    let check = |batch: &BatchInfo, origin| log.check(batch, origin).map_err(|error| error.code());
    assert_eq!(check(&batch(3, -1, 1), Origin::Coordinator), Ok(Verdict::Fresh));
    assert_eq!(check(&batch(2, -1, 1), Origin::Coordinator), Err(ErrorCode::InvalidProducerEpoch));
    assert_eq!(check(&batch(2, 9, 1), Origin::Replication), Ok(Verdict::Fresh), "the leader has checked it");
    let anonymous = BatchInfo { producer_id: ProducerId::NONE, ..batch(-1, -1, 1) };
    assert_eq!(check(&anonymous, Origin::Client), Ok(Verdict::Fresh));
}

#[test]
fn transactions_hold_the_stable_offset_until_their_end_is_replicated() {
    let mut log = Producers::starting_at(Offset(10));
    log.append(&in_transaction(0, 0, 2), Offset(10));
    log.append(&of(7, in_transaction(0, 0, 1)), Offset(12));
    assert_eq!(log.first_unstable_offset(), Some(Offset(10)));
    assert!(log.has_ongoing_transaction(ProducerId(PID), ProducerEpoch(0)));
    assert!(!log.has_ongoing_transaction(ProducerId(PID), ProducerEpoch(1)));
    let completed = log.append(&marker(0, false, 1), Offset(13)).unwrap();
    assert_eq!((completed.first_offset, completed.last_offset, completed.aborted), (Offset(10), Offset(13), true));
    assert_eq!(completed.last_stable_offset, Offset(12), "the other one is still open");
    assert_eq!(log.first_undecided_offset(), Some(Offset(12)));
    assert_eq!(log.first_unstable_offset(), Some(Offset(10)), "decided, but not replicated");
    log.on_high_watermark(Offset(13));
    assert_eq!(log.first_unstable_offset(), Some(Offset(10)));
    log.on_high_watermark(Offset(14));
    assert_eq!(log.first_unstable_offset(), Some(Offset(12)));
    let completed = log.append(&of(7, marker(0, true, 1)), Offset(14)).unwrap();
    assert_eq!((completed.aborted, completed.last_stable_offset), (false, Offset(15)));
    assert_eq!(log.append(&marker(0, true, 1), Offset(15)), None, "a marker of nothing");
    log.on_log_start(Offset(20));
    assert_eq!((log.first_unstable_offset(), log.end_offset()), (None, Offset(20)));
}

#[test]
fn what_transactions_refuse() {
    let mut log = Producers::default();
    log.append(&in_transaction(1, 0, 1), Offset(0));
    let code = |log: &Producers, batch: &BatchInfo, origin| log.check(batch, origin).map_err(|error| error.code());
    assert_eq!(code(&log, &batch(1, 1, 1), Origin::Client), Err(ErrorCode::InvalidTxnState));
    assert_eq!(code(&log, &marker(0, true, 5), Origin::Coordinator), Err(ErrorCode::InvalidProducerEpoch));
    log.append(&marker(2, true, 5), Offset(1));
    assert_eq!(code(&log, &marker(2, true, 4), Origin::Coordinator), Err(ErrorCode::TransactionCoordinatorFenced));
    assert_eq!(send(&mut log, &in_transaction(1, 1, 1)), FENCED, "the marker's epoch fences");
    assert_eq!(send(&mut log, &in_transaction(2, 1, 1)), OUT_OF_ORDER);
    assert_eq!(send(&mut log, &in_transaction(2, 0, 1)), Ok(2));
}

#[test]
fn silent_producers_expire_unless_they_have_a_transaction() {
    let mut log = Producers::default();
    log.append(&batch(0, 0, 1), Offset(0));
    log.append(&of(7, in_transaction(0, 0, 1)), Offset(1));
    assert_eq!(log.expire(Timestamp(149), 100), 0);
    assert_eq!((log.expire(Timestamp(150), 100), log.len()), (1, 1));
    assert_eq!(send(&mut log, &batch(0, 77, 1)), Ok(2), "it goes on with any sequence");
    assert!(!log.has_late_transaction(Timestamp(50 + 300_100), 100));
    assert!(log.has_late_transaction(Timestamp(50 + 300_101), 100));
}

#[test]
fn the_listing_is_what_describe_producers_shows() {
    let mut log = Producers::default();
    log.append(&in_transaction(1, 5, 3), Offset(9));
    log.append(&of(7, marker(2, true, 4)), Offset(12));
    let first = ActiveProducer {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(2),
        last_sequence: Sequence::NONE,
        last_timestamp: Timestamp(60),
        coordinator_epoch: 4,
        transaction_start: Offset::NONE,
        last_data_offset: Offset::NONE,
    };
    let second = ActiveProducer {
        producer_id: ProducerId(PID),
        producer_epoch: ProducerEpoch(1),
        last_sequence: Sequence(7),
        last_timestamp: Timestamp(50),
        coordinator_epoch: -1,
        transaction_start: Offset(9),
        last_data_offset: Offset(11),
    };
    assert_eq!(log.active().collect::<Vec<_>>(), [first, second]);
}

/// Written by Kafka 4.3.1 (`ProducerStateManager.writeSnapshot`).
const SNAPSHOT_OF_JAVA: &str = "0001c1f7178c000000030000000000000007000000000001000000000000006a000000030000018bcfe56805ffffffffffffffffffffffff00000000000000090001ffffffffffffffffffffffff000000000000018bcfe5680600000005ffffffffffffffff0000000000000fa00003000000130000000000000066000000020000018bcfe56800ffffffff0000000000000064";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap() as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn at(ms: i64, batch: BatchInfo) -> BatchInfo {
    BatchInfo { max_timestamp: Timestamp(1_700_000_000_000 + ms), ..batch }
}

#[test]
fn snapshots_are_those_of_java() {
    let mut log = Producers::default();
    log.append(&at(0, in_transaction(3, 17, 3)), Offset(100));
    log.append(&of(7, at(5, batch(0, i32::MAX - 1, 4))), Offset(103));
    let abort = EndMarker { commit: false, coordinator_epoch: 5, timestamp: Timestamp(1_700_000_000_006) };
    log.append(&of(9, BatchInfo { marker: Some(abort), ..marker(1, false, 5) }), Offset(107));
    assert_eq!(hex(&log.to_snapshot()), SNAPSHOT_OF_JAVA);
    let read = |now: i64| {
        Producers::from_snapshot(
            &from_hex(SNAPSHOT_OF_JAVA),
            Offset(108),
            Timestamp(1_700_000_000_000 + now),
            86_400_000,
        )
    };
    assert_eq!(read(0).as_ref(), Ok(&log));
    let days_later = read(99 * 86_400_000_i64).unwrap();
    assert_eq!(
        (days_later.len(), days_later.first_unstable_offset()),
        (1, Some(Offset(100))),
        "open transactions stay"
    );
}

#[test]
fn damaged_snapshots_are_refused() {
    let good = from_hex(SNAPSHOT_OF_JAVA);
    let read = |bytes: &[u8]| Producers::from_snapshot(bytes, Offset(0), Timestamp(0), 1);
    assert_eq!(read(b"\0\x02"), Err(SnapshotError::Version(2)));
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err());
        let mut flipped = good.clone();
        flipped[length] ^= 1;
        assert!(read(&flipped).is_err(), "byte {length}");
    }
    // A count beyond all measure, with the right checksum.
    let mut counted = [&good[..6], &[0x7f, 0xff, 0xff, 0xff], &good[10..]].concat();
    let crc = model::batch::crc32c(&counted[6..]);
    counted[2..6].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(read(&counted), Err(SnapshotError::Length(counted.len())));
}
