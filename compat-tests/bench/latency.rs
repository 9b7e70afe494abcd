//! Open loop: a record is sent when it is due, whatever became of those before, and its latency counts from when it was due.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;

use super::throughput::filled;
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::{Connection, frames};

/// Not counted: caches fill and compilers wake up.
const WARM_UP_MS: u64 = 1000;

/// What is sent: so many records of 1 KiB a second into one partition, with acks=all.
#[derive(Clone, Copy, Debug)]
pub struct Pace<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub rate: u64,
    /// From request to request.
    pub linger_ms: u64,
}

/// Latencies in microseconds.
///
/// # Errors
/// Where an answer has an error or does not come.
pub fn measure(address: &str, pace: Pace<'_>, seconds: u64) -> Result<Histogram<u64>> {
    let Pace { topic, partition, rate, linger_ms } = pace;
    let records = (rate * linger_ms).div_ceil(1000);
    let warm_up = WARM_UP_MS / linger_ms;
    let ticks = warm_up + seconds * 1000 / linger_ms;
    let batch = filled(usize::try_from(records)?)?;
    let mut frame = frames::produce(topic, -1, &[(partition, &batch)])?;
    let mut sender = Connection::open(address)?;
    let mut receiver = sender.twin()?;
    let watch = Stopwatch::start();
    let due = |tick: u64| Duration::from_millis(tick * linger_ms + 10);
    let histogram = std::thread::scope(|scope| {
        let receiving = scope.spawn(move || -> Result<Histogram<u64>> {
            let mut histogram = Histogram::new(3)?;
            let mut buffer = Vec::new();
            for tick in 0..ticks {
                receiver.receive_into(&mut buffer).with_context(|| format!("answer {tick} of {ticks}"))?;
                let late = watch.elapsed().saturating_sub(due(tick));
                let (id, parts) = frames::produced(bytes::Bytes::copy_from_slice(&buffer))?;
                ensure!(u64::try_from(id)? == tick, "answers out of order");
                ensure!(parts.iter().all(|(_, code, _)| *code == 0), "Produce answered an error: {parts:?}");
                if tick >= warm_up {
                    histogram.record_n(u64::try_from(late.as_micros())?, records)?;
                }
            }
            Ok(histogram)
        });
        for tick in 0..ticks {
            pause::until(watch, due(tick));
            if sender.send(&mut frame).is_err() {
                break;
            }
        }
        receiving.join().unwrap_or_else(|_| anyhow::bail!("the receiver panicked"))
    })?;
    Ok(histogram)
}
