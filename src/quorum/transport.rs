//! How voters reach each other. Somebody else carries the bytes: the controllers' listeners, or a test's memory.

use std::io;
use std::pin::Pin;

use bytes::Bytes;
use model::NodeId;

/// An answer on its way.
pub type Answer = Pin<Box<dyn Future<Output = io::Result<Bytes>> + Send>>;

/// Carries messages between voters.
pub trait Transport: Send + Sync + 'static {
    /// Brings a message to another voter, where it goes to `Quorum::serve`, and its answer back.
    ///
    /// Messages to one voter must arrive in the order in which they were given, or not at all. The caller drops the future
    /// when it has waited long enough; an answer that comes later must not be taken for the answer to a later
    /// message. An error of kind `ConnectionRefused` or `ConnectionReset` says that nobody is there.
    fn call(&self, target: NodeId, message: Bytes) -> Answer;
}

/// The transport of a quorum of one, which has nobody to talk to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Transport for Alone {
    fn call(&self, target: NodeId, _: Bytes) -> Answer {
        Box::pin(async move { Err(io::Error::new(io::ErrorKind::NotFound, format!("{target} is no voter"))) })
    }
}
