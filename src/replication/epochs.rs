//! Which leader wrote from which offset on (KIP-101, `LeaderEpochFileCache`), and the checkpoint file it lives in.

use std::collections::BTreeMap;
use std::fmt::Write;

use model::{LeaderEpoch, Offset};

/// What a partition's log knows of its leaders' epochs: the first offset of each, both growing.
///
/// Methods that return `bool` say whether something changed, and so whether the checkpoint must be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochCache {
    starts: BTreeMap<LeaderEpoch, Offset>,
}

/// Why a `leader-epoch-checkpoint` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Another version than 0.
    #[error("version {0} of the checkpoint is not known, only 0 is")]
    Version(i64),
    /// A line that is not what belongs there.
    #[error("malformed line in the checkpoint: {0:?}")]
    Line(String),
    /// The second line announces another number of entries than follow.
    #[error("the checkpoint announces {announced} entries and has {found}")]
    Count {
        /// As the file says.
        announced: i64,
        /// As they are.
        found: usize,
    },
}

impl EpochCache {
    /// Notes that `epoch` begins at `start`. Entries that contradict it (a higher epoch, a later start) are
    /// dropped. Negative values, which no log has, are ignored.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        if epoch.0 < 0 || start.0 < 0 {
            return false;
        }
        if self.latest().is_some_and(|(latest, from)| epoch == latest && start >= from) {
            return false;
        }
        while let Some(last) = self.starts.last_entry() {
            if *last.key() < epoch && *last.get() < start {
                break;
            }
            last.remove();
        }
        self.starts.insert(epoch, start);
        true
    }

    /// The newest epoch and its first offset.
    pub fn latest(&self) -> Option<(LeaderEpoch, Offset)> {
        self.starts.last_key_value().map(|(e, o)| (*e, *o))
    }

    /// The newest epoch, if any batch was ever written.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.latest().map(|(epoch, _)| epoch)
    }

    /// The oldest epoch that the log still has offsets of, and its first offset.
    pub fn earliest(&self) -> Option<(LeaderEpoch, Offset)> {
        self.starts.first_key_value().map(|(e, o)| (*e, *o))
    }

    /// The newest epoch before `epoch`.
    pub fn previous_epoch(&self, epoch: LeaderEpoch) -> Option<LeaderEpoch> {
        self.starts.range(..epoch).next_back().map(|(e, _)| *e)
    }

    /// Where `epoch` ends (exclusive), and which epoch that answer is about: itself, or the newest one below it
    /// that has records. `(NONE, NONE)` when the epoch is newer than all we know, or nothing is known
    /// (`LeaderEpochFileCache.endOffsetFor`). `log_end` is the end of the newest epoch.
    pub fn end_offset_for(&self, epoch: LeaderEpoch, log_end: Offset) -> (LeaderEpoch, Offset) {
        if epoch == LeaderEpoch::NONE {
            return (LeaderEpoch::NONE, Offset::NONE);
        }
        if self.latest_epoch() == Some(epoch) {
            return (epoch, log_end);
        }
        let after = (std::ops::Bound::Excluded(epoch), std::ops::Bound::Unbounded);
        match self.starts.range(after).next() {
            None => (LeaderEpoch::NONE, Offset::NONE),
            Some((_, end)) => {
                let floor = self.starts.range(..=epoch).next_back().map_or(epoch, |(e, _)| *e);
                (floor, *end)
            }
        }
    }

    /// The epoch that wrote `offset`; `None` for one before all that is known.
    pub fn epoch_for_offset(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.starts.iter().take_while(|(_, start)| **start <= offset).last().map(|(epoch, _)| *epoch)
    }

    /// The log now begins at `start`: epochs that end before it are dropped, the one that spans it begins there.
    pub fn truncate_from_start(&mut self, start: Offset) -> bool {
        let mut spanning = None;
        let mut changed = false;
        while let Some(first) = self.starts.first_entry().filter(|first| *first.get() <= start) {
            changed |= spanning.is_some() || *first.get() != start;
            spanning = Some(first.remove_entry().0);
        }
        if let Some(epoch) = spanning {
            self.starts.insert(epoch, start);
        }
        changed
    }

    /// The log now ends at `end` (exclusive): epochs that begin at it or later are dropped.
    pub fn truncate_from_end(&mut self, end: Offset) -> bool {
        let before = self.starts.len();
        if end.0 >= 0 {
            while let Some(last) = self.starts.last_entry().filter(|last| *last.get() >= end) {
                last.remove();
            }
        }
        self.starts.len() != before
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.starts.clear();
    }

    /// Whether no epoch is known.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// All epochs with their first offsets, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = (LeaderEpoch, Offset)> + '_ {
        self.starts.iter().map(|(e, o)| (*e, *o))
    }

    /// The text of `leader-epoch-checkpoint` (`LeaderEpochCheckpointFile`, version 0).
    pub fn to_checkpoint(&self) -> String {
        let mut text = format!("0\n{}\n", self.starts.len());
        for (epoch, start) in &self.starts {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{epoch} {start}");
        }
        text
    }

    /// Reads the text of `leader-epoch-checkpoint`; an empty file has no entries.
    pub fn from_checkpoint(text: &str) -> Result<Self, CheckpointError> {
        let line_error = |line: &str| CheckpointError::Line(line.to_owned());
        let number = |line: &str| line.parse::<i64>().map_err(|_| line_error(line));
        let mut lines = text.lines();
        let mut cache = Self::default();
        let Some(version) = lines.next() else { return Ok(cache) };
        match number(version)? {
            0 => {}
            other => return Err(CheckpointError::Version(other)),
        }
        let Some(count) = lines.next() else { return Ok(cache) };
        let announced = number(count)?;
        let mut found = 0;
        for line in lines {
            let mut words = line.split_ascii_whitespace();
            let (Some(epoch), Some(start), None) = (words.next(), words.next(), words.next()) else {
                return Err(line_error(line));
            };
            let epoch = epoch.parse::<i32>().map_err(|_| line_error(line))?;
            let start = start.parse::<i64>().map_err(|_| line_error(line))?;
            cache.assign(LeaderEpoch(epoch), Offset(start));
            found += 1;
        }
        if announced != found as i64 {
            return Err(CheckpointError::Count { announced, found });
        }
        Ok(cache)
    }
}

#[cfg(test)]
mod tests;
