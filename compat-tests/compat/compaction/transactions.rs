//! Transactions in compacted topics: Apache Kafka wrote them, and each broker compacts a copy of the same directory.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::shown::{Passes, Shown, active_base, wait_cleaned};
use crate::kit::broker::Node;
use crate::kit::{Broker, Kind, Layout, Stopwatch, kcat, stopwatch};
use crate::pause;
use crate::raw::record::{Codec, Fresh, How, keyed};
use crate::raw::transaction::Transactional;
use crate::raw::{Connection, admin, frames};

/// Segments are rolled by timestamps in the near future, for markers have the time of the broker's clock.
const STEP_MS: i64 = 120_000;
const TOPICS: [&str; 2] = ["ended", "open"];

/// What Apache Kafka and then another broker make of the same directory.
///
/// # Errors
/// Where a broker fails, or does not come to where compaction must end.
pub fn both(dir: &Path, other: Kind) -> Result<(String, String)> {
    let layout = Layout::default()
        .with("log.cleaner.backoff.ms", "50")
        .with("log.segment.delete.delay.ms", "0")
        .with("offsets.topic.num.partitions", "1")
        .with("transaction.state.log.num.partitions", "1");
    let start = i64::try_from(stopwatch::now_ms())?;
    let broker = Broker::start(Kind::Kafka, dir, layout)?;
    let first_open = write(&mut Writer::new(&broker, start)?)?;
    let node = broker.stop()?;
    let data = node.log_dirs().into_iter().next().context("no log directory")?;
    let (copy, done) = (data.with_extension("copy"), data.with_extension("kafka"));
    copy_all(&data, &copy)?;
    let expected = compact(&node, Kind::Kafka, start, first_open)?;
    std::fs::rename(&data, &done)?;
    std::fs::rename(&copy, &data)?;
    let told = compact(&node, other, start, first_open)?;
    // For whoever must look at what differs.
    std::fs::write(dir.join("told.txt"), &told)?;
    Ok((expected, told))
}

struct Writer {
    connection: Connection,
    start: i64,
}

impl Writer {
    fn new(broker: &Broker, start: i64) -> Result<Self> {
        Ok(Self { connection: Connection::open(&broker.address())?, start })
    }

    fn records(&self, step: i64, text: &str) -> Vec<Fresh> {
        let record = |(word, n): (&str, i64)| {
            let timestamp = self.start + step * STEP_MS + n;
            let (key, value) = word.split_once('=').map_or((word.trim_end_matches('-'), None), |(k, v)| (k, Some(v)));
            Fresh { timestamp, key: key.into(), value: value.map(Into::into) }
        };
        text.split(' ').zip(0..).map(record).collect()
    }

    /// Without a transaction; the first offset.
    fn plain(&mut self, topic: &str, step: i64, text: &str) -> Result<i64> {
        let batch = keyed(&self.records(step, text), PLAIN)?;
        let answer = self.connection.exchange(frames::produce(topic, -1, &[(0, &batch)])?)?;
        let (_, parts) = frames::produced(answer)?;
        let (_, code, offset) = parts.first().copied().context("an answer without a partition")?;
        ensure!(code == 0, "Produce answered error {code}");
        Ok(offset)
    }

    fn within(&mut self, who: &mut Transactional, topic: &str, step: i64, how: How, text: &str) -> Result<i64> {
        let records = self.records(step, text);
        who.write(&mut self.connection, topic, &records, how)
    }
}

const PLAIN: How = How { codec: Codec::None, producer: None, is_transactional: false };
const LZ4: How = How { codec: Codec::Lz4, ..PLAIN };

