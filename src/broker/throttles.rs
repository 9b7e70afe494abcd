//! Replication throttles (KIP-73, KIP-113): what this broker sends to replicas that lag, what it copies into them, and what
//! it copies between its directories.

use config::NodeConfig;
use model::{PartitionIndex, Timestamp};
use parking_lot::Mutex;
use replication::throttle::{Throttle, Throttled};

/// The rates of one broker.
pub struct Throttles {
    /// What followers of partitions that are led here are sent: `leader.replication.throttled.rate`.
    pub led: Rate,
    /// What partitions here copy from others: `follower.replication.throttled.rate`.
    pub followed: Rate,
    /// What is copied between directories here: `replica.alter.log.dirs.io.max.bytes.per.second`.
    pub moved: Rate,
}

impl Throttles {
    /// Throttles without bounds.
    pub fn new(config: &NodeConfig) -> Self {
        let quotas = &config.quotas;
        let new = |num, seconds| Rate(Mutex::new(Throttle::new(num, seconds)));
        let of_replication = || new(quotas.replication_window_num, quotas.replication_window_size_seconds);
        let moved = new(quotas.alter_log_dirs_window_num, quotas.alter_log_dirs_window_size_seconds);
        Self { led: of_replication(), followed: of_replication(), moved }
    }

    /// Puts the dynamic rates in force: this broker's own, else that of all brokers.
    pub fn follow(&self, config: &NodeConfig) {
        let layers = config.layers();
        let bound = |key: &str| {
            let value = layers.broker.get(key).or_else(|| layers.cluster.get(key));
            value.and_then(|value| value.trim().parse().ok()).unwrap_or(i64::MAX)
        };
        self.led.0.lock().set_bound(bound("leader.replication.throttled.rate"));
        self.followed.0.lock().set_bound(bound("follower.replication.throttled.rate"));
        self.moved.0.lock().set_bound(bound("replica.alter.log.dirs.io.max.bytes.per.second"));
    }
}

/// One rate, by [`host::clock::uptime`].
pub struct Rate(Mutex<Throttle>);

impl Rate {
    /// Whether it is faster than it may be.
    pub fn is_exceeded(&self) -> bool {
        self.free_at().is_some()
    }

    /// When it will be within its bound again if nothing more is copied; `None` if it is.
    pub fn free_at(&self) -> Option<Timestamp> {
        self.0.lock().free_at(host::clock::uptime())
    }

    /// So many bytes of throttled replicas were copied.
    pub fn record(&self, bytes: usize) {
        if bytes > 0 {
            self.0.lock().record(bytes, host::clock::uptime());
        }
    }
}

/// Which replicas of a topic are throttled on this broker.
#[derive(Clone, Debug, Default)]
pub struct ThrottledReplicas {
    /// `leader.replication.throttled.replicas`.
    pub led: Throttled,
    /// `follower.replication.throttled.replicas`.
    pub followed: Throttled,
}

impl ThrottledReplicas {
    /// Whether a partition's replica is throttled, when it leads and when it follows.
    pub fn of(&self, partition: PartitionIndex) -> (bool, bool) {
        (self.led.has(partition), self.followed.has(partition))
    }
}
