//! The records against Kafka's own schemas and bytes; transcripts of what was asked, written and answered.

mod expire;
mod golden;
mod join;
mod kit;
mod leave;
mod manage;
mod offsets;
mod random;
mod schemas;
mod statics;
mod sync;
mod transactions;
