//! Puts a coordinator's records into its partition.

use bytes::Bytes;
use machine::Append;
use model::batch::{Batch, BatchBuilder, BatchSettings, Compression};
use model::{ErrorCode, LeaderEpoch, Offset, Timestamp};
use replication::Origin;
use replication::validate::{BatchInfo, Validated};
use storage::log::{AppendError, StorageError};

use super::resident::{Resident, Written};
use crate::partition::{self, Partition};

/// What a record's own framing takes at most, besides key and value.
const FRAMING: usize = 32;

/// Why records are not in the log.
pub enum Unwritten {
    /// Nothing of them is; the next may be.
    Refused(ErrorCode),
    /// Nobody knows, or they are where they should not be.
    Lost(String),
}

/// Appends what a machine decided: as one batch if it counts only together, else as many as are needed.
pub fn append<M: Resident>(
    partition: &Partition,
    epoch: LeaderEpoch,
    compression: Compression,
    append: &Append<M::Record>,
    now: Timestamp,
) -> Result<(), Unwritten> {
    let encoded: Result<Vec<Written>, String> = append.records.iter().map(M::encode).collect();
    let encoded = encoded.map_err(|error| {
        tracing::error!(partition = %partition.id, %error, "a record cannot be written");
        Unwritten::Refused(ErrorCode::UnknownServerError)
    })?;
    let limit = partition.rules.load().max_message_bytes;
    let batches = batches(&encoded, compression, append.atomic, limit, now)?;
    if partition.log().end_offset() != append.base {
        return Err(Unwritten::Lost(format!("it ends at {}, not at {}", partition.log().end_offset(), append.base)));
    }
    let mut next = append.base;
    for batch in batches {
        match write(partition, epoch, batch, now) {
            Ok(end) => next = end,
            Err(refused) if next == append.base => return Err(refused),
            Err(_) => return Err(Unwritten::Lost("only a part could be written".to_owned())),
        }
    }
    Ok(())
}

fn batches(
    records: &[Written],
    compression: Compression,
    atomic: bool,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Bytes>, Unwritten> {
    let new = |settings| BatchBuilder::new(BatchSettings { compression, ..settings });
    let mut built = Vec::new();
    let mut finish = |builder: BatchBuilder| match builder.build() {
        Ok(batch) if batch.len() <= limit => {
            built.push(batch);
            Ok(())
        }
        Ok(_) => Err(Unwritten::Refused(ErrorCode::RecordListTooLarge)),
        Err(error) => Err(Unwritten::Lost(error.to_string())),
    };
    let Some(first) = records.first() else { return Ok(vec![]) };
    let mut builder = new(first.batch);
    let mut settings = first.batch;
    for Written { key, value, batch } in records {
        let value = value.as_deref();
        let room = builder.uncompressed_len() + key.len() + value.map_or(0, <[u8]>::len) + FRAMING;
        if *batch != settings || (!atomic && !builder.is_empty() && room > limit) {
            settings = *batch;
            finish(std::mem::replace(&mut builder, new(settings)))?;
        }
        builder.append(Some(key), value, &[], now);
    }
    finish(builder)?;
    Ok(built)
}

fn write(partition: &Partition, epoch: LeaderEpoch, bytes: Bytes, now: Timestamp) -> Result<Offset, Unwritten> {
    let info = Batch::first(&bytes).and_then(|batch| BatchInfo::of(&batch, 0));
    let info = info.map_err(|error| Unwritten::Lost(error.to_string()))?;
    let validated = Validated {
        bytes,
        batches: vec![info],
        offsets: info.offsets(),
        max_timestamp: info.max_timestamp,
        append_time: Timestamp::NONE,
        origin: Origin::Coordinator,
    };
    match partition.append(&validated, Some(epoch), true, now) {
        Ok(written) => Ok(written.appended.last_offset.plus(1)),
        Err(partition::Unwritten::Refused(error)) => Err(Unwritten::Refused(error)),
        Err(partition::Unwritten::Log(AppendError::Storage(StorageError::Closed))) => {
            Err(Unwritten::Refused(ErrorCode::NotLeaderOrFollower))
        }
        Err(partition::Unwritten::Log(AppendError::Storage(error))) => Err(Unwritten::Lost(error.to_string())),
        Err(partition::Unwritten::Log(error)) => Err(Unwritten::Refused(error.code())),
    }
}
