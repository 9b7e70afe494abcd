//! Appends batches: one write of the client's own bytes, with the sixteen bytes in front of each patched.

use std::io::{self, IoSlice};
use std::sync::atomic::Ordering;

use model::batch::{Batches, LEADER_EPOCH_AT};
use model::{LeaderEpoch, Offset, Timestamp};
use replication::Origin;
use replication::producers::Verdict;
use replication::validate::{BatchInfo, Validated};

use super::{AbortedTxn, AppendError, Log, StorageError, Tip, Writer};

/// Bytes in front of the magic: base offset, length, leader epoch.
const PATCHED: usize = LEADER_EPOCH_AT + 4;

/// Where batches were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The first record's offset.
    pub first_offset: Offset,
    /// The last record's offset.
    pub last_offset: Offset,
    /// The first offset of the log at that time.
    pub log_start_offset: Offset,
    /// The broker's time if it sets the timestamps (LogAppendTime), else -1; of a duplicate the first one's timestamp.
    pub append_time: Timestamp,
    /// Whether the producer had sent this before: nothing was appended, and the offsets are the first one's.
    pub duplicate: bool,
}

/// A batch about to be written, and the offset it gets.
struct Placed {
    info: BatchInfo,
    base: Offset,
}

impl Placed {
    fn last(&self) -> Offset {
        self.base.plus(i64::from(self.info.last_offset_delta))
    }
}

