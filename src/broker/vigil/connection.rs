//! One connection to a broker, at whichever of its addresses: how it begins, and how it ends.

use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use host::net::{ReadHalf, SocketOptions, Stream, WriteHalf};
use host::task::timeout;
use metadata::records::BrokerEndpoint;

/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most that may come on one connection. The answer to what we ask has less than a kilobyte.
const MOST: usize = 16 << 10;
/// `SecurityProtocol.PLAINTEXT`.
const PLAINTEXT: i16 = 0;
const API_VERSIONS: i16 = 18;
const CLIENT: &str = "controller-vigil";

/// What an attempt to connect found.
pub enum Found {
    /// Somebody is there.
    Connection(Connection),
    /// Every address refused.
    Refused,
    /// Anything else, which says nothing of whether the broker lives.
    Nothing,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The other side ended it: end of stream, or reset.
    HungUp,
    /// The network gave it up, or it is none of a broker's.
    Lost,
}

/// An established connection.
pub struct Connection {
    read: ReadHalf,
    write: WriteHalf,
    plaintext: bool,
}

/// Tries one address after the other until one of them answers.
pub async fn connect(end_points: &[BrokerEndpoint]) -> Found {
    let (mut refused, mut all) = (false, true);
    for end_point in end_points {
        let Some(addresses) = addresses(end_point).await else {
            all = false;
            continue;
        };
        for address in addresses {
            match timeout(PATIENCE, Stream::connect(address, options())).await {
                Ok(Ok(stream)) if is_itself(&stream) => refused = true,
                Ok(Ok(stream)) => {
                    let plaintext = end_point.security_protocol == PLAINTEXT;
                    let (read, write) = stream.split();
                    return Found::Connection(Connection { read, write, plaintext });
                }
                Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => refused = true,
                Ok(Err(_)) | Err(_) => all = false,
            }
        }
    }
    if refused && all { Found::Refused } else { Found::Nothing }
}

/// None where the name is not found, or means this machine wherever it is asked.
async fn addresses(end_point: &BrokerEndpoint) -> Option<Vec<SocketAddr>> {
    if end_point.host.is_empty() || end_point.port == 0 {
        return None;
    }
    let found = timeout(PATIENCE, host::net::resolve(&end_point.host, end_point.port)).await.ok()?.ok()?;
    let is_wildcard = |address: &SocketAddr| address.ip().to_canonical().is_unspecified();
    (!found.iter().any(is_wildcard)).then_some(found)
}

/// Where nobody listens on a port of this machine, a connection may meet itself (simultaneous open).
fn is_itself(stream: &Stream) -> bool {
    stream.local_addr().is_ok_and(|own| own == stream.peer_addr())
}

fn options() -> SocketOptions {
    SocketOptions { send_buffer_bytes: -1, receive_buffer_bytes: -1, ..SocketOptions::default() }
}

impl Connection {
    /// Asks what every client asks first, so that the broker has a good client here, and waits for the end without
    /// sending more. Where TLS or SASL is spoken nothing is sent at all.
    pub async fn ended(self) -> End {
        match self.watch().await {
            Ok(end) => end,
            Err(error) => match error.kind() {
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => End::HungUp,
                _ => End::Lost,
            },
        }
    }

    async fn watch(&self) -> io::Result<End> {
        if self.plaintext {
            self.ask().await?;
        }
        let mut come = 0;
        // Awake without cause sometimes, but never for long: what is there is taken.
        loop {
            self.read.readable().await?;
            let mut buffer = [0; 1024];
            match self.read.try_read(&mut &mut buffer[..]) {
                Ok(0) => return Ok(End::HungUp),
                Ok(read) => come += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if come > MOST {
                return Ok(End::Lost);
            }
        }
    }

    /// ApiVersions 0, which every broker answers.
    async fn ask(&self) -> io::Result<()> {
        let mut body = BytesMut::new();
        body.put_i16(API_VERSIONS);
        body.put_i16(0);
        body.put_i32(0);
        body.put_i16(CLIENT.len() as i16);
        body.put_slice(CLIENT.as_bytes());
        let mut frame = BytesMut::new();
        frame.put_i32(body.len() as i32);
        frame.put_slice(&body);
        let mut rest = &frame[..];
        while !rest.is_empty() {
            let written = self.write.write_vectored(&[IoSlice::new(rest)], false).await?;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}
