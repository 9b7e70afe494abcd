//! The table against Apache Kafka's own: every row, every column but the documentation.

use config::{Default, Key, Scope, Update, dynamic_only, keys};

fn row(scope: &str, key: &Key) -> String {
    let default = match key.default {
        Default::Required => "<required>",
        Default::Null => "<null>",
        Default::Is(text) => text,
    };
    let update = match key.update {
        Update::ReadOnly => "read-only",
        Update::PerBroker => "per-broker",
        Update::ClusterWide => "cluster-wide",
        Update::Resource => "resource",
    };
    let internal = if key.internal { "internal" } else { "-" };
    let check = key.check.to_string();
    [scope, key.name, key.kind.name(), default, key.importance.name(), update, internal, &check].join("\t")
}

#[test]
fn every_row_is_kafkas() {
    let broker = keys(Scope::Broker).map(|k| row("broker", k));
    let dynamic = dynamic_only().map(|k| row("broker-dynamic", k));
    let topic = keys(Scope::Topic).map(|k| row("topic", k));
    let group = keys(Scope::Group).map(|k| row("group", k));
    let metrics = keys(Scope::ClientMetrics).map(|k| row("client-metrics", k));
    let ours: Vec<String> = broker.chain(dynamic).chain(topic).chain(group).chain(metrics).collect();
    let kafkas: Vec<&str> = include_str!("../fixtures/keys.tsv").lines().collect();
    for (ours, kafkas) in ours.iter().zip(&kafkas) {
        assert_eq!(ours, kafkas);
    }
    assert_eq!(ours.len(), kafkas.len());
}

#[test]
fn every_default_is_a_value_of_its_key() {
    for key in [Scope::Broker, Scope::Topic, Scope::Group, Scope::ClientMetrics].into_iter().flat_map(keys) {
        if let Default::Is(text) = key.default {
            assert_eq!(key.parse(text).map(|v| v.to_string()).as_deref(), Ok(text), "{}", key.name);
        }
    }
}

#[test]
fn every_key_is_explained_in_a_sentence() {
    for key in [Scope::Broker, Scope::Topic, Scope::Group, Scope::ClientMetrics].into_iter().flat_map(keys) {
        assert!(key.doc.len() > 20 && key.doc.ends_with('.') && key.doc.len() < 200, "{}: {}", key.name, key.doc);
    }
}

#[test]
fn no_text_makes_a_key_panic() {
    let odd = [
        "",
        " ",
        ",",
        ",,",
        "@",
        "1@",
        "@:1",
        "://",
        "a://b",
        "[",
        "]:1",
        ":",
        "*",
        "-",
        "+",
        ".",
        "\u{0}",
        "é,ü",
        "by_duration:",
        "by_duration:PT.S",
        "by_duration:P1é",
    ];
    let numbers = ["9223372036854775808", "-9223372036854775808", "1e999", "NaN", "1ef", "+-1"];
    for key in [Scope::Broker, Scope::Topic, Scope::Group, Scope::ClientMetrics].into_iter().flat_map(keys) {
        for text in odd.iter().chain(&numbers) {
            let shown = key.parse(text).map(|v| v.to_string()).unwrap_or_else(|e| e.to_string());
            assert!(shown.len() < 300, "{}: {shown}", key.name);
        }
    }
}
