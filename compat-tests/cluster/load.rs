//! A producer that waits for each record, and a consumer that counts them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::PATIENCE;
use super::view::View;
use crate::kit::{Stopwatch, stopwatch};
use crate::pause;
use crate::raw::{Connection, Producer, admin, batch, frames, records};

/// Both, running.
pub struct Load {
    shared: Arc<Shared>,
    producer: JoinHandle<Result<()>>,
    consumer: JoinHandle<Result<u64>>,
}

struct Shared {
    view: Arc<View>,
    topic: &'static str,
    clock: Stopwatch,
    acknowledged: Mutex<Vec<Acknowledged>>,
    /// The producer ends.
    stop: AtomicBool,
    /// How many records the consumer has to see before it ends; not known while the producer runs.
    total: AtomicU64,
    /// Where the topic ended before the load.
    start: i64,
}

/// When a record was sent for the first time, and when it was acknowledged.
#[derive(Clone, Copy)]
struct Acknowledged {
    sent: Duration,
    at: Duration,
}

/// How the load came through.
pub struct Resumed {
    /// From the kill until the record that waited longest was acknowledged.
    pub after: Duration,
    /// How long that record waited.
    pub longest: Duration,
}

/// What became of everything.
pub struct Sum {
    pub acknowledged: u64,
    pub consumed: u64,
}

impl Load {
    /// # Errors
    /// Where nobody leads the topic.
    pub fn start(view: Arc<View>, topic: &'static str) -> Result<Self> {
        let mut connection = view.connect(view.state(topic)?.leader)?;
        admin::wait_served(&mut connection, topic, 1)?;
        let start = admin::end_offsets(&mut connection, topic, 1)?.first().copied().flatten().context("no end")?;
        let producer = admin::producer_id(&mut connection)?;
        let shared = Arc::new(Shared {
            view,
            topic,
            clock: Stopwatch::start(),
            acknowledged: Mutex::default(),
            stop: AtomicBool::new(false),
            total: AtomicU64::new(u64::MAX),
            start,
        });
        let (producing, consuming) = (shared.clone(), shared.clone());
        Ok(Self {
            shared,
            producer: std::thread::spawn(move || producing.produce(producer)),
            consumer: std::thread::spawn(move || consuming.consume()),
        })
    }

    pub fn view(&self) -> &View {
        &self.shared.view
    }

    /// The load's own clock.
    pub fn now(&self) -> Duration {
        self.shared.clock.elapsed()
    }

    /// How many records were acknowledged.
    ///
    /// # Errors
    /// Where a thread has given up.
    pub fn acknowledged(&self) -> Result<usize> {
        ensure!(!self.producer.is_finished(), "the producer has given up");
        ensure!(!self.consumer.is_finished(), "the consumer has given up");
        Ok(self.shared.acknowledged().len())
    }

    /// The median and the 99th percentile, in microseconds.
    ///
    /// # Errors
    /// Where nothing was acknowledged.
    pub fn latencies(&self) -> Result<(u128, u128)> {
        let acknowledged = self.shared.acknowledged();
        let mut took: Vec<u128> = acknowledged.iter().map(|one| one.took().as_micros()).collect();
        took.sort_unstable();
        let at = |percent: usize| took.get(took.len() * percent / 100).copied().context("nothing was acknowledged");
        Ok((at(50)?, at(99)?))
    }

    /// Waits for a record that is sent from now on, and looks back at what a kill did.
    ///
    /// # Errors
    /// Where none is acknowledged.
    pub fn resumed(&self, killed: Duration) -> Result<Resumed> {
        let (since, now) = (Stopwatch::start(), self.now());
        loop {
            self.acknowledged()?;
            let acknowledged = self.shared.acknowledged();
            if acknowledged.last().is_some_and(|last| last.sent > now) {
                let later = acknowledged.iter().filter(|one| one.at > killed);
                let slowest = later.max_by_key(|one| one.took()).context("nothing was acknowledged")?;
                return Ok(Resumed { after: slowest.at.saturating_sub(killed), longest: slowest.took() });
            }
            drop(acknowledged);
            ensure!(since.left_of(PATIENCE).is_some(), "nothing is acknowledged any more");
            pause::short();
        }
    }

