//! Transcripts: what was asked, what was written, what was answered. The words and records are those of Kafka 4.3.1.

mod bootstrap;
mod brokers;
mod elections;
mod isr;
mod kit;
mod random;
mod reassignment;
mod sessions;
mod topics;
mod words;
