//! ReplicaVerificationTool, which reads every replica where it lies and compares: three nodes agree after one was killed and one
//! stopped under load, and it sees a batch of a follower's that somebody has changed.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::Entry;
use super::bench::Bench;
use super::options::Options;
use crate::dice::Dice;
use crate::kit::cluster::IDS;
use crate::kit::process::Process;
use crate::kit::segments::segments;
use crate::kit::{Cluster, Layout, Stopwatch, jars, kcat};
use crate::pause;
use crate::raw::batch::reseal;
use crate::raw::batch_sets;

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
/// A restarted node is in sync again, and a tool has compared everything, within this.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often the tool may miss what was there.
const LOOKS: usize = 4;
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
/// Topics that are made here, and how many partitions they have.
const WIDE: (&str, usize) = ("wide", 6);
const PAIRS: (&str, usize) = ("pairs", 3);
const OFFSETS: (&str, usize) = ("__consumer_offsets", 5);

pub fn entries(options: &Options) -> Vec<Entry> {
    options.all.then(|| Entry::starts("tools replicas", run)).into_iter().collect()
}

fn run(bench: &Bench, name: &str) -> Result<String> {
    let folder = bench.folder(name)?;
    let layout = Layout::default().with("offsets.topic.num.partitions", &OFFSETS.1.to_string());
    let mut stage = Stage {
        bench,
        cluster: Cluster::start(bench.options.against, &folder.join("nodes"), &layout)?,
        said: folder.join("said"),
    };
    let [a, b, c] = IDS;
    // Segments so small that several are compared.
    let small = ["--config", "segment.bytes=1048576"];
    stage.topics(
        &[&["--create", "--topic", WIDE.0, "--partitions", "6", "--replication-factor", "3"], &small[..]].concat(),
    )?;
    let pairs = ["--create", "--topic", PAIRS.0, "--replica-assignment", &format!("{a}:{b},{b}:{c},{c}:{a}")];
    stage.topics(&[&pairs[..], &["--config", "min.insync.replicas=1"]].concat())?;
    stage.load("while all run")?;
    stage.cluster.kill(c)?;
    stage.load("while one is dead")?;
    stage.cluster.start_again(c)?;
    // A pair whose other half is not yet in sync would have no leader.
    stage.all_in_sync()?;
    stage.cluster.stop(a)?;
    stage.load("while one is stopped")?;
    stage.cluster.start_again(a)?;
    stage.all_in_sync()?;
    let agreed = stage.agree()?;

    let at = stage.plant(b)?;
    let seen = stage.verify(|line| line.contains(": partition "))?;
    let line = seen.last().context("it said nothing")?;
    let partition = format!("partition {}-0 has unmatched checksum at offset {at};", WIDE.0);
    ensure!(line.contains(&partition) && line.contains(&format!("replica {b}'s")), "of a changed batch it said {line}");
    Ok(format!("{agreed}; a changed batch of one replica is seen"))
}

/// Three nodes, and where the tool says what it says.
struct Stage<'a> {
    bench: &'a Bench,
    cluster: Cluster,
    said: PathBuf,
}

