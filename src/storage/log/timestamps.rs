//! Offsets by time (KIP-79, KIP-734, `UnifiedLog.fetchOffsetByTimestamp`).

use std::sync::Arc;

use host::fs::File;
use model::batch::{Batch, payload};
use model::{LeaderEpoch, Offset, Timestamp};

use super::scan::{Head, Heads};
use super::{Log, ReadError};

/// What one batch may become when it is decompressed to look at its timestamps.
const MOST_BYTES: usize = 1 << 30;

/// A record: its timestamp, its offset, and the epoch of the leader that wrote it.
type Found = Option<(Timestamp, Offset, LeaderEpoch)>;

impl Log {
    /// The first record that is not older than `timestamp`; `None` if all are. Decodes only the batch that has it.
    pub fn offset_for_timestamp(&self, timestamp: Timestamp) -> Result<Found, ReadError> {
        let tip = *self.tip.read();
        let start = self.start_offset();
        for segment in self.segments_from(start) {
            if segment.largest().timestamp < timestamp || segment.size() == 0 {
                continue;
            }
            let file = self.file_of(&segment, tip.base)?;
            let from = segment.position_before(segment.offset_before(timestamp)?.max(start))?;
            let mut heads = Heads::new(&file, from, segment.size());
            while let Some(head) = heads.next()? {
                if head.max_timestamp < timestamp || head.last_offset < start {
                    continue;
                }
                let wanted = |at: Timestamp, offset: Offset| at >= timestamp && offset >= start;
                if let Some(found) = first_record(&file, &head, wanted)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// The first record that has the largest timestamp of all; `None` if no record has a timestamp, and also where
    /// compaction left the batch that had it without records: Kafka looks no further then
    /// (`RecordBatch.offsetOfMaxTimestamp`).
    pub fn max_timestamp_offset(&self) -> Result<Found, ReadError> {
        let tip = *self.tip.read();
        let segments = self.segments_from(self.start_offset());
        // Of several with the same timestamp the first one; `max_by_key` would take the last.
        let Some(segment) = segments.iter().rev().max_by_key(|segment| segment.largest().timestamp) else {
            return Ok(None);
        };
        let largest = segment.largest();
        if largest.timestamp < Timestamp(0) {
            return Ok(None);
        }
        let file = self.file_of(segment, tip.base)?;
        match segment.find(&file, largest.offset, segment.size())? {
            Some(head) => first_record(&file, &head, |at, _| at >= largest.timestamp),
            None => Ok(None),
        }
    }
}

/// The first record of a batch for which `wanted` holds.
fn first_record(file: &Arc<File>, head: &Head, wanted: impl Fn(Timestamp, Offset) -> bool) -> Result<Found, ReadError> {
    let mut bytes = vec![0; head.len as usize];
    file.read_exact_at(&mut bytes, head.position)?;
    let damaged = |error| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
    let batch = Batch::first(&bytes).map_err(damaged)?;
    let payload = payload(&batch, MOST_BYTES).map_err(damaged)?;
    for record in payload.records() {
        let record = record.map_err(damaged)?;
        let timestamp = batch.timestamp_of(record.timestamp_delta);
        let offset = batch.base_offset().plus(i64::from(record.offset_delta));
        if wanted(timestamp, offset) {
            return Ok(Some((timestamp, offset, batch.leader_epoch())));
        }
    }
    Ok(None)
}
