//! What a connection asks of those who understand the frames.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::Frame;

/// One who answers requests.
pub trait Service: Send + Sync + 'static {
    /// What is remembered of a connection between its requests.
    type Connection: Send + 'static;

    /// A connection was accepted, and is within the limits.
    fn connected(&self, peer: PeerInfo) -> Self::Connection;

    /// The ordered half of a request's life: called with one frame of a connection after the other, each when the
    /// future of the one before is done. What may overlap with later requests is returned as [`Outcome::Later`].
    ///
    /// Drop the frame as soon as it is decoded and its bytes are stored: it holds a share of the memory for
    /// requests. Slices of `frame.bytes` keep the whole read buffer alive, so copy what is to be kept for long.
    fn request(&self, connection: &mut Self::Connection, frame: Frame) -> impl Future<Output = Outcome> + Send;
}

/// Who connected, and where.
#[derive(Clone, Debug)]
pub struct PeerInfo {
    /// The name of the listener.
    pub listener: Arc<str>,
    /// The client's address.
    pub peer: SocketAddr,
    /// Our address.
    pub local: SocketAddr,
    /// The number of the connection, unique while this process lives.
    pub number: u64,
}

/// What became of a request.
pub enum Outcome {
    /// It is answered.
    Ready(Reply),
    /// It will be answered by this future, which runs as a task of its own from now on. Later requests go on
    /// meanwhile, and their replies wait for this one. It is dropped when the connection ends.
    Later(Pin<Box<dyn Future<Output = Reply> + Send>>),
    /// The connection must end, after the replies to earlier requests have left.
    Close,
}

/// What to send.
#[derive(Debug)]
pub enum Reply {
    /// Nothing (a produce request with acks 0).
    None,
    /// These pieces, one after the other; the first begins with the frame's 4 length bytes.
    Chunks(Vec<Chunk>),
    /// The connection must end, after the replies to earlier requests have left.
    Close,
}

/// A piece of a reply.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes of a file, sent without a copy. If the file turns out to be shorter, the connection is closed.
    File {
        /// The file.
        file: Arc<host::fs::File>,
        /// Where they begin.
        position: u64,
        /// How many there are.
        len: u32,
    },
}

impl Chunk {
    /// How many bytes it holds in memory.
    pub(crate) fn in_memory(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { .. } => 0,
        }
    }
}
