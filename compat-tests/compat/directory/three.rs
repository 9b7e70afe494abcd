//! The directories of a whole cluster change hands: topics, records, groups and who is in sync are there, and all of it can be written on.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::{kind_of, same};
use crate::compat::bench::Bench;
use crate::compat::script::in_sync;
use crate::compat::{dump, state};
use crate::kit::broker::Node;
use crate::kit::cluster::IDS;
use crate::kit::{Cluster, Kind, Layout, Stopwatch, kcat};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const CONFIGS: &str = "kafka.admin.ConfigCommand";
/// Followers catch up, and brokers' sessions end, within this.
const PATIENCE: Duration = Duration::from_secs(90);

pub fn run(bench: &Bench, name: &str) -> Result<String> {
    let (writer, reader) = kind_of(name);
    let clean = name.contains("SIGTERM");
    // Two of Apache Kafka's nodes are killed in any case, see `Cluster::end`.
    let files = |kind: Kind, nodes: &[Node]| -> Result<usize> {
        let clean = clean && kind == Kind::Ottla;
        nodes
            .iter()
            .map(|node| dump::dump(&bench.tools, &node.log_dirs(), clean))
            .sum::<Result<usize>>()
            .with_context(|| format!("files of {}", kind.name()))
    };
    let layout = Layout { dirs: 2, ..Layout::default() }
        .with("offsets.topic.num.partitions", "5")
        .with("log.retention.ms", "-1");

    let mut cluster = Cluster::start(writer, &bench.folder(name)?, &layout)?;
    write_first(bench, &mut cluster)?;
    let written = look(bench, &cluster)?;
    let nodes = cluster.end(clean)?;
    let mut read = files(writer, &nodes)?;

    let mut cluster = Cluster::on(reader, nodes)?;
    same(&written, &look(bench, &cluster)?, "after the first change of hands")?;
    write_more(bench, &mut cluster)?;
    let written = look(bench, &cluster)?;
    let nodes = cluster.end(clean)?;
    read += files(reader, &nodes)?;

    let cluster = Cluster::on(writer, nodes)?;
    same(&written, &look(bench, &cluster)?, "after it came back")?;
    produce(&cluster, "wide", &["-p", "0"], "still\n")?;
    consume(&cluster, "classic", 1)?;
    cluster.end(clean)?;
    Ok(format!("{} lines of state alike, {read} files read", written.lines().count()))
}

