//! A compacted log as text, from its files and over the wire, such that two brokers' logs can be compared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::kit::Stopwatch;
use crate::kit::dumped::cleaned;
use crate::pause;
use crate::raw::record::{self, Stored};
use crate::raw::{Connection, reading};

/// Longer than any compaction of so little on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// When each pass of the cleaner ran, by the clock (milliseconds since 1970): delete horizons are told by their pass.
pub type Passes = Vec<RangeInclusive<i64>>;

/// Waits until each of these partitions is compacted up to just there.
///
/// # Errors
/// Where that does not happen, with what the checkpoint says.
pub fn wait_cleaned(log_dir: &Path, wanted: &[(&str, i64)]) -> Result<()> {
    let since = Stopwatch::start();
    loop {
        let found = cleaned(log_dir);
        let is_there = |(partition, offset): &(&str, i64)| {
            found.as_ref().is_ok_and(|found| found.get(*partition).copied() == Some(*offset))
        };
        if wanted.iter().all(is_there) {
            return Ok(());
        }
        if since.left_of(PATIENCE).is_none() {
            bail!("not compacted: wanted {wanted:?}, there is {found:?}");
        }
        pause::short();
    }
}

/// The segments' paths, by their base offsets.
///
/// # Errors
/// Where there is none.
pub fn segments(partition: &Path) -> Result<BTreeMap<i64, PathBuf>> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(partition)? {
        let path = file?.path();
        if path.extension().is_some_and(|end| end == "log") {
            let stem = path.file_stem().context("a file without a name")?.to_string_lossy();
            found.insert(stem.parse()?, path);
        }
    }
    ensure!(!found.is_empty(), "no segment in {}", partition.display());
    Ok(found)
}

/// Where the active segment begins.
///
/// # Errors
/// Where there is none.
pub fn active_base(partition: &Path) -> Result<i64> {
    segments(partition)?.pop_last().map(|(base, _)| base).context("no segment")
}

/// How a partition is shown.
pub struct Shown<'a> {
    pub log_dir: &'a Path,
    /// `TOPIC-PARTITION`, as its folder is called.
    pub partition: &'a str,
    pub passes: &'a Passes,
    pub delete_retention_ms: i64,
    /// Where producers have the same ids on both sides, they are shown.
    pub producer_ids: bool,
}

impl Shown<'_> {
    /// Every segment with every batch and record, and the names of all files that a partition keeps.
    ///
    /// # Errors
    /// Where a file is damaged, or a delete horizon is of no pass.
    pub fn files(&self) -> Result<String> {
        let dir = self.log_dir.join(self.partition);
        let (mut text, mut producers) = (String::new(), Vec::new());
        for (base, path) in segments(&dir)? {
            writeln!(text, "segment {base}")?;
            let bytes = std::fs::read(&path)?;
            for batch in record::read(&bytes).with_context(|| path.display().to_string())? {
                self.batch(&mut text, &batch, &mut producers)?;
            }
            let aborted = std::fs::read(path.with_extension("txnindex")).unwrap_or_default();
            if !aborted.is_empty() {
                writeln!(text, "aborted {aborted:?}")?;
            }
        }
        let mut names: Vec<String> = std::fs::read_dir(&dir)?
            .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_>>()?;
        // These go when they go.
        names.retain(|name| !name.ends_with(".deleted"));
        names.sort();
        writeln!(text, "{}", names.join(" "))?;
        Ok(text)
    }

    /// The same without segments, as one who fetches all of it sees it.
    ///
    /// # Errors
    /// As [`Shown::files`], or where the connection ends.
    pub fn wire(&self, connection: &mut Connection, start: i64) -> Result<String> {
        let (topic, partition) = self.partition.rsplit_once('-').context("no partition")?;
        let (mut text, mut producers) = (String::new(), Vec::new());
        for batch in reading::fetch_all(connection, topic, partition.parse()?, start, 1 << 20)? {
            self.batch(&mut text, &batch, &mut producers)?;
        }
        Ok(text)
    }

    fn batch(&self, text: &mut String, batch: &Stored, producers: &mut Vec<i64>) -> Result<()> {
        let id = batch.producer.id;
        let known = producers.iter().position(|other| *other == id);
        let number = known.unwrap_or(producers.len());
        if known.is_none() {
            producers.push(id);
        }
        let id = match id {
            -1 => "nobody".to_owned(),
            id if self.producer_ids => format!("producer {id}"),
            _ => format!("producer #{number}"),
        };
        let horizon = match batch.delete_horizon() {
            None => format!("from {}", batch.base_timestamp),
            Some(horizon) => {
                let at = horizon - self.delete_retention_ms;
                let pass = self.passes.iter().position(|pass| pass.contains(&at));
                let pass = pass.with_context(|| format!("the horizon {horizon} is of none of {:?}", self.passes))?;
                format!("horizon of pass {}", pass + 1)
            }
        };
        writeln!(
            text,
            "  batch {} +{} attributes {:#x} epoch {} {id} epoch {} sequence {} {horizon} to {}: {} records",
            batch.base,
            batch.last_delta,
            batch.attributes,
            batch.leader_epoch,
            batch.producer.epoch,
            batch.producer.sequence,
            batch.max_timestamp,
            batch.records.len()
        )?;
        for it in &batch.records {
            let show = |field: &Option<Vec<u8>>| field.as_ref().map_or("null".to_owned(), |bytes| short(bytes));
            let (key, value) = (show(&it.key), show(&it.value));
            writeln!(text, "    {} at {} {key} = {value} {:?}", it.offset, it.timestamp, it.headers)?;
        }
        Ok(())
    }
}

/// Readable bytes as they are, of others or of many their length and a sum.
fn short(bytes: &[u8]) -> String {
    let is_plain = bytes.len() <= 40 && bytes.iter().all(u8::is_ascii_graphic);
    match is_plain {
        true => format!("{:?}", String::from_utf8_lossy(bytes)),
        false => format!("{} bytes {:08x}", bytes.len(), crc32c::crc32c(bytes)),
    }
}
