//! DescribeConfigs, AlterConfigs, IncrementalAlterConfigs: every kind of resource, good and bad values.

use anyhow::Result;
use kafka_protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::{AlterConfigsRequest, DescribeConfigsRequest, DescribeConfigsResponse};

use super::make::{s, set, topic, topic_with};
use super::play::Play;

type Resource<'a> = (i8, &'a str);

const RESOURCES: &[Resource<'_>] = &[
    (2, "c-plain"),
    (2, "c-set"),
    (2, "nobody"),
    (2, "bad name"),
    (2, ""),
    (4, "7"),
    (4, ""),
    (4, "8"),
    (4, "x"),
    (4, "-1"),
    (8, "7"),
    (8, ""),
    (8, "x"),
    (16, "metrics"),
    (16, "nobody"),
    (16, ""),
    (32, "group"),
    (32, "nobody"),
    (32, ""),
    (0, "x"),
    (1, "x"),
    (3, "x"),
    (99, "x"),
    (-1, "x"),
];

pub fn play(play: &mut Play) -> Result<()> {
    prepare(play)?;
    describe(play)?;
    incremental(play)?;
    legacy(play)?;
    for resource in RESOURCES {
        one(play, "after all", 4, *resource, None, true, false)?;
    }
    Ok(())
}

/// The topics that are looked at.
pub fn prepare(play: &mut Play) -> Result<()> {
    play.create(&[
        topic("c-plain", 1),
        topic_with("c-set", 1, &[("retention.ms", "5"), ("cleanup.policy", "compact,delete")]),
        topic("c-old", 1),
    ])
}

fn one(
    play: &mut Play,
    label: &str,
    v: i16,
    (kind, resource): Resource<'_>,
    keys: Option<&[&str]>,
    synonyms: bool,
    words: bool,
) -> Result<()> {
    let asked = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(s(resource))
        .with_configuration_keys(keys.map(|keys| keys.iter().map(|it| s(it)).collect()));
    let request = DescribeConfigsRequest::default().with_resources(vec![asked]).with_include_synonyms(synonyms);
    let request = if words { request.with_include_documentation(true) } else { request };
    let label = format!(
        "{label} {kind} {resource} {} synonyms {synonyms} words {words}",
        keys.map_or("all".to_owned(), |it| format!("{it:?}"))
    );
    play.ask_sorted(&label, v, &request, sort)?;
    Ok(())
}

