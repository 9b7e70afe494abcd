//! Compacts one log: of each key only the last record stays (`LogCleaner`, `Cleaner`).
//!
//! First the keys of the dirty part are read into a map with the last offset of each, then all segments up to there are
//! copied without the records that the map proves to be replaced, several small ones into one, and swapped in. It is done
//! in small steps, so that whoever drives it can rest between them, or drop it.

mod group;
mod offset_map;
mod output;
mod range;
mod rewrite;
mod rules;
mod source;
#[cfg(test)]
mod tests;
mod transactions;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::batch::{Batch, BatchError, Batches, each_record};
use model::{Offset, ProducerId, Timestamp};

use super::segment::Segment;
use super::{Log, StorageError};
use group::{Size, groups};
use offset_map::OffsetMap;
use output::Output;
pub use range::Cleanable;
use range::Question;
use rewrite::{Kept, filter};
use rules::{LastWritten, Rules};
use source::Source;
use transactions::Transactions;

/// What one compaction may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CleanerSettings {
    /// Bytes for the map of keys: `log.cleaner.dedupe.buffer.size` by `log.cleaner.threads`.
    pub map_bytes: u64,
    /// `log.cleaner.io.buffer.load.factor`: which share of the map is filled at most.
    pub load_factor: f64,
    /// Bytes that are read at a time, but for a batch that is larger: half of `log.cleaner.io.buffer.size` by
    /// `log.cleaner.threads`.
    pub buffer_bytes: usize,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes were read and written; there is more to do.
    More(u64),
    /// The log is compacted up to this offset.
    Done(Offset),
}

/// Why a compaction ended early. The log is whole in any case, and what was swapped in before stays.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// The log was cut, deleted, moved or closed meanwhile.
    #[error("the log has changed meanwhile")]
    Interrupted,
    /// There is no room for the copy.
    #[error("there is no room for the compacted copy: {0}")]
    NoSpace(io::Error),
    /// The log holds something that cannot be compacted: it is not to be tried again.
    #[error("the log cannot be compacted: {0}")]
    Uncleanable(String),
    /// The disk failed; whoever gets this takes the log's directory offline.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<io::Error> for CleanError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Uncleanable(error.to_string()),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace(error),
            _ => Self::Storage(error.into()),
        }
    }
}

impl From<BatchError> for CleanError {
    fn from(error: BatchError) -> Self {
        Self::Uncleanable(error.to_string())
    }
}

/// Figures of a compaction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CleanStats {
    /// Bytes read to learn the keys.
    pub map_bytes: u64,
    /// Bytes read to copy them.
    pub bytes_read: u64,
    /// Bytes that stayed.
    pub bytes_written: u64,
    /// Records read to copy them.
    pub records_read: u64,
    /// Records that stayed.
    pub records_kept: u64,
    /// Which share of the map was filled.
    pub map_utilization: f64,
}

/// A compaction under way. Dropped, it leaves the log as it is then.
pub struct Cleaning {
    log: Arc<Log>,
    permit: u64,
    settings: CleanerSettings,
    range: Cleanable,
    now: Timestamp,
    /// Bytes that a new segment may have: what was compressed anew may need more than it did.
    pub(super) most_segment_bytes: u64,
    map: OffsetMap,
    transactions: Transactions,
    buffer: Vec<u8>,
    stage: Stage,
    stats: CleanStats,
}

enum Stage {
    /// The keys of these segments are learnt; each with the offset behind its last.
    Map { left: VecDeque<(Arc<Segment>, Offset)>, source: Option<Source> },
    /// These groups of segments are copied, each into one or more.
    Copy { left: VecDeque<Vec<Arc<Segment>>>, group: Option<Group> },
}

/// A group of segments that is being copied.
struct Group {
    segments: Vec<Arc<Segment>>,
    /// Which of them is read.
    at: usize,
    source: Option<Source>,
    /// Where the next batch must begin, at least, and must have ended.
    bounds: Range<Offset>,
    output: Output,
    producers: BTreeMap<ProducerId, LastWritten>,
}

