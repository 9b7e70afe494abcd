//! Puts compacted segments in the place of those that they were made of (`LocalLog.replaceSegments`).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{Offset, Timestamp};

use super::files::SWAP;
use super::segment::Segment;
use super::{Log, StorageError};

impl Log {
    /// What a compaction that begins now must show when it ends: nothing was cut off or moved meanwhile.
    pub(super) fn cleaning_permit(&self) -> u64 {
        self.cleaning_permit.load(Ordering::Acquire)
    }

    /// Whether a compaction that began with this permit is worth nothing any more.
    pub(super) fn is_void(&self, permit: u64) -> bool {
        self.cleaning_permit() != permit
    }

    /// Compactions that are under way are worth nothing any more: what they read is not what the log has.
    pub(super) fn void_cleaning(&self) {
        self.cleaning_permit.fetch_add(1, Ordering::AcqRel);
    }

    /// Replaces `old`, which are neighbours, by `new`, whose files end with `.cleaned` and are durable. False if the log has
    /// changed such that this must not be. Readers of the old segments go on.
    ///
    /// A crash leaves the old ones, or what the next start makes the new ones of: all files of all new segments, the last
    /// segment first, are named `.swap` before the first old one goes (`LogLoader`).
    pub(super) fn replace_segments(
        &self,
        old: &[Arc<Segment>],
        new: &[Arc<Segment>],
        permit: u64,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        let mut writer = self.writer.lock();
        self.check(&writer)?;
        let Some(at) = self.place_of(old).filter(|_| !self.is_void(permit)) else { return Ok(false) };
        let mut finish = || -> io::Result<()> {
            for segment in new.iter().rev() {
                segment.rename(SWAP)?;
            }
            self.segments.write().splice(at..at + old.len(), new.iter().cloned());
            for segment in old {
                self.discard(&mut writer, segment, now)?;
                if !new.iter().any(|new| new.base == segment.base) {
                    self.doom_snapshot(&mut writer, segment.base, now)?;
                }
            }
            for segment in new {
                segment.rename("")?;
            }
            Ok(())
        };
        finish().map_err(|error| self.fail(error))?;
        drop(writer);
        // The log goes on meanwhile: until this is done a power cut leaves some state in between.
        match host::fs::sync_dir(self.place.dir()) {
            Err(error) if self.is_void(permit) => tracing::debug!(%error, "the log has gone elsewhere"),
            synced => synced.map_err(|error| self.fail(error))?,
        }
        Ok(true)
    }

    /// Where these segments are in the list, if they are all there and none is the active one.
    fn place_of(&self, old: &[Arc<Segment>]) -> Option<usize> {
        let segments = self.segments.read();
        let first = old.first()?;
        let at = segments.iter().position(|segment| Arc::ptr_eq(segment, first))?;
        let there = segments.get(at..at + old.len()).filter(|_| at + old.len() < segments.len())?;
        there.iter().zip(old).all(|(a, b)| Arc::ptr_eq(a, b)).then_some(at)
    }

    /// Up to where the log was compacted, as the checkpoint shall say (`cleaner-offset-checkpoint`).
    pub fn cleaned_to(&self) -> Option<Offset> {
        Some(Offset(self.cleaned_to.load(Ordering::Acquire))).filter(|offset| offset.0 >= 0)
    }

    /// Takes over how far `other`, of which this is a copy, was compacted.
    pub fn inherit_cleaning(&self, other: &Self) {
        let _writer = self.writer.lock();
        self.cleaned_to.store(other.cleaned_to.load(Ordering::Acquire), Ordering::Release);
    }

    /// Whether that fell since the last call: then the checkpoint says too much.
    pub fn take_cleaned_to_fell(&self) -> bool {
        self.cleaned_to_fell.swap(false, Ordering::AcqRel)
    }

    /// What lies from here on was never compacted.
    pub(super) fn lower_cleaned_to(&self, offset: Offset) {
        if self.cleaned_to.fetch_min(offset.0, Ordering::AcqRel) > offset.0 {
            self.cleaned_to_fell.store(true, Ordering::Release);
        }
    }

    /// Compaction came this far, unless the log was cut meanwhile.
    pub(super) fn set_cleaned_to(&self, offset: Offset, permit: u64) -> bool {
        let _writer = self.writer.lock();
        let holds = !self.is_void(permit);
        if holds {
            self.cleaned_to.store(offset.0, Ordering::Release);
        }
        holds
    }
}
