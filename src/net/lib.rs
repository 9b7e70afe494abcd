//! Listeners and connections: frames in, ordered responses out.
//!
//! Each connection has two tasks: the [`reader`] cuts the stream into frames and hands them to the [`Service`] one
//! after the other; the [`writer`] sends the replies in the requests' order. Between them lie the [`replies`].
//! Everything has an end, and all ends are in [`limits`].

mod activity;
mod budget;
mod buffers;
mod client;
mod connection;
mod frame;
mod limits;
mod reader;
mod registry;
mod replies;
mod server;
mod service;
mod writer;

pub use budget::Permit;
pub use client::Client;
pub use frame::Frame;
pub use limits::{Limits, SharedLimits};
pub use registry::Stats;
pub use server::{Bound, ListenerSpec, Server};
pub use service::{Chunk, Outcome, PeerInfo, Reply, Service};
