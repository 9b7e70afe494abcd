//! A connection to another node, on which one request after the other is made.

use std::io::{self, IoSlice};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use host::net::{ReadHalf, SocketOptions, Stream, WriteHalf};

/// The first buffer of a response. It grows as bytes come: an announced length reserves nothing.
const FIRST: usize = 64 << 10;

/// A connection to another node. After an error, and after a call that was not waited for, it is of no more use.
#[derive(Debug)]
pub struct Client {
    read: ReadHalf,
    write: WriteHalf,
    most: usize,
}

impl Client {
    /// Connects to the first address of the host that answers. Responses of more than `most` bytes are refused.
    ///
    /// # Errors
    /// Nobody listens there, or nobody answers within `patience`; with the address.
    pub async fn connect(
        host: &str,
        port: u16,
        options: SocketOptions,
        patience: Duration,
        most: usize,
    ) -> io::Result<Self> {
        let connect = async {
            let mut last = None;
            for address in host::net::resolve(host, port).await? {
                match Stream::connect(address, options).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = Some(error),
                }
            }
            Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
        };
        let stream = host::task::timeout(patience, connect).await.map_err(|_| {
            io::Error::new(io::ErrorKind::TimedOut, format!("{host}:{port}: no answer in {patience:?}"))
        })??;
        let (read, write) = stream.split();
        Ok(Self { read, write, most })
    }

    /// Sends a frame and waits for the response to it, which is returned without its length. There is no time limit: use
    /// `task::timeout`, and drop the connection when it strikes.
    ///
    /// # Errors
    /// The connection broke, or the response is longer than was agreed.
    pub async fn call(&mut self, frame: &[u8]) -> io::Result<Bytes> {
        let mut rest = frame;
        while !rest.is_empty() {
            let written = self.write.write_vectored(&[IoSlice::new(rest)], false).await?;
            rest = rest.get(written..).unwrap_or_default();
        }
        let mut length = BytesMut::with_capacity(4);
        self.fill(&mut length, 4).await?;
        let length = length.first_chunk().map_or(0, |length| i32::from_be_bytes(*length));
        let length = usize::try_from(length).ok().filter(|length| *length <= self.most).ok_or_else(|| {
            let told = format!("a response of {length} bytes, where at most {} may come", self.most);
            io::Error::new(io::ErrorKind::InvalidData, told)
        })?;
        let mut body = BytesMut::with_capacity(length.min(FIRST));
        self.fill(&mut body, length).await?;
        Ok(body.freeze())
    }

    /// Reads until `buffer` has `length` bytes.
    async fn fill(&mut self, buffer: &mut BytesMut, length: usize) -> io::Result<()> {
        use bytes::BufMut as _;
        while buffer.len() < length {
            if buffer.len() == buffer.capacity() {
                buffer.reserve(buffer.len().max(FIRST).min(length - buffer.len()));
            }
            let missing = length - buffer.len();
            let mut room = (&mut *buffer).limit(missing);
            if self.read.read(&mut room).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}
