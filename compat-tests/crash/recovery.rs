//! How long a restart after SIGKILL takes for a log that nobody has flushed, by its size.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::bench::contender::{Name, Site};
use crate::bench::throughput;
use crate::raw::{Connection, admin};

const TOPIC: &str = "large";
const PARTITIONS: i32 = 4;

/// # Errors
/// Where records are missing afterwards.
pub fn of(who: Name, dir: &Path, gib: u64) -> Result<String> {
    let site = Site::new(who, &dir.join("large"), &[])?;
    let running = site.start()?;
    let mut connection = Connection::open(&site.address())?;
    admin::create(&mut connection, TOPIC, PARTITIONS)?;
    let (_, bytes) = throughput::produce(&site.address(), TOPIC, PARTITIONS, gib << 30)?;
    let before = admin::end_offsets(&mut connection, TOPIC, PARTITIONS)?;
    running.kill();
    let running = site.start()?;
    let mut connection = Connection::open(&site.address())?;
    admin::wait_served(&mut connection, TOPIC, PARTITIONS)?;
    let took = running.process.started().elapsed();
    let after = admin::end_offsets(&mut connection, TOPIC, PARTITIONS)?;
    ensure!(before == after, "end offsets were {before:?}, and are {after:?}");
    running.stop()?;
    let per_gib = took.as_secs_f64() / (bytes as f64 / (1u64 << 30) as f64);
    Ok(format!("restart after SIGKILL: {:.2} s, {per_gib:.2} s per GiB of log", took.as_secs_f64()))
}
