//! Fetches that wait for records: parked once on all their partitions, woken by an append, never polling.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Those who wait for one partition.
#[derive(Default)]
pub struct Waiters {
    parked: Mutex<Vec<Weak<Notify>>>,
}

impl Waiters {
    /// Parks `waiter` here; it hears of every [`Waiters::wake`] until it is dropped.
    pub fn park(&self, waiter: &Arc<Notify>) {
        let mut parked = self.parked.lock();
        // Those who left are swept when the list would otherwise grow.
        if parked.len() == parked.capacity() {
            parked.retain(|waiter| waiter.strong_count() > 0);
        }
        parked.push(Arc::downgrade(waiter));
    }

    /// Has a waiter hear of no more.
    pub fn leave(&self, waiter: &Arc<Notify>) {
        self.parked.lock().retain(|parked| !std::ptr::eq(parked.as_ptr(), Arc::as_ptr(waiter)));
    }

    /// Wakes everyone: there is something new to see.
    pub fn wake(&self) {
        self.parked.lock().retain(|waiter| {
            waiter.upgrade().is_some_and(|waiter| {
                waiter.notify_one();
                true
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wake_before_the_wait_is_not_lost() {
        let (waiters, waiter) = (Waiters::default(), Arc::new(Notify::new()));
        waiters.park(&waiter);
        waiters.wake();
        waiter.notified().await;
    }

    #[test]
    fn who_leaves_hears_of_no_more() {
        let (waiters, stays, leaves) = (Waiters::default(), Arc::new(Notify::new()), Arc::new(Notify::new()));
        waiters.park(&stays);
        waiters.park(&leaves);
        waiters.leave(&leaves);
        waiters.wake();
        let heard = |waiter: &Notify| {
            let mut heard = std::pin::pin!(waiter.notified());
            heard.as_mut().enable()
        };
        assert_eq!((heard(&stays), heard(&leaves)), (true, false));
    }

    #[test]
    fn those_who_left_are_forgotten() {
        let waiters = Waiters::default();
        for _ in 0..10_000 {
            waiters.park(&Arc::new(Notify::new()));
        }
        assert!(waiters.parked.lock().len() < 100);
    }
}
