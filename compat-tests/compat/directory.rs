//! A data directory changes hands: one broker writes it, the other serves it and writes on, the first takes it back.

mod groups;
mod three;

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::bench::Bench;
use super::differences::listed;
use super::options::Options;
use super::script::difference;
use super::{Entry, dump, state};
use crate::kit::broker::Node;
use crate::kit::{Broker, Kind, Layout, Quorum, Stopwatch, kcat};

/// A change has come through within this.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn entries(options: &Options) -> Vec<Entry> {
    let (ours, kafka) = (options.against, Kind::Kafka);
    let pairs = if ours == kafka { vec![(kafka, kafka)] } else { vec![(ours, kafka), (kafka, ours)] };
    let mut entries = Vec::new();
    for (writer, reader) in pairs {
        for quorum in ["dynamic", "static"] {
            for end in ["SIGTERM", "SIGKILL"] {
                let name = format!("directory {} to {} and back, {quorum} quorum, {end}", writer.name(), reader.name());
                entries.push(Entry::starts(name, run));
            }
        }
        for end in ["SIGTERM", "SIGKILL"] {
            let name = format!("directory with groups {} to {} and back, {end}", writer.name(), reader.name());
            entries.push(Entry::starts(name, groups::run));
        }
        for end in ["SIGTERM", "SIGKILL"] {
            // Three JVMs take their time: by default one of each direction.
            let by_default = (writer == kafka) == (end == "SIGKILL");
            if options.all || by_default {
                let name = format!("directory three {} to {} and back, {end}", writer.name(), reader.name());
                entries.push(Entry::starts(name, three::run));
            }
        }
    }
    entries
}

fn run(bench: &Bench, name: &str) -> Result<String> {
    let words: Vec<&str> = name.split([' ', ',']).collect();
    let (writer, reader) = kind_of(name);
    let quorum = if words.contains(&"dynamic") { Quorum::Dynamic } else { Quorum::Static };
    let clean = words.contains(&"SIGTERM");
    let end = |broker: Broker| if clean { broker.stop() } else { Ok(broker.kill()) };
    let layout = Layout { quorum, dirs: 2, ..Layout::default() };
    let node_id = layout.node_id;
    let look = |broker: &Broker| state::state(&bench.tools, &broker.address(), node_id);
    let files = |node: &Node| dump::dump(&bench.tools, &node.log_dirs(), clean);

    let broker = Broker::start(writer, &bench.folder(name)?, layout)?;
    write_first(bench, &broker, clean)?;
    let written = look(&broker)?;
    let node = end(broker)?;
    let mut read = files(&node).with_context(|| format!("files of {}", writer.name()))?;

    let broker = node.start(reader)?;
    same(&written, &look(&broker)?, "after the first change of hands")?;
    write_more(bench, &broker, clean)?;
    let written = look(&broker)?;
    let node = end(broker)?;
    read += files(&node).with_context(|| format!("files of {}", reader.name()))?;

    let broker = node.start(writer)?;
    same(&written, &look(&broker)?, "after it came back")?;
    broker.stop()?;
    Ok(format!("{} lines of state alike, {read} files read", written.lines().count()))
}

/// Who writes and who reads, by a check's name: the words on both sides of `to`.
fn kind_of(name: &str) -> (Kind, Kind) {
    let kind = |word: Option<&str>| if word == Some("kafka") { Kind::Kafka } else { Kind::Ottla };
    let (writer, reader) = name.split_once(" to ").unwrap_or_default();
    (kind(writer.rsplit(' ').next()), kind(reader.split(' ').next()))
}

/// Topics with and without configs, every codec, keys, headers, tombstones, an idempotent Java producer, several segments, deleted topics,
/// and deleted records where the end is a clean one: Apache Kafka writes log starts down once a minute, and forgets them when killed.
fn write_first(bench: &Bench, broker: &Broker, clean: bool) -> Result<()> {
    let node_id = broker.node().layout().node_id.to_string();
    create(bench, broker, "plain", &["--partitions", "3"])?;
    create(bench, broker, "rolls", &["--config", "segment.bytes=1048576", "--config", "index.interval.bytes=1024"])?;
    create(
        bench,
        broker,
        "stamped",
        &["--config", "message.timestamp.type=LogAppendTime", "--config", "compression.type=zstd"],
    )?;
    create(bench, broker, "gone", &[])?;
    create(bench, broker, "empty", &["--partitions", "2"])?;
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        produce(broker, "plain", &["-p", "0", "-z", codec, "-K", "\t", "-H", "codec=x"], "k\tv\nl\tw\n")?;
        produce(broker, "stamped", &["-p", "0", "-z", codec], "a\nb\nc\n")?;
    }
    produce(broker, "plain", &["-p", "1", "-Z", "-K", "\t"], "tombstone\t\n")?;
    produce(broker, "plain", &["-p", "2", "-X", "enable.idempotence=true"], "1\n2\n3\n")?;
    produce(broker, "gone", &["-p", "0"], "x\n")?;
    let props = ["--producer-props", "acks=all"];
    let load = ["--topic", "rolls", "--num-records", "2500", "--record-size", "1000", "--throughput", "-1"];
    tool(bench, broker, "org.apache.kafka.tools.ProducerPerformance", &[&load[..], &props[..]].concat())?;
    tool(bench, broker, "org.apache.kafka.tools.TopicCommand", &["--delete", "--topic", "gone"])?;
    if clean {
        delete_records(bench, broker, "rolls", 1700)?;
    }
    let configs = "kafka.admin.ConfigCommand";
    let change = ["--alter", "--add-config", "retention.ms=86400000,max.message.bytes=2000000"];
    tool(bench, broker, configs, &[&["--entity-type", "topics", "--entity-name", "plain"][..], &change[..]].concat())?;
    let change = ["--alter", "--add-config", "background.threads=9"];
    tool(
        bench,
        broker,
        configs,
        &[&["--entity-type", "brokers", "--entity-name", &node_id][..], &change[..]].concat(),
    )?;
    let change = ["--alter", "--add-config", "log.cleaner.backoff.ms=14000"];
    tool(bench, broker, configs, &[&["--entity-type", "brokers", "--entity-default"][..], &change[..]].concat())
}