/// Leaders that have moved, a reassigned partition, records of every codec and an idempotent producer, groups of both protocols.
fn write_first(bench: &Bench, cluster: &mut Cluster) -> Result<()> {
    let [a, b, c] = IDS;
    create(bench, cluster, "wide", &["--partitions", "6", "--replication-factor", "3"])?;
    create(bench, cluster, "narrow", &["--replica-assignment", &format!("{a}:{b},{b}:{c},{c}:{a}")])?;
    create(bench, cluster, "single", &["--replica-assignment", &format!("{a},{b},{c}")])?;
    create(bench, cluster, "gone", &["--partitions", "3"])?;
    create(
        bench,
        cluster,
        "rolls",
        &["--partitions", "1", "--config", "segment.bytes=1048576", "--config", "retention.ms=86400000"],
    )?;
    for (at, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        produce(cluster, "wide", &["-p", &at.to_string(), "-z", codec, "-K", "\t", "-H", "codec=x"], "k\tv\nl\tw\n")?;
        produce(cluster, "narrow", &["-p", &(at % 3).to_string(), "-z", codec], "a\nb\nc\n")?;
    }
    produce(cluster, "single", &["-p", "1", "-X", "enable.idempotence=true"], "1\n2\n3\n")?;
    produce(cluster, "gone", &["-p", "0"], "x\n")?;
    let load = ["--topic", "rolls", "--num-records", "2500", "--record-size", "1000", "--throughput", "-1"];
    tool(
        bench,
        cluster,
        "org.apache.kafka.tools.ProducerPerformance",
        &[&load[..], &["--producer-props", "acks=all"]].concat(),
    )?;
    tool(bench, cluster, TOPICS, &["--delete", "--topic", "gone"])?;
    // New epochs on all that it led, and records that it must fetch when it is back.
    cluster.kill(c)?;
    produce(cluster, "wide", &["-X", "enable.idempotence=true"], "while\none\nis\ndown\n")?;
    cluster.start_again(c)?;
    reassign(bench, cluster, &format!(r#"{{"topic":"narrow","partition":0,"replicas":[{c},{a},{b}]}}"#))?;
    let change = ["--entity-type", "brokers", "--entity-name", "5", "--alter", "--add-config", "background.threads=9"];
    tool(bench, cluster, CONFIGS, &change)?;
    consume(cluster, "classic", 14)?;
    modern(bench, cluster, "modern")?;
    tool(
        bench,
        cluster,
        GROUPS,
        &["--reset-offsets", "--execute", "--group", "simple", "--to-offset", "1", "--topic", "narrow"],
    )
}

fn write_more(bench: &Bench, cluster: &mut Cluster) -> Result<()> {
    let [a, b, c] = IDS;
    create(bench, cluster, "more", &["--partitions", "4"])?;
    cluster.kill(a)?;
    produce(cluster, "more", &["-X", "enable.idempotence=true", "-z", "lz4"], "1\n2\n3\n")?;
    produce(cluster, "rolls", &["-p", "0", "-z", "zstd"], "after\n")?;
    produce(cluster, "wide", &["-p", "0"], "after\n")?;
    cluster.start_again(a)?;
    reassign(bench, cluster, &format!(r#"{{"topic":"narrow","partition":1,"replicas":[{a},{b}]}}"#))?;
    reassign(bench, cluster, &format!(r#"{{"topic":"single","partition":0,"replicas":[{c}]}}"#))?;
    tool(bench, cluster, TOPICS, &["--alter", "--topic", "narrow", "--partitions", "5"])?;
    let change = ["--entity-type", "topics", "--entity-name", "rolls", "--alter", "--delete-config", "retention.ms"];
    tool(bench, cluster, CONFIGS, &change)?;
    consume(cluster, "other", 10)?;
    modern(bench, cluster, "modern")
}

/// Moves a partition and waits until that is done.
fn reassign(bench: &Bench, cluster: &Cluster, partition: &str) -> Result<()> {
    let file = bench.folder("reassign")?.join("plan.json");
    std::fs::write(&file, format!(r#"{{"version":1,"partitions":[{partition}]}}"#))?;
    let main = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
    let file = file.display().to_string();
    tool(bench, cluster, main, &["--reassignment-json-file", &file, "--execute"])?;
    let since = Stopwatch::start();
    loop {
        let said = ask(bench, cluster, main, &["--reassignment-json-file", &file, "--verify"])?;
        if said.contains("is completed") {
            return Ok(());
        }
        ensure!(since.left_of(PATIENCE).is_some(), "the reassignment goes on: {said}");
    }
}

/// All that the cluster shows, once everybody is in sync and the preferred replicas lead.
fn look(bench: &Bench, cluster: &Cluster) -> Result<String> {
    let since = Stopwatch::start();
    loop {
        let behind = ask(bench, cluster, TOPICS, &["--describe", "--under-replicated-partitions"])?;
        if behind.trim().is_empty() {
            break;
        }
        ensure!(since.left_of(PATIENCE).is_some(), "not in sync again: {behind}");
    }
    let elect = ["--election-type", "preferred", "--all-topic-partitions"];
    tool(bench, cluster, "org.apache.kafka.tools.LeaderElectionCommand", &elect)?;
    let mut lines = Vec::new();
    let [_, middle, _] = IDS;
    let all = state::state(&bench.tools, &cluster.addresses(), middle)?;
    for how in [&["--list", "--type"][..], &["--describe", "--all-groups"], &["--describe", "--all-groups", "--state"]]
    {
        let said = ask(bench, cluster, GROUPS, how)?;
        lines.extend(said.lines().map(|line| format!("{how:?}: {}", in_words(line))));
    }
    // Which brokers answers came from is no matter, nor in which order in-sync replicas came to be that.
    lines.extend(all.lines().map(|line| of_replicas(&in_sync(line))));
    lines.sort();
    let mut text = lines.join("\n");
    for node in cluster.nodes() {
        text = text.replace(&node.address(), "ADDRESS");
    }
    let missing = [": wide", "classic", "modern", "simple"].into_iter().find(|it| !text.contains(it));
    if let Some(missing) = missing {
        bail!("{missing:?} is not shown:\n{text}");
    }
    Ok(text)
}

/// A line of a topic's description whose eligible leaders are replicas.
///
/// Apache Kafka leaves one that a reassignment took away among them until the partition's next change, whenever that is.
fn of_replicas(line: &str) -> String {
    let ids = |name: &str| line.split('\t').find_map(|field| field.strip_prefix(name)).map(|it| it.trim().split(','));
    let (Some(replicas), Some(eligible)) = (ids("Replicas: "), ids("Elr: ")) else { return line.to_owned() };
    let replicas: Vec<&str> = replicas.collect();
    let kept: Vec<&str> = eligible.filter(|id| replicas.contains(id)).collect();
    let field = |it: &str| if it.starts_with("Elr: ") { format!("Elr: {}", kept.join(",")) } else { it.to_owned() };
    line.split('\t').map(field).collect::<Vec<_>>().join("\t")
}

fn in_words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn create(bench: &Bench, cluster: &Cluster, topic: &str, options: &[&str]) -> Result<()> {
    tool(bench, cluster, TOPICS, &[&["--create", "--topic", topic], options].concat())
}

/// A member of the classic protocol that reads all there is, commits and leaves.
fn consume(cluster: &Cluster, group: &str, count: u32) -> Result<()> {
    let args = ["-G", group, "-e", "-c", &count.to_string(), "-q", "-X", "auto.offset.reset=earliest", "wide"];
    kcat::kcat(&cluster.addresses(), &args, b"")?.ok().with_context(|| format!("group {group}"))?;
    Ok(())
}

/// One of the protocol of KIP-848.
fn modern(bench: &Bench, cluster: &Cluster, group: &str) -> Result<()> {
    let args = [
        ["--topic", "narrow"],
        ["--group", group],
        ["--timeout-ms", "6000"],
        ["--command-property", "group.protocol=consumer"],
        ["--command-property", "auto.offset.reset=earliest"],
    ];
    tool(bench, cluster, "org.apache.kafka.tools.consumer.ConsoleConsumer", args.as_flattened())
}

fn tool(bench: &Bench, cluster: &Cluster, main: &str, args: &[&str]) -> Result<()> {
    ask(bench, cluster, main, args).map(drop)
}

fn ask(bench: &Bench, cluster: &Cluster, main: &str, args: &[&str]) -> Result<String> {
    let addresses = cluster.addresses();
    let words = [&["--bootstrap-server", &addresses], args].concat();
    bench.tools.run(main, &words)?.ok().with_context(|| format!("{main} {args:?} of {}", cluster.kind().name()))
}

fn produce(cluster: &Cluster, topic: &str, options: &[&str], input: &str) -> Result<()> {
    let args = [&["-P", "-t", topic, "-X", "acks=all"], options].concat();
    kcat::kcat(&cluster.addresses(), &args, input.as_bytes())?.ok().with_context(|| format!("kcat {args:?}"))?;
    Ok(())
}
