//! Logs of records with keys, and their compaction, for the tests of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::batch::{BatchBuilder, BatchSettings, Batches, EndMarker, payload};
use model::{Offset, ProducerEpoch, ProducerId, Timestamp};
use replication::Origin;
use replication::validate::{Rules, validate};

use super::kit::*;
use crate::log::{Appended, CleanError, CleanerSettings, Cleaning, Log, LogConfig, Opening, Step};

/// Compacted as soon as anything is dirty, in small segments.
pub(super) fn compacted() -> LogConfig {
    LogConfig { compact: true, delete: false, min_cleanable_ratio: 0.0, delete_retention_ms: 1000, ..small() }
}

pub(super) const SETTINGS: CleanerSettings =
    CleanerSettings { map_bytes: 1 << 20, load_factor: 0.9, buffer_bytes: 700 };

pub(super) fn fresh(dir: &tempfile::TempDir) -> Arc<Log> {
    Arc::new(unclean(dir, compacted()))
}

/// The log opened again, after an orderly stop or after a crash.
pub(super) fn again(dir: &std::path::Path, clean: bool, before: &Log) -> Arc<Log> {
    let opening = Opening {
        clean,
        recovery_point: before.recovery_point(),
        log_start: before.start_offset(),
        high_watermark: before.high_watermark(),
        cleaned_to: before.cleaned_to(),
        ..Opening::new(dir, LogConfig::clone(&before.config()))
    };
    Arc::new(Log::open(opening, NOW).unwrap())
}

/// A batch of keys and values; an empty value is a tombstone.
pub(super) fn keyed(records: &[(&str, &str)], settings: BatchSettings) -> bytes::Bytes {
    let mut builder = BatchBuilder::new(settings);
    for (key, value) in records {
        builder.append(Some(key.as_bytes()), Some(value.as_bytes()).filter(|v| !v.is_empty()), &[], NOW);
    }
    builder.build().unwrap()
}

pub(super) fn put_as(log: &Log, records: &[(&str, &str)], settings: BatchSettings) -> Appended {
    let appended = log.append_as_leader(&check(keyed(records, settings)), EPOCH, NOW).unwrap();
    log.set_high_watermark(log.end_offset());
    appended
}

pub(super) fn put(log: &Log, records: &[(&str, &str)]) -> Appended {
    put_as(log, records, BatchSettings::default())
}

pub(super) fn in_transaction(id: i64, sequence: i32) -> BatchSettings {
    BatchSettings { is_transactional: true, ..idempotent(&[], id, 0, sequence) }
}

pub(super) fn end(log: &Log, id: i64, commit: bool) {
    let marker = EndMarker { commit, coordinator_epoch: 0, timestamp: NOW };
    let bytes = marker.batch(ProducerId(id), ProducerEpoch(0)).unwrap();
    let rules = Rules { origin: Origin::Coordinator, ..Rules::default() };
    log.append_as_leader(&validate(&bytes, &rules, NOW).unwrap(), EPOCH, NOW).unwrap();
    log.set_high_watermark(log.end_offset());
}

/// What a reader of all batches sees, in steps of `max` bytes: offset, key, value of each record; of a marker and of an
/// empty batch what it is.
pub(super) fn seen(log: &Log, mut from: Offset, max: usize) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    loop {
        let slice = log.read(from, max, log.end_offset(), true).unwrap();
        if slice.len == 0 {
            return found;
        }
        let bytes = slice.read_all().unwrap();
        for batch in Batches::new(&bytes) {
            let batch = batch.unwrap();
            batch.check_crc().unwrap();
            assert!(batch.last_offset() >= from, "a batch that was read before");
            let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"-")).into_owned();
            if batch.count() == 0 {
                found.push((batch.last_offset().0, "empty".to_owned()));
            }
            for record in payload(&batch, 1 << 20).unwrap().records() {
                let record = record.unwrap();
                let offset = batch.base_offset().plus(i64::from(record.offset_delta));
                let shown = match batch.is_control() {
                    true => "marker".to_owned(),
                    false => format!("{}={}", text(record.key), text(record.value)),
                };
                if offset >= from {
                    found.push((offset.0, shown));
                }
            }
            from = batch.next_offset();
        }
        assert!(from <= slice.next_offset, "{from} {slice:?}");
        from = slice.next_offset;
    }
}

/// Everything, on one line.
pub(super) fn shown(log: &Log) -> String {
    let all = seen(log, log.start_offset(), 1 << 20);
    all.iter().map(|(offset, record)| format!("{offset}:{record}")).collect::<Vec<_>>().join(" ")
}

/// Of each key the last value, tombstones left out, as a reader of the whole log finds them.
pub(super) fn table(log: &Log) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    for (_, record) in seen(log, log.start_offset(), 1 << 20) {
        let Some((key, value)) = record.split_once('=') else { continue };
        match value {
            "-" => table.remove(key),
            value => table.insert(key.to_owned(), value.to_owned()),
        };
    }
    table
}

/// Begins to compact what there is to compact.
pub(super) fn begin(log: &Arc<Log>, settings: CleanerSettings, now: Timestamp) -> Option<Cleaning> {
    let range = log.cleanable(now).unwrap();
    let is_due = range.is_due(log.config().min_cleanable_ratio);
    if is_due { Some(log.begin_cleaning(range, settings, now).unwrap()) } else { None }
}

/// Compacts to the end; answers how many steps it took.
pub(super) fn finish(mut cleaning: Cleaning) -> Result<usize, CleanError> {
    let mut steps = 1;
    while matches!(cleaning.step()?, Step::More(_)) {
        steps += 1;
    }
    Ok(steps)
}

/// Compacts once, if there is anything to do.
pub(super) fn compact(log: &Arc<Log>, now: Timestamp) -> bool {
    begin(log, SETTINGS, now).map(|cleaning| finish(cleaning).unwrap()).is_some()
}

/// The names of files that are neither a segment's nor a snapshot nor one of the small ones.
pub(super) fn left_over(dir: &std::path::Path) -> Vec<String> {
    let names = host::fs::list_dir(dir).unwrap().into_iter().map(|entry| entry.name);
    names.filter(|name| name.ends_with(".cleaned") || name.ends_with(".swap")).collect()
}
