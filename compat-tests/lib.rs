//! Real clients and Apache Kafka itself as judges.

#![allow(missing_docs, reason = "a judge's names say what it is; nobody else builds on this crate")]

mod bench;
mod cluster;
pub mod compat;
mod crash;
mod dice;
mod differential;
mod flat;
mod hostile;
pub mod kit;
mod options;
mod pause;
mod raw;
mod schema;

use anyhow::{Result, bail};

/// `cargo x compat|bench|crash|cluster|hostile WORDS`; whether all is well.
///
/// # Errors
/// Where it was asked wrongly, or what it needs to judge is missing.
pub fn judge(words: &[String]) -> Result<bool> {
    match words.split_first() {
        Some((chore, rest)) if chore == "compat" => compat::compat(rest),
        Some((chore, rest)) if chore == "bench" => bench::bench(rest),
        Some((chore, rest)) if chore == "floor" => bench::floor::serve(rest),
        Some((chore, rest)) if chore == "crash" => crash::crash(rest),
        Some((chore, rest)) if chore == "cluster" => cluster::cluster(rest),
        Some((chore, rest)) if chore == "hostile" => hostile::hostile(rest),
        Some((chore, rest)) if chore == "seeds" => hostile::seeds::write(rest),
        other => bail!("there is no judge for {other:?}"),
    }
}
