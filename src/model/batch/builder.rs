//! Makes a batch out of records (`MemoryRecordsBuilder`).

use bytes::Bytes;

use super::compression::Encoder;
use super::cursor::{put_varint, put_varlong, varint_len, varlong_len};
use super::{BatchError, Compression, HEADER_LENGTH, Header, LOG_OVERHEAD, Record, TimestampType, crc32c};
use crate::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// What the header of a new batch shall say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    /// The first record's offset.
    pub base_offset: Offset,
    /// The epoch of the leader that writes it; -1 if it is patched at the append.
    pub leader_epoch: LeaderEpoch,
    /// How to compress the records.
    pub compression: Compression,
    /// The codec's level; `None` is its default.
    pub level: Option<i32>,
    /// `Some` makes it LogAppendTime: this is then the timestamp of all records.
    pub append_time: Option<Timestamp>,
    /// The producer, or none.
    pub producer_id: ProducerId,
    /// The producer's incarnation, or none.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence, or none.
    pub base_sequence: Sequence,
    /// Whether it belongs to a transaction.
    pub is_transactional: bool,
    /// Whether its records are control records.
    pub is_control: bool,
    /// Until when its tombstones and markers stay (KIP-534): the base timestamp says it, so that timestamps count from
    /// there. Only compaction sets it.
    pub delete_horizon: Option<Timestamp>,
    /// What the header says of the last offset, whatever the last record is: compaction keeps the offsets and sequences
    /// that a batch had.
    pub last_offset_delta: Option<i32>,
}

impl Default for BatchSettings {
    /// No producer, no compression, offset 0, no leader epoch.
    fn default() -> Self {
        Self {
            base_offset: Offset(0),
            leader_epoch: LeaderEpoch::NONE,
            compression: Compression::None,
            level: None,
            append_time: None,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            is_transactional: false,
            is_control: false,
            delete_horizon: None,
            last_offset_delta: None,
        }
    }
}

/// Room for a small record, so that a batch of one does not grow while it is written.
const SMALL: usize = 256;
/// How many bytes of records gather before they are compressed.
const GATHER: usize = 16 * 1024;

/// A batch in the making. Records are compressed as they come, so that it holds little more than the batch will.
pub struct BatchBuilder {
    settings: BatchSettings,
    /// Records that are not compressed yet; all of them, behind room for the header, if nothing is to be compressed.
    records: Vec<u8>,
    /// Behind room for the header; `None` if nothing is to be compressed. An error is told at the end.
    encoder: Option<Result<Encoder, BatchError>>,
    uncompressed_len: usize,
    count: i32,
    last_delta: i32,
    base_timestamp: Timestamp,
    max_timestamp: Timestamp,
}

impl BatchBuilder {
    /// An empty batch.
    pub fn new(settings: BatchSettings) -> Self {
        let BatchSettings { compression, level, .. } = settings;
        let mut header = Vec::with_capacity(HEADER_LENGTH + SMALL);
        header.resize(HEADER_LENGTH, 0);
        let (records, encoder) = match compression {
            Compression::None => (header, None),
            codec => (Vec::new(), Some(Encoder::new(codec, level, header))),
        };
        Self {
            settings,
            records,
            encoder,
            uncompressed_len: HEADER_LENGTH,
            count: 0,
            last_delta: -1,
            base_timestamp: settings.delete_horizon.unwrap_or(Timestamp::NONE),
            max_timestamp: Timestamp::NONE,
        }
    }

