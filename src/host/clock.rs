//! The two clocks: the wall clock for records, the monotonic one for deadlines.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// The wall clock, in milliseconds since the Unix epoch. It may jump; use [`monotonic`] for durations.
#[allow(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The monotonic clock. Follows tokio's clock, so paused time in tests pauses it too.
pub fn monotonic() -> Moment {
    Moment(tokio::time::Instant::now())
}

/// The monotonic clock in milliseconds, since an instant of no meaning: for decisions that measure how long something
/// lasts. Negative before that instant.
pub fn uptime() -> Timestamp {
    static ORIGIN: OnceLock<tokio::time::Instant> = OnceLock::new();
    let now = tokio::time::Instant::now();
    let origin = *ORIGIN.get_or_init(|| now);
    let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let since = now.checked_duration_since(origin);
    Timestamp(since.map_or_else(|| -ms(origin.saturating_duration_since(now)), ms))
}

/// The wall clock without its jumps: for deadlines of others, which must not all end because somebody set the clock, or
/// because the machine slept. It goes with the monotonic clock, and a tenth faster or slower while the wall clock is
/// elsewhere.
pub fn steady() -> Timestamp {
    static HAND: Mutex<Option<Hand>> = Mutex::new(None);
    let mut hand = HAND.lock().unwrap_or_else(PoisonError::into_inner);
    let (wall, ticks) = (now(), uptime());
    let before = *hand.get_or_insert(Hand { shows: wall, ticks });
    let moved = before.moved(wall, ticks);
    // Shorter times have no tenth: they are looked at together.
    if moved.ticks.ms_since(before.ticks) >= 10 {
        *hand = Some(moved);
    }
    moved.shows
}

/// What the steady clock showed, and when that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hand {
    shows: Timestamp,
    ticks: Timestamp,
}

impl Hand {
    fn moved(self, wall: Timestamp, ticks: Timestamp) -> Self {
        let passed = ticks.ms_since(self.ticks).max(0);
        let gap = wall.ms_since(self.shows.plus_ms(passed));
        let most = passed / 10;
        Self { shows: self.shows.plus_ms(passed + gap.clamp(-most, most)), ticks: ticks.max(self.ticks) }
    }
}

/// An instant of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub(crate) tokio::time::Instant);

impl Moment {
    /// Milliseconds since this instant; 0 if it lies in the future.
    pub fn elapsed_ms(self) -> u64 {
        monotonic().ms_since(self)
    }

    /// Microseconds since this instant; 0 if it lies in the future.
    pub fn elapsed_us(self) -> u64 {
        u64::try_from(monotonic().0.saturating_duration_since(self.0).as_micros()).unwrap_or(u64::MAX)
    }

    /// Milliseconds from `earlier` to this instant; 0 if `earlier` is the later one.
    pub fn ms_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_duration_since(earlier.0).as_millis()).unwrap_or(u64::MAX)
    }

    /// This instant moved on by `ms` milliseconds, by at most some thirty years.
    pub fn plus_ms(self, ms: u64) -> Self {
        const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);
        Self(self.0 + Duration::from_millis(ms).min(FAR))
    }

    /// This instant moved on by a duration, by at most some thirty years.
    pub fn plus(self, duration: Duration) -> Self {
        self.plus_ms(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steady_clock_walks_where_the_wall_clock_jumps() {
        let hand = Hand { shows: Timestamp(1_000_000), ticks: Timestamp(0) };
        let show = |hand: Hand, wall: i64, ticks: i64| hand.moved(Timestamp(wall), Timestamp(ticks));
        assert_eq!(show(hand, 1_000_500, 500).shows, Timestamp(1_000_500), "both go the same way");
        let ahead = show(hand, 1_900_500, 500);
        assert_eq!(ahead.shows, Timestamp(1_000_550), "the wall clock was set ahead");
        assert_eq!(show(ahead, 1_901_500, 1_500).shows, Timestamp(1_001_650));
        assert_eq!(show(hand, 100_500, 500).shows, Timestamp(1_000_450), "the wall clock was set back");
        assert_eq!(show(hand, 1_000_520, 500).shows, Timestamp(1_000_520), "a small step is made up at once");
        assert_eq!(show(hand, 0, 0).shows, hand.shows, "it never goes back");
    }

    #[test]
    fn moments_are_ordered_and_never_underflow() {
        let start = monotonic();
        let later = start.plus_ms(250);
        assert!(later > start);
        assert_eq!((later.ms_since(start), start.ms_since(later)), (250, 0));
        assert!(start.plus_ms(u64::MAX) > later, "an endless wait does not overflow");
        assert!(now().0 > 1_600_000_000_000);
    }
}
