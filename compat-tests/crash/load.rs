//! An idempotent producer that remembers over crashes what was acknowledged, and sends again what was not.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context, Result};

use super::{PARTITIONS, TOPIC};
use crate::dice::Dice;
use crate::kit::stopwatch;
use crate::pause;
use crate::raw::{Connection, Producer, admin, batch, frames};

/// What producers write, and where.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    pub topic: &'static str,
    pub partitions: i32,
    /// Records of the largest batch.
    pub most: u64,
    /// The batch of so many records of the producer with this number, from that record on.
    pub make: fn(usize, u64, u64, Producer, &mut Dice) -> Result<Vec<u8>>,
}

/// Numbered values without keys, all of which must stay.
pub const RAW: Story = Story { topic: TOPIC, partitions: PARTITIONS, most: 20, make: raw };

/// As the broker's window of batches that it remembers.
pub const IN_FLIGHT: usize = 5;

/// A batch: its first number, how many records, and its bytes, the same at each try.
#[derive(Debug)]
struct Pending {
    first: u64,
    count: u64,
    batch: Vec<u8>,
}

/// One producer; its records are numbered 0, 1, 2, ... without a gap.
#[derive(Debug)]
pub struct Load {
    story: Story,
    pub number: usize,
    pub partition: i32,
    id: (i64, i16),
    next: u64,
    pending: VecDeque<Pending>,
    /// First number, how many, first offset.
    acks: Vec<(u64, u64, i64)>,
    /// How many records are acknowledged, for those who look on.
    progress: Arc<AtomicU64>,
    /// What a broker that lives must not have said.
    pub fault: Option<String>,
}

impl Load {
    /// # Errors
    /// Where no producer id is given.
    pub fn new(story: Story, number: usize, connection: &mut Connection) -> Result<Self> {
        let partition = i32::try_from(number)? % story.partitions;
        let id = admin::producer_id(connection)?;
        Ok(Self {
            story,
            number,
            partition,
            id,
            next: 0,
            pending: VecDeque::new(),
            acks: Vec::new(),
            progress: Arc::default(),
            fault: None,
        })
    }

    /// One that has sent so many, of which these are acknowledged.
    #[cfg(test)]
    pub fn remembered(story: Story, number: usize, sent: u64, acks: Vec<(u64, u64, i64)>) -> Self {
        Self {
            story,
            number,
            partition: 0,
            id: (0, 0),
            next: sent,
            pending: VecDeque::new(),
            acks,
            progress: Arc::default(),
            fault: None,
        }
    }

    /// How many records are acknowledged: they are the first so many.
    pub fn acknowledged(&self) -> u64 {
        self.acks.last().map_or(0, |(first, count, _)| first + count)
    }

    /// [`Load::acknowledged`] for those who look on while it runs.
    pub fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.progress)
    }

    pub fn unanswered(&self) -> u64 {
        self.next - self.acknowledged()
    }

    /// How many records were ever sent.
    pub fn sent(&self) -> u64 {
        self.next
    }

    /// First number, how many, and first offset of each acknowledged batch.
    pub fn acks(&self) -> &[(u64, u64, i64)] {
        &self.acks
    }

    /// Produces until told to stop or until the broker is gone; first of all what is unanswered, in its order.
    pub fn run(&mut self, address: &str, dice: Dice, stop: &AtomicBool) {
        // That the connection ends is what this is about; wrong answers are kept as faults.
        let _ = self.produce(address, dice, stop);
    }

    fn produce(&mut self, address: &str, mut dice: Dice, stop: &AtomicBool) -> Result<()> {
        let mut connection = Connection::open(address)?;
        let mut sent = 0;
        loop {
            while sent < IN_FLIGHT {
                if sent == self.pending.len() && stop.load(Ordering::Relaxed) {
                    break;
                }
                let (topic, partition) = (self.story.topic, self.partition);
                let batch = self.batch(sent, &mut dice)?;
                connection.send(&mut frames::produce(topic, -1, &[(partition, batch)])?)?;
                sent += 1;
            }
            if sent == 0 {
                return Ok(());
            }
            let (_, parts) = frames::produced(connection.receive()?)?;
            let (_, code, offset) = parts.first().copied().context("an answer without a partition")?;
            if code != 0 {
                self.fault = Some(format!("producer {} was answered error {code}", self.number));
                return Ok(());
            }
            self.acknowledge(offset)?;
            sent -= 1;
            // Bursts with rests between them: each round reads everything again, so it must not be too much.
            if dice.below(8) == 0 {
                pause::short();
            }
        }
    }

    /// How many batches are made and not acknowledged.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The batch that is so many behind the oldest unacknowledged one; made where there is none yet.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn batch(&mut self, behind: usize, dice: &mut Dice) -> Result<&[u8]> {
        if behind == self.pending.len() {
            self.make(dice)?;
        }
        Ok(&self.pending.get(behind).context("nothing to send")?.batch)
    }

    /// The oldest unacknowledged batch is at this offset.
    ///
    /// # Errors
    /// Where there is none.
    pub fn acknowledge(&mut self, offset: i64) -> Result<()> {
        let done = self.pending.pop_front().context("an answer to nothing")?;
        self.acks.push((done.first, done.count, offset));
        self.progress.store(self.acknowledged(), Ordering::Release);
        Ok(())
    }

    fn make(&mut self, dice: &mut Dice) -> Result<()> {
        let (first, count) = (self.next, 1 + dice.below(self.story.most));
        let producer = Producer { id: self.id.0, epoch: self.id.1, sequence: i32::try_from(first)? };
        let batch = (self.story.make)(self.number, first, count, producer, dice)?;
        self.next += count;
        self.pending.push_back(Pending { first, count, batch });
        Ok(())
    }
}

pub fn raw(number: usize, first: u64, count: u64, producer: Producer, dice: &mut Dice) -> Result<Vec<u8>> {
    let values: Vec<Vec<u8>> = (first..first + count)
        .map(|n| {
            let mut value = format!("{number}:{n}:").into_bytes();
            value.extend(dice.bytes(dice_len(n)));
            value
        })
        .collect();
    batch(values.iter().map(Vec::as_slice), Some(producer), i64::try_from(stopwatch::now_ms())?)
}

/// Mostly short, sometimes a kilobyte.
fn dice_len(n: u64) -> usize {
    if n.is_multiple_of(16) { 1000 } else { 40 }
}
