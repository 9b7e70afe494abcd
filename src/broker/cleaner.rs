//! The tasks that compact logs, and how fast they may (`LogCleaner`, `Throttler`).

use std::sync::Arc;
use std::time::Duration;

use config::NodeConfig;
use host::clock::Moment;
use host::task::{JoinHandle, JoinSet};
use parking_lot::Mutex;
use storage::log::CleanerSettings;
use tokio::sync::watch;
use tracing::{error, warn};

use crate::node::Node;

/// How often the configuration is looked at.
const LOOK_MS: u64 = 500;

/// What the configuration says of the cleaner; all of it can change at any time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Settings {
    threads: i32,
    bytes_per_second: f64,
    backoff_ms: u64,
    each: CleanerSettings,
}

impl Settings {
    fn of(config: &NodeConfig) -> Self {
        let logs = &config.logs;
        let threads = u64::try_from(logs.cleaner_threads).unwrap_or(0).max(1);
        let bytes = |all: i64| u64::try_from(all).unwrap_or(0) / threads;
        // No number is no bound.
        let number = |value: f64, otherwise: f64| if value.is_nan() { otherwise } else { value };
        Self {
            threads: logs.cleaner_threads,
            bytes_per_second: number(logs.cleaner_io_max_bytes_per_second, f64::MAX),
            backoff_ms: u64::try_from(logs.cleaner_backoff_ms).unwrap_or(0),
            each: CleanerSettings {
                // Kafka's table is an array of bytes, which has an end.
                map_bytes: bytes(logs.cleaner_dedupe_buffer_size).min(i32::MAX as u64),
                load_factor: number(logs.cleaner_io_buffer_load_factor, 1.0),
                // One half is for reading, the other for what is written.
                buffer_bytes: usize::try_from(bytes(i64::from(logs.cleaner_io_buffer_size)) / 2).unwrap_or(0),
            },
        }
    }
}

/// All cleaning tasks of a node.
pub struct Cleaner {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Cleaner {
    /// Begins to compact, if `log.cleaner.enable` says so.
    pub fn start(node: &Arc<Node>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let enabled = node.config().logs.cleaner_enable;
        if !enabled {
            warn!("log.cleaner.enable=false: compacted topics, the offsets topic among them, grow for ever");
        }
        let node = node.clone();
        let task = host::task::spawn(async move {
            if enabled {
                supervise(node, stopped).await;
            }
        });
        Self { stop, task }
    }

    /// Ends; what is not done is left as it is.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            warn!(%error, "the cleaner did not end in order");
        }
    }
}

/// Keeps as many tasks at work as the configuration wants, and begins anew when it changes (`LogCleaner.reconfigure`).
async fn supervise(node: Arc<Node>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let settings = Settings::of(&node.config());
        let pace = Arc::new(Mutex::new(Pace::new(settings.bytes_per_second, host::clock::monotonic())));
        let (end, ended) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for _ in 0..settings.threads {
            tasks.spawn(work(node.clone(), settings, pace.clone(), ended.clone()));
        }
        while Settings::of(&node.config()) == settings {
            // Woken when it is to end, and when nobody can say so any more.
            if host::task::timeout(Duration::from_millis(LOOK_MS), stopped.changed()).await.is_ok() {
                break;
            }
        }
        let _ = end.send(true);
        while let Some(task) = tasks.join_next().await {
            if let Err(error) = task {
                error!(%error, "a cleaner task did not end in order");
            }
        }
    }
}

/// Compacts one log after the other, the filthiest first, and rests when none needs it.
async fn work(node: Arc<Node>, settings: Settings, pace: Arc<Mutex<Pace>>, mut ended: watch::Receiver<bool>) {
    while !*ended.borrow() {
        let cleaned = clean_one(&node, settings.each, &pace, &ended).await;
        let logs = node.logs.clone();
        let deleted = host::task::blocking(move || logs.delete_from_compacted(host::clock::now())).await;
        if let (Err(error), _) | (_, Err(error)) = (&cleaned, &deleted) {
            warn!(%error, "compaction failed");
        }
        if !cleaned.unwrap_or(false) {
            let _ = host::task::timeout(Duration::from_millis(settings.backoff_ms.max(1)), ended.changed()).await;
        }
    }
}

