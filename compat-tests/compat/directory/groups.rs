//! Groups change hands with their directory: every member, state and committed offset is there, also after compaction.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{DescribeGroupsRequest, GroupId, OffsetCommitRequest, OffsetFetchRequest};
use kafka_protocol::protocol::StrBytes;

use super::{create, kind_of, produce, same, tool};
use crate::compat::bench::Bench;
use crate::compat::compaction::shown::{active_base, segments};
use crate::compat::dump;
use crate::kit::broker::Node;
use crate::kit::dumped::cleaned;
use crate::kit::process::Process;
use crate::kit::{Broker, Layout, Stopwatch, kcat};
use crate::pause;
use crate::raw::{Connection, admin};

const PATIENCE: Duration = Duration::from_secs(60);
/// So many commits fill more than one segment of the offsets topic.
const PARTITIONS: i32 = 100;
const COMMITS: i64 = 25;
/// One that is not ready yet, or has just begun to look for its groups.
const AGAIN: [i16; 3] = [14, 15, 16];
/// Among what must be shown after the first writing.
const ROWS: &[&str] = &[
    "classic t-0: 4 epoch",
    "modern t-2: 4 epoch",
    "simple t-0: 2 epoch",
    "bulk many-99: 1024099 epoch -1 error 0 1 24 99 long",
    "\"--state\"]: killed Stable",
    "\"--type\"]: modern Consumer",
    "killed one-",
];
const OFFSETS: &str = "__consumer_offsets-0";

pub fn run(bench: &Bench, name: &str) -> Result<String> {
    let (writer, reader) = kind_of(name);
    let clean = name.contains("SIGTERM");
    let end = |broker: Broker| if clean { broker.stop() } else { Ok(broker.kill()) };
    let layout = Layout::default()
        .with("offsets.topic.num.partitions", "1")
        .with("offsets.topic.segment.bytes", "1048576")
        .with("log.cleaner.backoff.ms", "100")
        .with("log.cleaner.min.cleanable.ratio", "0.01")
        .with("log.segment.delete.delay.ms", "0");
    let files = |node: &Node| dump::dump(&bench.tools, &node.log_dirs(), clean);

    let broker = Broker::start(writer, &bench.folder(name)?, layout)?;
    write_first(bench, &broker)?;
    let first = compacted(&broker)?;
    let written = look(bench, &broker)?;
    for row in ROWS {
        ensure!(written.contains(row), "{row:?} is not shown:\n{written}");
    }
    let node = end(broker)?;
    let mut read = files(&node).with_context(|| format!("files of {}", writer.name()))?;

    let broker = node.start(reader)?;
    same(&written, &look(bench, &broker)?, "after the first change of hands")?;
    write_more(bench, &broker)?;
    let second = compacted(&broker)?;
    ensure!(second > first, "the second compaction came to {second}, the first to {first}");
    let written = look(bench, &broker)?;
    let node = end(broker)?;
    read += files(&node).with_context(|| format!("files of {}", reader.name()))?;

    let broker = node.start(writer)?;
    same(&written, &look(bench, &broker)?, "after it came back")?;
    commit(&broker, "bulk", 3)?;
    let third = compacted(&broker)?;
    ensure!(third > second, "the third compaction came to {third}, the second to {second}");
    look(bench, &broker)?;
    broker.stop()?;
    Ok(format!(
        "{} lines of state alike, compacted up to {first}, {second}, {third}; {read} files read",
        written.lines().count()
    ))
}

