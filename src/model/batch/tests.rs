//! Batches as Java writes them, round trips, and bytes that nobody should have sent.

mod golden;
mod hostile;
mod round_trip;

use super::*;
use crate::Timestamp;

const LIMIT: usize = 1 << 20;

/// All records of a batch as text, or why there are none.
fn text(bytes: &[u8]) -> Result<Vec<String>, BatchError> {
    let batch = Batch::first(bytes)?;
    let payload = payload(&batch, LIMIT)?;
    let show = |bytes: Option<&[u8]>| bytes.map_or("null".to_owned(), |b| String::from_utf8_lossy(b).into_owned());
    let line = |record: Record<'_>| {
        let headers: Vec<_> =
            record.headers.iter().map(|h| format!("{}={}", show(Some(h.key)), show(h.value))).collect();
        let timestamp = batch.timestamp_of(record.timestamp_delta);
        let (key, value) = (show(record.key), show(record.value));
        format!("{} @{timestamp} {key}: {value} {headers:?}", record.offset_delta)
    };
    payload.records().map(|record| record.map(line)).collect()
}

/// The shapes of all records of a batch.
fn shapes(bytes: &[u8]) -> Result<Vec<Shape>, BatchError> {
    let mut shapes = Vec::new();
    walk(&Batch::first(bytes)?, LIMIT, |shape| shapes.push(shape))?;
    Ok(shapes)
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap() as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A batch with one record for each value, compressed.
fn batch_of(compression: Compression, values: &[&[u8]]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BatchSettings { compression, ..BatchSettings::default() });
    for (index, value) in values.iter().enumerate() {
        builder.append(None, Some(value), &[], Timestamp(1000 + index as i64));
    }
    builder.build().unwrap().to_vec()
}

const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

/// So many cases, and no file of those that failed: its place would be between the crates.
fn cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}
