//! All connections: who may come in, and who must go.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

use host::clock::Moment;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::budget::Pool;
use crate::buffers::Buffers;
use crate::connection::Shared;
use crate::limits::{SharedLimits, TICK_MS};
use crate::replies::Phase;

/// Everything that connections share.
pub(crate) struct Registry {
    pub(crate) limits: SharedLimits,
    /// Memory for frames of each kind.
    pub(crate) large: Arc<Pool>,
    pub(crate) small: Arc<Pool>,
    pub(crate) buffers: Arc<Buffers>,
    /// Memory of small frames that are not whole.
    pub(crate) partial_bytes: AtomicU64,
    /// What that may be before slow ones are cut.
    partial_most: u64,
    /// Memory of replies.
    pub(crate) reply_bytes: Arc<AtomicU64>,
    started: Moment,
    now: AtomicU64,
    inner: Mutex<Inner>,
    /// Told when a connection has ended.
    ended: Notify,
}

#[derive(Default)]
struct Inner {
    connections: BTreeMap<u64, Weak<Shared>>,
    by_ip: BTreeMap<IpAddr, u32>,
    by_listener: BTreeMap<Arc<str>, u32>,
    total: u32,
    next: u64,
}

/// A connection's place among the counted. It is given back with [`Registry::remove`].
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) number: u64,
    ip: IpAddr,
    listener: Arc<str>,
    /// Whether it may be cut in favour of the brokers' own connections.
    yields: bool,
}

/// Figures about all connections at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Open connections.
    pub connections: u32,
    /// Memory drawn by requests that are being read or handled.
    pub request_bytes: u64,
    /// Memory of replies that were not taken yet.
    pub reply_bytes: u64,
}

impl Registry {
    pub(crate) fn new(limits: SharedLimits) -> Arc<Self> {
        let (large, small) = limits.load().request_memory();
        Arc::new(Self {
            limits,
            large: Pool::new(large),
            small: Pool::new(small),
            buffers: Arc::new(Buffers::new(usize::try_from(large / 8).unwrap_or(usize::MAX))),
            partial_bytes: AtomicU64::new(0),
            partial_most: small / 2,
            reply_bytes: Arc::default(),
            started: host::clock::monotonic(),
            now: AtomicU64::new(1),
            inner: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// The coarse clock: milliseconds, from 1 on.
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// Counts a connection; `None` if its address has as many as it may.
    pub(crate) fn admit(&self, ip: IpAddr, listener: &Arc<str>, yields: bool) -> Option<Slot> {
        // An IPv4 client of a dual-stack socket is the same client.
        let ip = ip.to_canonical();
        let most = self.limits.load().for_ip(&ip);
        let mut inner = self.inner.lock();
        if inner.by_ip.get(&ip).copied().unwrap_or(0) >= most {
            return None;
        }
        *inner.by_ip.entry(ip).or_default() += 1;
        *inner.by_listener.entry(Arc::clone(listener)).or_default() += 1;
        inner.total += 1;
        inner.next += 1;
        Some(Slot { number: inner.next, ip, listener: Arc::clone(listener), yields })
    }

    pub(crate) fn add(&self, connection: &Arc<Shared>) {
        self.inner.lock().connections.insert(connection.slot.number, Arc::downgrade(connection));
    }

    pub(crate) fn remove(&self, slot: &Slot) {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        inner.connections.remove(&slot.number);
        inner.total -= 1;
        one_less(&mut inner.by_ip, &slot.ip);
        one_less(&mut inner.by_listener, &slot.listener);
        drop(guard);
        self.ended.notify_waiters();
    }

    /// Waits until the listener may accept. The brokers' own (`yields` is false) need not wait for
    /// `max.connections`.
    pub(crate) async fn may_accept(&self, listener: &Arc<str>, yields: bool) {
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            let limits = self.limits.load_full();
            let of_listener = limits.max_connections_per_listener.get(&**listener).copied().unwrap_or(u32::MAX);
            let (total, mine) = {
                let inner = self.inner.lock();
                (inner.total, inner.by_listener.get(listener).copied().unwrap_or(0))
            };
            if mine < of_listener && (total < limits.max_connections || !yields) {
                return;
            }
            // Limits may also be raised meanwhile: look again now and then.
            let _ = host::task::timeout(Duration::from_millis(TICK_MS), ended).await;
        }
    }

    /// If the brokers' own connection, which has just come in, is one too many, the client that has been quiet for
    /// longest makes room for it (`ConnectionQuotas.maxConnectionsExceeded`).
    pub(crate) fn make_room(&self) {
        let total = self.inner.lock().total;
        if total > self.limits.load().max_connections {
            self.cut_the_quietest();
        }
    }

    fn cut_the_quietest(&self) {
        let now = self.now();
        let all = self.all();
        let yielding = all.iter().filter(|c| c.slot.yields && c.replies.phase() != Phase::Cut);
        if let Some(quietest) = yielding.max_by_key(|c| c.activity.quiet_ms(now)) {
            cut(quietest, "a broker needs its place");
        }
    }

    /// Moves the coarse clock on and cuts who must go.
    pub(crate) fn tick(&self) {
        let now = 1 + self.started.elapsed_ms();
        self.now.store(now, Relaxed);
        let limits = self.limits.load_full();
        let short =
            self.large.is_short() || self.small.is_short() || self.partial_bytes.load(Relaxed) > self.partial_most;
        let mut replies_over = self.reply_bytes.load(Relaxed).saturating_sub(limits.reply_bytes);
        let all = self.all();
        let mut stalled = Vec::new();
        for connection in &all {
            let (in_flight, reply_bytes) = connection.replies.load();
            let activity = &connection.activity;
            let is_slow = activity.frame_is_slow(now, &limits);
            let why = if activity.is_idle(now, in_flight > 0, &limits) {
                "idle"
            } else if short && is_slow {
                "its request comes too slowly while memory is short"
            } else {
                if replies_over > 0 && reply_bytes > 0 && activity.write_stall_ms(now) >= limits.write_stall_ms {
                    stalled.push((activity.write_stall_ms(now), reply_bytes, connection));
                }
                continue;
            };
            cut(connection, why);
        }
        stalled.sort_by_key(|(stall, ..)| std::cmp::Reverse(*stall));
        for (_, bytes, connection) in stalled {
            if replies_over == 0 {
                break;
            }
            replies_over = replies_over.saturating_sub(bytes);
            cut(connection, "it does not take its replies while memory is short");
        }
    }

    /// Tells all connections to end.
    pub(crate) fn enter(&self, phase: Phase) {
        for connection in self.all() {
            connection.replies.enter(phase);
        }
    }

    /// Waits until there is no connection.
    pub(crate) async fn empty(&self) {
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.inner.lock().total == 0 {
                return;
            }
            ended.await;
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            connections: self.inner.lock().total,
            request_bytes: self.large.used() + self.small.used() + self.partial_bytes.load(Relaxed),
            reply_bytes: self.reply_bytes.load(Relaxed),
        }
    }

    /// All connections. The last holder of one calls [`Self::remove`], so none may be dropped under the lock.
    fn all(&self) -> Vec<Arc<Shared>> {
        let weak: Vec<_> = self.inner.lock().connections.values().cloned().collect();
        weak.iter().filter_map(Weak::upgrade).collect()
    }
}

fn cut(connection: &Shared, why: &str) {
    tracing::debug!(connection = connection.slot.number, why, "cut");
    connection.replies.enter(Phase::Cut);
}

fn one_less<K: Ord>(counts: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
