//! The `.snapshot` files: the state of all producers at an offset (`ProducerStateManager`).

use std::collections::BTreeSet;
use std::io;
use std::ops::Bound::{Excluded, Included};

use host::fs::File;
use model::{Offset, Timestamp};
use replication::producers::Producers;

use super::files::{self, Doomed, Place, SNAPSHOT};

/// The snapshots that a log has.
#[derive(Debug, Default)]
pub(super) struct Snapshots(BTreeSet<Offset>);

impl Snapshots {
    pub(super) fn found(offsets: impl IntoIterator<Item = Offset>) -> Self {
        Self(offsets.into_iter().collect())
    }

    pub(super) fn has(&self, offset: Offset) -> bool {
        self.0.contains(&offset)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn latest(&self) -> Option<Offset> {
        self.0.last().copied()
    }

    /// Behind `from`, up to and with `upto`.
    pub(super) fn between(&self, from: Offset, upto: Offset) -> impl Iterator<Item = Offset> + '_ {
        let range = (from < upto).then(|| self.0.range((Excluded(from), Included(upto))));
        range.into_iter().flatten().copied()
    }

    /// Writes one, if the state has moved on since the last (`takeSnapshot`). It is synced by the next flush.
    pub(super) fn take(&mut self, place: &Place, producers: &Producers) -> io::Result<()> {
        let offset = producers.end_offset();
        if offset > self.latest().unwrap_or(Offset(0)) {
            let path = place.file(offset, SNAPSHOT);
            files::remove_if_there(&path)?;
            File::create_new(&path)?.write_all_at(&producers.to_snapshot(), 0)?;
            self.0.insert(offset);
        }
        Ok(())
    }

    /// Removes those for which `unwanted` holds.
    pub(super) fn remove(&mut self, place: &Place, unwanted: impl Fn(Offset) -> bool) -> io::Result<()> {
        for offset in self.0.extract_if(.., |offset| unwanted(*offset)) {
            files::remove_if_there(&place.file(offset, SNAPSHOT))?;
        }
        Ok(())
    }

    /// Removes the one at `offset`, later.
    pub(super) fn doom(
        &mut self,
        place: &Place,
        doomed: &mut Doomed,
        offset: Offset,
        due: Timestamp,
    ) -> io::Result<()> {
        if self.0.remove(&offset) {
            doomed.add(place, &files::name(offset, SNAPSHOT), due)?;
        }
        Ok(())
    }

    /// Removes those that belong to no segment, except the newest if it lies behind the last segment's base, which an
    /// orderly stop has left (`removeStraySnapshots`).
    pub(super) fn remove_strays(&mut self, place: &Place, bases: &BTreeSet<Offset>) -> io::Result<()> {
        let stray: BTreeSet<Offset> = self.0.difference(bases).copied().collect();
        let kept = stray.last().copied().filter(|newest| bases.last().is_none_or(|base| newest > base));
        self.remove(place, |offset| stray.contains(&offset) && Some(offset) != kept)
    }

    /// The state of the newest usable snapshot up to `upto`; unusable ones are removed. Without any, nobody is known
    /// at `start`.
    pub(super) fn load(
        &mut self,
        place: &Place,
        start: Offset,
        upto: Offset,
        now: Timestamp,
        expiration_ms: i64,
    ) -> io::Result<Producers> {
        while let Some(offset) = self.0.range(..=upto).next_back().copied() {
            let path = place.file(offset, SNAPSHOT);
            match Producers::from_snapshot(&host::fs::read(&path)?, offset, now, expiration_ms) {
                Ok(producers) => return Ok(producers),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a producer snapshot is unusable and removed");
                    self.remove(place, |bad| bad == offset)?;
                }
            }
        }
        Ok(Producers::starting_at(start))
    }
}

/// Makes a snapshot durable, if it is still there.
pub(super) fn sync(place: &Place, offset: Offset) -> io::Result<()> {
    match File::open_read(place.file(offset, SNAPSHOT)) {
        Ok(file) => file.sync_data(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
