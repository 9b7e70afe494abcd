//! The records against Kafka's own bytes; the image against its snapshots.

mod golden;
mod image;