fn write_more(bench: &Bench, broker: &Broker, clean: bool) -> Result<()> {
    create(bench, broker, "more", &["--partitions", "2"])?;
    produce(broker, "more", &["-p", "1", "-X", "enable.idempotence=true", "-z", "lz4"], "1\n2\n3\n")?;
    produce(broker, "rolls", &["-p", "0", "-z", "zstd"], "after\n")?;
    produce(broker, "plain", &["-p", "0", "-K", "\t"], "k\t\n")?;
    tool(bench, broker, "org.apache.kafka.tools.TopicCommand", &["--alter", "--topic", "plain", "--partitions", "4"])?;
    produce(broker, "plain", &["-p", "3"], "grown\n")?;
    tool(bench, broker, "org.apache.kafka.tools.TopicCommand", &["--delete", "--topic", "empty"])?;
    if clean {
        delete_records(bench, broker, "rolls", 2100)?;
    }
    let configs = "kafka.admin.ConfigCommand";
    let change = ["--alter", "--delete-config", "retention.ms"];
    tool(bench, broker, configs, &[&["--entity-type", "topics", "--entity-name", "plain"][..], &change[..]].concat())?;
    // Apache Kafka's broker knows of it a moment after its controller has said so.
    let topics = "org.apache.kafka.tools.TopicCommand";
    let describe = ["--bootstrap-server", &broker.address(), "--describe", "--topic", "plain"];
    let since = Stopwatch::start();
    while bench.tools.run(topics, &describe)?.ok()?.contains("retention.ms") {
        ensure!(since.left_of(PATIENCE).is_some(), "the configuration is not gone");
    }
    Ok(())
}

fn create(bench: &Bench, broker: &Broker, topic: &str, options: &[&str]) -> Result<()> {
    let mut args = vec!["--create", "--topic", topic];
    if !options.contains(&"--partitions") {
        args.extend(["--partitions", "1"]);
    }
    args.extend(options);
    tool(bench, broker, "org.apache.kafka.tools.TopicCommand", &args)
}

fn delete_records(bench: &Bench, broker: &Broker, topic: &str, offset: u64) -> Result<()> {
    let file = bench.folder("delete-records")?.join("offsets.json");
    let json = format!(r#"{{"partitions":[{{"topic":"{topic}","partition":0,"offset":{offset}}}],"version":1}}"#);
    std::fs::write(&file, json)?;
    let file = file.display().to_string();
    tool(bench, broker, "org.apache.kafka.tools.DeleteRecordsCommand", &["--offset-json-file", &file])
}

fn tool(bench: &Bench, broker: &Broker, main: &str, args: &[&str]) -> Result<()> {
    let address = broker.address();
    let mut words = vec!["--bootstrap-server", address.as_str()];
    words.extend(args);
    let output = bench.tools.run(main, &words)?;
    output.ok().with_context(|| format!("{main} {args:?}"))?;
    Ok(())
}

fn produce(broker: &Broker, topic: &str, options: &[&str], input: &str) -> Result<()> {
    let mut args = vec!["-P", "-t", topic];
    args.extend(options);
    kcat::kcat(&broker.address(), &args, input.as_bytes())?.ok().with_context(|| format!("kcat {args:?}"))?;
    Ok(())
}

fn same(before: &str, after: &str, when: &str) -> Result<()> {
    let listed = listed("directory")?;
    let kept = |text: &str| -> String {
        text.lines().filter(|line| !listed.iter().any(|it| it.is_match(line))).collect::<Vec<_>>().join("\n")
    };
    let (before, after) = (kept(before), kept(after));
    if before != after {
        bail!("{when} it shows something else (-: before, +: after)\n{}", difference(&before, &after));
    }
    Ok(())
}
