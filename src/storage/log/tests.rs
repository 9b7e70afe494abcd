//! Tests of the log as a whole.

mod appending;
mod compacting;
mod keyed;
mod kit;
mod model;
mod reading;
mod recovering;
mod retaining;
mod transactions;