/// Groups of both protocols, without members, with one that is gone without a word, of offsets alone, and deleted ones.
fn write_first(bench: &Bench, broker: &Broker) -> Result<()> {
    create(bench, broker, "t", &["--partitions", "3"])?;
    create(bench, broker, "many", &["--partitions", &PARTITIONS.to_string()])?;
    for partition in ["0", "1", "2"] {
        produce(broker, "t", &["-p", partition], "1\n2\n3\n4\n")?;
    }
    consume(broker, "classic")?;
    consume(broker, "deleted")?;
    modern(bench, broker, "modern")?;
    killed(broker)?;
    reset(bench, broker, "simple", &["--to-offset", "2", "--topic", "t"])?;
    delete(bench, broker, "deleted")?;
    let offsets = ["--delete-offsets", "--group", "simple", "--topic", "t:1"];
    tool(bench, broker, "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &offsets)?;
    commit(broker, "bulk", 1)
}

fn write_more(bench: &Bench, broker: &Broker) -> Result<()> {
    produce(broker, "t", &["-p", "1"], "5\n6\n")?;
    consume(broker, "other")?;
    modern(bench, broker, "modern")?;
    modern(bench, broker, "modern-too")?;
    reset(bench, broker, "classic", &["--shift-by", "-1", "--topic", "t:0"])?;
    reset(bench, broker, "simple", &["--to-latest", "--topic", "t"])?;
    commit(broker, "bulk", 2)
}

/// A member of the classic protocol that reads all there is, commits and leaves.
fn consume(broker: &Broker, group: &str) -> Result<()> {
    let args = ["-G", group, "-e", "-c", "12", "-q", "-X", "auto.offset.reset=earliest", "t"];
    kcat::kcat(&broker.address(), &args, b"")?.ok().with_context(|| format!("group {group}"))?;
    Ok(())
}

/// One of the protocol of KIP-848.
fn modern(bench: &Bench, broker: &Broker, group: &str) -> Result<()> {
    let args = [
        ["--topic", "t"],
        ["--group", group],
        ["--timeout-ms", "6000"],
        ["--command-property", "group.protocol=consumer"],
        ["--command-property", "auto.offset.reset=earliest"],
    ];
    tool(bench, broker, "org.apache.kafka.tools.consumer.ConsoleConsumer", args.as_flattened())
}

/// A static member that is killed: it stays in its group until its long session is over.
fn killed(broker: &Broker) -> Result<()> {
    let mut command = Command::new("kcat");
    command.args(["-b", &broker.address(), "-G", "killed", "-q", "-X", "group.instance.id=one"]);
    command.args(["-X", "session.timeout.ms=300000", "t"]);
    let said = broker.node().properties().with_file_name("killed.txt");
    let member = Process::start(command, &said)?;
    let mut connection = Connection::open(&broker.address())?;
    let since = Stopwatch::start();
    loop {
        let request = DescribeGroupsRequest::default().with_groups(vec![id("killed")]);
        let state = connection.call(5, &request)?.groups.pop().context("no group in the answer")?.group_state;
        if &*state == "Stable" {
            break;
        }
        ensure!(since.left_of(PATIENCE).is_some(), "the group is {state:?}");
        member.still_runs()?;
        pause::short();
    }
    member.kill();
    Ok(())
}

fn reset(bench: &Bench, broker: &Broker, group: &str, how: &[&str]) -> Result<()> {
    let args = [&["--reset-offsets", "--execute", "--group", group], how].concat();
    tool(bench, broker, "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &args)
}

fn delete(bench: &Bench, broker: &Broker, group: &str) -> Result<()> {
    let args = ["--delete", "--group", group];
    tool(bench, broker, "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &args)
}

/// Commits all partitions of the large topic again and again, each time with another offset and a long text.
fn commit(broker: &Broker, group: &str, round: i64) -> Result<()> {
    let mut connection = Connection::open(&broker.address())?;
    for n in 0..COMMITS {
        let partition = |at: i32| {
            OffsetCommitRequestPartition::default()
                .with_partition_index(at)
                .with_committed_offset(round * 1_000_000 + n * 1000 + i64::from(at))
                .with_committed_leader_epoch(at % 3 - 1)
                .with_committed_metadata(Some(StrBytes::from_string(format!("{round} {n} {at} {:900}", "long"))))
        };
        let topic = OffsetCommitRequestTopic::default()
            .with_name(admin::name("many"))
            .with_partitions((0..PARTITIONS).map(partition).collect());
        let request = OffsetCommitRequest::default()
            .with_group_id(id(group))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![topic]);
        let since = Stopwatch::start();
        loop {
            let answer = connection.call(8, &request)?;
            let codes: BTreeSet<i16> =
                answer.topics.iter().flat_map(|topic| &topic.partitions).map(|part| part.error_code).collect();
            if codes == BTreeSet::from([0]) {
                break;
            }
            let passes = codes.iter().all(|code| AGAIN.contains(code)) && since.left_of(PATIENCE).is_some();
            ensure!(passes, "OffsetCommit answered errors {codes:?}");
            pause::short();
        }
    }
    Ok(())
}

/// Waits until all but the active segment of the offsets topic is compacted; up to where that is.
fn compacted(broker: &Broker) -> Result<i64> {
    let log_dir = broker.node().log_dirs().into_iter().next().context("no log directory")?;
    let since = Stopwatch::start();
    loop {
        let (active, upto) = (active_base(&log_dir.join(OFFSETS))?, cleaned(&log_dir)?.get(OFFSETS).copied());
        // Of the copy there is one segment at least, besides the active one.
        if upto == Some(active) && active > 0 && segments(&log_dir.join(OFFSETS))?.len() > 1 {
            return Ok(active);
        }
        if since.left_of(PATIENCE).is_none() {
            bail!("{OFFSETS} is compacted up to {upto:?}, its active segment begins at {active}");
        }
        pause::short();
    }
}

/// All that a broker shows of its groups.
fn look(bench: &Bench, broker: &Broker) -> Result<String> {
    let address = broker.address();
    let mut connection = Connection::open(&address)?;
    let mut lines = Vec::new();
    for group in ["bulk", "classic", "deleted", "killed", "modern", "modern-too", "other", "simple"] {
        lines.extend(committed(&mut connection, group)?);
    }
    lines.sort();
    for how in [
        &["--list", "--state"][..],
        &["--list", "--type"],
        &["--describe", "--all-groups", "--offsets"],
        &["--describe", "--all-groups", "--state"],
        &["--describe", "--all-groups", "--members", "--verbose"],
    ] {
        let args = [&["--bootstrap-server", &address], how].concat();
        let said = bench.tools.run("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &args)?.ok()?;
        // How wide a column is, is no matter.
        let mut rows: Vec<String> =
            said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        rows.retain(|row| !row.is_empty());
        rows.sort();
        lines.extend(rows.into_iter().map(|row| format!("{how:?}: {row}")));
    }
    Ok(lines.join("\n"))
}

/// Every committed offset of a group, with its epoch and text.
fn committed(connection: &mut Connection, group: &str) -> Result<Vec<String>> {
    let since = Stopwatch::start();
    let group = loop {
        let wanted = OffsetFetchRequestGroup::default().with_group_id(id(group)).with_topics(None);
        let request = OffsetFetchRequest::default().with_groups(vec![wanted]).with_require_stable(true);
        let found = connection.call(8, &request)?.groups.pop().context("no group in the answer")?;
        if found.error_code == 0 {
            break found;
        }
        let passes = AGAIN.contains(&found.error_code) && since.left_of(PATIENCE).is_some();
        ensure!(passes, "OffsetFetch answered error {} for {group}", found.error_code);
        pause::short();
    };
    let mut lines = Vec::new();
    for topic in &group.topics {
        for part in &topic.partitions {
            let text = part.metadata.as_ref().map_or("", |text| text.trim());
            lines.push(format!(
                "{} {}-{}: {} epoch {} error {} {text}",
                &*group.group_id,
                &*topic.name,
                part.partition_index,
                part.committed_offset,
                part.committed_leader_epoch,
                part.error_code
            ));
        }
    }
    Ok(lines)
}

fn id(group: &str) -> GroupId {
    GroupId(StrBytes::from_string(group.to_owned()))
}
