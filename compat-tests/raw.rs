//! A small client of our own for load and for harm: frames, record batches, a blocking connection.

pub mod admin;
pub mod batch;
pub mod connection;
pub mod frames;
pub mod reading;
pub mod record;
pub mod stored;
pub mod transaction;

pub use batch::{Producer, batch, batch_sets, records};
pub use connection::Connection;
