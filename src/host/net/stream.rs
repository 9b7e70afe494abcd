//! A connected socket and its two halves.

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};

use bytes::BufMut;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::SocketOptions;
use super::listener::canonical;
use crate::fs::File;

/// The most that one `sendfile` may carry, so that one connection does not hold a thread of the runtime for long.
const MOST_AT_ONCE: u64 = 512 << 10;
/// The buffer of the fallback.
const COPY_BUFFER: u64 = 64 << 10;

/// A connected socket.
#[derive(Debug)]
pub struct Stream {
    inner: TcpStream,
    peer: SocketAddr,
}

impl Stream {
    /// Connects. There is no time limit but the system's: use `task::timeout`. Errors name the address.
    pub async fn connect(address: SocketAddr, options: SocketOptions) -> io::Result<Self> {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{address}: {e}"));
        let inner = TcpStream::connect(address).await.map_err(named)?;
        Self::set_up(inner, address, options).map_err(named)
    }

    pub(super) fn set_up(inner: TcpStream, peer: SocketAddr, options: SocketOptions) -> io::Result<Self> {
        inner.set_nodelay(true)?;
        let socket = SockRef::from(&inner);
        socket.set_keepalive(true)?;
        if let Ok(size @ 1..) = usize::try_from(options.send_buffer_bytes) {
            socket.set_send_buffer_size(size)?;
        }
        Ok(Self { inner, peer })
    }

    /// Who is at the other end.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// Our own end.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr().map(canonical)
    }

    /// The two directions, for two tasks. The socket closes when both are dropped; dropping the writing half
    /// already tells the peer that no more will come.
    pub fn split(self) -> (ReadHalf, WriteHalf) {
        let (read, write) = self.inner.into_split();
        (ReadHalf { inner: read }, WriteHalf { inner: write, plain: false })
    }
}

/// The direction from the peer.
#[derive(Debug)]
pub struct ReadHalf {
    inner: OwnedReadHalf,
}

impl ReadHalf {
    /// Waits until there is something to read, or the end, so that no buffer need be held meanwhile.
    /// May wake without cause; safe to cancel.
    pub async fn readable(&self) -> io::Result<()> {
        self.inner.readable().await
    }

    /// Waits for bytes and reads what fits into the buffer's free space (use `BufMut::limit` to read less);
    /// 0 is the end of the stream. Safe to cancel: nothing is lost.
    pub async fn read(&mut self, buffer: &mut (impl BufMut + Send)) -> io::Result<usize> {
        self.inner.read_buf(buffer).await
    }

    /// Reads what is there now; `WouldBlock` if there is nothing. 0 is the end of the stream.
    pub fn try_read(&self, buffer: &mut impl BufMut) -> io::Result<usize> {
        self.inner.try_read_buf(buffer)
    }
}

/// The direction to the peer.
#[derive(Debug)]
pub struct WriteHalf {
    inner: OwnedWriteHalf,
    /// Whether `sendfile` was refused before.
    plain: bool,
}

