//! The broker's own records, which no consumer sees: transaction markers and the metadata quorum's
//! (`ControlRecordType`).

use super::{Batch, BatchBuilder, BatchError, BatchSettings, Record, payload};
use crate::{ProducerEpoch, ProducerId, Timestamp};

/// What a control record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The names are Kafka's own.
pub enum ControlType {
    Abort,
    Commit,
    LeaderChange,
    SnapshotHeader,
    SnapshotFooter,
    KRaftVersion,
    KRaftVoters,
    /// One that a newer broker wrote: to be passed over.
    Unknown(i16),
}

impl ControlType {
    /// The number in the record's key.
    pub fn id(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
            Self::KRaftVersion => 5,
            Self::KRaftVoters => 6,
            Self::Unknown(id) => id,
        }
    }

    /// The type with this number.
    pub fn from_id(id: i16) -> Self {
        match id {
            0 => Self::Abort,
            1 => Self::Commit,
            2 => Self::LeaderChange,
            3 => Self::SnapshotHeader,
            4 => Self::SnapshotFooter,
            5 => Self::KRaftVersion,
            6 => Self::KRaftVoters,
            other => Self::Unknown(other),
        }
    }

    /// The key of such a record: version 0 and the type.
    pub fn key(self) -> [u8; 4] {
        let [high, low] = self.id().to_be_bytes();
        [0, 0, high, low]
    }
}

/// A control record: its type, and its value as that type's schema has it (a version first).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlRecord<'a> {
    /// What it says.
    pub kind: ControlType,
    /// The rest of what it says.
    pub value: &'a [u8],
}

impl<'a> ControlRecord<'a> {
    /// The control record that `record` of a control batch is.
    pub fn of(record: &Record<'a>) -> Result<Self, BatchError> {
        match record.key {
            Some([0..=0x7f, _, high, low, ..]) => Ok(Self {
                kind: ControlType::from_id(i16::from_be_bytes([*high, *low])),
                value: record.value.unwrap_or_default(),
            }),
            _ => Err(BatchError::Records("the key is not that of a control record")),
        }
    }
}

/// The end of a producer's transaction on one partition (`EndTransactionMarker`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndMarker {
    /// Committed, or aborted.
    pub commit: bool,
    /// The epoch of the transaction coordinator that says so.
    pub coordinator_epoch: i32,
    /// When it was written.
    pub timestamp: Timestamp,
}

impl EndMarker {
    /// The marker in a control batch, which is its first record; `None` for an empty batch and for other types.
    pub fn of(batch: &Batch<'_>) -> Result<Option<Self>, BatchError> {
        // A marker is 20 bytes; nothing in a control batch needs more than this.
        const LIMIT: usize = 1 << 20;
        if batch.count() == 0 {
            return Ok(None);
        }
        let payload = payload(batch, LIMIT)?;
        let Some(record) = payload.records().next().transpose()? else { return Ok(None) };
        let control = ControlRecord::of(&record)?;
        let commit = match control.kind {
            ControlType::Commit => true,
            ControlType::Abort => false,
            _ => return Ok(None),
        };
        let Some([_, _, epoch @ ..]) = control.value.first_chunk::<6>() else {
            return Err(BatchError::Records("the value is not that of a transaction marker"));
        };
        Ok(Some(Self {
            commit,
            coordinator_epoch: i32::from_be_bytes(*epoch),
            timestamp: batch.timestamp_of(record.timestamp_delta),
        }))
    }

    /// The batch that says so of `producer_id` and its epoch; base offset 0, to be patched at the append
    /// (`MemoryRecords.withEndTransactionMarker`).
    pub fn batch(&self, producer_id: ProducerId, producer_epoch: ProducerEpoch) -> Result<bytes::Bytes, BatchError> {
        let settings = BatchSettings {
            producer_id,
            producer_epoch,
            is_transactional: true,
            is_control: true,
            ..BatchSettings::default()
        };
        let kind = if self.commit { ControlType::Commit } else { ControlType::Abort };
        let mut value = [0; 6];
        value[2..].copy_from_slice(&self.coordinator_epoch.to_be_bytes());
        let mut builder = BatchBuilder::new(settings);
        builder.append(Some(&kind.key()), Some(&value), &[], self.timestamp);
        builder.build()
    }
}