impl Log {
    /// Appends what a leader accepted, at the end of the log, in `epoch`. Blocks on the disk when the page cache or
    /// `flush.messages` ask for it.
    ///
    /// # Errors
    /// [`AppendError::Producer`] if the producer may not write this now, [`AppendError::TooLarge`] for more than a
    /// segment holds, [`AppendError::Storage`] if the disk fails: then nothing of it can be read.
    pub fn append_as_leader(
        &self,
        validated: &Validated,
        epoch: LeaderEpoch,
        now: Timestamp,
    ) -> Result<Appended, AppendError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        for info in &validated.batches {
            if let Verdict::Duplicate(written) = writer.producers.check(info, validated.origin)? {
                return Ok(Appended {
                    first_offset: written.first_offset(),
                    last_offset: written.last_offset,
                    log_start_offset: self.start_offset(),
                    append_time: written.timestamp,
                    duplicate: true,
                });
            }
        }
        let mut next = self.end_offset();
        let mut placed = Vec::with_capacity(validated.batches.len());
        for info in &validated.batches {
            let base = if validated.origin == Origin::Raft { info.base_offset } else { next };
            if base < next {
                return Err(AppendError::OutOfOrder { offset: base, end: next });
            }
            placed.push(Placed { info: *info, base });
            next = base.plus(info.offsets());
        }
        let heads: Vec<[u8; PATCHED]> = placed.iter().map(|batch| patched(&batch.info, batch.base, epoch)).collect();
        let mut slices = Vec::with_capacity(heads.len() * 2);
        for (head, batch) in heads.iter().zip(&placed) {
            let body = validated.bytes.get(batch.info.at + PATCHED..batch.info.at + batch.info.len);
            slices.push(IoSlice::new(head));
            slices.push(IoSlice::new(body.unwrap_or_default()));
        }
        let epoch_start = placed.first().map(|batch| (epoch, batch.base));
        let appended = self.write(&mut writer, &slices, &placed, epoch_start, validated.append_time, now)?;
        self.flush_if_many(writer)?;
        Ok(appended)
    }

    /// Appends what the leader of `epoch` has sent, offsets and epochs as they are. `bytes` are whole batches; an
    /// incomplete one at the end is left out, and so is everything from the first batch of a later epoch on: the answer
    /// was overtaken by an election.
    ///
    /// # Errors
    /// [`AppendError::Batch`] for bytes that are damaged, [`AppendError::OutOfOrder`] for offsets that the log has.
    pub fn append_as_follower(
        &self,
        bytes: &[u8],
        epoch: LeaderEpoch,
        now: Timestamp,
    ) -> Result<Appended, AppendError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        let mut next = self.end_offset();
        let (mut placed, mut at) = (Vec::new(), 0);
        for batch in Batches::new(bytes) {
            let batch = match batch {
                Err(model::batch::BatchError::Truncated) => break,
                batch => batch?,
            };
            if batch.leader_epoch() > epoch {
                break;
            }
            batch.check_crc()?;
            if batch.base_offset() < next {
                return Err(AppendError::OutOfOrder { offset: batch.base_offset(), end: next });
            }
            placed.push(Placed { info: BatchInfo::of(&batch, at)?, base: batch.base_offset() });
            next = batch.next_offset();
            at += batch.len();
        }
        let slices = [IoSlice::new(bytes.get(..at).unwrap_or_default())];
        let appended = self.write(&mut writer, &slices, &placed, None, Timestamp::NONE, now)?;
        self.flush_if_many(writer)?;
        Ok(appended)
    }

    /// Says that `epoch` begins at the end of the log, also if nothing is ever written in it
    /// (`UnifiedLog.assignEpochStartOffset`). A leader calls this when it takes over.
    pub fn begin_epoch(&self, epoch: LeaderEpoch) -> Result<(), StorageError> {
        let writer = self.writer.lock();
        self.check(&writer)?;
        // A thousand logs begin an epoch when a broker starts: the file waits for the first record, or for the end.
        if self.epochs.write().assign(epoch, self.end_offset()) {
            self.epochs_unwritten.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn write(
        &self,
        writer: &mut Writer,
        slices: &[IoSlice<'_>],
        placed: &[Placed],
        epoch_start: Option<(LeaderEpoch, Offset)>,
        append_time: Timestamp,
        now: Timestamp,
    ) -> Result<Appended, AppendError> {
        let (Some(first), Some(last)) = (placed.first(), placed.last()) else {
            let end = self.end_offset();
            return Ok(self.appended(end, end.plus(-1), append_time));
        };
        let bytes: u64 = slices.iter().map(|slice| slice.len() as u64).sum();
        let limit = self.config.load().segment_bytes;
        if bytes > limit {
            return Err(AppendError::TooLarge { size: bytes, limit });
        }
        let newest = placed.iter().map(|batch| batch.info.max_timestamp).max().unwrap_or(Timestamp::NONE);
        self.roll_if_needed(writer, bytes, first.base, last.last(), newest, now)?;
        // Epochs are on disk before anything is written in them.
        match epoch_start {
            Some((epoch, start)) => self.assign_epoch(epoch, start)?,
            None => {
                for batch in placed {
                    self.assign_epoch(batch.info.leader_epoch, batch.base)?;
                }
            }
        }
        let active = self.active().ok_or(StorageError::Closed)?;
        let position = active.size();
        let file = active.file().map_err(StorageError::Io)?;
        if let Err(error) = file.write_vectored_at(slices, position) {
            // Half a batch must not lie in front of later ones.
            return Err(match file.set_len(position) {
                Ok(()) => StorageError::Io(error),
                Err(_) => self.fail(error),
            }
            .into());
        }
        self.take_in(writer, placed, position).map_err(|error| self.fail(error))?;
        active.set_size(position + bytes);
        let end = last.last().plus(1);
        *self.tip.write() = Tip { end, base: active.base, size: position + bytes };
        self.publish_unstable(writer);
        Ok(self.appended(first.base, last.last(), append_time))
    }

    /// Indexes and producers learn of the batches that lie from `position` on.
    fn take_in(&self, writer: &mut Writer, placed: &[Placed], mut position: u64) -> io::Result<()> {
        let interval = self.config.load().index_interval_bytes;
        let Some(active) = self.active() else { return Ok(()) };
        for batch in placed {
            active.note_timestamp(batch.info.max_timestamp, batch.last());
            if writer.bytes_since_index > interval {
                active.add_to_indexes(batch.last(), position)?;
                writer.bytes_since_index = 0;
            }
            position += batch.info.len as u64;
            writer.bytes_since_index += batch.info.len as u64;
            if let Some(ended) = writer.producers.append(&batch.info, batch.base)
                && ended.aborted
            {
                active.add_aborted(AbortedTxn {
                    producer_id: ended.producer_id,
                    first_offset: ended.first_offset,
                    last_offset: ended.last_offset,
                    last_stable_offset: ended.last_stable_offset,
                })?;
            }
        }
        Ok(())
    }

    fn appended(&self, first_offset: Offset, last_offset: Offset, append_time: Timestamp) -> Appended {
        let log_start_offset = self.start_offset();
        Appended { first_offset, last_offset, log_start_offset, append_time, duplicate: false }
    }
}

/// The first bytes of a batch as they go to disk.
fn patched(info: &BatchInfo, base: Offset, epoch: LeaderEpoch) -> [u8; PATCHED] {
    let mut head = [0; PATCHED];
    let length = info.len.saturating_sub(model::batch::LOG_OVERHEAD) as i32;
    head[..8].copy_from_slice(&base.0.to_be_bytes());
    head[8..LEADER_EPOCH_AT].copy_from_slice(&length.to_be_bytes());
    head[LEADER_EPOCH_AT..].copy_from_slice(&epoch.0.to_be_bytes());
    head
}