impl Log {
    /// What there is to compact.
    ///
    /// # Errors
    /// Where the disk fails, or a segment has vanished in between.
    pub fn cleanable(&self, now: Timestamp) -> io::Result<Cleanable> {
        let segments = self.segments.read().clone();
        let config = self.config();
        let question = Question {
            segments: segments.iter().map(|segment| (segment.base, segment.size())).collect(),
            checkpoint: self.cleaned_to(),
            start: self.start_offset(),
            end: self.end_offset(),
            last_stable: self.last_stable_offset(),
            min_lag_ms: config.min_compaction_lag_ms,
            max_lag_ms: config.max_compaction_lag_ms,
            now,
        };
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let found = question.answer(
            |at| segments.get(at).ok_or_else(gone)?.retention_timestamp(),
            |at| segments.get(at).ok_or_else(gone)?.first_timestamp(),
        )?;
        if let Some(checkpoint) = question.checkpoint
            && checkpoint != found.first_dirty
        {
            let (dir, start) = (self.dir(), found.first_dirty);
            // With retention beside it this is an everyday thing.
            if !config.delete {
                tracing::warn!(dir = %dir.display(), %checkpoint, %start, "compaction begins anew at the log's start");
            }
            self.set_cleaned_to(start, self.cleaning_permit());
        }
        Ok(found)
    }

    /// Whether somebody compacts it now, it must not be compacted, or it cannot be.
    pub fn is_cleaning_barred(&self) -> bool {
        [&self.cleaning, &self.cleaning_paused, &self.uncleanable].into_iter().any(|it| it.load(Ordering::Acquire))
    }

    /// Ends a compaction that is under way and lets none begin, until [`Log::resume_cleaning`]
    /// (`LogCleaner.abortAndPauseCleaning`).
    pub fn pause_cleaning(&self) {
        self.cleaning_paused.store(true, Ordering::Release);
        self.void_cleaning();
    }

    /// The log may be compacted again.
    pub fn resume_cleaning(&self) {
        self.cleaning_paused.store(false, Ordering::Release);
    }

    /// Says that the log cannot be compacted; it is left alone until the next start.
    pub fn set_uncleanable(&self) {
        self.uncleanable.store(true, Ordering::Release);
    }

    /// Begins to compact `range`, as [`Log::cleanable`] has told it; `None` if somebody else is at it.
    pub fn begin_cleaning(
        self: &Arc<Self>,
        range: Cleanable,
        settings: CleanerSettings,
        now: Timestamp,
    ) -> Option<Cleaning> {
        if self.cleaning.swap(true, Ordering::AcqRel) {
            return None;
        }
        let permit = self.cleaning_permit();
        // Looked at after the permit was taken: who pauses after this look makes the permit void.
        if self.cleaning_paused.load(Ordering::Acquire) {
            self.cleaning.store(false, Ordering::Release);
            return None;
        }
        let keys = u64::try_from(range.first_uncleanable.0 - range.first_dirty.0).unwrap_or(0);
        let dirty: Vec<_> = self.segments_within(range.first_dirty, range.first_uncleanable);
        let ends = dirty.iter().skip(1).map(|next| next.base).chain([range.first_uncleanable]);
        let left = dirty.iter().cloned().zip(ends).collect();
        let secret = host::dice::bytes();
        Some(Cleaning {
            log: self.clone(),
            permit,
            settings,
            range,
            now,
            most_segment_bytes: output::MOST,
            map: OffsetMap::new(settings.map_bytes, settings.load_factor, keys, secret),
            transactions: Transactions::default(),
            buffer: Vec::new(),
            stage: Stage::Map { left, source: None },
            stats: CleanStats::default(),
        })
    }

    /// The segments from the one that holds `from` on that begin in front of `to`.
    fn segments_within(&self, from: Offset, to: Offset) -> Vec<Arc<Segment>> {
        self.segments_from(from).into_iter().take_while(|segment| segment.base < to).collect()
    }
}

impl Cleaning {
    /// Does a little. After [`Step::Done`] or an error it is over.
    ///
    /// # Errors
    /// See [`CleanError`].
    pub fn step(&mut self) -> Result<Step, CleanError> {
        let step = match self.is_void() {
            true => Err(CleanError::Interrupted),
            false => self.proceed(),
        };
        // What goes wrong while the files are taken away is no fault of the disk.
        step.map_err(|error| if self.log.is_void(self.permit) { CleanError::Interrupted } else { error })
    }

    /// Figures, up to now.
    pub fn stats(&self) -> CleanStats {
        CleanStats { map_utilization: self.map.utilization(), ..self.stats }
    }

    /// The log.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// What is being compacted.
    pub fn range(&self) -> Cleanable {
        self.range
    }

    fn is_void(&self) -> bool {
        self.log.is_void(self.permit) || self.log.is_offline()
    }

    fn proceed(&mut self) -> Result<Step, CleanError> {
        match &mut self.stage {
            Stage::Map { .. } => self.learn(),
            Stage::Copy { .. } => self.copy(),
        }
    }

