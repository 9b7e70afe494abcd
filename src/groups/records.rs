//! The records of `__consumer_offsets` that are read and written here, in the notation of [`wire::schema`](mod@wire::schema).
//!
//! Each is a key and a value of the same number; a value that is not there is a tombstone.

mod classic;
mod consumer;
mod offsets;

pub use classic::*;
pub use consumer::*;
pub use offsets::*;
