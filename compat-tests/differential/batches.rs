//! Record batches of the script: written with every fault, and read as text.

use std::fmt::Write as _;
use std::io::{Read, Write};

use anyhow::{Result, bail};

use crate::raw::batch::{HEADER, batch_sets, put_varint, reseal};

/// A batch, all of whose header may be a lie.
#[derive(Clone, Debug)]
pub struct Draft {
    pub base: i64,
    pub epoch: i32,
    pub magic: i8,
    pub attributes: i16,
    pub last_delta: Option<i32>,
    pub base_time: i64,
    pub max_time: Option<i64>,
    pub producer: (i64, i16, i32),
    pub count: Option<i32>,
    pub records: Vec<Draft1>,
    /// Bytes behind the records.
    pub tail: Vec<u8>,
}

/// One record.
#[derive(Clone, Debug)]
pub struct Draft1 {
    pub offset: i64,
    pub time: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<String>)>,
}

/// Records of these times, with keys, uncompressed, of no producer; the first is the batch's base time.
pub fn draft(times: &[i64]) -> Draft {
    let first = times.first().copied().unwrap_or(0);
    let records = times.iter().zip(0..).map(|(time, offset)| Draft1 {
        offset,
        time: time - first,
        key: Some(format!("k{offset}").into_bytes()),
        value: Some(format!("v{offset}").into_bytes()),
        headers: Vec::new(),
    });
    Draft {
        base: 0,
        epoch: -1,
        magic: 2,
        attributes: 0,
        last_delta: None,
        base_time: first,
        max_time: None,
        producer: (-1, -1, -1),
        count: None,
        records: records.collect(),
        tail: Vec::new(),
    }
}

impl Draft {
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Codec 0 to 4: none, gzip, snappy, lz4, zstd.
    #[must_use]
    pub fn packed(self, codec: i16) -> Self {
        self.with(|it| it.attributes |= codec)
    }

    #[must_use]
    pub fn by(self, id: i64, epoch: i16, sequence: i32) -> Self {
        self.with(|it| it.producer = (id, epoch, sequence))
    }

    #[must_use]
    pub fn without_keys(self) -> Self {
        self.with(|it| it.records.iter_mut().for_each(|record| record.key = None))
    }

    pub fn bytes(&self) -> Result<Vec<u8>> {
        let mut payload = Vec::new();
        for record in &self.records {
            let mut body = vec![0];
            put_varint(&mut body, record.time);
            put_varint(&mut body, record.offset);
            put_nullable(&mut body, record.key.as_deref());
            put_nullable(&mut body, record.value.as_deref());
            put_varint(&mut body, i64::try_from(record.headers.len())?);
            for (key, value) in &record.headers {
                put_nullable(&mut body, Some(key.as_bytes()));
                put_nullable(&mut body, value.as_ref().map(String::as_bytes));
            }
            put_varint(&mut payload, i64::try_from(body.len())?);
            payload.extend(body);
        }
        payload.extend(&self.tail);
        let payload = pack(self.attributes & 7, payload)?;
        let count = i32::try_from(self.records.len())?;
        let latest = self.records.iter().map(|record| self.base_time + record.time).max();
        let mut out = self.base.to_be_bytes().to_vec();
        out.extend(i32::try_from(HEADER - 12 + payload.len())?.to_be_bytes());
        out.extend(self.epoch.to_be_bytes());
        out.extend(self.magic.to_be_bytes());
        out.extend([0; 4]);
        out.extend(self.attributes.to_be_bytes());
        out.extend(self.last_delta.unwrap_or(count - 1).to_be_bytes());
        out.extend(self.base_time.to_be_bytes());
        out.extend(self.max_time.or(latest).unwrap_or(-1).to_be_bytes());
        out.extend(self.producer.0.to_be_bytes());
        out.extend(self.producer.1.to_be_bytes());
        out.extend(self.producer.2.to_be_bytes());
        out.extend(self.count.unwrap_or(count).to_be_bytes());
        out.extend(payload);
        reseal(&mut out);
        Ok(out)
    }
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, i64::try_from(bytes.len()).unwrap_or(i64::MAX));
            out.extend_from_slice(bytes);
        }
    }
}

fn pack(codec: i16, bytes: Vec<u8>) -> Result<Vec<u8>> {
    Ok(match codec {
        1 => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(&bytes)?;
            out.finish()?
        }
        2 => {
            let block = snap::raw::Encoder::new().compress_vec(&bytes)?;
            let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
            out.extend(u32::try_from(block.len())?.to_be_bytes());
            out.extend(block);
            out
        }
        3 => {
            let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
            out.write_all(&bytes)?;
            out.finish()?
        }
        4 => zstd::encode_all(&*bytes, 3)?,
        _ => bytes,
    })
}

fn unpack(codec: i16, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match codec {
        0 => out.extend_from_slice(bytes),
        1 => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut out)?),
        2 => {
            let Some(mut rest) = bytes.strip_prefix(b"\x82SNAPPY\0").and_then(|rest| rest.get(8..)) else {
                return Ok(snap::raw::Decoder::new().decompress_vec(bytes)?);
            };
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let Some((block, after)) = after.split_at_checked(u32::from_be_bytes(*length) as usize) else {
                    bail!("a torn block")
                };
                out.extend(snap::raw::Decoder::new().decompress_vec(block)?);
                rest = after;
            }
        }
        3 => drop(lz4_flex::frame::FrameDecoder::new(bytes).read_to_end(&mut out)?),
        4 => out = zstd::decode_all(bytes)?,
        other => bail!("codec {other}"),
    }
    Ok(out)
}

/// A line a batch; records that are compressed are told unpacked, for encoders may differ.
pub fn lines(partition: i32, bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut whole = 0;
    for batch in batch_sets(bytes) {
        whole += batch.bytes.len();
        let number = |at: usize, len: usize| -> i64 {
            let field = batch.bytes.get(at..at + len).unwrap_or_default();
            let sign = if field.first().is_some_and(|byte| *byte >= 0x80) { -1 } else { 0 };
            field.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte))
        };
        let codec = i16::try_from(number(21, 2) & 7).unwrap_or_default();
        let stored = u32::try_from(number(17, 4) & 0xffff_ffff).unwrap_or_default();
        let crc = batch.bytes.get(21..).is_some_and(|checked| crc32c::crc32c(checked) == stored);
        let mut line = format!("partition {partition}: batch at {}", batch.base);
        let fields = [("epoch", 12, 4), ("magic", 16, 1), ("attributes", 21, 2), ("last delta", 23, 4)];
        let more = [("time", 27, 8), ("max time", 35, 8), ("producer", 43, 8), ("its epoch", 51, 2)];
        let rest = [("sequence", 53, 4), ("count", 57, 4)];
        for (name, at, len) in fields.into_iter().chain(more).chain(rest) {
            let _ = write!(line, ", {name} {}", number(at, len));
        }
        let payload = batch.bytes.get(HEADER..).unwrap_or_default();
        let payload = match unpack(codec, payload) {
            Ok(payload) => format!("{:?}", bytes::Bytes::from(payload)),
            Err(error) => format!("{error}"),
        };
        let payload = if payload.len() > 600 { format!("{} characters", payload.len()) } else { payload };
        let _ = write!(line, ", crc {crc}, {payload}");
        lines.push(line);
    }
    let rest = bytes.len() - whole;
    lines.push(format!("partition {partition}: {} batches, {rest} bytes of a torn one", lines.len()));
    lines
}
