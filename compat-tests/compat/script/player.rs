//! One side of a script: runs its commands, and makes of what they say what can be compared.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use regex::Regex;

use super::super::bench::Side;
use crate::kit::{Cluster, Output, Stopwatch, Tools, kcat};

/// Short name, main class, how the broker is named.
const TOOLS: &[(&str, &str, &str)] = &[
    ("topics", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server"),
    ("configs", "kafka.admin.ConfigCommand", "--bootstrap-server"),
    ("offsets", "org.apache.kafka.tools.GetOffsetShell", "--bootstrap-server"),
    ("delete-records", "org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server"),
    ("log-dirs", "org.apache.kafka.tools.LogDirsCommand", "--bootstrap-server"),
    ("api-versions", "org.apache.kafka.tools.BrokerApiVersionsCommand", "--bootstrap-server"),
    ("perf", "org.apache.kafka.tools.ProducerPerformance", "--bootstrap-server"),
    ("verifiable", "org.apache.kafka.tools.VerifiableProducer", "--bootstrap-server"),
    ("consume", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server"),
    ("transactions", "org.apache.kafka.tools.TransactionsCommand", "--bootstrap-server"),
    ("groups", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server"),
    ("all-groups", "org.apache.kafka.tools.GroupsCommand", "--bootstrap-server"),
    ("reassign", "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "--bootstrap-server"),
    ("elect", "org.apache.kafka.tools.LeaderElectionCommand", "--bootstrap-server"),
    ("quorum", "org.apache.kafka.tools.MetadataQuorumCommand", "--bootstrap-server"),
    ("features", "org.apache.kafka.tools.FeatureCommand", "--bootstrap-server"),
    // These name whom they ask among their words, as `{brokers}` or `{controllers}`.
    ("cluster", "org.apache.kafka.tools.ClusterTool", ""),
    ("reassign-by", "org.apache.kafka.tools.reassign.ReassignPartitionsCommand", ""),
    ("elect-by", "org.apache.kafka.tools.LeaderElectionCommand", ""),
    ("quorum-by", "org.apache.kafka.tools.MetadataQuorumCommand", ""),
    ("features-by", "org.apache.kafka.tools.FeatureCommand", ""),
    ("configs-by", "kafka.admin.ConfigCommand", ""),
    ("consumer-perf", "org.apache.kafka.tools.ConsumerPerformance", "--bootstrap-server"),
];

/// One place for all that must differ: times, durations, ids made by dice.
const VOLATILE: &[(&str, &str)] = &[
    (r"adminclient-\d+", "adminclient"),
    (r"TopicId: [A-Za-z0-9_-]{22}", "TopicId: ID"),
    (r"\b1[78][0-9]{11}\b", "TIME"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d+", "TIME"),
    (r"(records sent, ).*", "$1 FIGURES"),
    (
        r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d+, .*?, ([0-9.]+), [0-9.]+, (\d+), [0-9.]+, .*",
        "TIME: $1 MB, $2 records",
    ),
    (r#""(avg_throughput|target_throughput)":[-0-9.E]+"#, "FIGURES"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
];

/// In a group's tables: a member's id that the client made, and the padding, which depends on ids and ports.
const OF_GROUPS: &[(&str, &str)] = &[(r" [A-Za-z0-9_-]{22} ", " UUID "), (r" +", " ")];

/// In a cluster: who is the active controller, how far its log is, in which order replicas came into the ISR, and padding.
const OF_CLUSTERS: &[(&str, &str)] = &[
    (r"(?m)^(LeaderId|LeaderEpoch|HighWatermark|MaxFollowerLag|MaxFollowerLagTimeMs): +\d+", "$1: NUMBER"),
    (r"(?m)^\d+(\s+\S+)\s+\d+\s+\d+\s+\S+\s+\S+\s+(Leader|Follower|Observer)", "NODE$1 $2"),
    (r"Epoch: \d+", "Epoch: NUMBER"),
    // The active one.
    (r"Local controller \d+", "Local controller NUMBER"),
    (r"ADDRESS-\d,ADDRESS-\d,ADDRESS-\d", "BROKERS"),
    (r"console-consumer-\d+", "console-consumer-NUMBER"),
    (r" +", " "),
];

/// What is awaited comes, at the latest when a session has ended.
const PATIENCE: Duration = Duration::from_secs(60);

/// A broker, the tools that ask it, and the members that are at work there.
pub struct Player<'a> {
    tools: &'a Tools,
    side: &'a Side,
    dir: PathBuf,
    members: Mutex<BTreeMap<String, Receiver<Output>>>,
}

impl<'a> Player<'a> {
    pub fn new(tools: &'a Tools, side: &'a Side, dir: PathBuf) -> Self {
        Self { tools, side, dir, members: Mutex::default() }
    }

    /// What the command says, without what must differ.
    ///
    /// # Errors
    /// Where it cannot be run, or the broker is gone.
    pub fn answer(&self, line: &str, listed: &[Regex]) -> Result<String> {
        // Tools look for a broker that is gone for minutes.
        self.side.still_runs()?;
        let output = self.run(line).with_context(|| format!("`{line}`"))?;
        let text = format!("exit {}\n{}{}", output.status, output.stdout, output.stderr);
        let mut text = text.replace(&self.dir.display().to_string(), "FOLDER");
        for (value, name) in &self.side.local {
            text = text.replace(value.as_str(), name);
        }
        let of_cluster = self.side.cluster.is_some();
        let of_groups = line.contains("groups ") || line.contains("--group");
        let [everywhere, in_groups, in_clusters] = volatile()?;
        let more = in_groups.iter().filter(|_| of_groups).chain(in_clusters.iter().filter(|_| of_cluster));
        for (pattern, name) in everywhere.iter().chain(more) {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        let kept =
            text.lines().map(str::trim_end).filter(|it| !listed.iter().any(|difference| difference.is_match(it)));
        let kept = kept
            .map(|it| if line.contains("log-dirs ") && it.starts_with('{') { by_directory(it) } else { it.to_owned() });
        let kept: Vec<String> = kept.collect();
        let kept = kept.iter().map(String::as_str);
        // A stack trace shows where in the tool an answer was read, and partitions are logged in no order, which no one promises.
        let (mut logged, mut said): (Vec<&str>, Vec<&str>) =
            kept.filter(|it| !it.starts_with("\tat ")).partition(|it| it.starts_with("TIME "));
        logged.sort_unstable();
        // Groups, members and what is read of several partitions come in no order.
        if of_groups || of_cluster {
            said.sort_unstable();
        }
        let text = [said, logged].concat().join("\n");
        Ok(if of_cluster { text.lines().map(in_sync).collect::<Vec<_>>().join("\n") } else { text })
    }

    fn run(&self, line: &str) -> Result<Output> {
        let line = line.replace("{dir}", &self.dir.display().to_string()).replace("{brokers}", &self.side.address);
        let line = self.side.data().map_or(line.clone(), |data| line.replace("{data}", &data));
        let line = self.cluster().map_or(line.clone(), |it| line.replace("{controllers}", &it.controllers()));
        let (tool, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let name_and_rest = || rest.split_once(' ').with_context(|| format!("{tool} NAME ..."));
        let silent = Output { status: 0, stdout: String::new(), stderr: String::new() };
        match tool {
            "file" => {
                let (name, text) = name_and_rest()?;
                std::fs::write(self.dir.join(name), text)?;
                Ok(silent)
            }
            "save" => {
                let (name, command) = name_and_rest()?;
                let output = self.run(command)?;
                std::fs::write(self.dir.join(name), output.stdout.trim())?;
                Ok(output)
            }
            "member" => {
                let (name, words) = name_and_rest()?;
                let (main, words) = self.words("consume", words)?;
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.members().insert(name.to_owned(), self.tools.begin(main, &words)?);
                Ok(silent)
            }
            "ended" => {
                let member = self.members().remove(rest).with_context(|| format!("no member {rest}"))?;
                member.recv_timeout(PATIENCE).context("it does not end")
            }
            "await" => {
                let (pattern, command) = name_and_rest()?;
                let pattern = Regex::new(pattern)?;
                let since = Stopwatch::start();
                loop {
                    let output = self.run(command)?;
                    if pattern.is_match(&output.stdout) {
                        return Ok(output);
                    }
                    if since.left_of(PATIENCE).is_none() {
                        bail!("it still says\n{}{}", output.stdout, output.stderr);
                    }
                }
            }
            "produce" => self.produce(rest),
            "kill" | "stop" | "start" => {
                let mut cluster = self.cluster().with_context(|| format!("{tool} is for clusters"))?;
                let id = rest.parse()?;
                match tool {
                    "kill" => cluster.kill(id)?,
                    "stop" => cluster.stop(id)?,
                    _ => cluster.start_again(id)?,
                }
                // So that nobody is asked for a broker that is being fenced.
                cluster.complete()?;
                Ok(silent)
            }
            _ => {
                let (main, words) = self.words(tool, rest)?;
                self.tools.run(main, &words.iter().map(String::as_str).collect::<Vec<_>>())
            }
        }
    }

    fn cluster(&self) -> Option<std::sync::MutexGuard<'_, Cluster>> {
        self.side.cluster.as_ref().map(|it| it.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The main class of a tool, and its words with the broker's address in front.
    fn words(&self, tool: &str, rest: &str) -> Result<(&'static str, Vec<String>)> {
        let (_, main, flag) =
            TOOLS.iter().find(|(name, ..)| *name == tool).with_context(|| format!("no tool {tool}"))?;
        let whom = if flag.is_empty() { &[][..] } else { &[*flag, self.side.address.as_str()] };
        let words = whom.iter().copied().chain(rest.split_whitespace());
        Ok((main, words.map(str::to_owned).collect()))
    }

    fn produce(&self, words: &str) -> Result<Output> {
        let words: Vec<&str> = words.split_whitespace().collect();
        let [topic, partition, count, codec @ ..] = words.as_slice() else { bail!("produce TOPIC PARTITION COUNT") };
        let input: String = (0..count.parse::<u32>()?).map(|n| format!("key-{n}\tvalue-{n}\n")).collect();
        let codec = codec.first().copied().unwrap_or("none");
        // In one batch, however busy the machine is: sizes are compared.
        let linger = ["-X", "linger.ms=300"];
        let args =
            [&["-P", "-t", topic, "-p", partition, "-K", "\t", "-H", "who=script", "-z", codec], &linger[..]].concat();
        let mut said = kcat::kcat(&self.side.address, &args, input.as_bytes())?;
        if said.status == 0 && self.side.cluster.is_some() {
            // Of nodes that are down, and connections that were tried.
            said.stderr.clear();
        }
        Ok(said)
    }

    fn members(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Receiver<Output>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of a topic's description with the in-sync replicas in order: in which they came to be that is no matter.
pub fn in_sync(line: &str) -> String {
    let sorted = |field: &str| {
        let Some(ids) = field.strip_prefix("Isr: ") else { return field.to_owned() };
        let mut ids: Vec<&str> = ids.trim().split(',').collect();
        ids.sort_unstable();
        format!("Isr: {}", ids.join(","))
    };
    line.split('\t').map(sorted).collect::<Vec<_>>().join("\t")
}

/// Patterns, and what stands for what they match.
type Patterns = Vec<(Regex, &'static str)>;

/// Those that hold everywhere, those of groups, and those of clusters.
fn volatile() -> Result<&'static [Patterns; 3]> {
    static PATTERNS: OnceLock<Result<[Patterns; 3], regex::Error>> = OnceLock::new();
    let read = |rows: &[(&str, &'static str)]| -> Result<Patterns, regex::Error> {
        rows.iter().map(|(it, name)| Ok((Regex::new(it)?, *name))).collect()
    };
    let made = PATTERNS.get_or_init(|| Ok([read(VOLATILE)?, read(OF_GROUPS)?, read(OF_CLUSTERS)?]));
    made.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}

/// What LogDirsCommand says, its directories sorted: they come in an order of Java's, by their paths.
fn by_directory(json: &str) -> String {
    let Ok(mut said) = serde_json::from_str::<serde_json::Value>(json) else { return json.to_owned() };
    let brokers = said["brokers"].as_array_mut().into_iter().flatten();
    let mut lines = Vec::new();
    for broker in brokers {
        let mut dirs = broker["logDirs"].take();
        if let Some(dirs) = dirs.as_array_mut() {
            dirs.sort_by_key(|dir| dir["logDir"].to_string());
            lines.extend(dirs.iter().map(|dir| format!("{}: {dir}", broker["broker"])));
        }
    }
    lines.push(said.to_string());
    lines.join("\n")
}
