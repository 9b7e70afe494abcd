//! Tasks, threads and timers; from here, so that a simulated machine can replace them.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Mutex;

pub use tokio::task::{JoinError, JoinHandle, JoinSet, coop::consume_budget, yield_now};
pub use tokio::time::{Interval, MissedTickBehavior, error::Elapsed, interval, sleep, timeout};

use crate::clock::Moment;

/// The runtime of a program: a thread a processor for tasks, and a pool for calls that block.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("ottla").build()
}

/// Starts a task on the runtime.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(future)
}

/// Runs a call that may block on the disk on the runtime's pool of threads, and waits for its result without
/// blocking. An error means that the call panicked or the runtime is going down.
pub async fn blocking<T, F>(call: F) -> Result<T, JoinError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    tokio::task::spawn_blocking(call).await
}

/// Starts a thread of its own, for work that goes on for long (housekeeping). The name shows in `top -H`.
pub fn spawn_thread<T, F>(name: &str, call: F) -> io::Result<std::thread::JoinHandle<T>>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    std::thread::Builder::new().name(name.to_owned()).spawn(call)
}

/// Calls `work` on every item with up to `threads` threads, the caller's included, and returns the results in the
/// items' order. Items are taken one by one, so a slow one does not hold up the others
/// (`num.recovery.threads.per.data.dir`). If `work` panics, so does this call, when all are done.
pub fn parallel<I, T, F>(name: &str, threads: NonZeroUsize, items: Vec<I>, work: F) -> Vec<T>
where
    I: Send,
    T: Send,
    F: Fn(I) -> T + Sync,
{
    let helpers = threads.get().min(items.len()).saturating_sub(1);
    let queue = Mutex::new(items.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
    let drain = || {
        let mut done = Vec::new();
        while let Some((at, item)) = next() {
            done.push((at, work(item)));
        }
        done
    };
    let mut results = std::thread::scope(|scope| {
        // A thread that cannot be started is made up for by the others.
        let started: Vec<_> = (0..helpers)
            .filter_map(|_| std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, drain).ok())
            .collect();
        let mut results = drain();
        for thread in started {
            match thread.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Waits until an instant.
pub async fn sleep_until(deadline: Moment) {
    tokio::time::sleep_until(deadline.0).await;
}

/// Waits for a future, but not past an instant.
pub async fn timeout_at<F: Future>(deadline: Moment, future: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout_at(deadline.0, future).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_work_keeps_its_order() {
        let four = NonZeroUsize::new(4).unwrap();
        let squares = parallel("test", four, (0..1000u64).collect(), |n| n * n);
        assert_eq!(squares, (0..1000u64).map(|n| n * n).collect::<Vec<_>>());
        assert!(parallel("test", four, Vec::<u8>::new(), |n| n).is_empty());
        assert!(std::panic::catch_unwind(|| parallel("test", four, vec![1, 2], |n| assert_eq!(n, 1))).is_err());
    }
}
