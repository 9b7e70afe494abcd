//! The records of a batch, borrowed from its bytes or from what they decompress to (`DefaultRecord`).

use std::borrow::Cow;

use super::compression::decompress;
use super::cursor::Cursor;
use super::{Batch, BatchError, Compression};

/// One record. Offset and timestamp count from its batch's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its offset, counted from the batch's base offset.
    pub offset_delta: i32,
    /// Its timestamp, counted from the batch's base timestamp, in milliseconds.
    pub timestamp_delta: i64,
    /// Its key, or null.
    pub key: Option<&'a [u8]>,
    /// Its value; null is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Headers<'a>,
    /// Everything from the key's length on, to be copied as it is.
    pub(super) body: &'a [u8],
}

/// One header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its name: UTF-8 if the client did as it should, which no broker checks.
    pub key: &'a [u8],
    /// Its value, or null.
    pub value: Option<&'a [u8]>,
}

/// A record's headers, which are read when asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut cursor = Cursor { rest: self.bytes };
        (0..self.count).map_while(move |_| header(&mut cursor).ok())
    }
}

fn header<'a>(cursor: &mut Cursor<'a>) -> Result<Header<'a>, BatchError> {
    let key = cursor.nullable()?.ok_or(BatchError::Records("a header has no key"))?;
    Ok(Header { key, value: cursor.nullable()? })
}

impl<'a> Record<'a> {
    /// The record at the start of `cursor`; the cursor is then behind it.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, BatchError> {
        let length = usize::try_from(cursor.varint()?).map_err(|_| BatchError::Records("a length is negative"))?;
        Self::read_inside(cursor.take(length)?)
    }

    /// The record that is all of `bytes`, without its length.
    pub(super) fn read_inside(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let mut inside = Cursor { rest: bytes };
        inside.u8()?; // No attribute of a record has a meaning yet.
        let timestamp_delta = inside.varlong()?;
        let offset_delta = inside.varint()?;
        let body = inside.rest;
        let key = inside.nullable()?;
        let value = inside.nullable()?;
        let count = inside.varint()?;
        let headers = inside.rest;
        let count = header_count(count, headers.len())?;
        for _ in 0..count {
            header(&mut inside)?;
        }
        if !inside.rest.is_empty() {
            return Err(BatchError::Records("a record is longer than its fields"));
        }
        let headers = Headers { count, bytes: headers };
        Ok(Self { offset_delta, timestamp_delta, key, value, headers, body })
    }
}

/// The count of headers, if `left` bytes can hold so many.
pub(super) fn header_count(announced: i32, left: usize) -> Result<usize, BatchError> {
    match usize::try_from(announced) {
        Ok(count) if count <= left => Ok(count),
        _ => Err(BatchError::Records("the number of headers cannot be")),
    }
}

/// A batch's records as bytes, uncompressed, with how many the header says there are.
#[derive(Clone, Debug)]
pub struct Payload<'a> {
    count: i32,
    bytes: Cow<'a, [u8]>,
}

/// The records of `batch`, decompressed if they are compressed.
///
/// # Errors
/// [`BatchError::TooLarge`] as soon as they become more than `limit` bytes; nothing is reserved ahead of what the
/// compressed bytes really hold. [`BatchError::Decompress`] and [`BatchError::Compression`] for damaged bytes.
pub fn payload<'a>(batch: &Batch<'a>, limit: usize) -> Result<Payload<'a>, BatchError> {
    let bytes = match batch.compression()? {
        Compression::None => Cow::Borrowed(batch.payload()),
        codec => Cow::Owned(decompress(codec, batch.payload(), limit)?),
    };
    Ok(Payload { count: batch.count(), bytes })
}

impl Payload<'_> {
    /// Each record in order; the iteration ends after the first error. Too few records and bytes behind the last one
    /// are errors too.
    pub fn records(&self) -> Records<'_> {
        Records { left: Some(self.count), cursor: Cursor { rest: &self.bytes } }
    }

    /// The records' bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Iterator over the records of a [`Payload`].
#[derive(Clone, Debug)]
pub struct Records<'a> {
    /// How many are to come; `None` when it has ended.
    left: Option<i32>,
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.left.take()? {
            0 if self.cursor.rest.is_empty() => return None,
            0 => Err(BatchError::Records("bytes follow the last one")),
            ..0 => Err(BatchError::Records("their number is negative")),
            left => Record::read(&mut self.cursor).inspect(|_| self.left = Some(left - 1)),
        };
        Some(record)
    }
}
