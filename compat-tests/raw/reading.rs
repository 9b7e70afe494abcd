//! Reads a partition as a consumer does, batch by batch, wherever compaction has left gaps.

use anyhow::{Context, Result, ensure};

use super::record::{self, Stored};
use super::{Connection, batch_sets, frames};

/// Every batch of a partition from `start` on, up to the high watermark; so many bytes at a time, or one batch.
///
/// # Errors
/// Where there is nothing although there must be, or a batch is damaged.
pub fn fetch_all(
    connection: &mut Connection,
    topic: &str,
    partition: i32,
    start: i64,
    most: i32,
) -> Result<Vec<Stored>> {
    let (mut found, mut next) = (Vec::new(), start);
    loop {
        let answer = connection.exchange(frames::fetch(topic, &[(partition, next)], most, 0)?)?;
        let (_, high_watermark, bytes) = frames::fetched(answer)?.pop().context("an answer without a partition")?;
        if next >= high_watermark {
            return Ok(found);
        }
        let whole = batch_sets(&bytes).map(|batch| batch.bytes.len()).sum();
        let batches = record::read(bytes.get(..whole).unwrap_or_default())?;
        for batch in batches {
            let end = batch.base + i64::from(batch.last_delta) + 1;
            ensure!(end > next, "{topic}-{partition}: the batch at {} was asked for from {next} on", batch.base);
            next = end;
            found.push(batch);
        }
        ensure!(whole > 0, "{topic}-{partition} has nothing at {next}, its high watermark is {high_watermark}");
    }
}