/// Compacts the filthiest log; whether there was one.
async fn clean_one(
    node: &Node,
    settings: CleanerSettings,
    pace: &Mutex<Pace>,
    ended: &watch::Receiver<bool>,
) -> Result<bool, host::task::JoinError> {
    let logs = node.logs.clone();
    let job = host::task::blocking(move || logs.clean_filthiest(settings, host::clock::now())).await?;
    let Some(mut job) = job else { return Ok(false) };
    while !*ended.borrow() {
        let logs = node.logs.clone();
        let bytes;
        (job, bytes) = host::task::blocking(move || {
            let bytes = logs.clean_on(&mut job);
            (job, bytes)
        })
        .await?;
        let Some(bytes) = bytes else { break };
        let wait = pace.lock().charge(bytes, host::clock::monotonic());
        if wait > 0 {
            let mut ended = ended.clone();
            let _ = host::task::timeout(Duration::from_millis(wait), ended.changed()).await;
        }
    }
    // Its unfinished files go, which is work for the disk.
    host::task::blocking(move || drop(job)).await?;
    Ok(true)
}

/// Spreads bytes over time, for all tasks together.
struct Pace {
    bytes_per_ms: f64,
    /// How long what was read and written ought to have taken, less the time that has passed, in milliseconds.
    ahead_ms: f64,
    at: Moment,
}

impl Pace {
    fn new(bytes_per_second: f64, now: Moment) -> Self {
        Self { bytes_per_ms: bytes_per_second.max(1.0) / 1000.0, ahead_ms: 0.0, at: now }
    }

    /// So many bytes were read and written: how many milliseconds to rest.
    fn charge(&mut self, bytes: u64, now: Moment) -> u64 {
        let passed = now.ms_since(self.at) as f64;
        self.at = now;
        self.ahead_ms = (self.ahead_ms - passed).max(0.0) + bytes as f64 / self.bytes_per_ms;
        self.ahead_ms as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spread_over_time() {
        let start = host::clock::monotonic();
        let mut pace = Pace::new(1_000_000.0, start);
        assert_eq!(pace.charge(500_000, start), 500);
        assert_eq!(pace.charge(500_000, start), 1000, "another task waits behind the first");
        assert_eq!(pace.charge(1000, start.plus_ms(600)), 401);
        assert_eq!(pace.charge(1000, start.plus_ms(60_000)), 1, "rest is not saved up");
        let mut free = Pace::new(f64::MAX, start);
        assert_eq!(free.charge(u64::MAX, start), 0);
    }

    #[test]
    fn what_the_threads_share_is_divided() {
        let config = |more: &[&str]| {
            let text = "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=C\n\
                listeners=PLAINTEXT://:9092,C://:9093\ncontroller.quorum.voters=1@localhost:9093\n\
                listener.security.protocol.map=C:PLAINTEXT,PLAINTEXT:PLAINTEXT\n";
            NodeConfig::from_text(text, &more.iter().map(|line| line.to_string()).collect::<Vec<_>>()).unwrap()
        };
        let one = Settings::of(&config(&[]));
        assert_eq!(
            (one.threads, one.backoff_ms, one.each.map_bytes, one.each.buffer_bytes),
            (1, 15_000, 128 << 20, 256 << 10)
        );
        let four = Settings::of(&config(&["log.cleaner.threads=4", "log.cleaner.io.buffer.load.factor=0.5"]));
        assert_eq!((four.each.map_bytes, four.each.buffer_bytes, four.each.load_factor), (32 << 20, 64 << 10, 0.5));
        let huge = Settings::of(&config(&["log.cleaner.dedupe.buffer.size=99999999999"]));
        assert_eq!(huge.each.map_bytes, i32::MAX as u64);
    }
}
