//! Looks at every record of a batch (`LogValidator`): keys where compaction needs them, timestamps within bounds.

use bytes::{Bytes, BytesMut};
use model::batch::{
    Batch, BatchBuilder, BatchSettings, Compression, Shape, TimestampType, each_record, patch_max_timestamp, walk,
};
use model::{ErrorCode, ProducerEpoch, ProducerId, Timestamp};

use super::check::{refusal, size};
use super::{BatchInfo, Refusal, Rules, Target, Validated};

/// Beyond so many, records at fault are not told one by one: a small request must not make a huge answer.
const MOST_RECORD_ERRORS: usize = 4096;

/// Checks the records of `batch`, which is all of `bytes`, and changes the batch where Kafka does.
pub(super) fn validate(bytes: &Bytes, batch: &Batch<'_>, rules: &Rules, now: Timestamp) -> Result<Validated, Refusal> {
    let source = batch.compression().map_err(refusal)?;
    let (codec, level) = match rules.compression {
        Target::Producer => (source, None),
        // Markers are written as they are, whatever the topic wants.
        Target::Codec { .. } if source == Compression::None && batch.is_control() => (source, None),
        Target::Codec { codec, level } => (codec, level),
    };
    let mut seen = Seen::new(batch, rules, now);
    walk(batch, rules.max_decompressed_bytes, |shape| seen.record(&shape)).map_err(refusal)?;
    let uncompressed = source == Compression::None && codec == Compression::None;
    // Kafka looks at the records' offsets only where something is compressed.
    let rebuild = codec != source || (!uncompressed && !seen.offsets_in_order);
    let found = seen.finish()?;
    let append_time = (rules.timestamp_type == TimestampType::LogAppendTime).then_some(now);
    let bytes = if rebuild {
        let rebuilt = rebuilt(batch, rules, codec, level, append_time)?;
        size(rebuilt.len(), rules)?;
        rebuilt
    } else {
        let max = append_time.unwrap_or(found.max_timestamp);
        if batch.timestamp_type() == rules.timestamp_type && batch.max_timestamp() == max {
            bytes.clone()
        } else {
            let mut patched = BytesMut::from(&bytes[..]);
            patch_max_timestamp(&mut patched, rules.timestamp_type, max);
            patched.freeze()
        }
    };
    let batch = Batch::first(&bytes).map_err(refusal)?;
    let mut info = BatchInfo::of(&batch, 0).map_err(refusal)?;
    info.offset_of_max_timestamp = if append_time.is_some() { 0 } else { found.offset_of_max_timestamp };
    Ok(Validated {
        batches: vec![info],
        offsets: info.offsets(),
        max_timestamp: info.max_timestamp,
        append_time: append_time.unwrap_or(Timestamp::NONE),
        origin: rules.origin,
        bytes,
    })
}

/// What is known after the records that were seen.
struct Seen<'a> {
    rules: &'a Rules,
    now: Timestamp,
    source_type: TimestampType,
    base_timestamp: i64,
    source_max: Timestamp,
    index: i32,
    offsets_in_order: bool,
    max_timestamp: Timestamp,
    offset_of_max_timestamp: i32,
    bad_timestamp: bool,
    at_fault: usize,
    errors: Vec<(i32, Option<String>)>,
}

struct Found {
    max_timestamp: Timestamp,
    offset_of_max_timestamp: i32,
}

impl<'a> Seen<'a> {
    fn new(batch: &Batch<'_>, rules: &'a Rules, now: Timestamp) -> Self {
        Self {
            rules,
            now,
            source_type: batch.timestamp_type(),
            base_timestamp: batch.base_timestamp().0,
            source_max: batch.max_timestamp(),
            index: 0,
            offsets_in_order: true,
            max_timestamp: Timestamp::NONE,
            offset_of_max_timestamp: batch.last_offset_delta(),
            bad_timestamp: false,
            at_fault: 0,
            errors: Vec::new(),
        }
    }

