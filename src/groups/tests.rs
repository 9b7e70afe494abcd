//! The records against Kafka's own schemas and bytes; transcripts of what was asked, written and answered.

mod golden;
mod schemas;
