//! A replica on its way to another directory of the same broker (KIP-113, KIP-858, `ReplicaAlterLogDirsThread`): what its
//! future log needs to become as the current one is, and when it may take its place.

#[cfg(test)]
mod tests;

use model::{DirectoryId, LeaderEpoch, Offset};

use crate::follower::{LogView, common_end};

/// What a future log needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// The current log does not have what it has from this offset on.
    Truncate(Offset),
    /// The two have nothing in common that could be gone on with: it begins anew at this offset.
    StartAt(Offset),
    /// What follows from this offset on.
    Copy(Offset),
    /// Nothing: it holds what the current log holds.
    Nothing,
}

/// Compares the two logs. The current one may have been cut, led by somebody else, or shortened in front since the last
/// look, and after a crash each of the two may have more than the other; so nothing but their epochs is trusted.
pub fn next(current: &impl LogView, future: &impl LogView) -> Next {
    let (start, end, from) = (current.start(), current.end(), future.end());
    // A future log deletes nothing by itself, so one that begins later lacks something.
    if from < start || future.start() > start {
        return Next::StartAt(start);
    }
    if let Some(newest) = future.latest_epoch() {
        let (epoch, upto) = match (current.end_of_epoch(newest), current.latest_epoch()) {
            // The current log lost this epoch, and all behind it.
            ((_, Offset::NONE), Some(latest)) => (latest, end),
            ((_, Offset::NONE), None) if from == start => (newest, from),
            ((_, Offset::NONE), None) => return Next::StartAt(start),
            (known, _) => known,
        };
        if epoch < newest || upto < from {
            return match common_end(epoch, upto, future) {
                common if common < start => Next::StartAt(start),
                common => Next::Truncate(common),
            };
        }
    }
    match from.cmp(&end) {
        std::cmp::Ordering::Less => Next::Copy(from),
        std::cmp::Ordering::Equal => Next::Nothing,
        std::cmp::Ordering::Greater => Next::Truncate(end),
    }
}

/// What the metadata says of the directory of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It knows no directories (`MetadataVersion` of before KIP-858).
    Nothing,
    /// This one, or none.
    Directory(Option<DirectoryId>),
}

/// What is to be done with a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Todo {
    /// Copy on.
    Copy,
    /// Tell the controller that the replica lies in the target; it must know before it is so, or it would take the failure
    /// of the wrong directory for the loss of the replica.
    Assign,
    /// Wait for more records, or for the metadata.
    Wait,
    /// The future log takes the place of the current one.
    Replace,
}

/// One move to a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    target: DirectoryId,
    assigned: bool,
}

impl Move {
    /// One that has just begun, or is begun again after a restart.
    pub fn to(target: DirectoryId) -> Self {
        Self { target, assigned: false }
    }

    /// What comes next, if `is_level` says that the future log had all that there was at the last look.
    pub fn next(&mut self, is_level: bool, known: Known) -> Todo {
        match known {
            _ if !is_level => Todo::Copy,
            Known::Nothing => Todo::Replace,
            Known::Directory(directory) if self.assigned => match directory {
                Some(directory) if directory == self.target => Todo::Replace,
                _ => Todo::Wait,
            },
            Known::Directory(_) => {
                self.assigned = true;
                Todo::Assign
            }
        }
    }

    /// The directory that the metadata is to name: the target once it was asked for, though the replica is not there yet.
    pub fn directory(&self) -> Option<DirectoryId> {
        self.assigned.then_some(self.target)
    }
}

/// Whether what is on disk of the current log, up to `current`, is on disk of the future one too: no power cut may take
/// what was safe before the move.
pub fn is_as_durable(current: Offset, future: Offset) -> bool {
    future >= current
}

/// The newest epoch of the current log that the future one must learn of although nothing was written in it.
pub fn epoch_to_begin(current: &impl LogView, future: &impl LogView) -> Option<LeaderEpoch> {
    current.latest_epoch().filter(|epoch| future.latest_epoch() < Some(*epoch))
}
