//! Every one of Kafka 4.3's metadata records, in the notation of [`wire::schema`](mod@wire::schema).

mod cluster;
mod configs;
mod security;
mod topics;
mod transactions;

pub use cluster::*;
pub use configs::*;
pub use security::*;
pub use topics::*;
pub use transactions::*;
