//! A service that does what its requests say, and a client that speaks to it.

#![allow(dead_code, missing_docs, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use net::{Bound, Chunk, Frame, Limits, ListenerSpec, Outcome, PeerInfo, Reply, Server, Service, SharedLimits};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};

/// The first byte of a request says what is to be done with the rest.
pub const ECHO: u8 = b'e';
/// Answered when [`Tester::release`] is called with the second byte.
pub const LATER: u8 = b'l';
pub const NOTHING: u8 = b'n';
/// As [`NOTHING`], but takes longer than it takes to send.
pub const WORK: u8 = b'w';
pub const CLOSE: u8 = b'c';
/// Answered with as many KiB in memory as the second byte says.
pub const KIB: u8 = b'k';
/// Answered with `Tester::file`.
pub const FILE: u8 = b'f';
/// The frame is kept, and answered.
pub const HOLD: u8 = b'h';
pub const PANIC: u8 = b'p';
/// Panics in the later half.
pub const PANIC_LATER: u8 = b'q';

#[derive(Default)]
pub struct Tester {
    pub handled: watch::Sender<usize>,
    pub connected: watch::Sender<usize>,
    waiting: Mutex<BTreeMap<u8, oneshot::Sender<()>>>,
    pub held: Mutex<Vec<Frame>>,
    pub file: Mutex<Vec<Chunk>>,
}

impl Tester {
    /// Answers a later request; waits until it is there.
    pub async fn release(&self, name: u8) {
        loop {
            if let Some(waiting) = self.waiting.lock().remove(&name) {
                let _ = waiting.send(());
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    pub async fn handled(&self, n: usize) {
        self.handled.subscribe().wait_for(|now| *now >= n).await.unwrap();
    }
}

impl Service for Tester {
    type Connection = ();

    fn connected(&self, _: PeerInfo) {
        self.connected.send_modify(|n| *n += 1);
    }

    async fn request(&self, (): &mut (), frame: Frame) -> Outcome {
        self.handled.send_modify(|n| *n += 1);
        let bytes = frame.bytes.clone();
        let second = bytes.get(1).copied().unwrap_or_default();
        match bytes.first().copied().unwrap_or(ECHO) {
            LATER => {
                let (send, released) = oneshot::channel();
                self.waiting.lock().insert(second, send);
                drop(frame);
                Outcome::Later(Box::pin(async move {
                    let _ = released.await;
                    reply(vec![Chunk::Bytes(bytes)])
                }))
            }
            NOTHING => Outcome::Ready(Reply::None),
            WORK => {
                let sum = (0..4u8)
                    .flat_map(|turn| bytes.iter().map(move |byte| byte ^ turn))
                    .fold(0u64, |a, b| a + u64::from(b));
                std::hint::black_box(sum);
                Outcome::Ready(Reply::None)
            }
            CLOSE => Outcome::Close,
            KIB => Outcome::Ready(reply(vec![Chunk::Bytes(vec![7; usize::from(second) << 10].into())])),
            FILE => Outcome::Ready(reply(self.file.lock().clone())),
            HOLD => {
                self.held.lock().push(frame);
                Outcome::Ready(reply(vec![]))
            }
            PANIC => panic!("as asked"),
            PANIC_LATER => Outcome::Later(Box::pin(async { panic!("as asked") })),
            _ => Outcome::Ready(reply(vec![Chunk::Bytes(bytes)])),
        }
    }
}

fn reply(mut chunks: Vec<Chunk>) -> Reply {
    let len = |chunk: &Chunk| match chunk {
        Chunk::Bytes(bytes) => bytes.len() as u32,
        Chunk::File { len, .. } => *len,
    };
    let whole: u32 = chunks.iter().map(len).sum();
    chunks.insert(0, Chunk::Bytes(Bytes::copy_from_slice(&whole.to_be_bytes())));
    Reply::Chunks(chunks)
}

pub struct Setup {
    pub server: Server,
    pub service: Arc<Tester>,
    pub limits: SharedLimits,
    pub addresses: Vec<SocketAddr>,
}

pub fn serve(limits: Limits) -> Setup {
    serve_on(limits, &[("PLAINTEXT", false)])
}

pub fn serve_on(limits: Limits, listeners: &[(&str, bool)]) -> Setup {
    serve_with(limits, listeners, host::net::SocketOptions { listen_backlog: 1_000, ..Default::default() })
}

pub fn serve_with(limits: Limits, listeners: &[(&str, bool)], options: host::net::SocketOptions) -> Setup {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let specs: Vec<_> = listeners
        .iter()
        .map(|(name, is_protected)| ListenerSpec { name: (*name).to_owned(), address, is_protected: *is_protected })
        .collect();
    let limits = limits.shared();
    let bound = Bound::bind(&specs, options, Arc::clone(&limits)).unwrap();
    let addresses = bound.addresses().to_vec();
    let service = Arc::new(Tester::default());
    Setup { server: bound.serve(Arc::clone(&service)), service, limits, addresses }
}

impl Setup {
    pub async fn client(&self) -> Client {
        self.client_of(0).await
    }

    pub async fn client_of(&self, listener: usize) -> Client {
        Client(TcpStream::connect(self.addresses[listener]).await.unwrap())
    }

    /// Waits until something is so.
    pub async fn until(&self, so: impl Fn(net::Stats) -> bool) {
        while !so(self.server.stats()) {
            tokio::task::yield_now().await;
        }
    }
}

pub struct Client(pub TcpStream);

impl Client {
    pub async fn raw(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    pub async fn send(&mut self, kind: u8, rest: &[u8]) {
        self.raw(&request(kind, rest)).await;
    }

    /// The next reply; `None` if the connection was closed.
    pub async fn reply(&mut self) -> Option<Bytes> {
        let mut len = [0; 4];
        self.0.read_exact(&mut len).await.ok()?;
        let mut bytes = BytesMut::zeroed(u32::from_be_bytes(len) as usize);
        self.0.read_exact(&mut bytes).await.ok()?;
        Some(bytes.freeze())
    }

    pub async fn echo(&mut self, what: &[u8]) -> bool {
        let request = request(ECHO, what);
        self.0.write_all(&request).await.is_ok() && self.reply().await.is_some_and(|got| got[..] == request[4..])
    }

    /// Reads to the end; returns how many bytes came.
    pub async fn drain(&mut self) -> usize {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest).await;
        rest.len()
    }
}

pub fn request(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = (1 + rest.len() as u32).to_be_bytes().to_vec();
    bytes.push(kind);
    bytes.extend_from_slice(rest);
    bytes
}
