//! As fast as the contender takes it: frames made beforehand, five in flight, so that the client is not what is measured.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;

use crate::kit::{Stopwatch, stopwatch};
use crate::raw::{Connection, batch, batch_sets, frames};

/// Bytes of a record's value.
pub const RECORD: usize = 1024;
/// As the Java producer's `max.in.flight.requests.per.connection`.
const IN_FLIGHT: usize = 5;
/// As the Java consumer's `max.partition.fetch.bytes`.
const PARTITION_MAX: i32 = 1 << 20;

/// A batch of so many records whose bytes do not repeat.
///
/// # Errors
/// Where it would be too long.
pub fn filled(records: usize) -> Result<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut value = || {
        let mut value = Vec::with_capacity(RECORD);
        while value.len() < RECORD {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            value.extend((state >> 16).to_le_bytes());
        }
        value
    };
    let values: Vec<Vec<u8>> = (0..records).map(|_| value()).collect();
    batch(values.iter().map(Vec::as_slice), None, i64::try_from(stopwatch::now_ms())?)
}

/// Produces at least so many bytes with acks=all into all partitions of a topic; how long it took, and how many bytes it were.
///
/// # Errors
/// Where an answer has an error or does not come.
pub fn produce(address: &str, topic: &str, partitions: i32, bytes: u64) -> Result<(Duration, u64)> {
    produce_into(address, topic, &(0..partitions).collect::<Vec<_>>(), bytes)
}

/// As [`produce`], into these partitions, which this address leads.
///
/// # Errors
/// As [`produce`].
pub fn produce_into(address: &str, topic: &str, partitions: &[i32], bytes: u64) -> Result<(Duration, u64)> {
    let records = if partitions.len() == 1 { 512 } else { 64 };
    let batch = filled(records)?;
    let parts: Vec<(i32, &[u8])> = partitions.iter().map(|n| (*n, batch.as_slice())).collect();
    let mut frame = frames::produce(topic, -1, &parts)?;
    let payload = (batch.len() * parts.len()) as u64;
    let requests = bytes.div_ceil(payload);
    let mut sender = Connection::open(address)?;
    let mut receiver = sender.twin()?;
    let (sent, flying) = sync_channel::<()>(IN_FLIGHT);
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        let receiving = scope.spawn(move || -> Result<()> {
            let result = (|| {
                for expected in 0..requests {
                    let (id, parts) = frames::produced(receiver.receive()?)?;
                    ensure!(i64::from(id) == i64::try_from(expected)?, "answers out of order");
                    for (partition, code, _) in parts {
                        ensure!(code == 0, "Produce answered error {code} for partition {partition}");
                    }
                    flying.recv().context("the sender is gone")?;
                }
                Ok(())
            })();
            if result.is_err() {
                receiver.close();
            }
            result
        });
        for _ in 0..requests {
            if sent.send(()).is_err() || sender.send(&mut frame).is_err() {
                break;
            }
        }
        drop(sent);
        receiving.join().unwrap_or_else(|_| anyhow::bail!("the receiver panicked"))
    })?;
    Ok((watch.elapsed(), requests * payload))
}

/// Reads everything from the start, one request after the other; how long it took and how many bytes it were.
///
/// # Errors
/// Where an answer has an error, or offsets have a gap.
pub fn consume(address: &str, topic: &str, partitions: i32, bytes: u64) -> Result<(Duration, u64)> {
    consume_from(address, topic, &(0..partitions).collect::<Vec<_>>(), bytes)
}

/// As [`consume`], from these partitions, which this address leads.
///
/// # Errors
/// As [`consume`].
pub fn consume_from(address: &str, topic: &str, partitions: &[i32], bytes: u64) -> Result<(Duration, u64)> {
    let mut connection = Connection::open(address)?;
    let mut next: Vec<(i32, i64)> = partitions.iter().map(|n| (*n, 0)).collect();
    let (mut total, mut buffer) = (0, Vec::new());
    let watch = Stopwatch::start();
    while total < bytes {
        connection.send(&mut frames::fetch(topic, &next, PARTITION_MAX, 500)?)?;
        connection.receive_into(&mut buffer)?;
        let answer = Bytes::from(std::mem::take(&mut buffer));
        let before = total;
        for (partition, _, records) in frames::fetched(answer.clone())? {
            let slot = next.iter_mut().find(|(it, _)| *it == partition).context("a partition not asked for")?;
            for batch in batch_sets(&records) {
                ensure!(batch.base == slot.1, "partition {partition}: offset {} where {} is next", batch.base, slot.1);
                slot.1 += batch.offsets;
                total += batch.bytes.len() as u64;
            }
        }
        ensure!(total > before, "no records at {next:?} after {total} of {bytes} bytes");
        // The same memory again, where nobody holds on to it.
        buffer = answer.try_into_mut().map(Vec::from).unwrap_or_default();
    }
    Ok((watch.elapsed(), total))
}
