//! How fast a log of many keys is compacted, and what that costs.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::contender::{Name, Site};
use super::sheet::{Aim, Sheet, Unit};
use crate::dice::Dice;
use crate::kit::Stopwatch;
use crate::kit::dumped::cleaned;
use crate::kit::segments::{active_base, segments};
use crate::pause;
use crate::raw::record::{Codec, Fresh, How, keyed};
use crate::raw::{Connection, admin, frames};

/// Records of one batch.
const BATCH: u64 = 1000;
const PATIENCE: Duration = Duration::from_secs(600);

/// Compacts a log of so many keys, of which every fourth was written again, and the same compressed, `rounds` times.
///
/// # Errors
/// Where a contender fails.
pub fn passes(dir: &Path, keys: u64, rounds: u64, who: Name, sheet: &mut Sheet) -> Result<()> {
    let site = Site::new(who, dir, &[("log.cleaner.backoff.ms", "10")])?;
    let running = site.start()?;
    let log_dir = site.log_dir().context("no log directory")?;
    let mut connection = Connection::open(&site.address())?;
    for round in 0..rounds {
        for (codec, name) in [(Codec::None, "uncompressed"), (Codec::Lz4, "lz4")] {
            let topic = format!("{name}-{round}");
            fill(&mut connection, &topic, keys, codec)?;
            let folder = log_dir.join(format!("{topic}-0"));
            let end = active_base(&folder)?;
            ensure!(end > 0, "{topic} has one segment, which is never compacted");
            let sizes = segments(&folder)?.into_values().map(|path| Ok(path.metadata()?.len()));
            let bytes = sizes.sum::<Result<u64>>()? as f64;
            rustix::fs::sync();
            let (resident, _) = running.process.resident_kib()?;
            let (cpu, watch, mut most) = (running.process.cpu()?, Stopwatch::start(), resident);
            admin::alter(&mut connection, &topic, &[("min.cleanable.dirty.ratio", "0")])?;
            // The file is replaced as it is read.
            while cleaned(&log_dir).unwrap_or_default().get(&format!("{topic}-0")) != Some(&end) {
                most = most.max(running.process.resident_kib()?.0);
                ensure!(watch.left_of(PATIENCE).is_some(), "{topic} is not compacted after {PATIENCE:?}");
                pause::short();
            }
            let (took, cpu) = (watch.elapsed().as_secs_f64(), running.process.cpu()?.saturating_sub(cpu));
            let title = |what: &str| format!("compaction of {keys} keys, {name}{what}");
            sheet.add(&title(""), Unit::MegabytesPerSecond, Aim::AtLeast(1.0), who, bytes / took / 1e6);
            let cpu = cpu.as_secs_f64() / bytes * (1u64 << 30) as f64;
            sheet.add(&title(", CPU"), Unit::CpuSecondsPerGib, Aim::AtMost(1.0), who, cpu);
            let more = most as f64 / 1024.0;
            sheet.add(&title(", resident at most"), Unit::Mib, Aim::AtMost(1.0), who, more);
            admin::delete(&mut connection, &topic)?;
        }
    }
    running.stop()?;
    Ok(())
}

/// Makes a topic that is not compacted yet, with segments of 4 MiB: each key once, then every fourth again.
///
/// # Errors
/// Where it is refused.
pub fn fill(connection: &mut Connection, topic: &str, keys: u64, codec: Codec) -> Result<()> {
    let configs = [("cleanup.policy", "compact"), ("segment.bytes", "4194304"), ("min.cleanable.dirty.ratio", "1")];
    admin::create_with(connection, topic, 1, &configs)?;
    let every = |step: u64| (0..keys).step_by(usize::try_from(BATCH * step).unwrap_or(usize::MAX));
    for (value, first) in every(1).map(|first| (1, first)).chain(every(4).map(|first| (2, first))) {
        let fresh: Vec<Fresh> = (first..first + BATCH)
            .map(|key| Fresh {
                timestamp: 1_700_000_000_000,
                key: format!("key-{key:012}").into_bytes(),
                // Such that compression halves it.
                value: Some(format!("{:032x}", Dice::new(key << 4 | value).roll()).into_bytes()),
            })
            .collect();
        let batch = keyed(&fresh, How { codec, producer: None, is_transactional: false })?;
        let answer = connection.exchange(frames::produce(topic, -1, &[(0, &batch)])?)?;
        let (_, parts) = frames::produced(answer)?;
        ensure!(parts.iter().all(|(_, code, _)| *code == 0), "Produce answered {parts:?}");
    }
    Ok(())
}