fn sort(it: &mut DescribeConfigsResponse) {
    it.results.sort_by(|a, b| (a.resource_type, &a.resource_name).cmp(&(b.resource_type, &b.resource_name)));
    for result in &mut it.results {
        result.configs.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

pub fn describe(play: &mut Play) -> Result<()> {
    for v in 1..=4 {
        for resource in RESOURCES {
            one(play, "", v, *resource, None, false, false)?;
            one(play, "", v, *resource, None, true, v >= 3)?;
            one(play, "", v, *resource, Some(&[]), true, false)?;
            one(play, "", v, *resource, Some(&["retention.ms", "log.retention.ms", "no.such.key", ""]), true, false)?;
        }
        let twice = DescribeConfigsResource::default()
            .with_resource_type(2)
            .with_resource_name(s("c-set"))
            .with_configuration_keys(Some(vec![s("retention.ms"), s("retention.ms")]));
        play.ask("twice", v, &DescribeConfigsRequest::default().with_resources(vec![twice.clone(), twice]))?;
        play.ask("none", v, &DescribeConfigsRequest::default())?;
    }
    Ok(())
}

/// Kind, name, key, operation, value.
const CHANGES: &[(i8, &str, &str, i8, Option<&str>)] = &[
    (2, "c-plain", "retention.ms", 0, Some("10000")),
    (2, "c-plain", "retention.ms", 0, Some("-1")),
    (2, "c-plain", "retention.ms", 0, Some("-2")),
    (2, "c-plain", "retention.ms", 0, Some(" 7 ")),
    (2, "c-plain", "retention.ms", 0, Some("")),
    (2, "c-plain", "retention.ms", 0, None),
    (2, "c-plain", "retention.ms", 0, Some("x")),
    (2, "c-plain", "retention.ms", 1, None),
    (2, "c-plain", "retention.ms", 1, Some("x")),
    (2, "c-plain", "retention.ms", 2, Some("5")),
    (2, "c-plain", "retention.ms", 3, Some("5")),
    (2, "c-plain", "retention.ms", 4, Some("5")),
    (2, "c-plain", "retention.ms", -1, Some("5")),
    (2, "c-plain", "no.such.key", 0, Some("5")),
    (2, "c-plain", "no.such.key", 1, None),
    (2, "c-plain", "", 0, Some("5")),
    (2, "c-plain", "cleanup.policy", 2, Some("compact")),
    (2, "c-plain", "cleanup.policy", 2, Some("compact")),
    (2, "c-plain", "cleanup.policy", 3, Some("delete")),
    (2, "c-plain", "cleanup.policy", 3, Some("compact")),
    (2, "c-plain", "cleanup.policy", 2, Some("x")),
    (2, "c-plain", "cleanup.policy", 0, Some("delete,compact")),
    (2, "c-plain", "cleanup.policy", 0, Some("compact,compact")),
    (2, "c-plain", "cleanup.policy", 2, None),
    (2, "c-plain", "segment.bytes", 0, Some("100")),
    (2, "c-plain", "segment.bytes", 0, Some("1048576")),
    (2, "c-plain", "segment.bytes", 0, Some("9999999999")),
    (2, "c-plain", "min.cleanable.dirty.ratio", 0, Some("0.3")),
    (2, "c-plain", "min.cleanable.dirty.ratio", 0, Some("1.3")),
    (2, "c-plain", "min.cleanable.dirty.ratio", 0, Some("x")),
    (2, "c-plain", "preallocate", 0, Some("TRUE")),
    (2, "c-plain", "preallocate", 0, Some("maybe")),
    (2, "c-plain", "compression.type", 0, Some("zstd")),
    (2, "c-plain", "compression.type", 0, Some("ZSTD")),
    (2, "c-plain", "compression.zstd.level", 0, Some("99")),
    (2, "c-plain", "compression.gzip.level", 0, Some("10")),
    (2, "c-plain", "compression.lz4.level", 0, Some("0")),
    (2, "c-plain", "compression.gzip.level", 0, Some("0")),
    (2, "c-plain", "message.timestamp.type", 0, Some("logappendtime")),
    (2, "c-plain", "min.compaction.lag.ms", 0, Some("9223372036854775807")),
    (2, "c-plain", "max.compaction.lag.ms", 0, Some("5")),
    (2, "c-plain", "min.insync.replicas", 0, Some("0")),
    (2, "c-plain", "min.insync.replicas", 0, Some("3")),
    (2, "c-plain", "unclean.leader.election.enable", 0, Some("true")),
    (2, "c-plain", "local.retention.ms", 0, Some("-3")),
    (2, "c-plain", "local.retention.ms", 0, Some("7")),
    (2, "c-plain", "local.retention.bytes", 0, Some("7")),
    (2, "c-plain", "remote.storage.enable", 0, Some("true")),
    (2, "c-plain", "remote.storage.enable", 0, Some("false")),
    (2, "c-plain", "remote.log.copy.disable", 0, Some("true")),
    (2, "c-plain", "leader.replication.throttled.replicas", 0, Some("*")),
    (2, "c-plain", "leader.replication.throttled.replicas", 2, Some("0:7")),
    (2, "c-plain", "leader.replication.throttled.replicas", 0, Some("x")),
    (2, "c-plain", "follower.replication.throttled.replicas", 0, Some("0:7,1:7")),
    (2, "c-plain", "message.format.version", 0, Some("3.0")),
    (2, "c-plain", "message.downconversion.enable", 0, Some("true")),
    (2, "c-plain", "internal.segment.bytes", 0, Some("5")),
    (2, "c-plain", "flush.messages", 0, Some("0")),
    (2, "c-plain", "max.message.bytes", 0, Some("-1")),
    (2, "c-plain", "index.interval.bytes", 0, Some("-1")),
    (2, "c-plain", "delete.retention.ms", 0, Some("1e3")),
    (2, "c-plain", "segment.ms", 0, Some("+5")),
    (2, "c-plain", "segment.jitter.ms", 0, Some("5")),
    (2, "nobody", "retention.ms", 0, Some("5")),
    (2, "", "retention.ms", 0, Some("5")),
    (2, "bad name", "retention.ms", 0, Some("5")),
    (4, "7", "log.retention.ms", 0, Some("5")),
    (4, "7", "log.cleaner.threads", 0, Some("2")),
    (4, "7", "log.cleaner.threads", 0, Some("50")),
    (4, "7", "num.io.threads", 0, Some("9")),
    (4, "7", "num.io.threads", 0, Some("100")),
    (4, "7", "num.io.threads", 0, Some("0")),
    (4, "7", "background.threads", 0, Some("11")),
    (4, "7", "log.dirs", 0, Some("/x")),
    (4, "7", "node.id", 0, Some("9")),
    (4, "7", "num.partitions", 0, Some("9")),
    (4, "7", "no.such.key", 0, Some("5")),
    (4, "7", "no.such.key", 1, None),
    (4, "7", "retention.ms", 0, Some("5")),
    (4, "7", "log.segment.bytes", 0, Some("1")),
    (4, "7", "max.connections", 0, Some("1000")),
    (4, "7", "listener.name.plaintext.ssl.keystore.location", 0, Some("/x")),
    (4, "7", "ssl.keystore.password", 0, Some("secret")),
    (4, "7", "leader.replication.throttled.rate", 0, Some("1000")),
    (4, "7", "leader.replication.throttled.rate", 0, Some("-1")),
    (4, "7", "metric.reporters", 2, Some("x.Y")),
    (4, "7", "num.network.threads", 0, Some("4")),
    (4, "7", "num.network.threads", 0, Some("x")),
    (4, "7", "advertised.listeners", 0, Some("PLAINTEXT://h:1")),
    (4, "7", "listeners", 0, Some("PLAINTEXT://:1")),
    (4, "7", "min.insync.replicas", 0, Some("2")),
    (4, "7", "unclean.leader.election.enable", 0, Some("true")),
    (4, "7", "log.retention.hours", 0, Some("2")),
    (4, "7", "auto.create.topics.enable", 0, Some("false")),
    (4, "7", "message.max.bytes", 0, Some("900000")),
    (4, "", "log.retention.ms", 0, Some("7")),
    (4, "", "min.insync.replicas", 0, Some("1")),
    (4, "", "min.insync.replicas", 0, Some("0")),
    (4, "", "background.threads", 0, Some("12")),
    (4, "", "listener.name.plaintext.ssl.keystore.location", 0, Some("/x")),
    (4, "", "num.partitions", 0, Some("5")),
    (4, "", "message.max.bytes", 0, Some("x")),
    (4, "", "compression.type", 0, Some("zstd")),
    (4, "", "log.cleanup.policy", 0, Some("shred")),
    (4, "", "log.message.timestamp.type", 0, Some("LogAppendTime")),
    (4, "", "max.connections.per.ip.overrides", 0, Some("localhost:5")),
    (4, "", "max.connections.per.ip.overrides", 0, Some("x")),
    (4, "8", "background.threads", 0, Some("9")),
    (4, "x", "background.threads", 0, Some("9")),
    (4, "-1", "background.threads", 0, Some("9")),
    (4, "07", "background.threads", 0, Some("9")),
    (8, "7", "kafka", 0, Some("INFO")),
    (8, "8", "kafka", 0, Some("INFO")),
    (8, "7", "no.such.logger", 0, Some("INFO")),
    (8, "7", "root", 0, Some("LOUD")),
    (8, "7", "root", 1, None),
    (8, "", "root", 0, Some("INFO")),
    (16, "metrics", "interval.ms", 0, Some("1000")),
    (16, "metrics", "interval.ms", 0, Some("1")),
    (16, "metrics", "metrics", 0, Some("a.b,c")),
    (16, "metrics", "match", 0, Some("client_id=x.*")),
    (16, "metrics", "match", 0, Some("x=y")),
    (16, "metrics", "match", 0, Some("client_id=[")),
    (16, "metrics", "no.such.key", 0, Some("x")),
    (16, "", "interval.ms", 0, Some("1000")),
    (16, "metrics", "metrics", 2, Some("d")),
    (32, "group", "consumer.session.timeout.ms", 0, Some("50000")),
    (32, "group", "consumer.session.timeout.ms", 0, Some("1")),
    (32, "group", "consumer.heartbeat.interval.ms", 0, Some("6000")),
    (32, "group", "share.isolation.level", 0, Some("read_committed")),
    (32, "group", "share.auto.offset.reset", 0, Some("by_duration:PT1H")),
    (32, "group", "share.auto.offset.reset", 0, Some("x")),
    (32, "group", "no.such.key", 0, Some("x")),
    (32, "", "consumer.session.timeout.ms", 0, Some("50000")),
    (32, "group", "streams.num.standby.replicas", 0, Some("1")),
    (32, "group", "share.record.lock.duration.ms", 0, Some("1")),
    (0, "x", "retention.ms", 0, Some("5")),
    (1, "x", "retention.ms", 0, Some("5")),
    (3, "x", "retention.ms", 0, Some("5")),
    (99, "x", "retention.ms", 0, Some("5")),
    (-1, "x", "retention.ms", 0, Some("5")),
];

fn incremental(play: &mut Play) -> Result<()> {
    for v in 0..=1 {
        for (kind, resource, key, operation, value) in CHANGES {
            let request = set(*kind, resource, &[(key, *operation, *value)]);
            let label = format!("{kind} {resource} {key} {operation} {value:?}");
            // Bounds of threads count from the value in force.
            if key.ends_with("threads") {
                play.settle()?;
            }
            play.ask(&format!("only asked {label}"), v, &request.clone().with_validate_only(true))?;
            play.ask(&label, v, &request)?;
        }
        play.settle()?;
        for resource in RESOURCES {
            one(play, "changed", 4, *resource, None, true, false)?;
        }
        play.ask("none", v, &kafka_protocol::messages::IncrementalAlterConfigsRequest::default())?;
        play.ask("no configs", v, &set(2, "c-plain", &[]))?;
        play.ask(
            "a key twice",
            v,
            &set(2, "c-plain", &[("retention.ms", 0, Some("5")), ("retention.ms", 0, Some("6"))]),
        )?;
        play.ask(
            "one good, one bad",
            v,
            &set(2, "c-plain", &[("retention.ms", 0, Some("5")), ("segment.ms", 0, Some("x"))]),
        )?;
        let mut both = set(2, "c-plain", &[("retention.ms", 0, Some("5"))]);
        both.resources.extend(set(2, "c-plain", &[("segment.ms", 0, Some("5"))]).resources);
        play.ask_sorted("a resource twice", v, &both, |it| {
            it.responses.sort_by(|a, b| a.resource_name.cmp(&b.resource_name))
        })?;
        let mut two = set(2, "c-plain", &[("retention.ms", 0, Some("8"))]);
        two.resources.extend(set(2, "nobody", &[("segment.ms", 0, Some("5"))]).resources);
        play.ask_sorted("two resources, one bad", v, &two, |it| {
            it.responses.sort_by(|a, b| a.resource_name.cmp(&b.resource_name))
        })?;
        play.settle()?;
        one(play, "in the end", 4, (2, "c-plain"), None, true, false)?;
    }
    Ok(())
}

fn legacy(play: &mut Play) -> Result<()> {
    for v in 0..=2 {
        let ask = |kind: i8, resource: &str, configs: &[(&str, Option<&str>)]| {
            let configs = configs
                .iter()
                .map(|(key, value)| AlterableConfig::default().with_name(s(key)).with_value(value.map(s)));
            let resource = AlterConfigsResource::default()
                .with_resource_type(kind)
                .with_resource_name(s(resource))
                .with_configs(configs.collect());
            AlterConfigsRequest::default().with_resources(vec![resource])
        };
        let cases: Vec<(&str, AlterConfigsRequest)> = vec![
            ("two", ask(2, "c-old", &[("retention.ms", Some("5")), ("segment.ms", Some("6"))])),
            ("another", ask(2, "c-old", &[("cleanup.policy", Some("compact"))])),
            ("null", ask(2, "c-old", &[("retention.ms", None)])),
            ("bad value", ask(2, "c-old", &[("retention.ms", Some("x"))])),
            ("bad key", ask(2, "c-old", &[("no.such.key", Some("x"))])),
            ("twice", ask(2, "c-old", &[("retention.ms", Some("5")), ("retention.ms", Some("6"))])),
            ("nobody", ask(2, "nobody", &[("retention.ms", Some("5"))])),
            ("empty name", ask(2, "", &[("retention.ms", Some("5"))])),
            ("broker", ask(4, "7", &[("background.threads", Some("11"))])),
            ("broker, read only", ask(4, "7", &[("node.id", Some("11"))])),
            ("all brokers", ask(4, "", &[("background.threads", Some("13"))])),
            ("another broker", ask(4, "8", &[("background.threads", Some("13"))])),
            ("broker x", ask(4, "x", &[("background.threads", Some("13"))])),
            ("logger", ask(8, "7", &[("root", Some("INFO"))])),
            ("metrics", ask(16, "metrics", &[("interval.ms", Some("2000"))])),
            ("group", ask(32, "group", &[("consumer.session.timeout.ms", Some("50000"))])),
            ("unknown kind", ask(99, "x", &[("a", Some("b"))])),
            ("kind 0", ask(0, "x", &[("a", Some("b"))])),
            ("nothing", AlterConfigsRequest::default()),
            ("clear", ask(2, "c-old", &[])),
        ];
        for (label, request) in cases {
            play.ask(&format!("only asked {label}"), v, &request.clone().with_validate_only(true))?;
            play.ask(label, v, &request)?;
            play.settle()?;
            one(play, label, 4, (2, "c-old"), Some(&["retention.ms", "segment.ms", "cleanup.policy"]), true, false)?;
        }
    }
    Ok(())
}
