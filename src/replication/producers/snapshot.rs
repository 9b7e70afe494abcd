//! The `.snapshot` file beside a segment (`ProducerSnapshot.json`, version 1): version, CRC-32C, one row a producer.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use model::{Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};

use super::Producers;
use super::entry::{Entry, Written};

const VERSION: i16 = 1;
/// Version, CRC, count of rows.
const HEADER: usize = 2 + 4 + 4;
/// The CRC covers everything behind it.
const CRC_COVERS_FROM: usize = 6;
const ROW: usize = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

/// Why a snapshot cannot be used. Kafka deletes such a file and takes the one before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Another version than 1.
    #[error("version {0} of the producer snapshot is not known, only 1 is")]
    Version(i16),
    /// The rows do not fill the file, or it ends before them.
    #[error("the producer snapshot has {0} bytes, which is not what it announces")]
    Length(usize),
    /// The checksum is not that of the bytes.
    #[error("the checksum of the producer snapshot is {stored:#010x}, its bytes have {computed:#010x}")]
    Crc {
        /// As the file says.
        stored: u32,
        /// As the bytes are.
        computed: u32,
    },
}

impl Producers {
    /// The bytes of a snapshot: all producers, each with the last of its batches.
    pub fn to_snapshot(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER + ROW * self.producers.len());
        out.put_i16(VERSION);
        out.put_u32(0);
        out.put_i32(self.producers.len() as i32);
        for (id, entry) in &self.producers {
            let last = entry.last();
            out.put_i64(id.0);
            out.put_i16(entry.epoch.0);
            out.put_i32(entry.last_sequence().0);
            out.put_i64(last.map_or(-1, |last| last.last_offset.0));
            out.put_i32(last.map_or(0, |last| last.offset_delta));
            out.put_i64(entry.last_timestamp.0);
            out.put_i32(entry.coordinator_epoch);
            out.put_i64(entry.transaction.map_or(-1, |first| first.0));
        }
        let crc = model::batch::crc32c(&out[CRC_COVERS_FROM..]);
        out[2..CRC_COVERS_FROM].copy_from_slice(&crc.to_be_bytes());
        out.freeze()
    }

    /// The state in a snapshot that was taken at `end_offset`, without the producers that have expired since.
    pub fn from_snapshot(
        bytes: &[u8],
        end_offset: Offset,
        now: Timestamp,
        expiration_ms: i64,
    ) -> Result<Self, SnapshotError> {
        let wrong_length = SnapshotError::Length(bytes.len());
        let mut rest = bytes;
        match rest.try_get_i16() {
            Ok(VERSION) => {}
            Ok(other) => return Err(SnapshotError::Version(other)),
            Err(_) => return Err(wrong_length),
        }
        let stored = rest.try_get_u32().map_err(|_| wrong_length.clone())?;
        let computed = model::batch::crc32c(rest);
        if stored != computed {
            return Err(SnapshotError::Crc { stored, computed });
        }
        let rows = rest.try_get_i32().map_err(|_| wrong_length.clone())?;
        if usize::try_from(rows).ok().and_then(|rows| rows.checked_mul(ROW)) != Some(rest.len()) {
            return Err(wrong_length);
        }
        let mut state = Self::starting_at(end_offset);
        while rest.has_remaining() {
            let (id, entry) = row(&mut rest);
            if entry.is_expired(now, expiration_ms) {
                continue;
            }
            if let Some(first) = entry.transaction {
                state.ongoing.insert(first, id);
            }
            state.producers.insert(id, entry);
        }
        Ok(state)
    }
}

/// One row; the caller has made sure that its bytes are there.
fn row(rest: &mut &[u8]) -> (ProducerId, Entry) {
    let id = ProducerId(rest.get_i64());
    let epoch = ProducerEpoch(rest.get_i16());
    let last_sequence = Sequence(rest.get_i32());
    let last_offset = Offset(rest.get_i64());
    let offset_delta = rest.get_i32();
    let timestamp = Timestamp(rest.get_i64());
    let coordinator_epoch = rest.get_i32();
    let first = Offset(rest.get_i64());
    let written = Written { last_sequence, last_offset, offset_delta, timestamp };
    let entry = Entry {
        epoch,
        coordinator_epoch,
        last_timestamp: timestamp,
        transaction: (first.0 >= 0).then_some(first),
        window: if last_offset.0 >= 0 { vec![written] } else { Vec::new() },
    };
    (id, entry)
}
