//! When a connection last moved, told in coarse time, so that nobody reads a clock or sets a timer for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::Limits;

/// What the two tasks of a connection note and the registry's tick looks at. Times are in milliseconds of the
/// registry's coarse clock, which starts at 1.
#[derive(Debug)]
pub(crate) struct Activity {
    last_byte: AtomicU64,
    /// Since when the frame that is not whole yet is watched: from its first wait for bytes, and then from one
    /// verdict to the next. 0 is "there is none".
    frame_since: AtomicU64,
    frame_received: AtomicU64,
    /// What of it was there then.
    watched_from: AtomicU64,
    /// The last verdict.
    frame_slow: AtomicBool,
    /// Since when the client has taken nothing of what is there for it; 0 is "it takes all".
    write_since: AtomicU64,
}

impl Activity {
    pub(crate) fn new(now: u64) -> Self {
        Self {
            last_byte: AtomicU64::new(now),
            frame_since: AtomicU64::new(0),
            frame_received: AtomicU64::new(0),
            watched_from: AtomicU64::new(0),
            frame_slow: AtomicBool::new(false),
            write_since: AtomicU64::new(0),
        }
    }

    /// A byte went in or out.
    pub(crate) fn moved(&self, now: u64) {
        self.last_byte.store(now, Relaxed);
    }

    /// The socket takes no more bytes.
    pub(crate) fn write_blocks(&self, now: u64) {
        self.write_since.store(now, Relaxed);
    }

    /// The socket has taken bytes.
    pub(crate) fn write_goes_on(&self) {
        self.write_since.store(0, Relaxed);
    }

    /// The reader begins to wait for the rest of a frame of which it has `received` bytes.
    pub(crate) fn frame_waits(&self, now: u64, received: usize) {
        self.frame_received.store(received as u64, Relaxed);
        if self.frame_since.load(Relaxed) == 0 {
            self.watched_from.store(received as u64, Relaxed);
            self.frame_since.store(now, Relaxed);
        }
    }

    /// The frame is whole.
    pub(crate) fn frame_is_whole(&self) {
        if self.frame_since.load(Relaxed) != 0 {
            self.frame_since.store(0, Relaxed);
            self.frame_slow.store(false, Relaxed);
        }
    }

    /// The frame waits for us, not for its client: its time stands still. Returns its age for [`Self::resume`].
    pub(crate) fn pause(&self, now: u64) -> Option<u64> {
        let since = self.frame_since.swap(0, Relaxed);
        (since != 0).then(|| now.saturating_sub(since))
    }

    pub(crate) fn resume(&self, now: u64, age: Option<u64>) {
        if let Some(age) = age {
            self.frame_since.store(now.saturating_sub(age).max(1), Relaxed);
        }
    }

    /// Milliseconds since a byte moved; of what we wait to send, if there is any.
    pub(crate) fn quiet_ms(&self, now: u64) -> u64 {
        match self.write_stall_ms(now) {
            0 => now.saturating_sub(self.last_byte.load(Relaxed)),
            stall => stall,
        }
    }

    /// Whether nothing has moved for too long, although it is the client's turn.
    pub(crate) fn is_idle(&self, now: u64, waits_for_us: bool, limits: &Limits) -> bool {
        let Ok(most) = u64::try_from(limits.connections_max_idle_ms) else { return false };
        let clients_turn = !waits_for_us || self.write_since.load(Relaxed) != 0 || self.frame_since.load(Relaxed) != 0;
        clients_turn && self.quiet_ms(now) > most
    }

    /// Whether it holds memory for a frame that comes too slowly, judged over the last `frame_grace_ms` or so. To be
    /// asked regularly.
    pub(crate) fn frame_is_slow(&self, now: u64, limits: &Limits) -> bool {
        let since = self.frame_since.load(Relaxed);
        if since == 0 {
            return false;
        }
        let ms = now.saturating_sub(since);
        if ms > limits.frame_grace_ms {
            let received = self.frame_received.load(Relaxed);
            let came = received.saturating_sub(self.watched_from.swap(received, Relaxed));
            // The reader may have got the rest meanwhile: then there is nothing to judge.
            if self.frame_since.compare_exchange(since, now, Relaxed, Relaxed).is_ok() {
                self.frame_slow.store(came < limits.frame_bytes_per_second.saturating_mul(ms) / 1_000, Relaxed);
            }
        }
        self.frame_slow.load(Relaxed)
    }

    /// For how long the client has taken nothing of what is there for it.
    pub(crate) fn write_stall_ms(&self, now: u64) -> u64 {
        match self.write_since.load(Relaxed) {
            0 => 0,
            since => now.saturating_sub(since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_clients_own_time_counts() {
        let limits = Limits { connections_max_idle_ms: 1_000, ..Limits::default() };
        let it = Activity::new(1);
        assert!(!it.is_idle(1_001, false, &limits) && it.is_idle(1_002, false, &limits));
        assert!(!it.is_idle(9_000, true, &limits), "it waits for an answer");
        it.write_blocks(8_000);
        it.moved(9_500);
        assert!(it.is_idle(9_500, true, &limits), "it sends, but does not take the answer");
        assert_eq!(it.write_stall_ms(9_500), 1_500);
        it.write_goes_on();
        let endless = Limits { connections_max_idle_ms: -1, ..limits };
        assert!(!it.is_idle(u64::MAX, false, &endless));

        it.frame_waits(10_000, 65_536);
        assert!(!it.frame_is_slow(12_000, &endless), "a grace of 2 s");
        it.frame_waits(12_500, 65_536 * 4);
        assert!(!it.frame_is_slow(13_000, &endless), "three times 64 KiB in 3 s");
        it.frame_waits(14_000, 65_536 * 5);
        assert!(!it.frame_is_slow(15_000, &endless) && it.frame_is_slow(15_001, &endless));
        it.frame_waits(15_100, 65_536 * 8);
        assert!(!it.frame_is_slow(17_100, &endless), "it has made up for it");
        let age = it.pause(17_100);
        assert!(!it.frame_is_slow(60_000, &endless), "it waits for memory");
        it.resume(60_000, age);
        assert!(it.frame_is_slow(62_001, &endless));
        it.frame_is_whole();
        assert!(!it.frame_is_slow(90_000, &endless));
    }
}
