//! What a broker has stored of a topic, batch by batch and record by record, read without a client.

use anyhow::{Context, Result, ensure};

use super::record::{self, Stored};
use super::{Connection, admin, batch_sets, frames};

/// Every batch of each partition, from its first offset to its end.
///
/// # Errors
/// Where the broker does not give them, or one has a wrong CRC or is malformed.
pub fn topic(connection: &mut Connection, topic: &str, partitions: i32) -> Result<Vec<Vec<Stored>>> {
    let ends = admin::end_offsets(connection, topic, partitions)?;
    let mut stored = Vec::new();
    for (partition, end) in (0..partitions).zip(ends) {
        let end = end.with_context(|| format!("partition {partition} of {topic} has no end"))?;
        stored.push(batches(connection, topic, partition, end).with_context(|| format!("partition {partition}"))?);
    }
    Ok(stored)
}

fn batches(connection: &mut Connection, topic: &str, partition: i32, end: i64) -> Result<Vec<Stored>> {
    let (mut found, mut next) = (Vec::new(), 0);
    while next < end {
        let answer = connection.exchange(frames::fetch(topic, &[(partition, next)], 8 << 20, 1000)?)?;
        let before = next;
        for (_, _, bytes) in frames::fetched(answer)? {
            // The last may be cut off, and comes whole in the next answer.
            for whole in batch_sets(&bytes) {
                found.extend(record::read(whole.bytes)?);
                next = whole.base + whole.offsets;
            }
        }
        ensure!(next > before, "nothing is fetched at offset {before}, before the end at {end}");
    }
    Ok(found)
}