    /// Takes keys into the map, until it is full or all are there (`Cleaner.buildOffsetMap`).
    fn learn(&mut self) -> Result<Step, CleanError> {
        let Self { log, range, map, transactions, buffer, stage, stats, settings, .. } = self;
        let Stage::Map { left, source } = stage else { return Ok(Step::More(0)) };
        let Some((segment, end)) = left.front() else { return self.plan() };
        let mut reading = match source.take() {
            Some(source) => source,
            None => {
                let next = *end;
                transactions.add_aborted(aborted(log, segment.base.max(range.first_dirty), next)?);
                Source::new(segment.file_once()?, segment.position_before(range.first_dirty)?, segment.size())
            }
        };
        let bytes = reading.next(buffer, settings.buffer_bytes)?;
        let read = bytes.len() as u64;
        stats.map_bytes += read;
        let mut is_full = false;
        for batch in Batches::new(bytes) {
            let batch = checked(batch)?;
            if batch.is_control() {
                transactions.on_control(&batch)?;
            } else if !transactions.on_data(&batch) {
                is_full = !learn_keys(&batch, range.first_dirty, map)?;
                if is_full {
                    break;
                }
            }
            if batch.last_offset() >= range.first_dirty {
                map.set_latest(batch.last_offset());
            }
        }
        if is_full {
            left.clear();
        } else if reading.is_over() {
            // Offsets that are missing at the end of the segment are known too.
            map.set_latest(end.plus(-1));
            left.pop_front();
        } else {
            *source = Some(reading);
        }
        Ok(Step::More(read))
    }

    /// The keys are known: decides which segments become one.
    fn plan(&mut self) -> Result<Step, CleanError> {
        let config = self.log.config();
        let end = self.map.latest().plus(1);
        let segments: Vec<_> = self.log.segments.read().iter().take_while(|it| it.base < end).cloned().collect();
        let sizes: Vec<Size> = segments
            .iter()
            .map(|segment| {
                let (offset_index, time_index) = segment.index_bytes();
                Size { base: segment.base, log: segment.size(), offset_index, time_index }
            })
            .collect();
        let index_bytes = config.segment_index_bytes;
        let groups = groups(&sizes, config.segment_bytes, index_bytes, self.range.first_uncleanable);
        let left = groups.into_iter().filter_map(|range| segments.get(range).map(<[_]>::to_vec)).collect();
        self.transactions = Transactions::default();
        self.stage = Stage::Copy { left, group: None };
        Ok(Step::More(0))
    }

    /// Copies some batches of a group, or swaps in what a group has become (`Cleaner.cleanSegments`).
    fn copy(&mut self) -> Result<Step, CleanError> {
        let Stage::Copy { left, group } = &mut self.stage else { return Ok(Step::More(0)) };
        let Some(mut current) = group.take() else {
            let Some(segments) = left.pop_front() else { return self.finish() };
            *group = Some(Group::begin(&self.log, segments, self.most_segment_bytes, self.now)?);
            return Ok(Step::More(0));
        };
        if current.at == current.segments.len() {
            current.swap(&self.log, self.permit, self.now)?;
            return Ok(Step::More(0));
        }
        let bytes = self.copy_some(&mut current)?;
        if let Stage::Copy { group, .. } = &mut self.stage {
            *group = Some(current);
        }
        Ok(Step::More(bytes))
    }

    fn copy_some(&mut self, group: &mut Group) -> Result<u64, CleanError> {
        let Some(segment) = group.segments.get(group.at) else { return Ok(0) };
        let log = &self.log;
        let mut reading = match group.source.take() {
            Some(source) => source,
            None => {
                let end = log.segments_from(segment.base).get(1).map_or(log.end_offset(), |next| next.base);
                group.bounds = segment.base..end;
                self.transactions.add_aborted(aborted(log, segment.base, end)?);
                Source::new(segment.file_once()?, 0, segment.size())
            }
        };
        let rules = Rules {
            map: &self.map,
            producers: &group.producers,
            high_watermark: log.high_watermark(),
            now: self.now,
            delete_retention_ms: log.config().delete_retention_ms,
        };
        let bytes = reading.next(&mut self.buffer, self.settings.buffer_bytes)?;
        for batch in Batches::new(bytes) {
            let batch = checked(batch)?;
            // These are not under the checksum.
            if batch.base_offset() < group.bounds.start || batch.last_offset() >= group.bounds.end {
                let (offset, bounds) = (batch.base_offset(), &group.bounds);
                return Err(CleanError::Uncleanable(format!("a batch at offset {offset} between others: {bounds:?}")));
            }
            group.bounds.start = batch.next_offset();
            let fate = rules.fate(&batch, &mut self.transactions)?;
            let filtered = filter(&batch, fate, &rules)?;
            self.stats.records_read += filtered.records;
            self.stats.records_kept += filtered.records_kept;
            match &filtered.kept {
                Kept::Nothing => {}
                Kept::Verbatim => group.output.append(batch.bytes(), fate.aborted)?,
                Kept::Rewritten(bytes) => group.output.append(bytes, fate.aborted)?,
            }
        }
        let (read, written) = (bytes.len() as u64, group.output.write()?);
        self.stats.bytes_read += read;
        self.stats.bytes_written += written;
        if reading.is_over() {
            group.at += 1;
            // A large batch may have needed much.
            self.buffer.truncate(self.settings.buffer_bytes);
            self.buffer.shrink_to_fit();
        } else {
            group.source = Some(reading);
        }
        Ok(read + written)
    }

