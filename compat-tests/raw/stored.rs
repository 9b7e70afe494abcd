//! What a broker has stored of a topic, batch by batch and record by record, read without a client.

use anyhow::{Context, Result, ensure};

use super::batch::{HEADER, batch_sets, varint};
use super::{Connection, admin, frames, unpack};

/// A record as it lies in its batch; what is null is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A batch as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub base: i64,
    /// 0 to 4: none, gzip, snappy, lz4, zstd.
    pub codec: i16,
    pub producer_id: i64,
    /// The first record's sequence.
    pub sequence: i32,
    pub records: Vec<Record>,
}

/// Every batch of each partition, from its first offset to its end.
///
/// # Errors
/// Where the broker does not give them, or one has a wrong CRC or is malformed.
pub fn topic(connection: &mut Connection, topic: &str, partitions: i32) -> Result<Vec<Vec<Batch>>> {
    let ends = admin::end_offsets(connection, topic, partitions)?;
    let mut stored = Vec::new();
    for (partition, end) in (0..partitions).zip(ends) {
        let end = end.with_context(|| format!("partition {partition} of {topic} has no end"))?;
        stored.push(batches(connection, topic, partition, end).with_context(|| format!("partition {partition}"))?);
    }
    Ok(stored)
}

fn batches(connection: &mut Connection, topic: &str, partition: i32, end: i64) -> Result<Vec<Batch>> {
    let (mut found, mut next) = (Vec::new(), 0);
    while next < end {
        let answer = connection.exchange(frames::fetch(topic, &[(partition, next)], 8 << 20, 1000)?)?;
        let before = next;
        for (_, _, bytes) in frames::fetched(answer)? {
            for whole in batch_sets(&bytes) {
                found.push(batch(whole.bytes).with_context(|| format!("the batch at offset {}", whole.base))?);
                next = whole.base + whole.offsets;
            }
        }
        ensure!(next > before, "nothing is fetched at offset {before}, before the end at {end}");
    }
    Ok(found)
}

fn batch(bytes: &[u8]) -> Result<Batch> {
    let crc = u32::from_be_bytes(*at(bytes, 17)?);
    let checked = bytes.get(21..).context("a short header")?;
    ensure!(crc == crc32c::crc32c(checked), "a wrong CRC");
    ensure!(at(bytes, 16)? == &[2], "not of magic 2");
    let codec = i16::from_be_bytes(*at(bytes, 21)?) & 7;
    let base = i64::from_be_bytes(*at(bytes, 0)?);
    let base_time = i64::from_be_bytes(*at(bytes, 27)?);
    let payload = unpack(codec, bytes.get(HEADER..).context("no records")?)?;
    let mut rest = payload.as_slice();
    let mut records = Vec::new();
    for _ in 0..i32::from_be_bytes(*at(bytes, 57)?) {
        let mut one = some(&mut rest)?.context("a null record")?;
        one = one.get(1..).context("no attributes")?;
        records.push(Record {
            timestamp: base_time + varint(&mut one)?,
            offset: base + varint(&mut one)?,
            key: some(&mut one)?.map(<[u8]>::to_vec),
            value: some(&mut one)?.map(<[u8]>::to_vec),
            headers: headers(&mut one)?,
        });
        ensure!(one.is_empty(), "bytes behind a record's headers");
    }
    ensure!(rest.is_empty(), "bytes behind the last record");
    let producer_id = i64::from_be_bytes(*at(bytes, 43)?);
    Ok(Batch { base, codec, producer_id, sequence: i32::from_be_bytes(*at(bytes, 53)?), records })
}

fn headers(bytes: &mut &[u8]) -> Result<Vec<(String, Option<Vec<u8>>)>> {
    let mut headers = Vec::new();
    for _ in 0..varint(bytes)? {
        let key = some(bytes)?.context("a header without a key")?;
        headers.push((String::from_utf8(key.to_vec())?, some(bytes)?.map(<[u8]>::to_vec)));
    }
    Ok(headers)
}

/// Bytes behind their length; null where that is negative.
fn some<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>> {
    let Ok(length) = usize::try_from(varint(bytes)?) else { return Ok(None) };
    let (head, rest) = bytes.split_at_checked(length).context("bytes that end too late")?;
    *bytes = rest;
    Ok(Some(head))
}

fn at<const N: usize>(bytes: &[u8], at: usize) -> Result<&[u8; N]> {
    bytes.get(at..).and_then(<[u8]>::first_chunk).context("a short header")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::batch as write;

    #[test]
    fn a_batch_is_read_as_it_was_written() {
        let values: [&[u8]; 3] = [b"one", b"", b"three"];
        let bytes = write(values, None, 1_700_000_000_000).unwrap();
        let read = batch(&bytes).unwrap();
        assert_eq!((read.base, read.codec, read.producer_id, read.sequence), (0, 0, -1, -1));
        let record = |offset, value: &[u8]| Record {
            offset,
            timestamp: 1_700_000_000_000,
            key: None,
            value: Some(value.to_vec()),
            headers: Vec::new(),
        };
        assert_eq!(read.records, [record(0, b"one"), record(1, b""), record(2, b"three")]);
        let mut torn = bytes;
        torn[30] ^= 1;
        assert!(batch(&torn).is_err());
    }
}
