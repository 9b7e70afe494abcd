//! What all clients of a run share: the clock, the addresses, what went wrong, and when it is over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::kit::Stopwatch;

/// One run.
#[derive(Debug)]
pub struct Stage {
    pub watch: Stopwatch,
    /// Where clients find the cluster.
    pub addresses: Vec<String>,
    no_more_records: AtomicBool,
    over: AtomicBool,
    faults: Mutex<Vec<String>>,
}

impl Stage {
    pub fn new(addresses: Vec<String>) -> Self {
        Self {
            watch: Stopwatch::start(),
            addresses,
            no_more_records: AtomicBool::new(false),
            over: AtomicBool::new(false),
            faults: Mutex::default(),
        }
    }

    /// Since the start.
    pub fn now(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Producers make nothing new, and end when all is acknowledged.
    pub fn no_more_records(&self) {
        self.no_more_records.store(true, Ordering::Release);
    }

    pub fn wants_records(&self) -> bool {
        !self.no_more_records.load(Ordering::Acquire)
    }

    /// Everyone ends; consumers when they have read what there is.
    pub fn end(&self) {
        self.no_more_records();
        self.over.store(true, Ordering::Release);
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// What must not be.
    pub fn fault(&self, text: String) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    /// # Errors
    /// With all that must not be.
    pub fn no_fault(&self) -> Result<()> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.is_empty() {
            return Ok(());
        }
        bail!("{}", faults.join("\n"))
    }
}
