//! Reads a partition of an internal topic from its start, for a coordinator that begins (`CoordinatorLoaderImpl`).

use model::Offset;
use model::batch::{Batch, Batches, payload};
use storage::log::Log;

use super::resident::Resident;

/// The most that one batch may become when decompressed.
const DECOMPRESSED: usize = 256 * 1024 * 1024;

/// What all committed records add up to, and the offset behind the last; before each read
/// of `buffer` bytes (or one batch, where that is larger) `goes_on` says whether anybody
/// still wants that, and where nobody does the state is of a part.
///
/// # Errors
/// In words: the disk failed, or what lies there is damaged.
pub fn read<M: Resident>(log: &Log, buffer: usize, goes_on: impl Fn() -> bool) -> Result<(M::State, Offset), String> {
    let end = log.high_watermark();
    let mut next = log.start_offset();
    let mut state = M::State::default();
    while next < end && goes_on() {
        let slice = log.read(next, buffer, end, true).map_err(|error| error.to_string())?;
        let bytes = slice.read_all().map_err(|error| error.to_string())?;
        for batch in Batches::new(&bytes) {
            let batch = batch.map_err(|error| format!("behind offset {next}: {error}"))?;
            let at = batch.base_offset();
            replay_batch::<M>(&mut state, &batch).map_err(|error| format!("the batch at offset {at}: {error}"))?;
        }
        if slice.next_offset <= next {
            return Err(format!("nothing can be read at offset {next}, and the log ends at {end}"));
        }
        next = slice.next_offset;
    }
    Ok((state, end))
}

fn replay_batch<M: Resident>(state: &mut M::State, batch: &Batch<'_>) -> Result<(), String> {
    batch.check_crc().map_err(|error| error.to_string())?;
    let payload = payload(batch, DECOMPRESSED).map_err(|error| error.to_string())?;
    for record in payload.records() {
        let record = record.map_err(|error| error.to_string())?;
        let offset = || batch.base_offset().plus(record.offset_delta.into());
        match M::decode(batch, &record).map_err(|error| format!("the record at {}: {error}", offset()))? {
            Some(read) => M::replay(state, &read),
            None => tracing::debug!(offset = %offset(), "a record of a kind that is not known here is left alone"),
        }
    }
    Ok(())
}
