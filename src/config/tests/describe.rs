//! DescribeConfigs and refused changes against what a running Apache Kafka answered, in its order and words.

use config::{
    Described, NodeConfig, Refusal, Resource, Scope, Settings, describe, describe_new_topic, parse_properties,
    validate_broker_configs, validate_client_metrics_configs, validate_group_configs, validate_resource_name,
    validate_topic_configs,
};
use expect_test::expect;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// The broker of the fixtures: its file, then dynamic configs of all brokers and of itself.
fn node() -> NodeConfig {
    let node = NodeConfig::from_text(include_str!("../fixtures/server.properties"), &[]).expect("valid");
    let cluster =
        settings(&[("log.retention.ms", "2000000"), ("message.max.bytes", "2000000"), ("min.insync.replicas", "1")]);
    let broker = settings(&[("log.retention.ms", "3000000"), ("leader.replication.throttled.rate", "1000000")]);
    let (node, ignored) = node.with_dynamic(&cluster, &broker).expect("valid");
    assert_eq!(ignored, [""; 0]);
    node
}

fn line(d: &Described) -> String {
    let null = || "null".to_owned();
    let flags = [(d.is_sensitive, "S"), (d.read_only, "R"), (d.doc.is_some(), "D")];
    let flags: String = flags.map(|(set, letter)| if set { letter } else { "-" }).concat();
    let synonyms: Vec<String> = d
        .synonyms
        .iter()
        .map(|s| format!("{}:{}={}", s.source.code(), s.name, s.value.clone().unwrap_or_else(null)))
        .collect();
    let value = d.value.clone().unwrap_or_else(null);
    let numbers = format!("{}\t{}", d.source.code(), d.kind_code());
    [d.name.clone(), value, numbers, flags, synonyms.join(" ")].join("\t")
}

#[track_caller]
fn check(resource: Resource<'_>, kafkas: &str) {
    check_of(&node(), resource, kafkas);
}

#[track_caller]
fn check_of(node: &NodeConfig, resource: Resource<'_>, kafkas: &str) {
    let ours: Vec<String> = describe(node, resource).expect("valid").iter().map(line).collect();
    for (ours, kafkas) in ours.iter().zip(kafkas.lines()) {
        assert_eq!(ours, kafkas);
    }
    assert_eq!(ours.len(), kafkas.lines().count());
}

#[test]
fn a_broker() {
    check(Resource::Broker, include_str!("../fixtures/describe-broker.tsv"));
}

#[test]
fn a_broker_with_secrets_and_listeners_of_their_own() {
    let node = NodeConfig::from_text(include_str!("../fixtures/secured.properties"), &[]).expect("valid");
    let dynamic = parse_properties(include_str!("../fixtures/secured-dynamic.properties")).expect("valid");
    let (node, _) = node.with_dynamic(&Settings::new(), &dynamic.into_iter().collect()).expect("valid");
    check_of(&node, Resource::Broker, include_str!("../fixtures/describe-broker-secured.tsv"));
}

#[test]
fn the_default_of_all_brokers() {
    check(Resource::BrokerDefault, include_str!("../fixtures/describe-broker-default.tsv"));
}

#[test]
fn a_topic() {
    let own = settings(&[("retention.ms", "1000"), ("cleanup.policy", "compact,delete")]);
    check(Resource::Topic(&own), include_str!("../fixtures/describe-topic.tsv"));
}

#[test]
fn a_group() {
    let own = settings(&[("consumer.session.timeout.ms", "50000")]);
    check(Resource::Group(&own), include_str!("../fixtures/describe-group.tsv"));
}

#[test]
fn a_client_metrics_subscription() {
    let own = settings(&[("interval.ms", "1000")]);
    check(Resource::ClientMetrics(&own), include_str!("../fixtures/describe-client-metrics.tsv"));
}

#[test]
fn a_new_topic_is_told_its_configs_by_name() {
    let own = settings(&[("segment.bytes", "2000000")]);
    let all = describe_new_topic(&node(), &own);
    assert!(all.is_sorted_by_key(|d| d.name.clone()) && all.len() == 33);
    let shown: Vec<String> = all.iter().filter(|d| !d.is_default()).map(line).collect();
    expect![[r#"
        max.message.bytes	2000000	3	3	--D	
        min.cleanable.dirty.ratio	0.25 	4	6	--D	
        min.insync.replicas	1	3	3	--D	
        retention.ms	3000000	2	5	--D	
        segment.bytes	2000000	1	3	--D	
        segment.ms	3600000	4	5	--D	"#]]
    .assert_eq(&shown.join("\n"));
}

fn attempt(node: &NodeConfig, kind: &str, name: &str, changes: &str) -> Result<(), Refusal> {
    let mut new = Settings::new();
    for part in changes.split(',') {
        match part.split_once('=') {
            Some((key, value)) => drop(new.insert(key.to_owned(), value.to_owned())),
            // A comma inside the value of the key before.
            None => new.values_mut().for_each(|value| *value = format!("{value},{part}")),
        }
    }
    let layers = node.layers();
    match kind {
        "BROKER" => {
            let mut all = if name.is_empty() { (*layers.cluster).clone() } else { (*layers.broker).clone() };
            all.extend(new);
            validate_broker_configs(node, &all, !name.is_empty())
        }
        "TOPIC" => {
            validate_resource_name(Scope::Topic, name)?;
            validate_topic_configs(node, &Settings::new(), &new)
        }
        "GROUP" => {
            validate_resource_name(Scope::Group, name)?;
            validate_group_configs(node, &new)
        }
        _ => validate_client_metrics_configs(&new),
    }
}

#[test]
fn changes_are_refused_in_kafkas_words() {
    let node = node();
    for line in include_str!("../fixtures/refusals.tsv").lines() {
        let (tried, kafkas) = line.split_once('\t').expect("two columns");
        let mut parts = tried.splitn(3, '|');
        let [kind, name, changes] = std::array::from_fn(|_| parts.next().unwrap_or_default());
        let ours = match attempt(&node, kind, name, changes) {
            Ok(()) => "ok".to_owned(),
            Err(refusal) => format!("{}\t{}", refusal.code, refusal.message),
        };
        assert_eq!(ours, kafkas, "{tried}");
    }
}