    fn finish(&mut self) -> Result<Step, CleanError> {
        let end = self.map.latest().plus(1).max(self.range.first_dirty);
        if self.log.set_cleaned_to(end, self.permit) { Ok(Step::Done(end)) } else { Err(CleanError::Interrupted) }
    }
}

impl Group {
    fn begin(log: &Log, segments: Vec<Arc<Segment>>, most: u64, now: Timestamp) -> Result<Self, CleanError> {
        let base = segments.first().map_or(Offset(0), |first| first.base);
        let output = Output::begin(&log.place, base, log.config().index_interval_bytes, most, now)?;
        let producers = log.active_producers().into_iter().map(|producer| {
            let data = Some(producer.last_data_offset).filter(|offset| offset.0 >= 0);
            (producer.producer_id, LastWritten { data, epoch: producer.producer_epoch })
        });
        let (source, bounds, producers) = (None, base..base, producers.collect());
        Ok(Self { at: 0, source, bounds, output, producers, segments })
    }

    /// The group is copied: its copy takes its place.
    fn swap(mut self, log: &Log, permit: u64, now: Timestamp) -> Result<(), CleanError> {
        let modified = self.segments.last().map_or(Ok(now), |last| last.modified())?;
        let new = self.output.finish(modified)?;
        let swapped = log.replace_segments(&self.segments, &new, permit, now);
        if matches!(swapped, Ok(false)) {
            return Err(CleanError::Interrupted);
        }
        // Also where it failed half-way: then the next start needs them.
        self.output.keep();
        Ok(swapped.map(drop)?)
    }
}

impl Drop for Cleaning {
    fn drop(&mut self) {
        // Unfinished files go before somebody else may make new ones.
        self.stage = Stage::Copy { left: VecDeque::new(), group: None };
        self.log.cleaning.store(false, Ordering::Release);
    }
}

/// A batch whose bytes are as they were written: a copy would give damage a checksum of its own.
fn checked<'a>(batch: Result<Batch<'a>, BatchError>) -> Result<Batch<'a>, CleanError> {
    let batch = batch?;
    batch.check_crc().map_err(|error| {
        CleanError::Uncleanable(format!("the batch at offset {} is damaged: {error}", batch.base_offset()))
    })?;
    Ok(batch)
}

/// Takes the keys of a batch into the map; no if they do not all fit.
fn learn_keys(batch: &Batch<'_>, from: Offset, map: &mut OffsetMap) -> Result<bool, CleanError> {
    /// Ends the walk over the records.
    enum End {
        Full,
        Error(BatchError),
    }
    impl From<BatchError> for End {
        fn from(error: BatchError) -> Self {
            Self::Error(error)
        }
    }
    let walked = each_record(batch, rewrite::MOST_BYTES, |record| {
        let offset = batch.base_offset().plus(i64::from(record.offset_delta));
        match record.key {
            Some(key) if offset >= from && !map.put(key, offset) => Err(End::Full),
            _ => Ok(()),
        }
    });
    match walked {
        Ok(()) => Ok(true),
        Err(End::Full) => Ok(false),
        Err(End::Error(error)) => Err(error.into()),
    }
}

fn aborted(log: &Log, from: Offset, upto: Offset) -> Result<Vec<super::AbortedTxn>, CleanError> {
    match log.aborted_txns(from, upto) {
        Ok(found) => Ok(found),
        Err(super::ReadError::Storage(StorageError::Io(error))) => Err(error.into()),
        Err(super::ReadError::Storage(error)) => Err(error.into()),
        Err(error @ super::ReadError::OutOfRange { .. }) => Err(CleanError::Uncleanable(error.to_string())),
    }
}
