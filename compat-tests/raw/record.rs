//! Batches with keys, tombstones, every codec and their headers, written and read without Ottla's own code.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail, ensure};

use super::batch::{HEADER, Producer, batch_sets, put_varint, reseal, sealed, varint};

/// How records are compressed; its number stands in the low bits of a batch's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

impl Codec {
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    fn number(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }
}

/// One record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub key: Vec<u8>,
    /// `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// What a batch is besides its records.
#[derive(Clone, Copy, Debug)]
pub struct How {
    pub codec: Codec,
    pub producer: Option<Producer>,
    pub is_transactional: bool,
}

/// One batch as it is to be sent.
///
/// # Errors
/// Where there is no record, or a codec fails.
pub fn keyed(records: &[Fresh], how: How) -> Result<Vec<u8>> {
    let base = records.first().context("a batch without records")?.timestamp;
    let (mut payload, mut count, mut newest) = (Vec::new(), 0i32, base);
    for fresh in records {
        let mut record = vec![0];
        put_varint(&mut record, fresh.timestamp - base);
        put_varint(&mut record, i64::from(count));
        for field in [Some(&fresh.key), fresh.value.as_ref()] {
            put_varint(&mut record, field.map_or(Ok(-1), |bytes| i64::try_from(bytes.len()))?);
            record.extend_from_slice(field.map_or(&[], Vec::as_slice));
        }
        put_varint(&mut record, 0);
        put_varint(&mut payload, i64::try_from(record.len())?);
        payload.extend_from_slice(&record);
        count += 1;
        newest = newest.max(fresh.timestamp);
    }
    let attributes = how.codec.number() | if how.is_transactional { 0x10 } else { 0 };
    let mut batch = sealed(attributes, &compressed(how.codec, payload)?, count, how.producer, base)?;
    if let Some(at) = batch.get_mut(35..43) {
        at.copy_from_slice(&newest.to_be_bytes());
    }
    reseal(&mut batch);
    Ok(batch)
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// Everything behind the value, as it is on the wire.
    pub headers: Vec<u8>,
}

/// A batch as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub base: i64,
    pub last_delta: i32,
    pub leader_epoch: i32,
    pub attributes: i16,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub producer: Producer,
    pub records: Vec<Record>,
}

impl Stored {
    /// From when on its tombstones and markers may go; then its base timestamp is no record's (KIP-534).
    pub fn delete_horizon(&self) -> Option<i64> {
        (self.attributes & 0x40 != 0).then_some(self.base_timestamp)
    }
}

/// Every batch in these bytes, with its records; each CRC is checked.
///
/// # Errors
/// Where the bytes are no whole batches.
pub fn read(bytes: &[u8]) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    let mut read = 0;
    for whole in batch_sets(bytes) {
        read += whole.bytes.len();
        found.push(read_one(whole.bytes).with_context(|| format!("the batch at offset {}", whole.base))?);
    }
    ensure!(read == bytes.len(), "{} bytes are no whole batch", bytes.len() - read);
    Ok(found)
}

fn read_one(bytes: &[u8]) -> Result<Stored> {
    let at = |from: usize| bytes.get(from..).context("a short header");
    let i64_at = |from: usize| -> Result<i64> { Ok(i64::from_be_bytes(*at(from)?.first_chunk().context("short")?)) };
    let i32_at = |from: usize| -> Result<i32> { Ok(i32::from_be_bytes(*at(from)?.first_chunk().context("short")?)) };
    let i16_at = |from: usize| -> Result<i16> { Ok(i16::from_be_bytes(*at(from)?.first_chunk().context("short")?)) };
    ensure!(i32_at(17)?.cast_unsigned() == crc32c::crc32c(at(21)?), "a wrong CRC");
    let (base, attributes, base_timestamp, count) = (i64_at(0)?, i16_at(21)?, i64_at(27)?, i32_at(57)?);
    let payload = decompressed(attributes & 7, at(HEADER)?)?;
    let mut rest = payload.as_slice();
    let mut records = Vec::new();
    for _ in 0..count {
        let length = usize::try_from(varint(&mut rest)?)?;
        let (mut record, after) = rest.split_at_checked(length).context("a record ends too late")?;
        rest = after;
        record = record.get(1..).context("an empty record")?;
        let timestamp = base_timestamp + varint(&mut record)?;
        let offset = base + varint(&mut record)?;
        let (key, value) = (field(&mut record)?, field(&mut record)?);
        records.push(Record { offset, timestamp, key, value, headers: record.to_vec() });
    }
    ensure!(rest.is_empty(), "{} bytes follow the records", rest.len());
    Ok(Stored {
        base,
        last_delta: i32_at(23)?,
        leader_epoch: i32_at(12)?,
        attributes,
        base_timestamp,
        max_timestamp: i64_at(35)?,
        producer: Producer { id: i64_at(43)?, epoch: i16_at(51)?, sequence: i32_at(53)? },
        records,
    })
}

