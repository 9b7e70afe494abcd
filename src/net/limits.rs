//! Every limit on clients, in one place. Fields that have a key in Kafka's configuration are named after it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// Limits that may change while the server runs: store new ones, and they hold from then on.
pub type SharedLimits = Arc<ArcSwap<Limits>>;

/// Frames up to this size share read buffers and the part of the memory that large ones cannot take.
pub(crate) const SMALL_FRAME: usize = 64 << 10;
/// The first read of a connection that has been quiet.
pub(crate) const FIRST_READ: usize = 16 << 10;
/// The smallest read, where large frames are expected: less of them is copied.
pub(crate) const LEAST_READ: usize = 4 << 10;
/// The first buffer of a large frame, while none has proved that its client keeps its word.
pub(crate) const FIRST_LARGE: usize = 128 << 10;
/// Files' parts up to this size are sent together with what is around them rather than by `sendfile`.
pub(crate) const INLINE_FILE: u32 = 16 << 10;
/// How often idle and stalled connections are looked for. They are cut up to this much late.
pub(crate) const TICK_MS: u64 = 500;
/// Requests' memory where `queued.max.request.bytes` sets none (Kafka then has no limit).
const REQUEST_BYTES: u64 = 256 << 20;

/// The limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `socket.request.max.bytes`: a frame that announces more closes its connection.
    pub socket_request_max_bytes: i32,
    /// `queued.max.request.bytes`: memory for the requests of all connections; -1 is 256 MiB here. Read once, at
    /// the start. A quarter of it is kept for small frames. One frame may overdraw it, so that some frame always
    /// gets on.
    pub queued_max_request_bytes: i64,
    /// `max.connections`: no more are accepted then. The brokers' own listener is exempt.
    pub max_connections: u32,
    /// `listener.name.NAME.max.connections`, by listener.
    pub max_connections_per_listener: BTreeMap<String, u32>,
    /// `max.connections.per.ip`: what is above is closed at once.
    pub max_connections_per_ip: u32,
    /// `max.connections.per.ip.overrides`, with the host names resolved.
    pub max_connections_per_ip_overrides: BTreeMap<IpAddr, u32>,
    /// `connections.max.idle.ms`: a connection without a byte in either direction is cut, unless it waits for us;
    /// negative is never.
    pub connections_max_idle_ms: i64,
    /// Requests of one connection that are being answered at the same time.
    pub requests_in_flight: usize,
    /// Their size; one request may exceed it.
    pub request_bytes_in_flight: u64,
    /// Replies in memory that one connection has not taken yet; no more of its requests are read then.
    pub reply_bytes_per_connection: u64,
    /// Replies in memory that all connections have not taken yet; those that take nothing are cut then.
    pub reply_bytes: u64,
    /// How long a client may take nothing while `reply_bytes` are used up.
    pub write_stall_ms: u64,
    /// Over which time a frame that is on its way is judged. Slow ones are cut while memory for requests is used up.
    pub frame_grace_ms: u64,
    /// What is slow, in bytes a second.
    pub frame_bytes_per_second: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            socket_request_max_bytes: 100 << 20,
            queued_max_request_bytes: -1,
            max_connections: i32::MAX as u32,
            max_connections_per_listener: BTreeMap::new(),
            max_connections_per_ip: i32::MAX as u32,
            max_connections_per_ip_overrides: BTreeMap::new(),
            connections_max_idle_ms: 600_000,
            requests_in_flight: 64,
            request_bytes_in_flight: 8 << 20,
            reply_bytes_per_connection: 1 << 20,
            reply_bytes: 256 << 20,
            write_stall_ms: 5_000,
            frame_grace_ms: 2_000,
            frame_bytes_per_second: 64 << 10,
        }
    }
}

impl Limits {
    /// These limits, ready to be changed while they are in use.
    pub fn shared(self) -> SharedLimits {
        Arc::new(ArcSwap::from_pointee(self))
    }

    /// How many connections an address may have.
    pub(crate) fn for_ip(&self, address: &IpAddr) -> u32 {
        self.max_connections_per_ip_overrides.get(address).copied().unwrap_or(self.max_connections_per_ip)
    }

    /// Memory for large frames and for small ones.
    pub(crate) fn request_memory(&self) -> (u64, u64) {
        let all = u64::try_from(self.queued_max_request_bytes).ok().filter(|n| *n > 0).unwrap_or(REQUEST_BYTES);
        (all - all / 4, all / 4)
    }
}
