//! Kafka's own message schemas, as they lie in its jars, and bytes made from them and read with them alone.

mod bytes;
mod jar;
mod random;
mod read;
mod value;

pub use random::random;
pub use read::{Field, Kind, Schema, Schemas, Versions};
pub use value::{Value, plain};