    /// Ends both, when the consumer has seen everything that was acknowledged.
    ///
    /// # Errors
    /// Where something was lost, is there twice, or is out of order.
    pub fn finish(self) -> Result<Sum> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let panicked = |_| anyhow!("a thread of the load panicked");
        let produced = self.producer.join().map_err(panicked)?;
        let acknowledged = self.shared.acknowledged().len() as u64;
        self.shared.total.store(acknowledged, Ordering::Relaxed);
        let consumed = self.consumer.join().map_err(panicked)?;
        produced?;
        Ok(Sum { acknowledged, consumed: consumed? })
    }
}

impl Acknowledged {
    fn took(&self) -> Duration {
        self.at.saturating_sub(self.sent)
    }
}

impl Shared {
    fn acknowledged(&self) -> MutexGuard<'_, Vec<Acknowledged>> {
        self.acknowledged.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn connect(&self) -> Result<Connection> {
        self.view.connect(self.view.state(self.topic)?.leader)
    }

    /// One record after the other; each is sent again, under the same number, until it is acknowledged.
    fn produce(&self, (id, epoch): (i64, i16)) -> Result<()> {
        let mut connection = None;
        for number in 0u64.. {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let sequence = i32::try_from(number & u64::from(i32::MAX.unsigned_abs()))?;
            let value = number.to_be_bytes();
            let timestamp = i64::try_from(stopwatch::now_ms())?;
            let one = batch([&value[..]], Some(Producer { id, epoch, sequence }), timestamp)?;
            let frame = frames::produce(self.topic, -1, &[(0, &one)])?;
            let (sent, since) = (self.clock.elapsed(), Stopwatch::start());
            loop {
                match self.try_produce(&mut connection, &frame) {
                    Ok(()) => break,
                    Err(error) if since.left_of(PATIENCE).is_none() => return Err(error.context("producing")),
                    Err(_) => {
                        connection = None;
                        pause::short();
                    }
                }
            }
            self.acknowledged().push(Acknowledged { sent, at: self.clock.elapsed() });
        }
        Ok(())
    }

    fn try_produce(&self, connection: &mut Option<Connection>, frame: &[u8]) -> Result<()> {
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(self.connect()?),
        };
        let (_, parts) = frames::produced(connection.exchange(frame.to_vec())?)?;
        match parts.first() {
            Some((_, 0, _)) => Ok(()),
            other => bail!("Produce answered {other:?}"),
        }
    }

    /// Reads until all is seen that was acknowledged; returns how many that were.
    fn consume(&self) -> Result<u64> {
        let (mut connection, mut seen) = (None, 0u64);
        let mut since = Stopwatch::start();
        loop {
            let total = self.total.load(Ordering::Relaxed);
            if seen >= total {
                ensure!(seen == total, "{seen} records were consumed, {total} acknowledged");
                return Ok(seen);
            }
            match self.try_consume(&mut connection, self.start + i64::try_from(seen)?) {
                Ok(values) => {
                    for value in values {
                        let number = value.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
                        ensure!(number == Some(seen), "record {number:?} was consumed where {seen} is expected");
                        seen += 1;
                        since = Stopwatch::start();
                    }
                }
                Err(error) => {
                    connection = None;
                    pause::short();
                    if since.left_of(PATIENCE).is_none() {
                        return Err(error.context(format!("consuming from record {seen} on")));
                    }
                }
            }
            ensure!(since.left_of(PATIENCE * 2).is_some(), "nothing is consumed behind record {seen}");
        }
    }

    fn try_consume(&self, connection: &mut Option<Connection>, from: i64) -> Result<Vec<Vec<u8>>> {
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(self.connect()?),
        };
        let frame = frames::fetch(self.topic, &[(0, from)], 1 << 20, 250)?;
        let (_, _, bytes) = frames::fetched(connection.exchange(frame)?)?.pop().context("no partition")?;
        let whole = crate::raw::batch_sets(&bytes).map(|batch| batch.bytes.len()).sum();
        let values = records(bytes.get(..whole).unwrap_or_default())?;
        Ok(values.into_iter().filter(|(offset, _)| *offset >= from).map(|(_, value)| value).collect())
    }
}
