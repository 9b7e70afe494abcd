//! A node's configuration out of files: what holds, what is refused, what a typed value is.

use config::{NodeConfig, Settings, TopicConfig, preset};
use expect_test::expect;

fn pairs(text: &str) -> Settings {
    text.split_whitespace().filter_map(|p| p.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

/// The node of one, with these settings on top; a lone `-key` removes one.
fn node(text: &str) -> Result<NodeConfig, config::ConfigError> {
    let mut settings = preset::node_of_one();
    settings.extend(pairs(text));
    for gone in text.split_whitespace().filter_map(|p| p.strip_prefix('-')) {
        settings.remove(gone);
    }
    NodeConfig::from_settings(settings)
}

#[test]
fn a_node_of_one_needs_no_file() {
    let node = node("").expect("the preset is valid");
    assert!(node.is_broker && node.is_controller && node.unknown_keys().is_empty());
    assert_eq!((node.node_id.0, node.metadata_log_dir.as_str()), (1, "./ottla-data"));
    let shown: Vec<String> =
        node.listeners.all.iter().map(|l| format!("{} {:?} {:?}:{}", l.name, l.protocol, l.host, l.port)).collect();
    expect![[r#"
        PLAINTEXT Plaintext Some("127.0.0.1"):9092
        CONTROLLER Plaintext Some("127.0.0.1"):9093"#]]
    .assert_eq(&shown.join("\n"));
    assert_eq!(node.listeners.broker().count(), 1);
    assert_eq!(node.listeners.advertised.len(), 1);
    assert_eq!(node.socket.request_max_bytes, 104_857_600);
    assert_eq!(node.groups.offsets_topic_replication_factor, 1);
}

#[test]
fn nodes_are_accepted_and_refused_as_by_kafka() {
    for line in include_str!("../fixtures/rules.tsv").lines() {
        let (changes, kafkas) = line.split_once('\t').expect("two columns");
        let ours = node(changes).map(|_| "accepted".to_owned()).unwrap_or_else(|e| e.plain());
        assert_eq!(ours, kafkas, "{changes}");
    }
}

#[test]
fn topics_inherit_in_their_own_units() {
    let node = node("log.retention.minutes=5 log.roll.hours=2 log.flush.scheduler.interval.ms=7").expect("valid");
    let topic = TopicConfig::new(&node, &pairs("max.message.bytes=9 cleanup.policy=compact max.compaction.lag.ms=50"))
        .expect("valid");
    assert_eq!((topic.retention_ms, topic.segment_ms, topic.flush_ms), (300_000, 7_200_000, 7));
    assert_eq!((topic.max_message_bytes, topic.compact, topic.delete, topic.max_segment_ms()), (9, true, false, 50));
    let (node, _) = node.with_dynamic(&pairs("log.retention.ms=-7"), &pairs("log.roll.ms=30")).expect("valid");
    let topic = TopicConfig::new(&node, &Settings::new()).expect("valid");
    assert_eq!((topic.retention_ms, topic.segment_ms), (-1, 30));
}

#[test]
fn dynamic_configs_that_cannot_be_used_are_left_out() {
    let node = node("").expect("valid");
    let cluster = pairs("num.io.threads=3 listeners=PLAINTEXT://:1 log.segment.bytes=x max.connections=5");
    let broker = pairs("num.io.threads=4 node.id=9 ssl.keystore.type=PEM group.consumer.assignment.interval.ms=99999");
    let (node, ignored) = node.with_dynamic(&cluster, &broker).expect("valid");
    assert_eq!(ignored, ["listeners", "log.segment.bytes", "node.id", "ssl.keystore.type"]);
    assert_eq!((node.server.num_io_threads, node.socket.max_connections), (4, 5));
    assert_eq!(node.groups.consumer_assignment_interval_ms, 15_000, "kept within its bounds");
}

#[test]
fn unknown_keys_are_named_with_what_was_meant() {
    let node = node("log.retention.hour=5 my.plugin=1 listener.name.x.ssl.keystore.type=PEM").expect("valid");
    assert_eq!(
        node.unknown_keys(),
        [("log.retention.hour".to_owned(), Some("log.retention.hours")), ("my.plugin".to_owned(), None)]
    );
}

#[test]
fn overrides_win_over_the_file() {
    let file = "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://:0,CONTROLLER://:0\ncontroller.listener.names=CONTROLLER\ncontroller.quorum.voters=1@localhost:9093\nnum.partitions=2\n";
    let node = NodeConfig::from_text(file, &["num.partitions=3".to_owned()]).expect("valid");
    assert_eq!((node.topics.num_partitions, node.voters.len()), (3, 1));
    assert_eq!(node.listeners.advertised_controller.first().and_then(|l| l.host.as_deref()), Some("localhost"));
}

#[test]
fn assignors_have_names_and_classes() {
    let of = |assignors: &str| node(&format!("group.consumer.assignors={assignors}"));
    assert!(of("range,org.apache.kafka.coordinator.group.assignor.UniformAssignor").is_ok());
    for unknown in ["odd", "uniform,com.example.Own", "org.apache.kafka.coordinator.group.assignor.SimpleAssignor"] {
        assert!(of(unknown).is_err_and(|error| error.to_string().contains("there are no assignors but")), "{unknown}");
    }
}

#[test]
fn what_a_group_has_of_its_own_stays_within_the_nodes_bounds() {
    let node = node("group.consumer.max.session.timeout.ms=50000").expect("valid");
    let bounded = |value| config::bounded_group_value(&node, "consumer.session.timeout.ms", value);
    assert_eq!([1, 46_000, 60_000].map(bounded), [45_000, 46_000, 50_000]);
    assert_eq!(config::bounded_group_value(&node, "share.isolation.level", 7), 7);
}