    #[inline]
    fn record(&mut self, shape: &Shape) {
        let timestamp = match self.source_type {
            TimestampType::CreateTime => Timestamp(self.base_timestamp.wrapping_add(shape.timestamp_delta)),
            TimestampType::LogAppendTime => self.source_max,
        };
        self.offsets_in_order &= shape.offset_delta == self.index;
        if timestamp > self.max_timestamp {
            self.max_timestamp = timestamp;
            self.offset_of_max_timestamp = self.index;
        }
        if self.rules.compacted && shape.key_len.is_none() {
            self.fault(|| "the topic is compacted, and the record has no key".to_owned());
        } else if self.rules.timestamp_type == TimestampType::CreateTime && timestamp != Timestamp::NONE {
            self.bounds(timestamp, shape.offset_delta);
        } else if self.source_type == TimestampType::LogAppendTime {
            self.bad_timestamp = true;
            self.fault(|| "a producer may not set the timestamp type to LogAppendTime".to_owned());
        }
        self.index = self.index.wrapping_add(1);
    }

    #[inline]
    fn bounds(&mut self, timestamp: Timestamp, offset: i32) {
        let age = self.now.0.wrapping_sub(timestamp.0);
        let (before, after) = (self.rules.before_max_ms, self.rules.after_max_ms);
        if age > before || age.wrapping_neg() > after {
            self.bad_timestamp = true;
            let (first, last) = (self.now.plus_ms(before.saturating_neg()), self.now.plus_ms(after));
            self.fault(|| format!("the timestamp {timestamp} at offset {offset} is not between {first} and {last}"));
        }
    }

    #[cold]
    fn fault(&mut self, words: impl FnOnce() -> String) {
        self.at_fault += 1;
        if self.errors.len() < MOST_RECORD_ERRORS {
            self.errors.push((self.index, Some(words())));
        }
    }

    fn finish(self) -> Result<Found, Refusal> {
        if self.at_fault == 0 {
            let Self { max_timestamp, offset_of_max_timestamp, .. } = self;
            return Ok(Found { max_timestamp, offset_of_max_timestamp });
        }
        let code = if self.bad_timestamp { ErrorCode::InvalidTimestamp } else { ErrorCode::InvalidRecord };
        // Of several faults a producer is shown these words alone, so they say why at least the first is one.
        let first = self.errors.first().and_then(|(index, words)| Some((index, words.as_deref()?)));
        let words = match first {
            Some((index, words)) => format!("{} records are refused; record {index}: {words}", self.at_fault),
            None => format!("{} records are refused", self.at_fault),
        };
        let mut refusal = Refusal::new(code, words);
        refusal.record_errors = self.errors;
        Err(refusal)
    }
}

/// The same records in a new batch (`LogValidator.buildRecordsAndAssignOffsets`).
fn rebuilt(
    batch: &Batch<'_>,
    rules: &Rules,
    codec: Compression,
    level: Option<i32>,
    append_time: Option<Timestamp>,
) -> Result<Bytes, Refusal> {
    // What Kafka's `MemoryRecordsBuilder` cannot write. Where nothing is rebuilt it lets the same things pass.
    let unwritable = |words: &str| Refusal::new(ErrorCode::UnknownServerError, words);
    if batch.producer_id() == ProducerId::NONE {
        if batch.is_transactional() {
            return Err(unwritable("a batch of a transaction has no producer"));
        }
    } else if batch.producer_epoch() == ProducerEpoch::NONE || batch.base_sequence().0 < 0 {
        return Err(unwritable("the producer has no epoch or no sequence"));
    }
    let mut builder = BatchBuilder::new(BatchSettings {
        compression: codec,
        level,
        append_time,
        producer_id: batch.producer_id(),
        producer_epoch: batch.producer_epoch(),
        base_sequence: batch.base_sequence(),
        is_transactional: batch.is_transactional(),
        ..BatchSettings::default()
    });
    let mut index = 0;
    each_record(batch, rules.max_decompressed_bytes, |record| {
        let timestamp = batch.timestamp_of(record.timestamp_delta);
        if timestamp < Timestamp::NONE {
            return Err(unwritable("a timestamp is negative"));
        }
        builder.append_record(&record, index, timestamp);
        index += 1;
        // What grows too large need not be built to its end.
        if codec == Compression::None { size(builder.uncompressed_len(), rules) } else { Ok(()) }
    })?;
    builder.build().map_err(refusal)
}
