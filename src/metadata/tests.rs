//! The records against Kafka's own schemas and bytes; the image against its snapshots.

mod golden;
mod image;
mod schemas;