impl Stage<'_> {
    /// Batches of every codec into all partitions, enough for several segments, and commits of a group.
    fn load(&self, when: &str) -> Result<()> {
        let short: String = (0..100).map(|n| format!("{n}\t{when}\n")).collect();
        let long: String = (0..40_u64).map(|n| format!("{n}\t{}\n", noise(n))).collect();
        for (topic, partitions) in [WIDE, PAIRS] {
            for partition in 0..partitions {
                for (at, codec) in CODECS.iter().enumerate() {
                    let input = if at % CODECS.len() == partition % CODECS.len() { &long } else { &short };
                    let partition = partition.to_string();
                    self.kcat(
                        &["-P", "-t", topic, "-p", &partition, "-K", "\t", "-z", codec, "-X", "acks=all"],
                        input,
                    )?;
                }
            }
        }
        self.kcat(&["-G", "readers", "-e", "-c", "200", "-q", "-X", "auto.offset.reset=earliest", WIDE.0], "").map(drop)
    }

    fn all_in_sync(&self) -> Result<()> {
        let since = Stopwatch::start();
        loop {
            let behind = self.topics(&["--describe", "--under-replicated-partitions"])?;
            if behind.trim().is_empty() {
                return Ok(());
            }
            ensure!(since.left_of(PATIENCE).is_some(), "not in sync again: {behind}");
        }
    }

    /// The tool has compared everything up to all high watermarks, and has nothing to say against it.
    fn agree(&self) -> Result<String> {
        let seen = self.verify(|line| line.contains(": max lag is 0 for "))?;
        let odd = seen
            .iter()
            .find(|line| !line.contains("verification process is started") && !line.contains(": max lag is "));
        ensure!(odd.is_none(), "replicas differ: {}", odd.map_or("", String::as_str));
        let count = WIDE.1 + PAIRS.1 + OFFSETS.1;
        let last = seen.last().context("it said nothing")?;
        ensure!(
            last.ends_with(&format!(" among {count} partitions")),
            "not all {count} partitions were compared: {last}"
        );
        Ok(format!("the replicas of {count} partitions agree"))
    }

    /// Runs the tool over everything there is until it says such a line; it never ends by itself. All that it said up to there.
    ///
    /// Its threads put what they fetched into maps that only one thread may write to, and now and then one of the answers is lost:
    /// who misses an answer that was there finds it when it looks again.
    fn verify(&self, ends: impl Fn(&str) -> bool) -> Result<Vec<String>> {
        for _ in 0..LOOKS {
            if let Some(seen) = self.verify_once(&ends)? {
                return Ok(seen);
            }
        }
        bail!("{LOOKS} times it missed a replica: {}", std::fs::read_to_string(&self.said)?)
    }

    /// None where the tool misses a replica's answer.
    fn verify_once(&self, ends: impl Fn(&str) -> bool) -> Result<Option<Vec<String>>> {
        // In a JVM of its own: its threads outlive its main method. It asserts that every replica has answered for every partition.
        let mut java = jars::ensure()?.java(256, "ERROR");
        java.args(["-ea", "org.apache.kafka.tools.ReplicaVerificationTool"])
            .args(["--broker-list", &self.cluster.addresses(), "--time", "-2"])
            .args(["--report-interval-ms", "200", "--max-wait-ms", "100"]);
        // What an earlier one said is not this one's.
        std::fs::write(&self.said, "")?;
        let process = Process::start(java, &self.said)?;
        let since = Stopwatch::start();
        loop {
            let text = std::fs::read_to_string(&self.said)?;
            let mut seen = Vec::new();
            // The last line may not be whole.
            for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
                seen.push(line.to_owned());
                if ends(line) {
                    return Ok(Some(seen));
                }
                if line.contains("AssertionError: fetched ") {
                    return Ok(None);
                }
            }
            process.still_runs()?;
            ensure!(since.left_of(PATIENCE).is_some(), "it still says only\n{text}");
            pause::short();
        }
    }

    /// Changes a byte of the first batch of this node's replica while it is down, CRC and all, so that only another replica knows;
    /// the batch's last offset.
    fn plant(&mut self, id: i32) -> Result<i64> {
        let node = self.cluster.broker(id)?.node().clone();
        self.cluster.stop(id)?;
        let partition = format!("{}-0", WIDE.0);
        let dir = node.log_dirs().into_iter().map(|dir| dir.join(&partition)).find(|dir| dir.is_dir());
        let (_, path) = segments(&dir.context("no such replica")?)?.pop_first().context("no segment")?;
        let mut bytes = std::fs::read(&path)?;
        let first = batch_sets(&bytes).next().context("no batch")?;
        let (last_offset, length) = (first.base + first.offsets - 1, first.bytes.len());
        let batch = bytes.get_mut(..length).context("no batch")?;
        // The end of a value; behind it stands that there are no headers.
        *batch.iter_mut().nth_back(1).context("an empty batch")? ^= 1;
        reseal(batch);
        std::fs::write(&path, &bytes)?;
        self.cluster.start_again(id)?;
        self.all_in_sync()?;
        Ok(last_offset)
    }

    fn topics(&self, words: &[&str]) -> Result<String> {
        let addresses = self.cluster.addresses();
        let words = [&["--bootstrap-server", &addresses], words].concat();
        self.bench.tools.run(TOPICS, &words)?.ok().with_context(|| format!("{TOPICS} {words:?}"))
    }

    fn kcat(&self, words: &[&str], input: &str) -> Result<String> {
        kcat::kcat(&self.cluster.addresses(), words, input.as_bytes())?.ok().with_context(|| format!("kcat {words:?}"))
    }
}

/// Ten thousand characters that no codec makes much smaller.
fn noise(seed: u64) -> String {
    let bytes = Dice::new(seed).bytes(10_000);
    bytes.into_iter().map(|byte| char::from(b'!' + byte % 90)).collect()
}
