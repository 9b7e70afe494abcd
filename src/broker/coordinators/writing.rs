//! Puts a coordinator's records into its partition.

use bytes::{Bytes, BytesMut};
use machine::Append;
use model::batch::{Batch, BatchBuilder, BatchSettings, Compression};
use model::{ErrorCode, LeaderEpoch, Offset, Timestamp};
use replication::Origin;
use replication::validate::{BatchInfo, Validated};
use storage::log::{AppendError, StorageError};

use super::resident::{Resident, Written};
use crate::partition::{self, Partition};

/// The memory that is kept for encoding the next records; few are larger.
const KEPT: usize = 4096;
/// What a record's own framing takes at most, besides key and value.
const FRAMING: usize = 32;

/// Why records are not in the log.
pub enum Unwritten {
    /// Nothing of them is; the next may be.
    Refused(ErrorCode),
    /// Nobody knows, or they are where they should not be.
    Lost(String),
}

/// What one coordinator writes with.
pub struct Writer {
    epoch: LeaderEpoch,
    compression: Compression,
    /// Memory for records on their way.
    encoded: BytesMut,
}

impl Writer {
    /// For the reign of `epoch`.
    pub fn new(epoch: LeaderEpoch, compression: Compression) -> Self {
        Self { epoch, compression, encoded: BytesMut::new() }
    }

    /// Appends what a machine decided: as one batch if it counts only together, else as many as are needed.
    ///
    /// # Errors
    /// As they say.
    pub fn append<M: Resident>(
        &mut self,
        partition: &Partition,
        append: &Append<M::Record>,
        now: Timestamp,
    ) -> Result<(), Unwritten> {
        let limit = partition.rules.load().max_message_bytes;
        let (first, others) = self.batches::<M>(append, limit, now).map_err(|error| match error {
            Unbuilt::TooLarge => Unwritten::Refused(ErrorCode::RecordListTooLarge),
            Unbuilt::Failed(error) => {
                tracing::error!(partition = %partition.id, %error, "a record cannot be written");
                Unwritten::Refused(ErrorCode::UnknownServerError)
            }
        })?;
        let end = partition.log().end_offset();
        if end != append.base {
            return Err(Unwritten::Lost(format!("it ends at {end}, not at {}", append.base)));
        }
        let mut next = append.base;
        for batch in first.into_iter().chain(others) {
            match write(partition, self.epoch, batch, now) {
                Ok(end) => next = end,
                Err(refused) if next == append.base => return Err(refused),
                Err(_) => return Err(Unwritten::Lost("only a part could be written".to_owned())),
            }
        }
        Ok(())
    }

    /// The batches, of which there is mostly one.
    fn batches<M: Resident>(
        &mut self,
        append: &Append<M::Record>,
        limit: usize,
        now: Timestamp,
    ) -> Result<(Option<Bytes>, Vec<Bytes>), Unbuilt> {
        let (compression, encoded) = (self.compression, &mut self.encoded);
        let new = |settings| BatchBuilder::new(BatchSettings { compression, ..settings });
        let (mut first, mut others) = (None, Vec::new());
        let mut finish = |builder: BatchBuilder| match builder.build() {
            Ok(batch) if batch.len() <= limit => {
                match first {
                    None => first = Some(batch),
                    Some(_) => others.push(batch),
                }
                Ok(())
            }
            Ok(_) => Err(Unbuilt::TooLarge),
            Err(error) => Err(Unbuilt::Failed(error.to_string())),
        };
        let mut current: Option<(BatchSettings, BatchBuilder)> = None;
        for record in &append.records {
            let Written { key, value, batch } = M::encode(record, encoded).map_err(Unbuilt::Failed)?;
            let more = key.len() + value.map_or(0, <[u8]>::len) + FRAMING;
            let fits = |(settings, builder): &(BatchSettings, BatchBuilder)| {
                *settings == batch && (append.atomic || builder.uncompressed_len() + more <= limit)
            };
            if let Some((_, full)) = current.take_if(|current| !fits(current)) {
                finish(full)?;
            }
            let (_, builder) = current.get_or_insert_with(|| (batch, new(batch)));
            builder.append(Some(key), value, &[], now);
        }
        if let Some((_, last)) = current {
            finish(last)?;
        }
        if encoded.capacity() > KEPT {
            *encoded = BytesMut::new();
        }
        Ok((first, others))
    }
}

/// Why records are in no batch.
enum Unbuilt {
    TooLarge,
    Failed(String),
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
