//! Groups of real consumers that come, share, die and go while records are written.

mod kcat;
mod member;
mod mixed;
mod random;
mod verifiable;
mod watch;

use std::time::Duration;

use anyhow::{Result, bail};

use super::Entry;
use crate::kit::{Layout, Stopwatch};

/// A member's session where the broker says how long it is (KIP-848).
const SESSION: Duration = Duration::from_secs(12);
/// Longer than a JVM's start, a session and a rebalance on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

pub fn entries() -> Vec<Entry> {
    [verifiable::entries(), mixed::entries(), kcat::entries(), random::entries()].into_iter().flatten().collect()
}

/// Short sessions, for somebody must wait for them.
fn layout() -> Layout {
    Layout::default()
        .with("group.consumer.min.session.timeout.ms", "3000")
        .with("group.consumer.session.timeout.ms", &SESSION.as_millis().to_string())
        .with("group.consumer.min.heartbeat.interval.ms", "500")
        .with("group.consumer.heartbeat.interval.ms", "500")
}

/// Waits until it holds; `seen` says what was seen instead.
///
/// # Errors
/// Where it does not come to hold, or cannot be told.
fn until(what: &str, mut holds: impl FnMut() -> Result<bool>, seen: impl Fn() -> String) -> Result<()> {
    let since = Stopwatch::start();
    while !holds()? {
        if since.left_of(PATIENCE).is_none() {
            bail!("waited in vain until {what}; there is {}", seen());
        }
        crate::pause::short();
    }
    Ok(())
}