impl WriteHalf {
    /// Writes some of the bytes (at most 1,024 slices), as many as the socket takes once it takes any; returns how
    /// many. `more` says that other bytes follow at once, so that a small piece is not sent as a packet of its own.
    /// Safe to cancel: nothing was written then.
    pub async fn write_vectored(&self, slices: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
        let flags = if more { SendFlags::NOSIGNAL | SendFlags::MORE } else { SendFlags::NOSIGNAL };
        let socket: &TcpStream = self.inner.as_ref();
        let send = || loop {
            match sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags) {
                Err(Errno::INTR) => {}
                result => return result.map_err(io::Error::from),
            }
        };
        socket.async_io(Interest::WRITABLE, send).await
    }

    /// Sends some of `len` bytes of a file from `offset`, without a copy in user space where the system can;
    /// returns how many, and 0 only when the file ends at `offset` or `len` is 0. Safe to cancel.
    pub async fn send_file(&mut self, file: &File, offset: u64, len: u64) -> io::Result<u64> {
        if len == 0 {
            return Ok(0);
        }
        if !self.plain {
            match self.by_sendfile(file, offset, len.min(MOST_AT_ONCE)).await {
                Err(error) if cannot(&error) => self.plain = true,
                result => return result,
            }
        }
        self.by_copy(file, offset, len.min(COPY_BUFFER)).await
    }

    /// Tells the peer that no more will come (`Shutdown::Write`), makes our own reading half see the end
    /// (`Shutdown::Read`), or both. A connection that is gone already is no error.
    pub fn shutdown(&self, how: Shutdown) {
        let socket: &TcpStream = self.inner.as_ref();
        let _ = SockRef::from(socket).shutdown(how);
    }

    async fn by_sendfile(&self, file: &File, offset: u64, len: u64) -> io::Result<u64> {
        let socket: &TcpStream = self.inner.as_ref();
        let send = || loop {
            let mut position = offset;
            match rustix::fs::sendfile(socket, file, Some(&mut position), len as usize) {
                Err(Errno::INTR) => {}
                result => return result.map_err(io::Error::from),
            }
        };
        Ok(socket.async_io(Interest::WRITABLE, send).await? as u64)
    }

    async fn by_copy(&self, file: &File, offset: u64, len: u64) -> io::Result<u64> {
        let mut buffer = vec![0; len as usize];
        let read = file.read_at(&mut buffer, offset)?;
        buffer.truncate(read);
        if buffer.is_empty() {
            return Ok(0);
        }
        Ok(self.write_vectored(&[IoSlice::new(&buffer)], false).await? as u64)
    }
}

/// Whether the error says that this kind of file cannot be sent so, rather than that sending failed.
fn cannot(error: &io::Error) -> bool {
    [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP].iter().any(|e| error.raw_os_error() == Some(e.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::super::Listener;
    use super::*;

    async fn pair() -> (Stream, Stream) {
        let options = SocketOptions::default();
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), options).unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(Stream::connect(address, options), listener.accept());
        (ours.unwrap(), theirs.unwrap())
    }

    #[tokio::test]
    async fn a_file_arrives_as_it_is_either_way() {
        let dir = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();
        let path = dir.path().join("log");
        File::open_append_rw(&path).unwrap().write_all_at(&content, 0).unwrap();
        for plain in [false, true] {
            let (client, server) = pair().await;
            let (mut from_server, _to_server) = client.split();
            let (_from_client, mut to_client) = server.split();
            to_client.plain = plain;
            let file = File::open_read(&path).unwrap();
            let sending = tokio::spawn(async move {
                let mut at = 10;
                loop {
                    match to_client.send_file(&file, at, 4_000_000).await.unwrap() {
                        0 => return at,
                        sent => at += sent,
                    }
                }
            });
            let mut got = bytes::BytesMut::new();
            while from_server.read(&mut got).await.unwrap() > 0 {}
            assert_eq!(sending.await.unwrap(), 3_000_000, "0 tells the file's end");
            assert!(got[..] == content[10..], "plain: {plain}");
        }
    }

    #[tokio::test]
    async fn a_client_of_both_families_has_a_plain_address() {
        let options = SocketOptions::default();
        // Where there is no IPv6 there is nothing to tell apart.
        let Ok(listener) = Listener::bind("[::]:0".parse().unwrap(), options) else { return };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port()));
        let (client, server) = tokio::join!(Stream::connect(address, options), listener.accept());
        let (client, server) = (client.unwrap(), server.unwrap());
        assert_eq!(server.peer_addr(), client.local_addr().unwrap());
        assert_eq!(server.local_addr().unwrap(), address);
    }

    #[tokio::test]
    async fn a_read_takes_no_more_than_asked() {
        let (client, server) = pair().await;
        let (_from_server, to_server) = client.split();
        let (mut from_client, _to_client) = server.split();
        let slices = [IoSlice::new(b"abc"), IoSlice::new(b"defg")];
        assert_eq!(to_server.write_vectored(&slices, true).await.unwrap(), 7);
        let mut got = bytes::BytesMut::with_capacity(100);
        from_client.readable().await.unwrap();
        assert_eq!(from_client.read(&mut (&mut got).limit(5)).await.unwrap(), 5);
        assert_eq!(&got[..], b"abcde");
        to_server.shutdown(Shutdown::Write);
        while from_client.read(&mut got).await.unwrap() > 0 {}
        assert_eq!(&got[..], b"abcdefg");
    }
}
