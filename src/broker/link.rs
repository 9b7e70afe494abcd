//! A connection to another node of the cluster, on which this node asks.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use host::net::SocketOptions;
use net::Client;
use wire::call::{self, Call};

/// A connection and the number of the next request on it. After an error, and after a call that was not waited for, it is
/// of no more use.
#[derive(Debug)]
pub struct Link {
    client: Client,
    next: i32,
    client_id: String,
}

impl Link {
    /// Connects within `patience`. `receive_buffer_bytes` of -1 leaves the system's.
    ///
    /// # Errors
    /// Nobody listens there, or nobody answers in time.
    pub async fn connect(
        host: &str,
        port: u16,
        receive_buffer_bytes: i32,
        patience: Duration,
        client_id: String,
    ) -> io::Result<Self> {
        let options = SocketOptions { receive_buffer_bytes, send_buffer_bytes: -1, ..SocketOptions::default() };
        // A first batch may be larger than every limit that was asked for.
        let client = Client::connect(host, port, options, patience, i32::MAX as usize).await?;
        Ok(Self { client, next: 0, client_id })
    }

    /// Asks, and waits for the answer without a limit.
    ///
    /// # Errors
    /// The connection broke, or what came is no answer.
    pub async fn call<R: Call>(&mut self, message: &R) -> io::Result<R::Response> {
        self.next = self.next.wrapping_add(1) & i32::MAX;
        let frame = call::request(message, self.next, &self.client_id).map_err(io::Error::other)?;
        let answer = self.client.call(&frame).await?;
        call::response::<R>(answer, self.next).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Brings a message to another voter, and its answer back.
    ///
    /// # Errors
    /// As [`Link::call`].
    pub async fn vote(&mut self, message: &[u8]) -> io::Result<Bytes> {
        self.next = self.next.wrapping_add(1) & i32::MAX;
        let answer = self.client.call(&wire::voting::question(self.next, message)).await?;
        let answer = wire::voting::read_answer(answer, self.next);
        answer.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
