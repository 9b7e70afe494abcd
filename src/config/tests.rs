//! Tests of the whole crate against Apache Kafka.