fn field(record: &mut &[u8]) -> Result<Option<Vec<u8>>> {
    let Ok(length) = usize::try_from(varint(record)?) else { return Ok(None) };
    let (bytes, rest) = record.split_at_checked(length).context("a field ends too late")?;
    *record = rest;
    Ok(Some(bytes.to_vec()))
}

fn compressed(codec: Codec, payload: Vec<u8>) -> Result<Vec<u8>> {
    Ok(match codec {
        Codec::None => payload,
        Codec::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(&payload)?;
            out.finish()?
        }
        // In xerial's frames, as Java writes them.
        Codec::Snappy => {
            let block = snap::raw::Encoder::new().compress_vec(&payload)?;
            let length = u32::try_from(block.len())?.to_be_bytes();
            [XERIAL, &[0, 0, 0, 1, 0, 0, 0, 1], &length, &block].concat()
        }
        Codec::Lz4 => {
            let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
            out.write_all(&payload)?;
            out.finish()?
        }
        Codec::Zstd => zstd::encode_all(payload.as_slice(), 0)?,
    })
}

const XERIAL: &[u8] = b"\x82SNAPPY\0";

fn decompressed(codec: i16, payload: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match codec {
        // A batch that compaction has emptied has no frame either.
        _ if payload.is_empty() => {}
        0 => out.extend_from_slice(payload),
        1 => drop(flate2::read::MultiGzDecoder::new(payload).read_to_end(&mut out)?),
        2 => {
            let Some(mut blocks) = payload.strip_prefix(XERIAL).and_then(|rest| rest.get(8..)) else {
                return Ok(snap::raw::Decoder::new().decompress_vec(payload)?);
            };
            while let Some((length, rest)) = blocks.split_first_chunk() {
                let length = usize::try_from(u32::from_be_bytes(*length))?;
                let (block, rest) = rest.split_at_checked(length).context("a block ends too late")?;
                out.extend(snap::raw::Decoder::new().decompress_vec(block)?);
                blocks = rest;
            }
        }
        3 => drop(lz4_flex::frame::FrameDecoder::new(payload).read_to_end(&mut out)?),
        4 => out = zstd::decode_all(payload)?,
        other => bail!("there is no codec {other}"),
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_by_every_codec() {
        let fresh: Vec<Fresh> = (0..50u8)
            .map(|n| Fresh {
                timestamp: 1000 - i64::from(n % 7),
                key: vec![n; usize::from(n)],
                value: (n % 3 > 0).then(|| vec![n; 10 * usize::from(n)]),
            })
            .collect();
        for codec in Codec::ALL {
            let producer = Producer { id: 5, epoch: 1, sequence: 7 };
            let bytes = keyed(&fresh, How { codec, producer: Some(producer), is_transactional: true }).unwrap();
            let read = read(&bytes).unwrap().pop().unwrap();
            assert_eq!((read.last_delta, read.max_timestamp, read.base_timestamp), (49, 1000, 1000), "{codec:?}");
            assert_eq!((read.producer, read.attributes), (producer, codec.number() | 0x10), "{codec:?}");
            let again: Vec<Fresh> = read
                .records
                .into_iter()
                .map(|it| Fresh { timestamp: it.timestamp, key: it.key.unwrap(), value: it.value })
                .collect();
            assert_eq!(again, fresh, "{codec:?}");
        }
    }
}
