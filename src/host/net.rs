//! Sockets: listeners, and streams whose two halves are used by two tasks.

mod listener;
mod stream;

pub use listener::Listener;
pub use std::net::Shutdown;
pub use stream::{ReadHalf, Stream, WriteHalf};

use std::io;
use std::net::SocketAddr;

/// How sockets are made, with the names that Kafka's configuration has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// `socket.listen.backlog.size`: connections that may wait to be accepted.
    pub listen_backlog: i32,
    /// `socket.send.buffer.bytes`; -1 leaves the system's.
    pub send_buffer_bytes: i32,
    /// `socket.receive.buffer.bytes`; -1 leaves the system's.
    pub receive_buffer_bytes: i32,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self { listen_backlog: 50, send_buffer_bytes: 102_400, receive_buffer_bytes: 102_400 }
    }
}

/// The addresses of a host name or literal, in the resolver's order; at least one.
pub async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{host}:{port}: {e}"));
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(named)?.collect();
    if found.is_empty() {
        return Err(named(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
    }
    Ok(found)
}

/// The name of this machine, by which others may reach it.
pub fn host_name() -> io::Result<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { Err(io::Error::new(io::ErrorKind::NotFound, "the machine has no name")) } else { Ok(name) }
}
