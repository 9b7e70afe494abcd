//! When something was asked and answered, again and again: from it follows for how long it was not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is asked of a partition all the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A batch with acks=all.
    Produce,
    /// A group's offset; the partition is the one of `__consumer_offsets`.
    Commit,
    /// A consumer's fetch that brings records.
    Read,
}

impl What {
    pub fn text(self) -> &'static str {
        match self {
            Self::Produce => "produce",
            Self::Commit => "commit",
            Self::Read => "read",
        }
    }
}

/// One answered question, in time since the start.
#[derive(Clone, Copy, Debug)]
struct Beat {
    asked: Duration,
    answered: Duration,
}

/// The answered questions to one partition.
#[derive(Debug)]
pub struct Pulse {
    pub what: What,
    pub topic: &'static str,
    pub partition: i32,
    beats: Mutex<Vec<Beat>>,
}

impl Pulse {
    pub fn new(what: What, topic: &'static str, partition: i32) -> Self {
        Self { what, topic, partition, beats: Mutex::default() }
    }

    pub fn beat(&self, asked: Duration, answered: Duration) {
        self.beats().push(Beat { asked, answered });
    }

    /// From `at` to the first answer to something that was asked later than that; nothing where there is none yet.
    pub fn after(&self, at: Duration) -> Option<Duration> {
        let beats = self.beats();
        let first = beats.iter().filter(|beat| beat.asked >= at).map(|beat| beat.answered).min()?;
        Some(first.saturating_sub(at))
    }

    /// The longest time without an answer that began in this span, or lasted at its beginning.
    pub fn silence(&self, from: Duration, to: Duration) -> Duration {
        let (mut last, mut longest) = (from, Duration::ZERO);
        for answered in self.beats().iter().map(|beat| beat.answered).filter(|answered| *answered >= from) {
            longest = longest.max(answered.saturating_sub(last));
            last = answered;
            if last > to {
                break;
            }
        }
        longest.max(to.saturating_sub(last))
    }

    /// What is older is not asked for any more.
    pub fn forget(&self, before: Duration) {
        self.beats().retain(|beat| beat.answered >= before);
    }

    fn beats(&self) -> MutexGuard<'_, Vec<Beat>> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn what_was_asked_before_does_not_count_as_recovered_and_every_silence_is_seen() {
        let pulse = Pulse::new(What::Produce, "t", 0);
        for (asked, answered) in [(0, 10), (90, 105), (106, 400), (401, 405), (500, 1200)] {
            pulse.beat(ms(asked), ms(answered));
        }
        assert_eq!(pulse.after(ms(100)), Some(ms(300)), "the answer at 105 was under way already");
        assert_eq!(pulse.after(ms(600)), None);
        assert_eq!(pulse.silence(ms(100), ms(420)), ms(795), "it began before the end, and ended after it");
        assert_eq!(pulse.silence(ms(1100), ms(2000)), ms(800), "it still lasts");
        pulse.forget(ms(500));
        assert_eq!(pulse.after(ms(0)), Some(ms(1200)));
    }
}
