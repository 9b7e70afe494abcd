//! What is produced into compacted topics, the same for each broker, and what the cleaner has made of it after each pass.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::shown::{Passes, Shown, wait_cleaned};
use crate::dice::Dice;
use crate::kit::{Broker, Kind, Layout, Stopwatch, kcat, stopwatch};
use crate::pause;
use crate::raw::record::{Codec, Fresh, How, keyed};
use crate::raw::{Connection, Producer, admin, frames};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Topics of the story, with their `delete.retention.ms`.
const TOPICS: &[(&str, i64)] =
    &[("keys", 1), ("bulk", DAY), ("lag", DAY), ("overdue", DAY), ("both", DAY), ("ratio", DAY)];

/// What is said of a broker's logs in the end, pass by pass.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub text: String,
    pub records: usize,
}

struct Teller {
    broker: Broker,
    connection: Connection,
    log_dir: PathBuf,
    /// When the story begins, in milliseconds since 1970.
    start: i64,
    passes: Passes,
    /// A producer whose last batch was wholly replaced in the first pass.
    silent: (i64, i16),
    text: String,
    records: usize,
}

/// A batch to be told: when (minutes from the start of the story), how, and `key=value` or `key-`.
struct Line<'a>(&'a str, i64, Codec, Option<Producer>, &'a str);

/// Plays the story on a fresh broker of this kind; `start` must be the same for all that are compared.
///
/// # Errors
/// Where the broker fails, or does not come to where the story must end.
pub fn tell(kind: Kind, dir: &Path, start: i64) -> Result<(Told, crate::kit::broker::Node)> {
    let layout = Layout::default()
        .with("log.cleaner.backoff.ms", "50")
        .with("log.segment.delete.delay.ms", "0")
        .with("log.retention.check.interval.ms", "1000");
    let broker = Broker::start(kind, dir, layout)?;
    let connection = Connection::open(&broker.address())?;
    let log_dir = broker.node().log_dirs().into_iter().next().context("no log directory")?;
    let mut teller = Teller {
        broker,
        connection,
        log_dir,
        start,
        passes: Vec::new(),
        silent: (-1, -1),
        text: String::new(),
        records: 0,
    };
    teller.create()?;
    teller.first()?;
    teller.second()?;
    teller.third()?;
    let Teller { broker, text, records, .. } = teller;
    std::fs::write(dir.join("told.txt"), &text)?;
    Ok((Told { text, records }, broker.stop()?))
}

impl Teller {
    /// No log is filthy enough at first, so that each pass finds all that the story wants it to find.
    fn create(&mut self) -> Result<()> {
        let (day, days) = (DAY.to_string(), (5 * DAY).to_string());
        let own: &[(&str, &[(&str, &str)])] = &[
            ("keys", &[("delete.retention.ms", "1")]),
            ("bulk", &[("segment.bytes", "1048576"), ("index.interval.bytes", "2048"), ("segment.ms", "999999999")]),
            ("lag", &[("min.compaction.lag.ms", &day)]),
            ("overdue", &[]),
            ("both", &[("cleanup.policy", "compact,delete"), ("retention.ms", &days)]),
            ("ratio", &[]),
        ];
        for (topic, configs) in own {
            let mut all =
                vec![("cleanup.policy", "compact"), ("segment.ms", "60000"), ("min.cleanable.dirty.ratio", "1")];
            all.retain(|(key, _)| configs.iter().all(|(other, _)| other != key));
            all.extend(*configs);
            admin::create_with(&mut self.connection, topic, 1, &all)?;
        }
        Ok(())
    }

