//! A socket that accepts connections.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

use super::{SocketOptions, Stream};

/// A listening socket. Accepted streams have TCP_NODELAY, keepalive and the buffer sizes set.
#[derive(Debug)]
pub struct Listener {
    inner: tokio::net::TcpListener,
    options: SocketOptions,
}

impl Listener {
    /// Binds and listens. The IPv6 wildcard address takes IPv4 connections too, as Java's does.
    /// Must be called inside the runtime; errors name the address.
    pub fn bind(address: SocketAddr, options: SocketOptions) -> io::Result<Self> {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{address}: {e}"));
        let inner = Self::open(address, options).map_err(named)?;
        Ok(Self { inner, options })
    }

    fn open(address: SocketAddr, options: SocketOptions) -> io::Result<tokio::net::TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.ip() == Ipv6Addr::UNSPECIFIED {
            socket.set_only_v6(false)?;
        }
        // A restart must not wait for the old connections' TIME_WAIT.
        socket.set_reuse_address(true)?;
        // Accepted sockets inherit it, and the window scale is agreed before we could set it on them.
        if let Ok(size @ 1..) = usize::try_from(options.receive_buffer_bytes) {
            socket.set_recv_buffer_size(size)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(options.listen_backlog.max(1))?;
        tokio::net::TcpListener::from_std(socket.into())
    }

    /// Waits for the next connection. An error concerns that connection or a lack of file descriptors,
    /// not the listener: wait a little and call again.
    pub async fn accept(&self) -> io::Result<Stream> {
        let (stream, peer) = self.inner.accept().await?;
        // A dual-stack socket tells IPv4 clients in IPv6's notation.
        Stream::set_up(stream, canonical(peer), self.options)
    }

    /// Where it listens; tells the port when 0 was asked for.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// The address as people write it.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
