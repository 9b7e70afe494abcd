//! The clients and the scenarios, and which of them cannot do which.

use super::install::Program::{self, Go, Java, Node, Python, Rust};
use super::partitioner::Partitioner::{self, Crc32, Fnv1a, Murmur2, RoundRobin};

/// What each client is asked to do, see `clients/README.md`.
pub const SCENARIOS: &[&str] = &[
    "none",
    "gzip",
    "snappy",
    "lz4",
    "zstd",
    "headers",
    "nulls",
    "keys",
    "time",
    "admin",
    "large",
    "batches",
    "idempotent",
    "reconnect",
    "group",
    "group-848",
];

/// A client and the program that speaks for it.
#[derive(Debug)]
pub struct Client {
    pub name: &'static str,
    /// As it is pinned; of kcat, which the system brings, the release that was tried.
    pub version: &'static str,
    pub program: Program,
    /// How it spreads keys unless it is told otherwise.
    pub partitioner: Partitioner,
}

const fn client(name: &'static str, version: &'static str, program: Program, partitioner: Partitioner) -> Client {
    Client { name, version, program, partitioner }
}

pub const CLIENTS: &[Client] = &[
    client("java-4.3", "kafka-clients 4.3.1", Java("4.3.1"), Murmur2),
    client("java-3.9", "kafka-clients 3.9.2", Java("3.9.2"), Murmur2),
    client("java-2.8", "kafka-clients 2.8.2", Java("2.8.2"), Murmur2),
    client("kcat", "kcat 1.7.1", Rust("kcat"), Crc32),
    client("confluent-kafka", "confluent-kafka 2.16.1 (PyPI)", Python("confluent_kafka_client"), Crc32),
    client("rust-rdkafka", "rdkafka 0.39.0 (crates.io)", Rust("rust-rdkafka"), Crc32),
    client("kafka-python", "kafka-python 3.0.12", Python("kafka_python_client"), Murmur2),
    client("aiokafka", "aiokafka 0.14.0", Python("aiokafka_client"), Murmur2),
    client("kafkajs", "kafkajs 2.2.4", Node("kafkajs"), Murmur2),
    client("platformatic", "@platformatic/kafka 2.12.1", Node("platformatic"), Murmur2),
    client("kgo", "franz-go 1.22.3", Go("kgo"), Murmur2),
    client("sarama", "sarama 1.61.1", Go("sarama"), Fnv1a),
    client("kafka-go", "kafka-go 0.4.51", Go("kafka-go"), RoundRobin),
    client("rskafka", "rskafka 0.6.0", Rust("rskafka"), Murmur2),
];

/// What a client cannot do, whatever the broker: a dash in the matrix.
pub const CANNOT: &[(&str, &str, &str)] = &[
    ("kcat", "time", "it cannot choose a record's time"),
    ("kcat", "admin", "it administers nothing"),
    ("kcat", "reconnect", "it ends when its only broker is gone"),
    ("kcat", "group-848", "Debian's librdkafka 2.0 has the classic protocol only"),
    ("java-2.8", "group-848", "it has the classic protocol only"),
    ("kafka-python", "group-848", "it has the classic protocol only"),
    ("aiokafka", "group-848", "it has the classic protocol only"),
    ("kafkajs", "group-848", "it has the classic protocol only"),
    ("sarama", "group-848", "it has the classic protocol only"),
    ("kafka-go", "group-848", "it has the classic protocol only"),
    ("kafka-go", "idempotent", "it has no idempotent producer"),
    ("rskafka", "keys", "it has no partitioner"),
    ("rskafka", "admin", "it knows no configs and adds no partitions"),
    ("rskafka", "idempotent", "it has no idempotent producer"),
    ("rskafka", "group", "it has no groups"),
    ("rskafka", "group-848", "it has no groups"),
];

/// Scenarios that Ottla does not serve yet, with what is missing; they run against Apache Kafka only. The list may only shrink.
pub const NOT_YET: &[(&str, &str)] = &[];

/// Why this client cannot do this, where it cannot.
pub fn cannot(client: &str, scenario: &str) -> Option<&'static str> {
    CANNOT.iter().find(|(name, what, _)| (*name, *what) == (client, scenario)).map(|(_, _, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_there() {
        for (name, scenario, _) in CANNOT {
            assert!(CLIENTS.iter().any(|it| it.name == *name), "{name}");
            assert!(SCENARIOS.contains(scenario), "{scenario}");
        }
        assert!(NOT_YET.iter().all(|(scenario, _)| SCENARIOS.contains(scenario)));
    }
}
