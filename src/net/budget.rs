//! Memory for requests: a pool that all connections draw from, and what each has drawn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// A number of bytes that all connections share.
///
/// Frames draw while they are being read, so all of them together could end up waiting for each other. Hence one
/// at a time may overdraw the pool until it is whole and answered; so some frame always gets on.
#[derive(Debug)]
pub(crate) struct Pool {
    limit: u64,
    used: AtomicU64,
    waiting: AtomicUsize,
    freed: Notify,
    overdraft: Arc<Semaphore>,
}

impl Pool {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
            overdraft: Arc::new(Semaphore::new(1)),
        })
    }

    /// Bytes drawn.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether somebody waits for bytes.
    pub(crate) fn is_short(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn try_draw(&self, bytes: u64) -> bool {
        let drawn = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::AcqRel, Ordering::Relaxed, drawn).is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        // Sequentially consistent with the count of those who wait, so that none of them is missed.
        std::sync::atomic::fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.freed.notify_waiters();
        }
    }
}

/// Bytes drawn from the memory for requests. They return when it is dropped.
#[derive(Debug, Default)]
pub struct Permit {
    pool: Option<Arc<Pool>>,
    bytes: u64,
    overdraft: Option<OwnedSemaphorePermit>,
}

impl Permit {
    pub(crate) fn empty(pool: &Arc<Pool>) -> Self {
        Self { pool: Some(Arc::clone(pool)), bytes: 0, overdraft: None }
    }

    /// Draws more, at once if the pool allows.
    pub(crate) fn try_grow(&mut self, bytes: u64) -> bool {
        let Some(pool) = &self.pool else { return true };
        if self.overdraft.is_some() {
            pool.used.fetch_add(bytes, Ordering::AcqRel);
        } else if !pool.try_draw(bytes) {
            return false;
        }
        self.bytes += bytes;
        true
    }

    /// Draws more, and waits until others have given back or it is this one's turn to overdraw.
    pub(crate) async fn grow(&mut self, bytes: u64) {
        while !self.try_grow(bytes) {
            let Some(pool) = self.pool.clone() else { return };
            let _waiting = Waiting::new(&pool);
            let mut freed = std::pin::pin!(pool.freed.notified());
            freed.as_mut().enable();
            if self.try_grow(bytes) {
                return;
            }
            tokio::select! {
                biased;
                () = freed => {}
                turn = Arc::clone(&pool.overdraft).acquire_owned() => self.overdraft = turn.ok(),
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.overdraft = None;
        if let Some(pool) = &self.pool
            && self.bytes > 0
        {
            pool.give_back(self.bytes);
        }
    }
}

struct Waiting<'a>(&'a Pool);

impl<'a> Waiting<'a> {
    fn new(pool: &'a Pool) -> Self {
        pool.waiting.fetch_add(1, Ordering::SeqCst);
        std::sync::atomic::fence(Ordering::SeqCst);
        Self(pool)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_overdraws_and_the_next_waits_for_it() {
        let pool = Pool::new(100);
        let mut held = Permit::empty(&pool);
        assert!(held.try_grow(60) && !held.try_grow(60));
        let mut first = Permit::empty(&pool);
        first.grow(1_000).await;
        first.grow(1_000).await;
        assert_eq!(pool.used(), 2_060);
        let mut second = Permit::empty(&pool);
        let waiting = tokio::spawn(async move {
            second.grow(70).await;
            second
        });
        while !pool.is_short() {
            tokio::task::yield_now().await;
        }
        drop(held);
        drop(first);
        let second = waiting.await.unwrap();
        assert_eq!((pool.used(), pool.is_short()), (70, false));
        drop(second);
        assert_eq!(pool.used(), 0);
    }
}
