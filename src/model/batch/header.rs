//! The 61 bytes in front of a batch's records (`DefaultRecordBatch`).

use crate::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

/// Bytes from the start of a batch to its records.
pub const HEADER_LENGTH: usize = 61;
/// Bytes of base offset and length, which the length does not count.
pub const LOG_OVERHEAD: usize = 12;
/// Where the partition leader epoch stands, four bytes. It and the base offset lie outside the CRC.
pub const LEADER_EPOCH_AT: usize = 12;
const MAGIC_AT: usize = 16;
pub(super) const CRC_AT: usize = 17;
pub(super) const ATTRIBUTES_AT: usize = 21;
pub(super) const MAX_TIMESTAMP_AT: usize = 35;

/// How a batch's records are compressed: the low three bits of its attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Compression {
    #[default]
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

/// Who set a batch's timestamps (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimestampType {
    /// The producer.
    #[default]
    CreateTime,
    /// The broker, one time for the whole batch.
    LogAppendTime,
}

/// Why bytes are not a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// The bytes end before the batch does.
    #[error("the bytes end before the batch does")]
    Truncated,
    /// The length field cannot be that of a batch.
    #[error("a batch cannot have the length {0}")]
    Length(i32),
    /// A format of before Kafka 0.11, or one that does not exist.
    #[error("record format {0} is not supported, only 2 is")]
    Magic(i8),
    /// The checksum is not that of the bytes.
    #[error("the checksum of the batch is {stored:#010x}, its bytes have {computed:#010x}")]
    Crc {
        /// As the header says.
        stored: u32,
        /// As the bytes are.
        computed: u32,
    },
    /// A codec number that Kafka does not know.
    #[error("compression codec {0} does not exist")]
    Compression(u8),
    /// The records inside are not what the header says, or not records at all.
    #[error("the records of the batch are malformed: {0}")]
    Records(&'static str),
    /// The records would be larger than the limit when decompressed.
    #[error("the records of the batch exceed {0} bytes when decompressed")]
    TooLarge(usize),
    /// The compressed bytes are damaged.
    #[error("the {0:?} bytes of the batch cannot be decompressed")]
    Decompress(Compression),
    /// The codec cannot compress: it does not have the level, or failed.
    #[error("the records cannot be compressed with {0:?}")]
    Compress(Compression),
}

/// One whole batch, borrowed: header and records, of exactly the length its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch<'a>(&'a [u8]);

