//! What a machine that loses power leaves behind the last whole batch: half of one, or a whole one with damage.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result};

use crate::dice::Dice;
use crate::raw::batch_sets;

/// Writes such bytes behind the active segment of a partition; what was written.
///
/// # Errors
/// Where there is no segment.
pub fn tail(partition: &Path, dice: &mut Dice) -> Result<&'static str> {
    let mut segments = Vec::new();
    for file in std::fs::read_dir(partition)? {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == "log") {
            segments.push(path);
        }
    }
    segments.sort();
    let active = segments.last().with_context(|| format!("no segment in {}", partition.display()))?;
    let mut start = vec![0; 1 << 20];
    let read = std::fs::File::open(active)?.read(&mut start)?;
    start.truncate(read);
    let Some(batch) = batch_sets(&start).next() else { return Ok("nothing") };
    let mut bytes = batch.bytes.to_vec();
    let what = if dice.below(2) == 0 {
        bytes.truncate(1 + dice.at(bytes.len() - 1));
        "half a batch"
    } else {
        // Behind the header's lengths, where only the checksum can tell.
        let at = 21 + dice.at(bytes.len() - 21);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 0x10;
        }
        "a damaged batch"
    };
    std::fs::File::options().append(true).open(active)?.write_all(&bytes)?;
    Ok(what)
}
