//! Checks the records of a batch and tells their shapes, without copying them or holding them all
//! (`DefaultRecordBatch.skipKeyValueIterator`). Appending costs this once a record: it is the hot path.

use super::compression::{passing_limit, reader};
use super::cursor::Cursor;
use super::record::header_count;
use super::stream::Stream;
use super::{Batch, BatchError, Compression, Record, payload};

/// What is known of a record without its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Its offset, counted from the batch's base offset.
    pub offset_delta: i32,
    /// Its timestamp, counted from the batch's base timestamp, in milliseconds.
    pub timestamp_delta: i64,
    /// Its key's length in bytes, `None` for null.
    pub key_len: Option<usize>,
    /// Its value's length in bytes, `None` for null.
    pub value_len: Option<usize>,
}

/// Calls `visit` for every record of `batch`, in order, and checks that the records are as many as the header says
/// and fill their bytes exactly.
///
/// Compressed records are decompressed in passing, in constant memory but for the codec's own window. A zstd frame with a
/// window beyond 8 MiB may become 32 MiB at most.
///
/// # Errors
/// [`BatchError::Records`] for records that are none, [`BatchError::TooLarge`] when they become more than `limit` bytes,
/// [`BatchError::Decompress`] for damaged compressed bytes, [`BatchError::Compression`] for an unknown codec.
pub fn walk(batch: &Batch<'_>, limit: usize, visit: impl FnMut(Shape)) -> Result<(), BatchError> {
    match batch.compression()? {
        Compression::None => walk_slice(batch, visit),
        _ => walk_stream(batch, stream(batch, limit)?, visit),
    }
}

/// Calls `visit` for every record of `batch`, in order, as [`walk`] does, but with its contents. Of compressed records
/// one at a time is held. Ends at the first error, also of `visit`.
///
/// # Errors
/// As [`walk`].
pub fn each_record<E: From<BatchError>>(
    batch: &Batch<'_>,
    limit: usize,
    mut visit: impl FnMut(Record<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if batch.compression()? == Compression::None {
        return payload(batch, limit)?.records().try_for_each(|record| visit(record?));
    }
    let mut stream = stream(batch, limit)?;
    let mut held = Vec::new();
    for _ in 0..count(batch)? {
        let length = positive(stream.varint()?)?;
        match stream.take_buffered(length) {
            Some(record) => visit(Record::read_inside(record)?)?,
            None => {
                held.clear();
                stream.read(length, &mut held)?;
                visit(Record::read_inside(&held)?)?;
            }
        }
    }
    if stream.at_end()? { Ok(()) } else { Err(FOLLOW.into()) }
}

fn stream<'a>(batch: &Batch<'a>, limit: usize) -> Result<Stream<'a>, BatchError> {
    let (codec, bytes) = (batch.compression()?, batch.payload());
    Ok(Stream::new(codec, reader(codec, bytes)?, passing_limit(codec, bytes, limit)))
}

fn walk_slice(batch: &Batch<'_>, mut visit: impl FnMut(Shape)) -> Result<(), BatchError> {
    let mut cursor = Cursor { rest: batch.payload() };
    for _ in 0..count(batch)? {
        let length = positive(cursor.varint()?)?;
        visit(inside(cursor.take(length)?)?);
    }
    if cursor.rest.is_empty() { Ok(()) } else { Err(FOLLOW) }
}

/// The shape of a record that is all here, from its attributes to its last header.
#[inline(always)]
fn inside(record: &[u8]) -> Result<Shape, BatchError> {
    let mut inside = Cursor { rest: record };
    inside.u8()?;
    let timestamp_delta = inside.varlong()?;
    let offset_delta = inside.varint()?;
    let key_len = inside.nullable()?.map(<[u8]>::len);
    let value_len = inside.nullable()?.map(<[u8]>::len);
    let headers = inside.varint()?;
    for _ in 0..header_count(headers, inside.rest.len())? {
        let key = positive(inside.varint()?)?;
        inside.take(key)?;
        inside.nullable()?;
    }
    if inside.rest.is_empty() { Ok(Shape { offset_delta, timestamp_delta, key_len, value_len }) } else { Err(LONGER) }
}

fn walk_stream(batch: &Batch<'_>, mut stream: Stream<'_>, mut visit: impl FnMut(Shape)) -> Result<(), BatchError> {
    for _ in 0..count(batch)? {
        let length = positive(stream.varint()?)?;
        visit(match stream.take_buffered(length) {
            Some(record) => inside(record)?,
            None => passing(&mut stream, length)?,
        });
    }
    if stream.at_end()? { Ok(()) } else { Err(FOLLOW) }
}

/// The shape of a record that is not all in the window.
fn passing(stream: &mut Stream<'_>, length: usize) -> Result<Shape, BatchError> {
    let end = stream.position() + length as u64;
    stream.u8()?;
    let timestamp_delta = stream.varlong()?;
    let offset_delta = stream.varint()?;
    let key_len = stream.skip_nullable()?;
    let value_len = stream.skip_nullable()?;
    let headers = stream.varint()?;
    let left = end.saturating_sub(stream.position());
    for _ in 0..header_count(headers, usize::try_from(left).unwrap_or(usize::MAX))? {
        let key = positive(stream.varint()?)?;
        stream.skip(key)?;
        stream.skip_nullable()?;
    }
    if stream.position() == end { Ok(Shape { offset_delta, timestamp_delta, key_len, value_len }) } else { Err(LONGER) }
}

const LONGER: BatchError = BatchError::Records("a record is longer or shorter than its fields");
const FOLLOW: BatchError = BatchError::Records("bytes follow the last one");

fn positive(length: i32) -> Result<usize, BatchError> {
    usize::try_from(length).map_err(|_| BatchError::Records("a length is negative"))
}

fn count(batch: &Batch<'_>) -> Result<i32, BatchError> {
    match batch.count() {
        count @ 0.. => Ok(count),
        _ => Err(BatchError::Records("their number is negative")),
    }
}
