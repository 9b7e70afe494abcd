//! Checks a segment's batches and builds from them what lies beside the log (`LogSegment.recover`).

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use model::Offset;
use model::batch::{Batch, BatchError};
use replication::producers::Producers;
use replication::validate::BatchInfo;

use super::files::LOG;
use super::recovery::Loader;
use super::segment::Segment;
use super::{AbortedTxn, OpenError, scan};

impl Loader<'_> {
    /// Checks a segment from its first byte on; answers whether something had to be cut off.
    pub(super) fn recover_segment(
        &mut self,
        segment: &Arc<Segment>,
        before: &[Arc<Segment>],
    ) -> Result<bool, OpenError> {
        let (base, size) = (segment.base, segment.size());
        tracing::debug!(dir = %self.opening.dir.display(), %base, bytes = size, "recovering a segment");
        let start = self.opening.log_start;
        let mut producers = match self.producers.take() {
            Some(producers) if producers.end_offset() == base => producers,
            _ => {
                self.snapshots.remove(self.place, |offset| offset > base || offset <= start)?;
                let mut producers = self.load_producers(start, base)?;
                advance(&mut producers, before, base, |_| Ok(()))?;
                producers
            }
        };
        segment.reset_indexes()?;
        let (end, problem) = self.rebuild(segment, &mut producers)?;
        if let (0, Some(BatchError::Magic(magic @ 0..=1))) = (end, problem) {
            return Err(OpenError::Format(segment.path(LOG), magic));
        }
        let was_cut = end < size;
        if was_cut {
            let bytes = size - end;
            tracing::warn!(dir = %self.opening.dir.display(), %base, bytes, ?problem, "cutting off the torn end");
            segment.file()?.set_len(end)?;
        }
        segment.set_size(end);
        segment.complete_indexes()?;
        segment.close_file();
        self.snapshots.take(self.place, &producers)?;
        self.producers = Some(producers);
        Ok(was_cut)
    }

    /// Builds the indexes of a segment from its batches, up to the first that is not sound; answers where that is.
    fn rebuild(&mut self, segment: &Segment, producers: &mut Producers) -> io::Result<(u64, Option<BatchError>)> {
        let file = segment.file()?;
        let (mut last, mut indexed_at, mut problem) = (segment.base.plus(-1), 0, None);
        producers.set_end_offset(producers.end_offset().max(segment.base));
        let (end, stopped) = scan::batches(&file, 0, segment.size(), |position, batch| {
            let offset = batch.last_offset();
            if let Err(error) = batch.check_crc() {
                problem = Some(error);
            }
            let fits = batch.last_offset_delta() >= 0 && offset.0 - segment.base.0 <= i64::from(i32::MAX);
            if problem.is_some() || batch.base_offset() <= last || !fits {
                return Ok(ControlFlow::Break(()));
            }
            last = offset;
            segment.note_timestamp(batch.max_timestamp(), offset);
            if position - indexed_at > self.opening.config.index_interval_bytes {
                segment.add_to_indexes(offset, position)?;
                indexed_at = position;
            }
            if self.epochs.latest_epoch().is_none_or(|latest| batch.leader_epoch() > latest) {
                self.epochs.assign(batch.leader_epoch(), batch.base_offset());
            }
            take_in(producers, segment, &batch)?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok((end, problem.or(stopped)))
    }
}

/// Brings `producers` up to `upto` with the batches that come behind what they know. `at_base` is called where a
/// segment is begun at its first batch.
pub(super) fn advance(
    producers: &mut Producers,
    segments: &[Arc<Segment>],
    upto: Offset,
    mut at_base: impl FnMut(&Producers) -> io::Result<()>,
) -> io::Result<()> {
    for (at, segment) in segments.iter().enumerate() {
        let is_known = segments.get(at + 1).is_some_and(|next| next.base <= producers.end_offset());
        if is_known || segment.base >= upto || producers.end_offset() >= upto {
            continue;
        }
        let from = producers.end_offset().max(segment.base);
        producers.set_end_offset(from);
        if from == segment.base {
            at_base(producers)?;
        }
        let (was_open, file) = (segment.is_open(), segment.file()?);
        let position = segment.find(&file, from, segment.size())?.map_or(segment.size(), |head| head.position);
        scan::batches(&file, position, segment.size(), |_, batch| {
            if batch.base_offset() >= upto {
                return Ok(ControlFlow::Break(()));
            }
            producers.append(&info(&batch)?, batch.base_offset());
            Ok(ControlFlow::Continue(()))
        })?;
        if !was_open {
            segment.close_file();
        }
    }
    producers.set_end_offset(upto.max(producers.end_offset()));
    Ok(())
}

/// Tells the producers of a batch, and notes the transaction that it aborts.
fn take_in(producers: &mut Producers, segment: &Segment, batch: &Batch<'_>) -> io::Result<()> {
    match producers.append(&info(batch)?, batch.base_offset()) {
        Some(ended) if ended.aborted => segment.add_aborted(AbortedTxn {
            producer_id: ended.producer_id,
            first_offset: ended.first_offset,
            last_offset: ended.last_offset,
            last_stable_offset: ended.last_stable_offset,
        }),
        _ => Ok(()),
    }
}

fn info(batch: &Batch<'_>) -> io::Result<BatchInfo> {
    BatchInfo::of(batch, 0).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
