//! Brings a directory's files into order: what is torn is cut off, what is missing is built anew (`LogLoader`).

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use host::fs::DirEntryInfo;
use model::{Offset, Timestamp};
use replication::epochs::EpochCache;
use replication::producers::Producers;

use super::files::{self, Doomed, INDEX, LOG, Place, SNAPSHOT, TIME_INDEX};
use super::index::{Entry, Index};
use super::offset_index::OffsetEntry;
use super::rebuild::advance;
use super::segment::{Segment, Tail};
use super::snapshots::Snapshots;
use super::time_index::TimeEntry;
use super::{OpenError, Opening, temporary, txn_index};

/// A log's files in order, and what they say.
pub(super) struct Loaded {
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) snapshots: Snapshots,
    pub(super) epochs: EpochCache,
    /// They are not as the file has them.
    pub(super) epochs_changed: bool,
    pub(super) producers: Producers,
    pub(super) doomed: Doomed,
    pub(super) start: Offset,
    pub(super) end: Offset,
    pub(super) recovery_point: Offset,
}

/// Loads one log.
pub(super) struct Loader<'a> {
    pub(super) opening: &'a Opening,
    pub(super) place: &'a Arc<Place>,
    now: Timestamp,
    pub(super) snapshots: Snapshots,
    pub(super) epochs: EpochCache,
    /// The state behind the segment that was recovered last.
    pub(super) producers: Option<Producers>,
    doomed: Doomed,
    /// Cleared when the epochs cannot be read, so that everything is looked at.
    trust: bool,
}

impl<'a> Loader<'a> {
    pub(super) fn new(opening: &'a Opening, place: &'a Arc<Place>, now: Timestamp) -> Self {
        Self {
            opening,
            place,
            now,
            snapshots: Snapshots::default(),
            epochs: EpochCache::default(),
            producers: None,
            doomed: Doomed::default(),
            trust: true,
        }
    }

    pub(super) fn load(mut self) -> Result<Loaded, OpenError> {
        let found = temporary::tidy(&self.opening.dir)?;
        let of = |suffix| {
            let parsed = found.iter().filter_map(|entry| files::parse(&entry.name));
            parsed.filter(move |(_, of)| *of == suffix).map(|(offset, _)| offset)
        };
        self.snapshots = Snapshots::found(of(SNAPSHOT));
        let written = self.read_epochs()?;
        let candidates = self.segments(&found)?;
        let mut segments = self.recover(candidates)?;
        let end = self.end(&mut segments)?;
        let first = segments.first().map_or(end, |segment| segment.base);
        let start = self.opening.log_start.max(first);
        self.epochs.truncate_from_end(end);
        self.epochs.truncate_from_start(start);
        let mut epochs_changed = self.epochs != written;
        if epochs_changed && !self.trust {
            host::fs::replace(self.place.path(files::EPOCHS), self.epochs.to_checkpoint().as_bytes())?;
            epochs_changed = false;
        }
        let producers = self.producers_at(&segments, start, end)?;
        for segment in &segments {
            segment.close_file();
        }
        let is_clean = self.opening.clean && self.trust;
        let recovery_point = if is_clean { end } else { self.opening.recovery_point.min(end) };
        let Self { snapshots, epochs, doomed, .. } = self;
        Ok(Loaded { segments, snapshots, epochs, epochs_changed, producers, doomed, start, end, recovery_point })
    }

    fn read_epochs(&mut self) -> io::Result<EpochCache> {
        let text = host::fs::read_to_string(self.place.path(files::EPOCHS))?;
        match EpochCache::from_checkpoint(&text) {
            // A power cut may empty the file, a log without epochs has an empty one too.
            Ok(epochs) => {
                self.trust = self.opening.clean || !text.is_empty();
                self.epochs = epochs;
            }
            Err(error) => {
                tracing::warn!(dir = %self.opening.dir.display(), %error, "epochs are built anew from the log");
                self.trust = false;
            }
        }
        Ok(self.epochs.clone())
    }

    /// The segments that are there, each with whether its indexes can be believed.
    fn segments(&self, found: &[DirEntryInfo]) -> io::Result<Vec<(Arc<Segment>, bool)>> {
        let logs = found.iter().filter_map(|entry| match files::parse(&entry.name) {
            Some((base, LOG)) => Some((base, entry.len)),
            _ => None,
        });
        let bases: BTreeSet<Offset> = logs.clone().map(|(base, _)| base).collect();
        for entry in found {
            if let Some((base, suffix)) = files::parse(&entry.name)
                && files::OF_SEGMENT.contains(&suffix)
                && !bases.contains(&base)
            {
                tracing::warn!(path = %entry.path.display(), "removing an index without a log");
                files::remove_if_there(&entry.path)?;
            }
        }
        // Names are sorted, and with them the bases.
        logs.map(|(base, size)| self.segment(base, size)).collect()
    }

