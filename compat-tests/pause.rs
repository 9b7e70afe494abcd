//! Waiting for a time: an open-loop load is paced by the clock and by nothing else.

use std::time::Duration;

use crate::kit::Stopwatch;

/// Until so much has passed on the watch.
#[expect(clippy::disallowed_methods, reason = "the pace of a load is what is wanted, not a state")]
pub fn until(watch: Stopwatch, at: Duration) {
    if let Some(left) = watch.left_of(at) {
        std::thread::sleep(left);
    }
}

/// Between two questions to a broker that has nobody to wake us.
pub fn short() {
    until(Stopwatch::start(), Duration::from_millis(5));
}