    fn first(&mut self) -> Result<()> {
        let mut producers = Vec::new();
        for _ in 0..3 {
            let (id, epoch) = admin::producer_id(&mut self.connection)?;
            producers.push(move |sequence| Some(Producer { id, epoch, sequence }));
            self.silent = (id, epoch);
        }
        let [p, r, q] = producers.as_slice() else { return Ok(()) };
        self.put(&[
            Line("keys", 0, Codec::None, None, "a=1 b=1 c=1 d=1"),
            Line("keys", 0, Codec::Gzip, None, "a=2 e=1 f=1"),
            Line("keys", 0, Codec::Snappy, None, "c=2 g=1 c=3 n=1"),
            Line("keys", 0, Codec::Lz4, None, "d=2 h=1 i=1 i=2"),
            Line("keys", 0, Codec::Zstd, None, "b=2 j=1 =1 o=1"),
            Line("keys", 0, Codec::None, p(0), "gone=1 gone=2"),
            Line("keys", 10, Codec::None, None, "c- k=1 c- never-"),
            Line("keys", 10, Codec::Gzip, None, "e- l=1 l=2"),
            Line("keys", 10, Codec::Snappy, None, "n- n=2 n-"),
            Line("keys", 10, Codec::Lz4, None, "h- i- h=2"),
            Line("keys", 10, Codec::Zstd, None, "m=1 a=3 =2 o-"),
            Line("keys", 20, Codec::None, p(2), "p=1 q=1"),
            Line("keys", 20, Codec::Zstd, p(4), "p=2 q=2 gone=3"),
            Line("keys", 20, Codec::Gzip, q(0), "r=1 s=1"),
            Line("keys", 20, Codec::None, r(0), "t=1"),
            Line("keys", 20, Codec::None, r(1), "u=1"),
            Line("keys", 20, Codec::Lz4, None, "p=3 q=3 r=2 s=2 t=2 gone-"),
            Line("lag", 0, Codec::None, None, "a=1 b=1"),
            Line("lag", 10, Codec::Gzip, None, "a=2 c=1"),
            // These are of the last hour: they and what follows must wait, however old that is.
            Line("lag", 239 * 60 + 10, Codec::None, None, "a=3 b=2"),
            Line("lag", 20, Codec::None, None, "a=4"),
            Line("lag", 239 * 60 + 20, Codec::None, None, "a=5"),
            Line("overdue", 0, Codec::None, None, "a=1 b=1"),
            Line("overdue", 10, Codec::Snappy, None, "a=2 c-"),
            Line("overdue", 20, Codec::None, None, "a=3"),
            Line("both", 0, Codec::None, None, "a=1 b=1 old=1"),
            Line("both", 10, Codec::None, None, "a=2"),
            Line("both", 200 * 60, Codec::None, q(0), "a=3 b=2"),
            Line("both", 201 * 60, Codec::Zstd, None, "a=4 c=1"),
            Line("both", 202 * 60, Codec::None, None, "c=2"),
            Line("ratio", 0, Codec::None, None, &long("a a b c d e f g h i j k", 1)),
            Line("ratio", 10, Codec::None, None, "a=3"),
        ])?;
        let keys = self.put_one(&Line("keys", 30, Codec::None, None, "z=1"))?;
        let bulk = self.bulk(6, 7)?;
        // Retention comes first; what it leaves is compacted then.
        self.wait_start("both", 4)?;
        self.pass(
            &[
                ("keys", &[("min.cleanable.dirty.ratio", "0")]),
                ("bulk", &[("min.cleanable.dirty.ratio", "0")]),
                ("lag", &[("min.cleanable.dirty.ratio", "0")]),
                ("overdue", &[("max.compaction.lag.ms", "3600000")]),
                ("both", &[("min.cleanable.dirty.ratio", "0")]),
                ("ratio", &[("min.cleanable.dirty.ratio", "0.5")]),
            ],
            &[("keys-0", keys), ("bulk-0", bulk), ("lag-0", 4), ("overdue-0", 4), ("both-0", 8), ("ratio-0", 12)],
        )
    }

    /// Tombstones of the first pass go, and an empty batch goes when its producer has written another one.
    fn second(&mut self) -> Result<()> {
        self.halt()?;
        let q = Some(Producer { id: self.silent.0, epoch: self.silent.1, sequence: 2 });
        self.put(&[
            Line("keys", 40, Codec::None, None, "v=1 a=4 c=9 b-"),
            Line("keys", 40, Codec::Gzip, q, "w=1 f- j-"),
            Line("ratio", 20, Codec::None, None, "a=4"),
            Line("ratio", 30, Codec::None, None, "a=5"),
        ])?;
        let keys = self.put_one(&Line("keys", 50, Codec::None, None, "x=1"))?;
        let bulk = self.bulk(3, 8)?;
        // Not before the horizon of the first pass is over.
        self.pass(
            &[("keys", &[("min.cleanable.dirty.ratio", "0")]), ("bulk", &[("min.cleanable.dirty.ratio", "0")])],
            &[("keys-0", keys), ("bulk-0", bulk), ("ratio-0", 12)],
        )
    }

    /// Everything is written again.
    fn third(&mut self) -> Result<()> {
        self.halt()?;
        self.put(&[
            Line("keys", 60, Codec::Zstd, None, "v=2 w=2 a=5"),
            Line("keys", 60, Codec::None, None, "b=3 x- z-"),
            Line("ratio", 40, Codec::None, None, &long("a b c d e f g h i j k l m n", 2)),
        ])?;
        let keys = self.put_one(&Line("keys", 70, Codec::None, None, "y=1"))?;
        let ratio = self.put_one(&Line("ratio", 50, Codec::None, None, "z=1"))?;
        self.pass(&[("keys", &[("min.cleanable.dirty.ratio", "0")])], &[("keys-0", keys), ("ratio-0", ratio)])
    }

    /// No pass begins any more until the next one is wanted.
    fn halt(&mut self) -> Result<()> {
        for topic in ["keys", "bulk"] {
            admin::alter(&mut self.connection, topic, &[("min.cleanable.dirty.ratio", "1")])?;
        }
        Ok(())
    }

    /// Lets the cleaner at it, waits until it has come to these offsets, and tells what is there then.
    fn pass(&mut self, configs: &[(&str, &[(&str, &str)])], ends: &[(&str, i64)]) -> Result<()> {
        // Horizons of the pass before are over, and passes are told apart.
        pause::until(Stopwatch::start(), std::time::Duration::from_millis(20));
        let begin = now()?;
        for (topic, configs) in configs {
            admin::alter(&mut self.connection, topic, configs)?;
        }
        let number = self.passes.len() + 1;
        wait_cleaned(&self.log_dir, ends).with_context(|| format!("pass {number} of {}", self.broker.kind().name()))?;
        self.passes.push(begin..=now()?);
        self.text += &format!("pass {number}\n");
        for (topic, delete_retention_ms) in TOPICS {
            self.look(topic, *delete_retention_ms)?;
        }
        Ok(())
    }

