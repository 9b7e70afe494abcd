//! How fast replicas that lag may be copied (KIP-73, `ReplicationQuotaManager`): a rate over the last seconds, and which
//! replicas of a topic it is for.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};

use model::{NodeId, PartitionIndex, Timestamp};

/// Bytes a second, measured over the samples of the last seconds, with an upper bound.
///
/// What is sent is measured after it was sent, so the rate is held on average: one answer can be larger than a second's
/// share, and then nothing more is sent until the average is right again.
#[derive(Debug)]
pub struct Throttle {
    /// Bytes a second.
    bound: i64,
    /// `replication.quota.window.num`.
    samples_max: i64,
    /// `replication.quota.window.size.seconds`, in milliseconds.
    sample_ms: i64,
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    begun: Timestamp,
    last: Timestamp,
    bytes: i64,
}

impl Throttle {
    /// One without a bound, measured over so many samples of so many seconds each.
    pub fn new(samples: i32, sample_seconds: i32) -> Self {
        Self {
            bound: i64::MAX,
            samples_max: i64::from(samples.max(1)),
            sample_ms: i64::from(sample_seconds.max(1)) * 1_000,
            samples: VecDeque::new(),
        }
    }

    /// From now on at most so many bytes a second.
    pub fn set_bound(&mut self, bytes_per_second: i64) {
        self.bound = bytes_per_second;
    }

    /// So many bytes were sent, or have come. Times are of a clock that never goes back.
    pub fn record(&mut self, bytes: usize, now: Timestamp) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.forget(now);
        match self.samples.back_mut() {
            Some(sample) if now.ms_since(sample.begun) < self.sample_ms => {
                sample.bytes = sample.bytes.saturating_add(bytes);
                sample.last = now;
            }
            _ => self.samples.push_back(Sample { begun: now, last: now, bytes }),
        }
    }

    /// Whether it was faster than the bound until now.
    pub fn is_exceeded(&mut self, now: Timestamp) -> bool {
        self.free_at(now).is_some()
    }

    /// When it will be within the bound again if nothing more is sent; `None` if it is.
    pub fn free_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        if self.bound == i64::MAX {
            return None;
        }
        self.forget(now);
        let mut total: i128 = self.samples.iter().map(|sample| i128::from(sample.bytes)).sum();
        let mut at = now;
        for sample in &self.samples {
            let within = self.within(total, sample.begun, at);
            let expiry = self.expiry(sample);
            if within < expiry {
                at = within;
                break;
            }
            // By the time the average was right, this sample would no longer be in it.
            total -= i128::from(sample.bytes);
            at = at.max(expiry);
        }
        (at > now).then_some(at)
    }

    /// From `at` on, when so many bytes since `begun` are within the bound. Less than one sample is not measured over.
    fn within(&self, bytes: i128, begun: Timestamp, at: Timestamp) -> Timestamp {
        let bound = i128::from(self.bound);
        if bytes * 1_000 <= bound * i128::from(self.sample_ms) {
            return at;
        }
        let needed_ms = if bound <= 0 { i128::MAX } else { (bytes * 1_000 + bound - 1) / bound };
        at.max(begun.plus_ms(i64::try_from(needed_ms).unwrap_or(i64::MAX)))
    }

    fn forget(&mut self, now: Timestamp) {
        while self.samples.front().is_some_and(|sample| self.expiry(sample) <= now) {
            self.samples.pop_front();
        }
    }

    fn expiry(&self, sample: &Sample) -> Timestamp {
        sample.last.plus_ms(self.samples_max * self.sample_ms)
    }
}

/// The replicas of a topic that are throttled on one broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Throttled {
    /// None.
    #[default]
    Nothing,
    /// All, also of partitions that are yet to come.
    All,
    /// Those of these partitions.
    Partitions(BTreeSet<i32>),
}

impl Throttled {
    /// What a topic's list says of `broker`: `*`, or pairs of partition and broker. What is neither says nothing.
    pub fn of(list: &[String], broker: NodeId) -> Self {
        let mut pairs = list.iter().map(|pair| pair.trim()).filter(|pair| !pair.is_empty()).peekable();
        match pairs.peek() {
            None => Self::Nothing,
            Some(&"*") => Self::All,
            Some(_) => {
                let pairs = pairs.filter_map(|pair| pair.split_once(':'));
                let here = pairs.filter(|(_, of)| of.parse() == Ok(broker.0));
                Self::Partitions(here.filter_map(|(partition, _)| partition.parse().ok()).collect())
            }
        }
    }

    /// Whether this partition's replica is among them.
    pub fn has(&self, partition: PartitionIndex) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Partitions(partitions) => partitions.contains(&partition.0),
        }
    }
}
