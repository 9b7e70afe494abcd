//! All that a broker shows of itself, as text: topics with their ids, configs, offsets, producers, records.

use anyhow::Result;

use crate::kit::{Tools, kcat};

/// The state of every user's topic on this broker. Topics must be few, for each is asked one by one.
pub fn state(tools: &Tools, address: &str, node_id: i32) -> Result<String> {
    let ask = |main: &str, args: &[&str]| -> Result<String> {
        let mut words = vec!["--bootstrap-server", address];
        words.extend(args);
        tools.run(main, &words)?.ok()
    };
    let (topic_command, config_command) = ("org.apache.kafka.tools.TopicCommand", "kafka.admin.ConfigCommand");
    let get_offsets = "org.apache.kafka.tools.GetOffsetShell";
    let mut parts = Vec::new();
    let list = ask(topic_command, &["--list", "--exclude-internal"])?;
    parts.push(ask(topic_command, &["--describe", "--exclude-internal"])?);
    for topic in list.lines() {
        parts.push(ask(config_command, &["--entity-type", "topics", "--entity-name", topic, "--describe"])?);
        let format = "%p %o %T %K %k %S %s %h\\n";
        let records =
            kcat::kcat(address, &["-C", "-e", "-q", "-Z", "-X", "check.crcs=true", "-t", topic, "-f", format], b"")?;
        let mut records: Vec<String> = records.ok()?.lines().map(short).collect();
        records.sort();
        parts.push(format!("{topic} has {} records\n{}", records.len(), records.join("\n")));
        let producers = ["describe-producers", "--topic", topic, "--partition", "0"];
        parts.push(ask("org.apache.kafka.tools.TransactionsCommand", &producers)?);
    }
    let id = node_id.to_string();
    parts.push(ask(config_command, &["--entity-type", "brokers", "--entity-name", &id, "--describe"])?);
    parts.push(ask(config_command, &["--entity-type", "brokers", "--entity-default", "--describe"])?);
    for time in ["-1", "-2", "-3", "0"] {
        let offsets = ask(get_offsets, &["--time", time, "--exclude-internal-topics"])?;
        parts.extend(offsets.lines().map(|line| format!("offset at {time}: {line}")));
    }
    Ok(parts.join("\n"))
}

/// A long record as its beginning and a sum of the rest.
fn short(line: &str) -> String {
    let sum = line.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let head: String = line.chars().take(80).collect();
    format!("{head} {sum:x}")
}
