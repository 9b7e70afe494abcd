//! Clients that do nothing wrong: whatever others do, they are served, soon, and what they were promised is there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::kit::kcat::kcat;
use crate::kit::{Stopwatch, stopwatch};
use crate::pause;
use crate::raw::{Connection, admin, batch, frames, records};

pub const TOPIC: &str = "honest";
pub const KCAT_TOPIC: &str = "honest-kcat";

/// Produces a record, reads it back, asks for metadata, all on one connection; now and then on a new one.
#[derive(Debug, Default)]
pub struct Raw {
    rounds: i64,
    waits: Vec<Duration>,
    fault: Option<String>,
}

/// kcat, started again and again.
#[derive(Debug, Default)]
pub struct Kcat {
    rounds: usize,
    fault: Option<String>,
}

impl Raw {
    pub fn run(&mut self, address: &str, stop: &AtomicBool) {
        if let Err(error) = self.go(address, stop) {
            self.fault = Some(format!("after {} rounds: {error:#}", self.rounds));
        }
    }

    fn go(&mut self, address: &str, stop: &AtomicBool) -> Result<()> {
        let mut connection = Connection::open(address)?;
        while !stop.load(Ordering::Relaxed) {
            let watch = Stopwatch::start();
            if self.rounds % 50 == 49 {
                connection = Connection::open(address)?;
            }
            self.round(&mut connection)?;
            self.waits.push(watch.elapsed());
            pause::until(watch, Duration::from_millis(10));
        }
        Ok(())
    }

    fn round(&mut self, connection: &mut Connection) -> Result<()> {
        let value = format!("honest {}", self.rounds);
        let batch = batch([value.as_bytes()], None, i64::try_from(stopwatch::now_ms())?)?;
        let (_, parts) = frames::produced(connection.exchange(frames::produce(TOPIC, -1, &[(0, &batch)])?)?)?;
        ensure!(parts == [(0, 0, self.rounds)], "Produce answered {parts:?} in round {}", self.rounds);
        let answer = connection.exchange(frames::fetch(TOPIC, &[(0, self.rounds)], 1 << 20, 500)?)?;
        let (_, _, bytes) = frames::fetched(answer)?.pop().context("an answer without a partition")?;
        let found = records(&bytes)?;
        ensure!(found == [(self.rounds, value.into_bytes())], "read back {found:?} in round {}", self.rounds);
        ensure!(admin::known(connection, &[TOPIC])? == 1, "Metadata does not know {TOPIC}");
        self.rounds += 1;
        Ok(())
    }

    /// # Errors
    /// With what went wrong, or where one round took longer.
    pub fn judge(&self, longest: Duration) -> Result<String> {
        ensure!(self.fault.is_none(), "{}", self.fault.as_deref().unwrap_or_default());
        let mut waits = self.waits.clone();
        waits.sort();
        let at = |part: usize| waits.get((waits.len() * part / 1000).min(waits.len().saturating_sub(1))).copied();
        let (middle, late, last) =
            (at(500).context("no rounds")?, at(990).context("no rounds")?, at(1000).context("no rounds")?);
        ensure!(last <= longest, "a round took {last:?} (p50 {middle:?}, p99 {late:?})");
        Ok(format!("{} rounds, p50 {middle:.1?}, p99 {late:.1?}, max {last:.1?}", self.rounds))
    }

    /// Everything that was promised is still there, and a new client is served.
    ///
    /// # Errors
    /// With what is missing.
    pub fn afterwards(&self, address: &str) -> Result<String> {
        let mut connection = Connection::open(address)?;
        let (mut next, mut found) = (0, 0);
        while next < self.rounds {
            let answer = connection.exchange(frames::fetch(TOPIC, &[(0, next)], 1 << 20, 500)?)?;
            let (_, _, bytes) = frames::fetched(answer)?.pop().context("an answer without a partition")?;
            for (offset, value) in records(&bytes)? {
                ensure!(offset == next && value == format!("honest {offset}").into_bytes(), "offset {offset} is wrong");
                next += 1;
                found += 1;
            }
            ensure!(!bytes.is_empty(), "nothing at offset {next} of {}", self.rounds);
        }
        admin::create(&mut connection, "afterwards", 1)?;
        let said = kcat(address, &["-L", "-J"], &[])?.ok()?;
        ensure!(said.contains("\"afterwards\""), "kcat -L does not list a new topic: {said}");
        Ok(format!("{found} records"))
    }
}

impl Kcat {
    pub fn run(&mut self, address: &str, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) && self.fault.is_none() {
            if let Err(error) = self.round(address) {
                self.fault = Some(format!("round {}: {error:#}", self.rounds));
            }
        }
    }

    fn round(&mut self, address: &str) -> Result<()> {
        let said = format!("kcat {}\n", self.rounds);
        kcat(address, &["-P", "-t", KCAT_TOPIC, "-p", "0", "-z", "lz4"], said.as_bytes())?.ok()?;
        let heard = kcat(address, &["-C", "-t", KCAT_TOPIC, "-p", "0", "-o", "beginning", "-e", "-q"], &[])?.ok()?;
        ensure!(heard.ends_with(&said), "said {said:?}, heard {:?} at the end", heard.lines().last());
        self.rounds += 1;
        ensure!(heard.lines().count() == self.rounds, "{} lines, not {}", heard.lines().count(), self.rounds);
        Ok(())
    }

    /// # Errors
    /// With what went wrong.
    pub fn judge(&self) -> Result<String> {
        ensure!(self.fault.is_none(), "{}", self.fault.as_deref().unwrap_or_default());
        ensure!(self.rounds > 0, "kcat did not get through a single round");
        Ok(format!("{} rounds", self.rounds))
    }
}
