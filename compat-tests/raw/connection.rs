//! A blocking connection that sends frames and receives answers, one by one or pipelined.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};

use super::frames::CORRELATION_AT;

/// No answer to an honest client takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// No answer that we ask for is longer.
const LONGEST: usize = 256 << 20;

/// One connection; what is asked is answered in order.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    next: i32,
}

/// A whole request frame of this version.
///
/// # Errors
/// Where the request says what this version cannot.
pub fn frame<R: Request>(correlation_id: i32, version: i16, request: &R) -> Result<Vec<u8>> {
    let key = ApiKey::try_from(R::KEY).ok().context("an unknown API")?;
    let mut out = BytesMut::zeroed(4);
    RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("judge")))
        .encode(&mut out, key.request_header_version(version))?;
    request.encode(&mut out, version)?;
    let mut out = Vec::from(out);
    let length = i32::try_from(out.len() - 4)?;
    out.splice(..4, length.to_be_bytes());
    Ok(out)
}

impl Connection {
    /// # Errors
    /// Where nobody listens.
    pub fn open(address: &str) -> Result<Self> {
        Self::open_for(address, PATIENCE)
    }

    /// As [`Connection::open`], with so much patience for each answer.
    ///
    /// # Errors
    /// Where nobody listens.
    pub fn open_for(address: &str, patience: Duration) -> Result<Self> {
        let address = address.to_socket_addrs()?.next().context("no such address")?;
        let stream = TcpStream::connect_timeout(&address, patience.min(Duration::from_secs(10)))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream, next: 0 })
    }

    /// The same connection for another thread: one sends, the other receives.
    ///
    /// # Errors
    /// Where the system has no descriptor left.
    pub fn twin(&self) -> Result<Self> {
        Ok(Self { stream: self.stream.try_clone()?, next: self.next })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// Where the connection ends, or the answer is none.
    pub fn call<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response> {
        let bytes = frame(self.next, version, request)?;
        let mut answer = self.exchange(bytes)?;
        let key = ApiKey::try_from(R::KEY).ok().context("an unknown API")?;
        ResponseHeader::decode(&mut answer, key.response_header_version(version))?;
        let response = R::Response::decode(&mut answer, version).with_context(|| format!("{key:?} v{version}"))?;
        ensure!(answer.is_empty(), "{} bytes follow the answer to {key:?} v{version}", answer.len());
        Ok(response)
    }

    /// Sends a frame with the next correlation id and waits for its answer.
    ///
    /// # Errors
    /// Where the connection ends, or the answer is to something else.
    pub fn exchange(&mut self, mut frame: Vec<u8>) -> Result<Bytes> {
        let id = self.send(&mut frame)?;
        let answer = self.receive()?;
        let got = answer.first_chunk().map(|bytes| i32::from_be_bytes(*bytes));
        ensure!(got == Some(id), "asked with correlation id {id}, answered {got:?}");
        Ok(answer)
    }

    /// Sends a frame with the next correlation id, which is returned.
    ///
    /// # Errors
    /// Where the connection ends.
    pub fn send(&mut self, frame: &mut [u8]) -> Result<i32> {
        let id = self.next;
        self.next += 1;
        if let Some(at) = frame.get_mut(CORRELATION_AT..CORRELATION_AT + 4) {
            at.copy_from_slice(&id.to_be_bytes());
        }
        self.stream.write_all(frame).context("sending")?;
        Ok(id)
    }

    /// The next answer, without its length.
    ///
    /// # Errors
    /// Where the connection ends or nothing comes.
    pub fn receive(&mut self) -> Result<Bytes> {
        let mut buffer = Vec::new();
        self.receive_into(&mut buffer)?;
        Ok(Bytes::from(buffer))
    }

    /// As [`Connection::receive`], into a buffer that is used again.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub fn receive_into(&mut self, buffer: &mut Vec<u8>) -> Result<()> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).context("receiving")?;
        let length = usize::try_from(i32::from_be_bytes(length)).context("a negative length")?;
        if length > LONGEST {
            bail!("an answer of {length} bytes");
        }
        buffer.resize(length, 0);
        self.stream.read_exact(buffer).context("receiving")
    }

    /// Ends it for its twin too.
    pub fn close(&self) {
        // It may have ended already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
