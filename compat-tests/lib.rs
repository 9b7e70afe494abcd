//! Real clients and Apache Kafka itself as judges.

#![allow(missing_docs, reason = "a judge's names say what it is; nobody else builds on this crate")]

pub mod compat;
pub mod kit;

use anyhow::{Result, bail};

/// `cargo x compat|bench|crash|hostile WORDS`; whether all is well.
///
/// # Errors
/// Where it was asked wrongly, or what it needs to judge is missing.
pub fn judge(words: &[String]) -> Result<bool> {
    match words.split_first() {
        Some((chore, rest)) if chore == "compat" => compat::compat(rest),
        other => bail!("there is no judge for {other:?}"),
    }
}