/// Transactions one after the other, side by side, over several segments, committed, aborted, wholly replaced and open.
/// Answers where the open one begins: its segment and what follows must not be touched.
fn write(to: &mut Writer) -> Result<i64> {
    for topic in TOPICS {
        let configs = [
            ("cleanup.policy", "compact"),
            ("segment.ms", "60000"),
            ("min.cleanable.dirty.ratio", "1"),
            ("delete.retention.ms", "1"),
        ];
        admin::create_with(&mut to.connection, topic, 1, &configs)?;
    }
    let mut a = Transactional::new(&mut to.connection, "a")?;
    let mut b = Transactional::new(&mut to.connection, "b")?;
    let mut c = Transactional::new(&mut to.connection, "c")?;
    to.plain("ended", 0, "a=0 b=0 c=0 d=0 e=0")?;
    to.within(&mut a, "ended", 0, PLAIN, "a=1 b=1")?;
    a.end(&mut to.connection, true)?;
    to.within(&mut b, "ended", 1, LZ4, "c=bad d=bad x=bad")?;
    to.plain("ended", 1, "e=1")?;
    b.end(&mut to.connection, false)?;
    to.within(&mut a, "ended", 1, LZ4, "f=1 g=1")?;
    to.within(&mut b, "ended", 2, PLAIN, "h=bad a=bad")?;
    to.within(&mut a, "ended", 2, PLAIN, "a=2 f=2")?;
    a.end(&mut to.connection, true)?;
    to.plain("ended", 3, "h=1 n=1")?;
    b.end(&mut to.connection, false)?;
    to.within(&mut a, "ended", 3, PLAIN, "i=1 j=1")?;
    a.end(&mut to.connection, true)?;
    to.plain("ended", 4, "i=2 j=2 n=2")?;
    to.within(&mut b, "ended", 4, PLAIN, "k=bad i=bad")?;
    to.within(&mut a, "ended", 4, LZ4, "l- d- m=1")?;
    b.end(&mut to.connection, false)?;
    a.end(&mut to.connection, true)?;
    to.plain("ended", 5, "z=1")?;
    to.plain("open", 0, "a=0 b=0")?;
    to.within(&mut a, "open", 0, PLAIN, "a=1")?;
    a.end(&mut to.connection, true)?;
    to.plain("open", 1, "a=2")?;
    let first_open = to.plain("open", 2, "b=2")?;
    to.within(&mut c, "open", 2, PLAIN, "a=3")?;
    to.plain("open", 3, "a=4 b=4")?;
    to.plain("open", 4, "z=1")?;
    Ok(first_open)
}

/// Two passes: in the first, markers that nothing needs get a horizon, and with the second they go.
fn compact(node: &Node, kind: Kind, start: i64, first_open: i64) -> Result<String> {
    let broker = node.start(kind)?;
    let log_dir = node.log_dirs().into_iter().next().context("no log directory")?;
    let mut to = Writer::new(&broker, start)?;
    for topic in TOPICS {
        admin::wait_served(&mut to.connection, topic, 1)?;
    }
    let (mut passes, mut text): (Passes, _) = (Vec::new(), String::new());
    for number in 1..=3 {
        let begin = i64::try_from(stopwatch::now_ms())?;
        for topic in TOPICS {
            admin::alter(&mut to.connection, topic, &[("min.cleanable.dirty.ratio", "0")])?;
        }
        let ended = active_base(&log_dir.join("ended-0"))?;
        wait_cleaned(&log_dir, &[("ended-0", ended), ("open-0", first_open)])
            .with_context(|| format!("pass {number} of {}", kind.name()))?;
        passes.push(begin..=i64::try_from(stopwatch::now_ms())?);
        text += &format!("pass {number}\n");
        for topic in TOPICS {
            let partition = format!("{topic}-0");
            let shown = Shown {
                log_dir: &log_dir,
                partition: &partition,
                passes: &passes,
                delete_retention_ms: 1,
                producer_ids: true,
            };
            text += &format!("{topic}\n{}", shown.files()?);
            for isolation in ["read_committed", "read_uncommitted"] {
                let isolation = format!("isolation.level={isolation}");
                let args = ["-C", "-e", "-q", "-Z", "-X", &isolation, "-t", topic, "-f", "%o %T %k %s\\n"];
                text += &format!("{isolation}\n{}", kcat::kcat(&broker.address(), &args, b"")?.ok()?);
            }
        }
        for topic in TOPICS {
            admin::alter(&mut to.connection, topic, &[("min.cleanable.dirty.ratio", "1")])?;
        }
        to.plain("ended", 4 + 2 * number, "y=1 m=2")?;
        to.plain("ended", 5 + 2 * number, "z=1")?;
        // The horizon of this pass is over when the next one begins.
        pause::until(Stopwatch::start(), std::time::Duration::from_millis(20));
    }
    broker.stop()?;
    Ok(text)
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("a file without a name")?);
        match path.is_dir() {
            true => copy_all(&path, &target)?,
            false => drop(std::fs::copy(&path, &target)?),
        }
    }
    Ok(())
}
