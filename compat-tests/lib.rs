//! Real clients and Apache Kafka itself as judges.
