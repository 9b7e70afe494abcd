//! Transcripts: what was asked, what was written, what was answered. The words and records are those of Kafka 4.3.1.

mod bootstrap;
mod brokers;
mod elections;
mod features;
mod isr;
mod kit;
mod placement;
mod random;
mod reassignment;
mod scale;
mod sessions;
mod topics;
mod words;
