//! Tests of the log as a whole.

mod appending;
mod compacting;
mod compaction_crash;
mod compaction_model;
mod keyed;
mod kit;
mod model;
mod reading;
mod recovering;
mod retaining;
mod transactions;
