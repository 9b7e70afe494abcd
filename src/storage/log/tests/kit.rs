//! Makes batches, logs and directories for the other tests.

use bytes::Bytes;
use model::batch::{BatchBuilder, BatchSettings, Batches, payload};
use model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use replication::validate::{Rules, Validated, validate};

use crate::log::{Appended, Log, LogConfig, Opening};

pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);
pub(super) const EPOCH: LeaderEpoch = LeaderEpoch(0);

/// Small segments and many index entries, so that little data meets every case.
pub(super) fn small() -> LogConfig {
    LogConfig { segment_bytes: 2000, index_interval_bytes: 150, ..LogConfig::default() }
}

pub(super) fn unclean(dir: &tempfile::TempDir, config: LogConfig) -> Log {
    Log::open(Opening::new(dir.path(), config), NOW).unwrap()
}

pub(super) fn clean(dir: &tempfile::TempDir, config: LogConfig) -> Log {
    Log::open(Opening { clean: true, high_watermark: Offset(i64::MAX), ..Opening::new(dir.path(), config) }, NOW)
        .unwrap()
}

/// A batch as a client sends it: one record for each value, timestamps growing by one from `timestamp`.
pub(super) fn batch(values: &[&str], timestamp: Timestamp, settings: BatchSettings) -> Bytes {
    let mut builder = BatchBuilder::new(settings);
    for (i, value) in values.iter().enumerate() {
        builder.append(None, Some(value.as_bytes()), &[], timestamp.plus_ms(i as i64));
    }
    builder.build().unwrap()
}

pub(super) fn plain(values: &[&str], timestamp: Timestamp) -> Validated {
    check(batch(values, timestamp, BatchSettings::default()))
}

pub(super) fn idempotent(values: &[&str], id: i64, epoch: i16, sequence: i32) -> BatchSettings {
    let _ = values;
    BatchSettings {
        producer_id: ProducerId(id),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        ..BatchSettings::default()
    }
}

pub(super) fn check(bytes: Bytes) -> Validated {
    validate(&bytes, &Rules::default(), NOW).unwrap()
}

pub(super) fn append(log: &Log, values: &[&str]) -> Appended {
    let appended = log.append_as_leader(&plain(values, NOW), EPOCH, NOW).unwrap();
    log.set_high_watermark(log.end_offset());
    appended
}

/// All records from `from` on, read in steps of `max` bytes, with their offsets.
pub(super) fn records(log: &Log, mut from: Offset, max: usize) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    loop {
        let slice = log.read(from, max, log.end_offset(), true).unwrap();
        if slice.len == 0 {
            return found;
        }
        let bytes = slice.read_all().unwrap();
        for batch in Batches::new(&bytes) {
            let batch = batch.expect("whole batches only");
            batch.check_crc().unwrap();
            for record in payload(&batch, 1 << 20).unwrap().records() {
                let record = record.unwrap();
                let offset = batch.base_offset().plus(i64::from(record.offset_delta));
                if offset >= from {
                    let value = String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned();
                    found.push((offset.0, value));
                }
            }
            from = batch.next_offset();
        }
        assert!(from <= slice.next_offset, "{from} {slice:?}");
        from = slice.next_offset;
    }
}

/// The names of the files in a directory, zeros in front of offsets left out.
pub(super) fn names(dir: &tempfile::TempDir) -> Vec<String> {
    let entries = host::fs::list_dir(dir.path()).unwrap();
    entries.into_iter().map(|entry| entry.name.trim_start_matches("0000000000000000").to_owned()).collect()
}
