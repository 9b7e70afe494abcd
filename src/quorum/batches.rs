//! Metadata records in batches: how a log and a snapshot carry them (`RecordsIterator`, `BatchBuilder` of KRaft).

use bytes::Bytes;
use model::batch::{Batch, BatchBuilder, BatchError, BatchSettings, Batches, ControlRecord, payload};
use model::{LeaderEpoch, Offset, Timestamp};

use crate::codec::Malformed;
use crate::control::Control;

/// The most that one batch may have, in bytes (`KafkaRaftClient.MAX_BATCH_SIZE_BYTES`).
pub(crate) const MAX_BATCH: usize = 8 * 1024 * 1024;

/// Why bytes are not those of a metadata log or of a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum Damaged {
    /// A batch is damaged.
    #[error("the batch at offset {0} is damaged: {1}")]
    Batch(Offset, BatchError),
    /// A control record is damaged.
    #[error("the control batch at offset {0} is damaged: {1}")]
    Control(Offset, Malformed),
    /// A metadata record is damaged, or of a kind that this version does not know.
    #[error("the metadata record at offset {0} cannot be read: {1}")]
    Record(Offset, String),
}

/// One record of a metadata log or snapshot.
#[derive(Debug)]
pub(crate) enum Entry<'a> {
    /// One of the quorum's own.
    Control(Control),
    /// One of the controller's, framed.
    Record(&'a [u8]),
}

/// Calls `each` with every record in `bytes` at or after `from`: its offset, its batch and what it says.
pub(crate) fn for_each<E: From<Damaged>>(
    bytes: &[u8],
    from: Offset,
    mut each: impl FnMut(Offset, &Batch<'_>, Entry<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut at = from;
    for batch in Batches::new(bytes) {
        let batch = batch.map_err(|e| Damaged::Batch(at, e))?;
        at = batch.base_offset();
        let damaged = |e| Damaged::Batch(at, e);
        batch.check_crc().map_err(damaged)?;
        let payload = payload(&batch, 2 * MAX_BATCH).map_err(damaged)?;
        for record in payload.records() {
            let record = record.map_err(damaged)?;
            let offset = at.plus(record.offset_delta.into());
            if offset < from {
                continue;
            }
            if batch.is_control() {
                let control = ControlRecord::of(&record).map_err(damaged)?;
                if let Some(control) = Control::decode(control).map_err(|e| Damaged::Control(at, e))? {
                    each(offset, &batch, Entry::Control(control))?;
                }
            } else {
                each(offset, &batch, Entry::Record(record.value.unwrap_or_default()))?;
            }
        }
    }
    Ok(())
}

/// A batch of control records.
pub(crate) fn control_batch(
    base: Offset,
    epoch: LeaderEpoch,
    now: Timestamp,
    records: &[Control],
) -> Result<Bytes, BatchError> {
    let mut batch = builder(base, epoch, true);
    for record in records {
        let (key, value) = record.encode();
        batch.append(Some(&key), Some(&value), &[], now);
    }
    batch.build()
}

/// Metadata records as batches of at most `limit` bytes and `most` records each, counted on from `base`.
pub(crate) fn record_batches(
    base: Offset,
    epoch: LeaderEpoch,
    now: Timestamp,
    records: impl IntoIterator<Item = Bytes>,
    (limit, most): (usize, i32),
) -> Result<Vec<Bytes>, BatchError> {
    let mut out = Vec::new();
    let mut next = base;
    let mut batch = builder(base, epoch, false);
    for record in records {
        // A record's own framing is at most 20 bytes here: lengths, deltas, no key and no headers.
        let full = batch.uncompressed_len() + record.len() + 20 > limit || batch.count() >= most;
        if full && !batch.is_empty() {
            out.push(std::mem::replace(&mut batch, builder(next, epoch, false)).build()?);
        }
        batch.append(None, Some(&record), &[], now);
        next = next.plus(1);
    }
    if !batch.is_empty() {
        out.push(batch.build()?);
    }
    Ok(out)
}

fn builder(base_offset: Offset, leader_epoch: LeaderEpoch, is_control: bool) -> BatchBuilder {
    BatchBuilder::new(BatchSettings { base_offset, leader_epoch, is_control, ..BatchSettings::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_with_their_offsets() {
        let epoch = LeaderEpoch(3);
        let mut bytes = control_batch(Offset(10), epoch, Timestamp(5), &[Control::KraftVersion(1)]).unwrap().to_vec();
        let records = (0..5u8).map(|i| Bytes::from(vec![i; 40]));
        let batches = record_batches(Offset(11), epoch, Timestamp(6), records, (190, 1024)).unwrap();
        assert_eq!(batches.len(), 3);
        bytes.extend(batches.concat());
        let mut found = Vec::new();
        for_each::<Damaged>(&bytes, Offset(10), |at, batch, entry| {
            assert_eq!(batch.leader_epoch(), epoch);
            found.push((at.0, matches!(entry, Entry::Record(_))));
            Ok(())
        })
        .unwrap();
        assert_eq!(found, [(10, false), (11, true), (12, true), (13, true), (14, true), (15, true)]);
        let mut later = 0;
        for_each::<Damaged>(&bytes, Offset(14), |_, _, _| {
            later += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(later, 2, "what comes before is passed over");
        bytes[100] ^= 1;
        assert!(for_each::<Damaged>(&bytes, Offset(0), |_, _, _| Ok(())).is_err());
    }
}
