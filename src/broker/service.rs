//! What a connection's frames mean: header, dispatch, and the way back.

use std::sync::Arc;

use bytes::Bytes;
use net::{Frame, PeerInfo};
use tracing::{debug, error};
use wire::{Api, Chunk, Context, Header, Origin, Unreadable};

use crate::apis::{APIS, dispatch};
use crate::node::{FileSlice, Node};

/// The node as its listeners see it.
pub struct Service(pub Arc<Node>);

/// What is remembered of a connection.
pub struct Connection {
    /// Where its requests come from.
    origin: Arc<Origin>,
    /// Who is there.
    pub peer: PeerInfo,
}

impl Connection {
    /// One that has just begun.
    pub fn new(peer: PeerInfo) -> Self {
        let origin = Origin { peer: peer.peer.ip(), listener: peer.listener.clone() };
        Self { origin: Arc::new(origin), peer }
    }

    /// Takes a request's header off; none if it costs the connection.
    pub fn open(&self, apis: &[Api], frame: &mut Bytes) -> Option<Context> {
        match Header::decode(apis, frame) {
            Ok(header) => Some(Context::new(header, self.origin.clone())),
            Err(error) => {
                debug!(peer = %self.peer.peer, %error, "a request is refused; its connection ends");
                None
            }
        }
    }

    /// What becomes of a request that was dispatched.
    pub fn conclude(&self, outcome: Result<wire::Outcome<FileSlice>, Unreadable>) -> net::Outcome {
        match outcome {
            Ok(outcome) => forward(outcome),
            Err(error) => {
                debug!(peer = %self.peer.peer, %error, "a request cannot be read; its connection ends");
                net::Outcome::Close
            }
        }
    }
}

impl net::Service for Service {
    type Connection = Connection;

    fn connected(&self, peer: PeerInfo) -> Connection {
        Connection::new(peer)
    }

    async fn request(&self, connection: &mut Connection, frame: Frame) -> net::Outcome {
        let Frame { mut bytes, permit } = frame;
        let Some(context) = connection.open(APIS, &mut bytes) else { return net::Outcome::Close };
        let outcome = dispatch(&self.0, context, bytes).await;
        drop(permit);
        connection.conclude(outcome)
    }
}

fn forward(outcome: wire::Outcome<FileSlice>) -> net::Outcome {
    match outcome {
        wire::Outcome::Ready(chunks) => net::Outcome::Ready(reply(chunks)),
        wire::Outcome::Nothing => net::Outcome::Ready(net::Reply::None),
        wire::Outcome::Close => net::Outcome::Close,
        wire::Outcome::Unspeakable(reason) => {
            report(&reason);
            net::Outcome::Close
        }
        wire::Outcome::Later(mut later) => net::Outcome::Later(Box::pin(async move {
            loop {
                match later.await {
                    wire::Outcome::Ready(chunks) => return reply(chunks),
                    wire::Outcome::Nothing => return net::Reply::None,
                    wire::Outcome::Close => return net::Reply::Close,
                    wire::Outcome::Unspeakable(reason) => {
                        report(&reason);
                        return net::Reply::Close;
                    }
                    wire::Outcome::Later(next) => later = next,
                }
            }
        })),
    }
}

fn report(reason: &str) {
    error!(reason, "a response cannot be encoded; its connection ends");
}

fn reply(chunks: Vec<Chunk<FileSlice>>) -> net::Reply {
    let chunks = chunks.into_iter().filter_map(|chunk| match chunk {
        Chunk::Bytes(bytes) => Some(net::Chunk::Bytes(bytes)),
        // A slice without a file is empty.
        Chunk::Slice(FileSlice(slice)) => {
            Some(net::Chunk::File { file: slice.file?, position: slice.position, len: slice.len })
        }
    });
    net::Reply::Chunks(chunks.collect())
}