impl<'a> Batch<'a> {
    /// The batch at the start of `bytes`; there may be more bytes behind it.
    ///
    /// Checks length and magic, so that every accessor is safe; not the CRC: see [`Batch::check_crc`].
    pub fn first(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let length = length_of(bytes)?;
        let magic = *bytes.get(MAGIC_AT).ok_or(BatchError::Truncated)? as i8;
        // In Kafka's order (`ByteBufferLogInputStream`): what cannot be a batch, what is not all here, what is too old.
        if !(0..=2).contains(&magic) {
            return Err(BatchError::Magic(magic));
        }
        let whole = bytes.get(..length).ok_or(BatchError::Truncated)?;
        if magic != 2 {
            return Err(BatchError::Magic(magic));
        }
        if length < HEADER_LENGTH {
            return Err(BatchError::Length((length - LOG_OVERHEAD) as i32));
        }
        Ok(Self(whole))
    }

    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.0[at..at + N]);
        array
    }

    /// The whole batch.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// What follows the header: the records, compressed as [`Batch::compression`] says.
    pub fn payload(&self) -> &'a [u8] {
        &self.0[HEADER_LENGTH..]
    }

    /// Length in bytes of the whole batch, the first twelve included.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The offset of the first record (as the producer counted them, the batch had it once).
    pub fn base_offset(&self) -> Offset {
        Offset(i64::from_be_bytes(self.array(0)))
    }

    /// The offset of the last record.
    pub fn last_offset(&self) -> Offset {
        Offset(self.base_offset().0.saturating_add(i64::from(self.last_offset_delta())))
    }

    /// The offset after the last record.
    pub fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.saturating_add(1))
    }

    /// The epoch of the leader that appended it.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(i32::from_be_bytes(self.array(LEADER_EPOCH_AT)))
    }

    /// The checksum that the header carries.
    pub fn crc(&self) -> u32 {
        u32::from_be_bytes(self.array(CRC_AT))
    }

    /// Whether the checksum (CRC-32C over everything from the attributes on) is that of the bytes.
    pub fn check_crc(&self) -> Result<(), BatchError> {
        let (stored, computed) = (self.crc(), crc32c::crc32c(&self.0[ATTRIBUTES_AT..]));
        if stored == computed { Ok(()) } else { Err(BatchError::Crc { stored, computed }) }
    }

    /// The attribute bits.
    pub fn attributes(&self) -> i16 {
        i16::from_be_bytes(self.array(ATTRIBUTES_AT))
    }

    /// How the records are compressed.
    pub fn compression(&self) -> Result<Compression, BatchError> {
        match self.attributes() & 7 {
            0 => Ok(Compression::None),
            1 => Ok(Compression::Gzip),
            2 => Ok(Compression::Snappy),
            3 => Ok(Compression::Lz4),
            4 => Ok(Compression::Zstd),
            other => Err(BatchError::Compression(other as u8)),
        }
    }

    /// Who set the timestamps.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.attributes() & 0x08 == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime }
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes() & 0x10 != 0
    }

    /// Whether its records are the broker's own markers, which no consumer sees.
    pub fn is_control(&self) -> bool {
        self.attributes() & 0x20 != 0
    }

    /// Whether the base timestamp is the time before which tombstones were due (KIP-534).
    pub fn has_delete_horizon(&self) -> bool {
        self.attributes() & 0x40 != 0
    }

    /// Until when its tombstones and markers stay; `None` as long as no compaction has met them (KIP-534).
    pub fn delete_horizon(&self) -> Option<Timestamp> {
        self.has_delete_horizon().then(|| self.base_timestamp())
    }

    /// The last record's offset, counted from the base offset.
    pub fn last_offset_delta(&self) -> i32 {
        i32::from_be_bytes(self.array(23))
    }

    /// The timestamp that records count from.
    pub fn base_timestamp(&self) -> Timestamp {
        Timestamp(i64::from_be_bytes(self.array(27)))
    }

    /// The largest timestamp of its records.
    pub fn max_timestamp(&self) -> Timestamp {
        Timestamp(i64::from_be_bytes(self.array(MAX_TIMESTAMP_AT)))
    }

    /// The timestamp of a record that counts `delta` from the base timestamp; with LogAppendTime that of them all.
    pub fn timestamp_of(&self, delta: i64) -> Timestamp {
        match self.timestamp_type() {
            TimestampType::CreateTime => Timestamp(self.base_timestamp().0.wrapping_add(delta)),
            TimestampType::LogAppendTime => self.max_timestamp(),
        }
    }

    /// The producer, or "none".
    pub fn producer_id(&self) -> ProducerId {
        ProducerId(i64::from_be_bytes(self.array(43)))
    }

    /// The producer's incarnation, or "none".
    pub fn producer_epoch(&self) -> ProducerEpoch {
        ProducerEpoch(i16::from_be_bytes(self.array(51)))
    }

    /// The first record's sequence, or "none".
    pub fn base_sequence(&self) -> Sequence {
        Sequence(i32::from_be_bytes(self.array(53)))
    }

    /// The last record's sequence, or "none".
    pub fn last_sequence(&self) -> Sequence {
        match self.base_sequence() {
            Sequence::NONE => Sequence::NONE,
            base => base.plus(self.last_offset_delta()),
        }
    }

    /// How many records the header says there are.
    pub fn count(&self) -> i32 {
        i32::from_be_bytes(self.array(57))
    }
}

/// Length in bytes of the batch that starts `bytes`, the first twelve included.
fn length_of(bytes: &[u8]) -> Result<usize, BatchError> {
    let field: [u8; 4] = bytes.get(8..LOG_OVERHEAD).and_then(|b| b.try_into().ok()).ok_or(BatchError::Truncated)?;
    let length = i32::from_be_bytes(field);
    // The smallest message of any format ever has 14 bytes behind the length (`LegacyRecord.RECORD_OVERHEAD_V0`).
    if length < 14 {
        return Err(BatchError::Length(length));
    }
    Ok(length as usize + LOG_OVERHEAD)
}

/// The batches in `bytes`, one after the other. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Batches<'a> {
    /// The batches in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let batch = Batch::first(self.rest);
        self.rest = batch.map_or(&[], |batch| &self.rest[batch.len()..]);
        Some(batch)
    }
}