    /// Appends a record at the next offset.
    pub fn append(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>], timestamp: Timestamp) {
        let nullable_len = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => varint_len(bytes.len() as i32) + bytes.len(),
            None => 1,
        };
        let headers_len: usize = headers.iter().map(|h| nullable_len(Some(h.key)) + nullable_len(h.value)).sum();
        let body = nullable_len(key) + nullable_len(value) + varint_len(headers.len() as i32) + headers_len;
        self.begin(self.last_delta.saturating_add(1), timestamp, body);
        put_nullable(&mut self.records, key);
        put_nullable(&mut self.records, value);
        put_varint(&mut self.records, headers.len() as i32);
        for header in headers {
            put_nullable(&mut self.records, Some(header.key));
            put_nullable(&mut self.records, header.value);
        }
        self.compress(GATHER);
    }

    /// Appends a record of another batch, unchanged but for `offset_delta` (which must grow) and `timestamp`.
    pub fn append_record(&mut self, record: &Record<'_>, offset_delta: i32, timestamp: Timestamp) {
        self.begin(offset_delta, timestamp, record.body.len());
        self.records.extend_from_slice(record.body);
        self.compress(GATHER);
    }

    /// Compresses what has gathered, if it is so much.
    fn compress(&mut self, least: usize) {
        if self.records.len() < least {
            return;
        }
        if let Some(Ok(encoder)) = &mut self.encoder {
            if let Err(error) = encoder.write(&self.records) {
                self.encoder = Some(Err(error));
            }
            self.records.clear();
        }
    }

    /// Length, attributes, timestamp and offset of a record with `body` bytes more.
    fn begin(&mut self, offset_delta: i32, timestamp: Timestamp, body: usize) {
        if self.count == 0 && self.settings.delete_horizon.is_none() {
            self.base_timestamp = timestamp;
        }
        let timestamp_delta = timestamp.0.wrapping_sub(self.base_timestamp.0);
        let length = 1 + varlong_len(timestamp_delta) + varint_len(offset_delta) + body;
        self.uncompressed_len += varint_len(length as i32) + length;
        put_varint(&mut self.records, length as i32);
        self.records.push(0);
        put_varlong(&mut self.records, timestamp_delta);
        put_varint(&mut self.records, offset_delta);
        self.count += 1;
        self.last_delta = offset_delta;
        self.max_timestamp = self.max_timestamp.max(timestamp);
    }

    /// How many records there are.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes the batch would have if it were not compressed.
    pub fn uncompressed_len(&self) -> usize {
        self.uncompressed_len
    }

    /// The batch; no bytes at all without a record.
    ///
    /// # Errors
    /// [`BatchError::TooLarge`] beyond 2 GiB, [`BatchError::Compress`] when the codec fails (a level it does not have).
    pub fn build(mut self) -> Result<Bytes, BatchError> {
        if self.count == 0 {
            return Ok(Bytes::new());
        }
        self.compress(0);
        let mut out = match self.encoder.take() {
            None => std::mem::take(&mut self.records),
            Some(encoder) => encoder?.finish()?,
        };
        let length = i32::try_from(out.len() - LOG_OVERHEAD).map_err(|_| BatchError::TooLarge(i32::MAX as usize))?;
        let header = self.header(length);
        out[..HEADER_LENGTH].copy_from_slice(&header);
        let crc = crc32c(&out[21..]);
        out[17..21].copy_from_slice(&crc.to_be_bytes());
        Ok(out.into())
    }

    fn header(&self, length: i32) -> [u8; HEADER_LENGTH] {
        let settings = &self.settings;
        let timestamp_type = match settings.append_time {
            Some(_) => TimestampType::LogAppendTime,
            None => TimestampType::CreateTime,
        };
        let attributes = settings.compression as i16
            | i16::from(timestamp_type == TimestampType::LogAppendTime) << 3
            | i16::from(settings.is_transactional) << 4
            | i16::from(settings.is_control) << 5
            | i16::from(settings.delete_horizon.is_some()) << 6;
        let mut header = [0; HEADER_LENGTH];
        let mut at = 0;
        let mut put = |field: &[u8]| {
            header[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        put(&settings.base_offset.0.to_be_bytes());
        put(&length.to_be_bytes());
        put(&settings.leader_epoch.0.to_be_bytes());
        put(&[2]);
        put(&[0; 4]); // The CRC, which needs all that follows.
        put(&attributes.to_be_bytes());
        put(&settings.last_offset_delta.unwrap_or(self.last_delta).to_be_bytes());
        put(&self.base_timestamp.0.to_be_bytes());
        put(&settings.append_time.unwrap_or(self.max_timestamp).0.to_be_bytes());
        put(&settings.producer_id.0.to_be_bytes());
        put(&settings.producer_epoch.0.to_be_bytes());
        put(&settings.base_sequence.0.to_be_bytes());
        put(&self.count.to_be_bytes());
        header
    }
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            put_varint(out, bytes.len() as i32);
            out.extend_from_slice(bytes);
        }
        None => put_varint(out, -1),
    }
}
