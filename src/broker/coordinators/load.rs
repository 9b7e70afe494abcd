//! Reads a partition of an internal topic from its start, for a coordinator that begins (`CoordinatorLoaderImpl`).

use model::Offset;
use model::batch::{Batch, Batches, payload};
use storage::log::Log;

use super::resident::Resident;

/// Bytes read at a time (`offsets.load.buffer.size`).
const READ: usize = 5 * 1024 * 1024;
/// The most that one batch may become when decompressed.
const DECOMPRESSED: usize = 256 * 1024 * 1024;

/// Gives every committed record to `each`, until that says no. Answers the offset behind the last record.
///
/// # Errors
/// In words: the disk failed, or what lies there is damaged.
pub fn read<M: Resident>(log: &Log, mut each: impl FnMut(Offset, M::Record) -> bool) -> Result<Offset, String> {
    let end = log.high_watermark();
    let mut next = log.start_offset();
    while next < end {
        let slice = log.read(next, READ, end, true).map_err(|error| error.to_string())?;
        let bytes = slice.read_all().map_err(|error| error.to_string())?;
        for batch in Batches::new(&bytes) {
            let batch = batch.map_err(|error| format!("behind offset {next}: {error}"))?;
            let at = batch.base_offset();
            let goes_on = read_batch::<M>(&batch, &mut each);
            if !goes_on.map_err(|error| format!("the batch at offset {at}: {error}"))? {
                return Ok(end);
            }
        }
        if slice.next_offset <= next {
            return Err(format!("nothing can be read at offset {next}, and the log ends at {end}"));
        }
        next = slice.next_offset;
    }
    Ok(end)
}

fn read_batch<M: Resident>(
    batch: &Batch<'_>,
    each: &mut impl FnMut(Offset, M::Record) -> bool,
) -> Result<bool, String> {
    batch.check_crc().map_err(|error| error.to_string())?;
    let payload = payload(batch, DECOMPRESSED).map_err(|error| error.to_string())?;
    for record in payload.records() {
        let record = record.map_err(|error| error.to_string())?;
        let offset = batch.base_offset().plus(record.offset_delta.into());
        match M::decode(batch, &record).map_err(|error| format!("the record at {offset}: {error}"))? {
            Some(read) => {
                if !each(offset, read) {
                    return Ok(false);
                }
            }
            None => tracing::debug!(%offset, "a record of a kind that is not known here is left alone"),
        }
    }
    Ok(true)
}