    fn segment(&self, base: Offset, size: u64) -> io::Result<(Arc<Segment>, bool)> {
        let offsets = load_index::<OffsetEntry>(self.place, base, INDEX)?;
        let times = load_index::<TimeEntry>(self.place, base, TIME_INDEX)?;
        let last_fits = |entry: OffsetEntry| entry.last_offset >= base && (1..size).contains(&entry.position);
        // A time index full of zeros, as a crash of Kafka leaves it, does not grow.
        let grows = |times: &Index<TimeEntry>| -> io::Result<bool> {
            let (first, last) = (times.first(&self.place.file(base, TIME_INDEX))?, times.last());
            let grows = first.zip(last).is_none_or(|(first, last)| first.timestamp < last.timestamp);
            Ok((times.len() < 2 || grows) && last.is_none_or(|last| last.offset >= base))
        };
        let txns = host::fs::metadata_len(self.place.file(base, files::TXN_INDEX)).unwrap_or(0);
        let is_sound = offsets.as_ref().is_some_and(|index| index.last().is_none_or(last_fits))
            && times.as_ref().map_or(Ok(false), grows)?
            && txns.is_multiple_of(txn_index::ENTRY as u64);
        let (offsets, times) = match is_sound {
            true => (offsets, times),
            false => (None, None),
        };
        let offsets = offsets.unwrap_or_else(|| Index::empty(base));
        let times = times.unwrap_or_else(|| Index::empty(base));
        Ok((Arc::new(Segment::known(self.place, base, size, offsets, times, self.now)), is_sound))
    }

    /// Recovers what lies behind the recovery point, and segments whose indexes are unusable. Behind a segment that had
    /// to be cut nothing is kept.
    fn recover(&mut self, candidates: Vec<(Arc<Segment>, bool)>) -> Result<Vec<Arc<Segment>>, OpenError> {
        let point = if self.trust { self.opening.recovery_point } else { Offset(0) };
        let unflushed = candidates.partition_point(|(segment, _)| segment.base <= point).saturating_sub(1);
        let unflushed = if self.opening.clean && self.trust { usize::MAX } else { unflushed };
        let mut segments = Vec::with_capacity(candidates.len());
        let mut torn = false;
        for (at, (segment, is_sound)) in candidates.into_iter().enumerate() {
            if torn {
                self.doom(&segment)?;
                continue;
            }
            if !is_sound || at >= unflushed {
                torn = self.recover_segment(&segment, &segments)? && at >= unflushed;
            }
            segments.push(segment);
        }
        Ok(segments)
    }

    /// Where the log ends; makes the first segment if there is none.
    fn end(&mut self, segments: &mut Vec<Arc<Segment>>) -> Result<Offset, OpenError> {
        let log_start = self.opening.log_start;
        if let Some(last) = segments.last().cloned() {
            let tail = last.walk_tail();
            let end = match tail {
                Ok(Tail { end, next_offset }) if end == last.size() => next_offset,
                Err(error) if error.kind() != io::ErrorKind::InvalidData => return Err(error.into()),
                // The stop was called orderly and was not.
                _ => {
                    let before = segments.split_last().map_or(&[][..], |(_, before)| before);
                    self.recover_segment(&last, before)?;
                    last.walk_tail()?.next_offset
                }
            };
            if end >= log_start {
                return Ok(end);
            }
            tracing::warn!(dir = %self.opening.dir.display(), %end, %log_start, "the log ends before it starts: emptied");
            for segment in std::mem::take(segments) {
                self.doom(&segment)?;
            }
            self.epochs.clear();
            self.snapshots.remove(self.place, |_| true)?;
            self.producers = None;
        }
        let preallocate = self.opening.config.preallocate.then_some(self.opening.config.segment_bytes);
        segments.push(Arc::new(Segment::create(self.place, log_start, self.now, preallocate)?));
        Ok(log_start)
    }

    /// The producers as of the end of the log (`UnifiedLog.rebuildProducerState`).
    fn producers_at(&mut self, segments: &[Arc<Segment>], start: Offset, end: Offset) -> io::Result<Producers> {
        let bases: BTreeSet<Offset> = segments.iter().map(|segment| segment.base).collect();
        let newest: BTreeSet<Offset> = bases.iter().rev().take(2).copied().collect();
        self.snapshots.remove_strays(self.place, &bases)?;
        let had_none = self.snapshots.is_empty();
        self.snapshots.remove(self.place, |offset| offset > end || offset <= start)?;
        let mut producers = match self.producers.take() {
            Some(producers) if producers.end_offset() == end => producers,
            _ if had_none && self.opening.clean && self.trust => {
                // Nobody has written with a producer id, or the snapshots were taken away on purpose.
                let mut producers = Producers::starting_at(start);
                for base in newest {
                    producers.set_end_offset(base);
                    self.snapshots.take(self.place, &producers)?;
                }
                producers
            }
            _ => {
                let mut producers = self.load_producers(start, end)?;
                let (place, snapshots) = (self.place, &mut self.snapshots);
                advance(&mut producers, segments, end, |producers| {
                    let is_wanted = newest.contains(&producers.end_offset());
                    if is_wanted { snapshots.take(place, producers) } else { Ok(()) }
                })?;
                producers
            }
        };
        producers.set_end_offset(end);
        self.snapshots.take(self.place, &producers)?;
        Ok(producers)
    }

    /// The producers of the newest snapshot up to `upto`.
    pub(super) fn load_producers(&mut self, start: Offset, upto: Offset) -> io::Result<Producers> {
        let expiration = self.opening.config.producer_expiration_ms;
        self.snapshots.load(self.place, start, upto, self.now, expiration)
    }

    /// Takes a segment out of the log; its files go later.
    fn doom(&mut self, segment: &Segment) -> io::Result<()> {
        let due = self.now.plus_ms(self.opening.config.file_delete_delay_ms);
        segment.close_file();
        self.doomed.renamed(segment.retire()?, due);
        self.snapshots.doom(self.place, &mut self.doomed, segment.base, due)
    }
}

/// An index, if its file is there and holds entries.
fn load_index<E: Entry>(place: &Place, base: Offset, suffix: &str) -> io::Result<Option<Index<E>>> {
    match Index::load(base, Path::new(&place.file(base, suffix))) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
        loaded => loaded,
    }
}
