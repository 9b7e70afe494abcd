//! Ports that nobody else of this run will be given.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

use std::sync::Mutex;

use anyhow::{Context, Result, bail};

static TAKEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port of the loopback that is free now; asked many times, always another.
///
/// # Errors
/// Where the system has none left.
pub fn free() -> Result<u16> {
    for _ in 0..1000 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
        let port = listener.local_addr()?.port();
        let mut taken = TAKEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if taken.insert(port) {
            return Ok(port);
        }
    }
    bail!("the system offers the same ports again and again")
}
