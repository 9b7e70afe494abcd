//! Kafka's metadata records, the image they fold into, its changes and snapshots.
