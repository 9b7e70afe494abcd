//! The only crate that knows an API version: frames and headers, the table of APIs, the layout of messages.
//!
//! Handlers get decoded requests and a [`Context`], which answers named questions about what the client
//! understands; they never compare a version.

pub mod answers;
pub mod call;
pub mod committed_offsets;
mod context;
pub mod fetch;
pub mod guard;
pub mod log_dirs;
pub mod schema;
mod serve;
pub mod shapes;
mod table;
pub mod voting;

pub use context::{Context, MetadataNull, Origin};
pub use guard::Malformed;
pub use serve::{Answer, Broker, Chunk, Handle, Outcome, Slice, Unreadable, serve};
pub use table::{Api, Header, HeaderError};