    fn look(&mut self, topic: &str, delete_retention_ms: i64) -> Result<()> {
        let partition = format!("{topic}-0");
        let shown = Shown {
            log_dir: &self.log_dir,
            partition: &partition,
            passes: &self.passes,
            delete_retention_ms,
            producer_ids: false,
        };
        let files = shown.files()?;
        let start = admin::offsets_at(&mut self.connection, topic, 1, -2)?;
        let end = admin::offsets_at(&mut self.connection, topic, 1, -1)?;
        let wire = shown.wire(&mut self.connection, start.first().copied().flatten().context("not served")?)?;
        let batches: String =
            files.lines().filter(|line| line.starts_with(' ')).map(|line| format!("{line}\n")).collect();
        ensure!(wire == batches, "{topic}: on disk is\n{batches}\nand read is\n{wire}");
        let format = "%o %T %k %S %s %h\\n";
        let args = ["-C", "-e", "-q", "-Z", "-X", "check.crcs=true", "-t", topic, "-f", format];
        let consumed = kcat::kcat(&self.broker.address(), &args, b"")?.ok()?;
        let records = files.lines().filter(|line| line.starts_with("    ")).count();
        self.records += records;
        ensure!(
            consumed.lines().count() == records,
            "{topic}: kcat reads {} records of {records}",
            consumed.lines().count()
        );
        let sum = crc32c::crc32c(consumed.as_bytes());
        self.text += &format!("{topic} from {start:?} to {end:?}, consumed {sum:08x}\n{files}");
        Ok(())
    }

    fn put(&mut self, lines: &[Line<'_>]) -> Result<()> {
        lines.iter().try_for_each(|line| self.put_one(line).map(drop))
    }

    /// Produces a batch; its first offset.
    fn put_one(&mut self, Line(topic, minute, codec, producer, records): &Line<'_>) -> Result<i64> {
        let time = self.start + minute * MINUTE;
        let fresh = records.split(' ').zip(0..).map(|(word, n): (&str, i64)| {
            // Timestamps that neither rise nor fall.
            let timestamp = time + n * 7919 % 100;
            match word.split_once('=') {
                Some((key, value)) => Fresh { timestamp, key: key.into(), value: Some(value.into()) },
                None => Fresh { timestamp, key: word.trim_end_matches('-').into(), value: None },
            }
        });
        let how = How { codec: *codec, producer: *producer, is_transactional: false };
        self.send(topic, &keyed(&fresh.collect::<Vec<_>>(), how)?).with_context(|| format!("{topic}: {records}"))
    }

    fn send(&mut self, topic: &str, batch: &[u8]) -> Result<i64> {
        let answer = self.connection.exchange(frames::produce(topic, -1, &[(0, batch)])?)?;
        let (_, parts) = frames::produced(answer)?;
        let (_, code, offset) = parts.first().copied().context("an answer without a partition")?;
        ensure!(code == 0, "Produce answered error {code}");
        Ok(offset)
    }

    /// So many segments of records of 500 bytes, of which one in three is written again; where the active segment begins.
    fn bulk(&mut self, mib: u64, seed: u64) -> Result<i64> {
        let mut dice = Dice::new(seed);
        for n in 0..mib * 20 {
            let fresh: Vec<Fresh> = (0..100)
                .map(|_| Fresh {
                    timestamp: self.start + i64::try_from(n).unwrap_or(0),
                    key: dice.below(6000).to_string().into_bytes(),
                    // Letters, for kcat ends lines.
                    value: (dice.below(30) > 0).then(|| dice.bytes(500).iter().map(|byte| b'a' + byte % 16).collect()),
                })
                .collect();
            let batch = keyed(&fresh, How { codec: Codec::None, producer: None, is_transactional: false })?;
            self.send("bulk", &batch)?;
        }
        super::shown::active_base(&self.log_dir.join("bulk-0"))
    }

    fn wait_start(&mut self, topic: &str, offset: i64) -> Result<()> {
        let since = Stopwatch::start();
        loop {
            let start = admin::offsets_at(&mut self.connection, topic, 1, -2)?;
            if start == [Some(offset)] {
                return Ok(());
            }
            ensure!(since.elapsed().as_secs() < 60, "{topic} starts at {start:?} and not at {offset}");
            pause::short();
        }
    }
}

/// These keys, each with a value that is no crumb.
fn long(keys: &str, value: u8) -> String {
    let pairs: Vec<String> = keys.split(' ').map(|key| format!("{key}={value:030}")).collect();
    pairs.join(" ")
}

fn now() -> Result<i64> {
    Ok(i64::try_from(stopwatch::now_ms())?)
}

/// A time in the past from which on the story is told.
///
/// # Errors
/// Never in our time.
pub fn start() -> Result<i64> {
    Ok(now()? - 10 * DAY)
}
